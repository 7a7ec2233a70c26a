"""Loading the catalog, compiled anew and from its cache, as ratios to importing libcst in the same process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from statistics import median
from typing import Final

from benchmarks.row import Row

_SCRIPT: Final = """
from time import perf_counter
begin = perf_counter()
import libcst
imported = perf_counter() - begin
import translator.catalog.load as catalog
begin = perf_counter()
catalog.load()
print(imported, perf_counter() - begin)
"""


def measure(*, smoke: bool) -> Iterator[Row]:
    """Each round uses an empty cache folder twice: the first process compiles, the second reads what it wrote."""
    cold: list[tuple[float, float]] = []
    warm: list[tuple[float, float]] = []
    for _ in range(1 if smoke else 9):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(_load(cache))
            warm.append(_load(cache))
    for name, times in (("catalog, compiled", cold), ("catalog, from the cache", warm)):
        yield Row(name, median(load for _, load in times), median(floor for floor, _ in times), "import libcst")


def _load(cache: str) -> tuple[float, float]:
    """Seconds that a fresh process takes to import libcst and to load the catalog."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env={**os.environ, "XDG_CACHE_HOME": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    imported, loaded = map(float, done.stdout.split())
    return imported, loaded
