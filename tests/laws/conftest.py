"""Example budgets of the law tests, one Hypothesis profile beside each profile of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

# Drawing rejects what the source library refuses, and the first example pays for imports and compilation.
_COMMON = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    database=None,
    report_multiple_bugs=False,
)
settings.register_profile("laws-dev", _COMMON, max_examples=5)
settings.register_profile("laws-ci", _COMMON, max_examples=8)
settings.register_profile("laws-nightly", _COMMON, max_examples=100)


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    from tests.laws.sides import float64

    with float64():
        yield
