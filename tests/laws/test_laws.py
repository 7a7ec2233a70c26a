"""The four laws of every mapping entry, on programs drawn from the entry alone."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import settings

from tests.laws.running import LAWS, Subject, conclude, run, subjects
from translator.catalog.load import load

CI_SHARE = 0.35
"""The part of the subjects that the ci profile takes; all of them, at 8 examples, take more than its minutes."""

SUBJECTS = list(subjects(load()))


def _profile() -> settings:
    name = settings.get_current_profile_name()
    return settings.get_profile(f"laws-{name}" if name in ("dev", "ci", "nightly") else "laws-dev")


@pytest.mark.frameworks
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_law_holds_for_every_drawn_program(subject: Subject) -> None:
    conclude(subject, run(subject, _profile()))
