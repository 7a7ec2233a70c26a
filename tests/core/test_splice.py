"""Nested edits of one text against the plain recursive definition of what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.emit.splice import Edit, Splicer


@dataclass
class Plan:
    """An edit that puts brackets around its updated content, or drops it for a word."""

    start: int
    end: int
    word: str
    inner: list[Plan] = field(default_factory=list)


@st.composite
def plans(draw: st.DrawFn, start: int = 0, end: int = 24, depth: int = 3) -> list[Plan]:
    """Disjoint edits in order; those inside another are strictly shorter."""
    found: list[Plan] = []
    position = start
    while position < end and len(found) < 4:
        first = draw(st.integers(position, end))
        last = draw(st.integers(first, end))
        if first == last or ((first, last) == (start, end) and depth < 3):
            break
        inner = draw(plans(first, last, depth - 1)) if depth and last - first > 1 else []
        found.append(Plan(first, last, draw(st.sampled_from(["", "word"])), inner))
        position = last
    return found


def expected(text: str, start: int, end: int, edits: list[Plan]) -> str:
    parts = []
    for edit in edits:
        parts.append(text[start : edit.start])
        parts.append(edit.word or f"<{expected(text, edit.start, edit.end, edit.inner)}>")
        start = edit.end
    return "".join([*parts, text[start:end]])


def build(plan: Plan, holder: list[Splicer]) -> list[Edit]:
    edit = Edit(plan.start, plan.end, lambda: "")
    edit.render = lambda: plan.word or f"<{holder[0].between(plan.start, plan.end, within=edit)}>"
    return [edit, *(e for child in plan.inner for e in build(child, holder))]


TEXT = "abcdefghijklmnopqrstuvwx"


@given(plans(), st.randoms(use_true_random=False))
def test_nested_edits_are_applied_from_the_inside_out(edits: list[Plan], random: object) -> None:
    holder: list[Splicer] = []
    rows = [edit for plan in edits for edit in build(plan, holder)]
    random.shuffle(rows)  # type: ignore[attr-defined]  # Hypothesis' own Random
    holder.append(Splicer(TEXT, rows))
    assert holder[0].whole() == expected(TEXT, 0, len(TEXT), edits)


@given(plans())
def test_text_outside_all_edits_is_untouched(edits: list[Plan]) -> None:
    holder: list[Splicer] = []
    holder.append(Splicer(TEXT, [edit for plan in edits for edit in build(plan, holder)]))
    whole = holder[0].whole()
    edges = [0, *(edge for plan in edits for edge in (plan.start, plan.end)), len(TEXT)]
    position = 0
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        position = whole.index(TEXT[first:last], position)


@given(st.lists(st.tuples(st.integers(0, 24), st.sampled_from("XYZ")), max_size=6))
def test_insertions_keep_their_order_and_place(rows: list[tuple[int, str]]) -> None:
    splicer = Splicer(TEXT, [Edit(at, at, lambda word=word: word) for at, word in rows])  # type: ignore[misc]  # bound early
    result, last = "", 0
    for at, word in sorted(rows, key=lambda row: row[0]):
        result += TEXT[last:at] + word
        last = at
    assert splicer.whole() == result + TEXT[last:]


def test_an_insertion_stands_before_the_edit_that_begins_there() -> None:
    splicer = Splicer("abc", [Edit(1, 2, lambda: "B"), Edit(1, 1, lambda: "+")])
    assert splicer.whole() == "a+Bc"


def test_an_insertion_at_the_end_of_an_edit_stands_behind_it() -> None:
    splicer = Splicer("abc", [Edit(0, 2, lambda: "AB"), Edit(2, 2, lambda: "+")])
    assert splicer.whole() == "AB+c"


def test_an_edit_is_rendered_once() -> None:
    calls: list[int] = []

    def render() -> str:
        calls.append(1)
        return "B"

    splicer = Splicer("abc", [Edit(1, 2, render)])
    assert splicer.whole() == splicer.whole() == "aBc"
    assert calls == [1]


@pytest.mark.parametrize(("first", "second"), [((0, 3), (2, 5)), ((1, 4), (0, 2))])
def test_overlapping_edits_are_an_error(first: tuple[int, int], second: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        Splicer("abcdef", [Edit(*first, lambda: ""), Edit(*second, lambda: "")])
