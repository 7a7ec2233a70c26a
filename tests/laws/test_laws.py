"""The four laws of every mapping entry, on programs drawn from the entry alone."""

from __future__ import annotations

import warnings
from random import Random

import pytest
from hypothesis import settings

from tests.laws.known import reason_for
from tests.laws.running import Subject, conclude, run, subjects
from translator.catalog.load import load

CI_ENTRIES = 60
"""The ci profile takes this many entries, the same ones each time: some three minutes on one core."""

SEED = 20

_PROFILES = ("dev", "ci", "nightly")


def _profile() -> str:
    name = settings.get_current_profile_name()
    return name if name in _PROFILES else "dev"


def _chosen() -> list[Subject]:
    """All subjects, or in the ci profile those of a seeded sample of the entries."""
    found = list(subjects(load()))
    names = sorted({subject.entry.name for subject in found})
    if _profile() == "ci" and len(names) > CI_ENTRIES:
        sample = set(Random(SEED).sample(names, CI_ENTRIES))
        found = [subject for subject in found if subject.entry.name in sample]
    return found


def _parameter(subject: Subject) -> object:
    reason, sure = reason_for(str(subject), _profile())
    marks = [pytest.mark.xfail(reason=reason, strict=sure, raises=AssertionError)] if reason else []
    return pytest.param(subject, id=str(subject), marks=marks)


@pytest.mark.frameworks
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("subject", [_parameter(subject) for subject in _chosen()])
def test_law_holds_for_every_drawn_program(subject: Subject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of axes of length 1, which are drawn on purpose
        conclude(subject, run(subject, settings.get_profile(f"laws-{_profile()}")))
