"""Runs one law for one entry and direction over drawn programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from zlib import crc32

from hypothesis import assume, given, seed, settings

from tests.laws.checks import VISIBLE, Law, check
from tests.laws.pairs import RefusedError
from tests.laws.programs import Program, is_layer, programs
from tests.laws.tally import Tally
from translator.catalog.entry import Case, Direction, Entry
from translator.catalog.load import Catalog

LAWS: tuple[Law, ...] = ("round_trip", "weights", "outputs", "state")
DIRECTIONS: tuple[Direction, ...] = ("to_keras", "to_torch")


@dataclass(frozen=True, slots=True)
class Subject:
    """One law of one entry in one direction."""

    entry: Entry
    direction: Direction
    law: Law

    def __str__(self) -> str:
        return f"{self.entry.name}-{self.direction}-{self.law}"

    def cases(self) -> list[Case]:
        return [case for case in self.entry.cases if case.only in (None, self.direction)]


def subjects(catalog: Catalog) -> Iterator[Subject]:
    """Every law that says something about an entry: functions have no weights, and no state unless they have a mode."""
    for entry in catalog.entries:
        if "module" in entry.kinds.values():
            continue  # a layer that is given layers cannot be drawn; tests/helpers and the golden files hold it
        layer, mode = is_layer(catalog, entry), "mode" in entry.kinds.values()
        for direction in DIRECTIONS:
            for law in LAWS:
                subject = Subject(entry, direction, law)
                says = law in ("round_trip", "outputs") or layer or (law == "state" and mode)
                if says and subject.cases():
                    yield subject


def run(subject: Subject, profile: settings, examples: int | None = None) -> Tally:
    """Check a law on ``examples`` programs (of the profile by default), shared among the entry's cases."""
    tally = Tally()
    cases = subject.cases()
    count = ceil((examples or profile.max_examples) / len(cases))
    for index, case in enumerate(cases):
        tally.add(_run_case(subject, case, settings(profile, max_examples=count), crc32(f"{subject} {index}".encode())))
    return tally


def conclude(subject: Subject, tally: Tally) -> None:
    """What must hold of all draws together."""
    assert tally.checked, f"no draw could be checked: {tally}"
    assert tally.declined_share <= 0.5, f"{tally.declined} of {tally.examples} draws were declined"
    if subject.law == "state":
        for limit in subject.entry.limits:
            if limit.affects == "state" and tally.checked > tally.random:
                for name in limit.what.split(","):
                    seen = tally.limits.get(name.strip(), 0.0)
                    assert seen > VISIBLE, f"the limit on {name.strip()} is not there: the largest difference is {seen}"


def _run_case(subject: Subject, case: Case, profile: settings, number: int) -> Tally:
    tally = Tally()

    @profile
    @seed(number)
    @given(programs(subject.entry.name, subject.entry.cases.index(case), subject.direction))
    def law(program: Program) -> None:
        try:
            check(subject.law, program, subject.entry, tally)
        except RefusedError as refusal:
            tally.refused += 1
            tally.refusals.add(str(refusal)[:200])
            assume(False)

    law()
    return tally
