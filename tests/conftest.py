"""What every test relies on: quiet, single-threaded frameworks, and Hypothesis profiles."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

from tests.known import KNOWN

# Before any framework is imported, here or in a process that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# The first example pays for imports, which no deadline for one example can know.
_COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", _COMMON, max_examples=30)
settings.register_profile("ci", _COMMON, max_examples=30, derandomize=True, database=None)
settings.register_profile("nightly", _COMMON, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the known failures, and skip what needs frameworks that are not installed; `.ci/run` installs them."""
    reasons = {test: reason for reason, tests in KNOWN.items() for test in tests}
    missing = [name for name in ("torch", "keras", "tensorflow") if find_spec(name) is None]
    for item in items:
        reason = reasons.get(item.nodeid.removeprefix("tests/"))
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        if missing and item.get_closest_marker("frameworks"):
            item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)}"))
