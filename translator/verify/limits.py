"""Bounds on a worker: the memory it may take, and that it never outlives its parent."""

from __future__ import annotations

import ctypes
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def limit_memory(mebibytes: int) -> None:
    """Allow this process ``mebibytes`` of address space beyond what it has mapped by now.

    Frameworks reserve gigabytes of address space at import, so the limit counts from after that. Beyond it,
    allocations fail: a ``MemoryError``, or an abort inside a framework, which the parent sees as a crash.
    """
    mapped = _mapped_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = mapped + mebibytes * 2**20
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _mapped_bytes() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[0]) * resource.getpagesize()
    return 4 * 2**30  # other systems do not tell; frameworks map less than this


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends, however that happens (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
