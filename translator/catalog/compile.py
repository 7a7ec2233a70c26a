"""Mapping texts -> catalog: everything that is only done when the mapping files have changed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from translator.catalog.dtypes import DTYPES
from translator.catalog.entry import Entry
from translator.catalog.exact import readings, wrappers
from translator.catalog.helpers import read_helpers, signatures_of
from translator.catalog.load import Catalog, Helper, Place, alternative
from translator.catalog.overlap import check_overlaps
from translator.catalog.packed import Packed
from translator.catalog.pattern import Apply, Call, Cond, Hole, Pat, Ref, Seq, Sub, Xform
from translator.catalog.schema import read_entries
from translator.catalog.signatures import Signature, Signatures
from translator.errors import CatalogError


def compile_catalog(sources: Mapping[str, str], signatures: Signatures) -> Catalog:
    """Compile mapping texts by file name. Raises CatalogError."""
    settings: dict[str, Any] = tomllib.loads(sources.get("libraries.toml", ""))
    signatures = Signatures({**signatures.table, **_helper_signatures(sources, signatures)}, signatures.same_as)
    entries: list[Entry] = []
    for name in sorted(sources):
        if name.endswith(".toml") and name != "libraries.toml":
            entries += read_entries(sources[name], f"mappings/{name}", signatures)
    entries += readings(entries)
    _check_names(entries)
    table = {entry.name: entry for entry in entries}
    places = _places(entries)
    alternatives = {key: [alternative(table, key[0], place) for place in found] for key, found in places.items()}
    check_overlaps(alternatives, signatures)
    needed = {api for entry in entries for case in entry.cases for p in (*case.torch, *case.keras) for api in _apis(p)}
    needed |= {api for entry in entries for case in entry.cases if case.around for api in _apis(case.around.call)}
    needed |= {f"torch.{name}" for name in DTYPES}
    layers = (p for e in entries for c in e.cases if c.around for p in c.around.layers)
    needed |= {api for pattern in layers for api in _apis(pattern)}
    return Catalog(
        Packed(table),
        places,
        frozenset(key for key, found in alternatives.items() if len({a.entry.allowed_ranks() for a in found}) > 1),
        _weighted(entries),
        signatures.restrict(needed).packed(),
        dict(settings.get("aliases", {})),
        dict(settings.get("prefixes", {})),
        {side: dict(rows) for side, rows in settings.get("peel", {}).items()},
        {helper.name: helper for helper in _helpers(sources)},
        frozenset(signatures.table),
        {side: frozenset(names) for side, names in settings.get("reserved", {}).items()},
        wrappers(entries),
    )


def _apis(pattern: Pat) -> Iterator[str]:
    match pattern:
        case Call(api=api, args=args):
            yield api
            for _, part in args:
                yield from _apis(part)
        case Ref(api=api):
            yield api
        case Seq(items=items):
            for item in items:
                yield from _apis(item)
        case Xform(operand=operand):
            yield from _apis(operand)
        case Sub(value=value, index=index):
            yield from _apis(value)
            yield from _apis(index)
        case Apply(function=function, argument=argument):
            yield from _apis(function)
            yield from _apis(argument)
        case Hole():
            return
        case _:
            for name in ("test", "body", "orelse"):
                inner: Pat | None = getattr(pattern, name, None)
                if inner is not None:
                    yield from _apis(inner)


def _check_names(entries: Iterable[Entry]) -> None:
    seen: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in seen:
            first = seen[entry.name]
            raise CatalogError(
                f"[{entry.name}] is defined twice, first in {first.path}:{first.line}", path=entry.path, line=entry.line
            )
        seen[entry.name] = entry
    for entry in entries:
        for other in entry.before:
            if other not in seen:
                raise CatalogError(
                    f"[{entry.name}] stands before an unknown entry {other!r}", path=entry.path, line=entry.line
                )


def _places(entries: Iterable[Entry]) -> dict[tuple[str, str], tuple[Place, ...]]:
    """The ways to read a call, by side and API, in the order to try them."""
    table: dict[tuple[str, str], list[Place]] = {}
    for entry in _ordered(entries):
        for number, case in enumerate(entry.cases):
            for side, spellings, direction in (("torch", case.torch, "to_keras"), ("keras", case.keras, "to_torch")):
                if case.only is not None and case.only != direction:
                    continue
                for spelling, pattern in enumerate(spellings):
                    for api in _heads(pattern):
                        table.setdefault((side, api), []).append((entry.name, number, spelling))
    return {key: tuple(places) for key, places in table.items()}


def _weighted(entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    for entry in entries:
        for case in entry.cases if entry.weights is not None else ():
            for torch in case.torch:
                for keras in case.keras:
                    if isinstance(torch, Call) and isinstance(keras, Call):
                        table.setdefault((torch.api, keras.api), entry.name)
    return table


def _heads(pattern: Pat) -> tuple[str, ...]:
    if isinstance(pattern, Call | Ref):
        return (pattern.api,)
    if isinstance(pattern, Sub):
        return tuple(f"{head}[]" for head in _heads(pattern.value))
    if isinstance(pattern, Cond):
        return tuple(f"if:{head}" for head in _heads(pattern.body))
    return ()


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in file order, but each before those it names in ``before``."""
    result = list(entries)
    position = {entry.name: index for index, entry in enumerate(result)}
    for entry in list(result):
        for other in entry.before:
            if other in position and result.index(entry) > result.index(next(e for e in result if e.name == other)):
                result.remove(entry)
                result.insert(result.index(next(e for e in result if e.name == other)), entry)
    return result


def _helper_signatures(sources: Mapping[str, str], signatures: Signatures) -> dict[str, Signature]:
    rows: dict[str, Signature] = {}
    for name, text in sources.items():
        if name.startswith("helpers/"):
            rows.update(signatures_of(name, text, signatures.table))
    return rows


def _helpers(sources: Mapping[str, str]) -> Iterator[Helper]:
    for name, text in sources.items():
        if name.startswith("helpers/"):
            for side, helper, body, requires in read_helpers(name, text):
                yield Helper(helper, side, body, requires)
