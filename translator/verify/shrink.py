"""Make a failing input as small as it stays failing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from translator.verify.discover import Specs

_SECONDS = 10.0
_EXAMPLES = 60


def shrunk(specs: Specs, fails: Callable[[Specs], bool]) -> Specs:
    """The smallest sizes found for which ``fails`` still holds; ``specs`` itself where nothing smaller does.

    Sizes that are equal in the given shapes stay equal, which keeps square images square and batches in step.
    Hypothesis shrinks; the search ends after some seconds whatever it has found.
    """
    sizes = sorted({size for spec in specs for size in spec.shape}, reverse=True)
    if not sizes:
        return specs
    ends = monotonic() + _SECONDS

    def sized(chosen: dict[int, int]) -> Specs:
        return tuple(replace(spec, shape=tuple(chosen[size] for size in spec.shape)) for spec in specs)

    def still_fails(chosen: dict[int, int]) -> bool:
        return monotonic() < ends and fails(sized(chosen))

    strategy = st.fixed_dictionaries({size: st.integers(1, size) for size in sizes})
    try:
        found = find(
            strategy,
            still_fails,
            settings=settings(
                max_examples=_EXAMPLES,
                database=None,
                deadline=None,
                derandomize=True,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
    except NoSuchExample:
        return specs
    return sized(found)
