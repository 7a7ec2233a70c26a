"""Timing two things in turns, so that whatever else the machine does hits both alike."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter, process_time

Work = Callable[[], object]


def interleaved(first: Work, second: Work, rounds: int) -> tuple[float, float]:
    """Medians in seconds of this process's CPU time over ``rounds`` turns, after one turn that does not count."""
    first()
    second()
    times: list[tuple[float, float]] = [(_cpu(first), _cpu(second)) for _ in range(rounds)]
    return median(one for one, _ in times), median(two for _, two in times)


def _cpu(work: Work) -> float:
    gc.collect()
    begin = process_time()
    work()
    return process_time() - begin


def interleaved_processes(
    first: Sequence[str], second: Sequence[str], rounds: int, environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Medians in seconds of wall time of two ``python ...`` commands, in turns, after one turn that does not count."""
    times = [(_wall(first, environment), _wall(second, environment)) for _ in range(rounds + 1)][1:]
    return median(one for one, _ in times), median(two for _, two in times)


def _wall(arguments: Sequence[str], environment: Mapping[str, str] | None) -> float:
    begin = perf_counter()
    subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **(environment or {})}, capture_output=True, check=True
    )
    return perf_counter() - begin
