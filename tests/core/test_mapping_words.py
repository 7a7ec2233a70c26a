"""docs/mappings.md names every word that an entry may use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from translator.catalog.entry import HoleKind, LayoutBehaviour
from translator.catalog.predicates import PREDICATES
from translator.catalog.schema import CASE_FIELDS, FIELDS
from translator.catalog.transforms import CONTEXTUAL, TRANSFORMS
from translator.infer.rearranged import RULES

PAGE = Path(__file__).parents[2] / "docs" / "mappings.md"

WORDS = {
    "fields": FIELDS,
    "fields of cases": CASE_FIELDS,
    "kinds": get_args(HoleKind),
    "layouts": get_args(LayoutBehaviour),
    "transforms": (*TRANSFORMS, *CONTEXTUAL),
    "conditions": PREDICATES,
    "outputs": RULES,
}


@pytest.mark.parametrize("group", WORDS)
def test_every_word_of_the_entries_is_explained(group: str) -> None:
    named = set(re.findall(r"`(\w+)[`(]", PAGE.read_text("utf-8")))
    assert set(WORDS[group]) - named == set()


def test_no_condition_is_explained_that_does_not_exist() -> None:
    section = PAGE.read_text("utf-8").split("\n## Conditions\n")[1]
    assert set(re.findall(r"`(\w+)`", section)) == set(PREDICATES)
