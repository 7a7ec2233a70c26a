"""Example budgets of the law tests, one Hypothesis profile beside each profile of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.laws.selection import chosen

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the run has no time for, unless it asks for entries by name or is the nightly one."""
    if config.getoption("keyword") or any("::" in argument for argument in config.args):
        return
    if settings.get_current_profile_name() == "nightly":
        return
    laws = {item: str(item.callspec.id).split("-")[0] for item in items if _is_law(item)}  # type: ignore[attr-defined]
    taken = chosen(set(laws.values()))
    dropped = [item for item in items if item in laws and laws[item] not in taken]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in set(dropped)]


def _is_law(item: pytest.Item) -> bool:
    return item.path.name == "test_laws.py" and hasattr(item, "callspec")


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    from tests.laws.sides import float64

    with float64():
        yield
