"""The four laws of every mapping entry, on programs drawn from the entry alone."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import settings

from tests.laws.known import reason_for
from tests.laws.running import Subject, conclude, run, subjects
from translator.catalog.load import load

_PROFILES = ("dev", "ci", "nightly")


def _profile() -> str:
    name = settings.get_current_profile_name()
    return name if name in _PROFILES else "dev"


def _parameter(subject: Subject) -> object:
    reason, sure = reason_for(str(subject), _profile())
    marks = [pytest.mark.xfail(reason=reason, strict=sure, raises=AssertionError)] if reason else []
    return pytest.param(subject, id=str(subject), marks=marks)


@pytest.mark.frameworks
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("subject", [_parameter(subject) for subject in subjects(load())])
def test_law_holds_for_every_drawn_program(subject: Subject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of axes of length 1, which are drawn on purpose
        conclude(subject, run(subject, settings.get_profile(f"laws-{_profile()}")))
