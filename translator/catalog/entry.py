"""A mapping entry as the rest of the program sees it: pairs of patterns and what else the TOML says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from translator.catalog.pattern import Pat
from translator.catalog.weights import WeightRules
from translator.model import Aspect

LayoutBehaviour = Literal["free", "spatial", "axes", "ordered", "reshaping"]
Direction = Literal["to_keras", "to_torch"]
HoleKind = Literal[
    "int", "int_tuple", "float", "str", "bool", "tensor", "tensors", "module", "axis", "shape", "mode", "any"
]


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate over hole names, from a case's ``when`` or ``reject``."""

    predicate: str
    holes: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A known difference: the aspects it affects, what it touches, why, and optionally when."""

    affects: Aspect
    what: str
    why: str
    when: Condition | None = None
    fidelity_exact: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a layer needs beside itself: ``call`` at its call site, ``layers`` inside a container.

    ``SELF`` is the layer.
    """

    call: Pat
    layers: tuple[Pat, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """An input or output: its dtype, its dims, and an exclusive bound for integers.

    A dim is a hole name, a number, a product, or "_" for unknown.
    """

    dtype: str
    dims: tuple[str, ...]
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One pair of patterns of an entry. ``spellings`` are further source forms per side that write the same thing."""

    name: str
    torch: tuple[Pat, ...]
    keras: tuple[Pat, ...]
    only: Direction | None = None
    total: bool = False
    when: tuple[Condition, ...] = ()
    reject: tuple[Condition, ...] = ()
    around: Around | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One construct of both libraries; see docs/mappings.md for the fields."""

    name: str
    cases: tuple[Case, ...]
    layout: LayoutBehaviour = "ordered"
    infer: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, tuple[Shape, ...]] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    output: str = "same"
    kinds: Mapping[str, HoleKind] = field(default_factory=dict)
    weights: WeightRules | None = None
    limits: tuple[Limit, ...] = ()
    drop: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    view: bool = False
    ranks: tuple[int, ...] = ()
    doc: str = ""
    path: str = ""
    line: int = 0

    def kind(self, hole: str) -> HoleKind:
        return self.kinds.get(hole, "any")
