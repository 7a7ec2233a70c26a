"""The exact forms of entries: what ``--fidelity exact`` writes, and how it is read on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from translator.catalog.entry import Case, Direction, Entry
from translator.catalog.pattern import Call, Pat
from translator.model import Framework

_AWAY: Mapping[Framework, Direction] = {"torch": "to_keras", "keras": "to_torch"}
"""The direction in which a side is the source."""


def readings(entries: Iterable[Entry]) -> Iterator[Entry]:
    """For every helper class of an exact form the entry that reads it, for which the limit does not hold."""
    derived = {
        (entry.name, side): form.api
        for entry in entries
        for limit in entry.limits
        for side, form in limit.fidelity_exact.items()
        if not form.around
    }
    by_name = {entry.name: entry for entry in entries}
    for (name, side), api in derived.items():
        entry = by_name[name]
        yield replace(
            entry,
            name=_name(name, side),
            cases=tuple(_case(case, side, api) for case in entry.cases if case.only in (None, _AWAY[side])),
            limits=tuple(limit for limit in entry.limits if side not in limit.fidelity_exact),
            before=tuple(_name(other, side) for other in entry.before if (other, side) in derived),
        )


def wrappers(entries: Iterable[Entry]) -> frozenset[str]:
    """The helper functions that stand around a layer."""
    forms = (form for entry in entries for limit in entry.limits for form in limit.fidelity_exact.values())
    return frozenset(form.api for form in forms if form.around)


def renamed(pattern: Pat, api: str) -> Pat:
    """The same call of another class."""
    return replace(pattern, api=api) if isinstance(pattern, Call) else pattern


def _name(entry: str, side: Framework) -> str:
    return f"{entry}_exact_{side}"


def _case(case: Case, side: Framework, api: str) -> Case:
    if side == "torch":
        return replace(case, torch=tuple(renamed(pattern, api) for pattern in case.torch), only=_AWAY[side])
    return replace(case, keras=tuple(renamed(pattern, api) for pattern in case.keras), only=_AWAY[side])
