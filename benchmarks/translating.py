"""Translating a text, as a ratio to what libcst needs to parse it and write it back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst

from benchmarks.row import Row
from benchmarks.sources import generated, real
from benchmarks.timing import interleaved
from translator.pipeline import translate

FLOOR: Final = "libcst parse + code"
BUDGET: Final = 2.0
_LENGTHS: Final = (100, 1_000, 5_000)


def measure(*, smoke: bool) -> Iterator[Row]:
    """A row per text, then one that tells how the cost of a line grows with the file."""
    rounds = 1 if smoke else 7
    per_line: dict[int, float] = {}
    for lines in _LENGTHS[:1] if smoke else _LENGTHS:
        text = generated(lines)
        row = _row(f"translate {lines} generated lines", text, rounds)
        per_line[lines] = row.subject / text.count("\n")
        yield row
    for name, text in () if smoke else real():
        yield _row(f"translate {name} ({text.count(chr(10))} lines)", text, rounds)
    if not smoke:
        few, many = _LENGTHS[1], _LENGTHS[2]
        floor = f"the same in {few} lines"
        yield Row(f"1,000 lines out of {many} (linear: 1)", 1000 * per_line[many], 1000 * per_line[few], floor, 1.25)


def _row(what: str, text: str, rounds: int) -> Row:
    subject, floor = interleaved(lambda: translate(text, to="keras"), lambda: libcst.parse_module(text).code, rounds)
    return Row(what, subject, floor, FLOOR, BUDGET)
