"""The signature lock: what each framework callable takes, and its defaults, read from generated JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from translator.catalog.packed import Packed
from translator.dataclass import dataclass

REQUIRED = "<required>"
"""Default of a parameter that has none."""

LIBRARIES = ("torch", "keras", "tensorflow")


@dataclass(frozen=True, slots=True)
class Opaque:
    """A default that is no literal (a dtype, infinity, an object), by its representation."""

    text: str


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter; ``kind`` is "" for an ordinary one, "pos", "kw", "*" or "**"."""

    name: str
    default: object = REQUIRED
    kind: str = ""

    @property
    def required(self) -> bool:
        return self.default == REQUIRED and self.kind not in ("*", "**")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a framework callable takes: its kind, its overloads, and other names of parameters."""

    kind: str
    overloads: tuple[tuple[Param, ...], ...]
    aliases: Mapping[str, str] = field(default_factory=dict)


class Signatures:
    """Signatures by canonical name."""

    def __init__(self, table: Mapping[str, Signature], same_as: Mapping[str, str]) -> None:
        self.table = table
        self.same_as = same_as

    def __contains__(self, api: str) -> bool:
        return api in self.table

    def get(self, api: str) -> Signature | None:
        return self.table.get(api)

    def best_index(self, api: str, mentioned: Iterable[str], star: bool = False) -> int:
        """Index of the overload that fits a pattern best: star parameters if it has any, most of the mentioned
        parameters, fewest required ones besides; the first among equals.
        """
        signature = self.table.get(api)
        if signature is None or not signature.overloads:
            return 0
        wanted = set(mentioned)

        def score(params: tuple[Param, ...]) -> tuple[bool, int, int]:
            names = {p.name for p in params}
            surplus = sum(1 for p in params if p.required and p.name not in wanted)
            return (any(p.kind == "*" for p in params) == star, len(wanted & names), -surplus)

        scores = [score(params) for params in signature.overloads]
        return scores.index(max(scores))

    def best(self, api: str, mentioned: Iterable[str], star: bool = False) -> tuple[Param, ...] | None:
        signature = self.table.get(api)
        if signature is None:
            return None
        return signature.overloads[self.best_index(api, mentioned, star)] if signature.overloads else ()

    def restrict(self, apis: Iterable[str]) -> Signatures:
        """The part of the lock that the given names need; what the compiled catalog keeps."""
        wanted = set(apis)
        return Signatures(
            {api: signature for api, signature in self.table.items() if api in wanted},
            {api: primary for api, primary in self.same_as.items() if primary in wanted or api in wanted},
        )

    def packed(self) -> Signatures:
        """The same signatures, each decoded when it is first asked for."""
        return Signatures(Packed(self.table), self.same_as)


def read_lock() -> Signatures:
    """Read all lock files. Raises FileNotFoundError where the package was built without them."""
    from importlib import resources  # only where the cache does not hold the catalog yet

    table: dict[str, Signature] = {}
    same_as: dict[str, str] = {}
    for library in LIBRARIES:
        data = json.loads((resources.files("mappings") / "signatures" / f"{library}.json").read_text("utf-8"))
        for api, row in data["apis"].items():
            table[api] = _signature(row)
            if "same_as" in row:
                same_as[api] = row["same_as"]
    return Signatures(table, same_as)


def _signature(row: Mapping[str, Any]) -> Signature:
    overloads = tuple(tuple(_param(p) for p in params) for params in row.get("overloads", ()))
    if row["kind"] == "property":  # read as a method that takes its receiver alone
        overloads = ((Param("self"),),)
    return Signature(row["kind"], overloads, row.get("aliases", {}))


def _param(row: list[Any]) -> Param:
    kind = row[2] if len(row) > 2 else ""
    if len(row) == 1 or row[1] is None:
        return Param(row[0], REQUIRED, kind)
    text = row[1]
    return Param(row[0], Opaque(text[1:]) if text.startswith("!") else ast.literal_eval(text), kind)
