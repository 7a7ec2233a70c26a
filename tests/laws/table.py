"""Writes docs/laws.md: what the laws showed for every entry. Run it as ``python -m tests.laws.table [EXAMPLES]``."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from tests.laws.running import Subject, conclude, run, subjects
from tests.laws.tally import Tally
from translator.catalog.load import load

DESTINATION = Path(__file__).parents[2] / "docs" / "laws.md"
DEFAULT_EXAMPLES = 25

_HEAD = """# The laws of the mapping entries

<!-- Written by `python -m tests.laws.table {examples}`; do not edit. -->

Every entry is tried in each direction on programs drawn from the entry alone, {examples} for each law:

- **round trip**: translating there, back and there again gives the first text;
- **weights**: every parameter and buffer comes back bit by bit;
- **outputs**: outputs and gradients agree in float64, in channels_last and channels_first;
- **state**: parameters and buffers agree after a step in training mode, but for what a documented limit names.

Errors are relative to the largest value, at least 1 for outputs. *Declined* is the share of draws outside of what the
entry covers, which the translator rightly left alone.

| entry | direction | cases | examples | forward error | gradient error | declined | verdict |
|---|---|---:|---:|---:|---:|---:|---|
"""


@dataclass
class Row:
    """One entry in one direction, all its laws together."""

    entry: str
    direction: str
    cases: int
    tally: Tally = field(default_factory=Tally)
    compared: bool = False
    broken: list[str] = field(default_factory=list)

    def add(self, subject: Subject, tally: Tally) -> None:
        self.tally.add(tally)
        self.compared |= subject.law == "outputs" and tally.checked > tally.random

    def __str__(self) -> str:
        tally = self.tally
        errors = f"{tally.forward:.0e} | {tally.gradient:.0e}" if self.compared else "- | -"
        verdict = f"**broken**: {', '.join(self.broken)}" if self.broken else "holds"
        limits = "".join(f"; {what} differs by {size:.0e}, as documented" for what, size in tally.limits.items())
        counts = f"{self.cases} | {tally.examples} | {errors} | {tally.declined_share:.0%}"
        return f"| `{self.entry}` | {self.direction.replace('_', ' ')} | {counts} | {verdict}{limits} |"


def rows(chosen: Iterable[Subject], examples: int) -> Iterator[Row]:
    """Run all laws of each entry and direction in turn."""
    quiet = list(HealthCheck)
    profile = settings(deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=quiet)
    row: Row | None = None
    for subject in chosen:
        if row is None or (row.entry, row.direction) != (subject.entry.name, subject.direction):
            if row is not None:
                yield row
            row = Row(subject.entry.name, subject.direction, len(subject.cases()))
        try:
            tally = run(subject, profile, examples)
            row.add(subject, tally)
            conclude(subject, tally)
        except Exception as error:  # noqa: BLE001  # whatever breaks a law goes into the table
            row.broken.append(subject.law.replace("_", " "))
            print(f"{subject}: {type(error).__name__}: {error}", file=sys.stderr)
    if row is not None:
        yield row


def main(arguments: list[str]) -> int:
    """Write the table; the exit status is 1 where a law is broken."""
    examples = int(arguments[0]) if arguments else DEFAULT_EXAMPLES
    for name, value in (("OMP_NUM_THREADS", "1"), ("TF_CPP_MIN_LOG_LEVEL", "3"), ("KERAS_BACKEND", "tensorflow")):
        os.environ.setdefault(name, value)
    warnings.simplefilter("ignore")  # Keras warns of axes of length 1, which are drawn on purpose
    from tests.laws.sides import float64

    with float64():
        found = list(rows(subjects(load()), examples))
    broken = sum(bool(row.broken) for row in found)
    body = "".join(f"{row}\n" for row in found)
    foot = f"\n{len(found) - broken} of {len(found)} rows hold every law.\n"
    DESTINATION.parent.mkdir(exist_ok=True)
    DESTINATION.write_text(_HEAD.format(examples=examples) + body + foot, "utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
