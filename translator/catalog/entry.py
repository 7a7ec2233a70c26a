"""A mapping entry as the rest of the program sees it: pairs of patterns and what else the TOML says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from translator.catalog.pattern import Pat
from translator.catalog.signatures import Param
from translator.catalog.weights import WeightRules
from translator.dataclass import dataclass
from translator.model import Aspect, Framework

LayoutBehaviour = Literal["free", "spatial", "channels", "axes", "ordered", "reshaping"]
Direction = Literal["to_keras", "to_torch"]
HoleKind = Literal[
    "int",
    "int_tuple",
    "pads",
    "tail",
    "float",
    "str",
    "bool",
    "tensor",
    "known_tensor",
    "tensors",
    "number",
    "operand",
    "module",
    "axis",
    "axes",
    "cuts",
    "factors",
    "shape",
    "sizes",
    "dtype",
    "known_dtype",
    "device",
    "data",
    "equation",
    "mode",
    "any",
]
"""What a hole stands for.

A "number" is a Python number, an "operand" a tensor or a Python number. A "known_tensor" and a "known_dtype" stand
where something else could stand, too, so that code must be known to be one. A "dtype" is held under its plain name
(float32), a "device" is where a tensor lives, and "data" are numbers or nested lists of numbers. "sizes" have one item
for each axis of the main tensor, so they move with its axes; "axes" are never one alone; "cuts" and "factors" are sizes
along one axis.
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate over hole names, from a case's ``when`` or ``reject``."""

    predicate: str
    holes: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class ExactForm:
    """What ``--fidelity exact`` writes on one side so that a limit does not hold there.

    A helper class ``api`` in the place of the layer's own, with the same arguments; or, where it stands ``around``, a
    helper function that takes the layer and gives it back.
    """

    api: str
    around: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A known difference: the aspects it affects, what it touches, why, and optionally when.

    ``fidelity_exact`` says by side how to write the construct without the difference.
    """

    affects: Aspect
    what: str
    why: str
    when: Condition | None = None
    fidelity_exact: Mapping[Framework, ExactForm] = field(default_factory=dict)


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
    given: Mapping[str, str] = field(default_factory=dict)
    """Arguments of the layer's calls that make the outputs differ, with the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One construct of both libraries; see docs/mappings.md for the fields.

    ``dtype`` is the kind of number that the result has whatever the operands have, "" where they decide: a kind
    ("number": that of the operands, where booleans count as integers; "operand": that of the main tensor;
    "unknown"), a hole, or both (``dtype or float``). ``also`` tells of further results as ``output`` does of the
    first, which PyTorch names by ``fields``.
    """

    name: str
    cases: tuple[Case, ...]
    layout: LayoutBehaviour = "ordered"
    infer: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, tuple[Shape, ...]] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    output: str = "same"
    also: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    dtype: str = ""
    kinds: Mapping[str, HoleKind] = field(default_factory=dict)
    weights: WeightRules | None = None
    limits: tuple[Limit, ...] = ()
    drop: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    view: bool = False
    mode: bool = False
    """What the layer computes depends on whether the model is in training mode."""
    ranks: tuple[int, ...] = ()
    states: int = 0
    """How many states a recurrent layer or cell carries from step to step; 0 for everything else."""
    call: tuple[Param, ...] = ()
    """The parameters of the layer's calls, on both sides, where they are more than one tensor."""
    pair: str = ""
    """Which argument of a call makes its result a pair; with " or None", it is always one, of which the second is None
    where the argument is false."""
    doc: str = ""
    path: str = ""
    line: int = 0

    def allowed_ranks(self) -> tuple[int, ...]:
        """The ranks of the main tensor that the entry holds for; empty where any rank will do."""
        if self.ranks or self.layout != "spatial":
            return self.ranks
        return tuple(len(shapes[0].dims) for shapes in (*self.inputs.values(),)[:1])

    def kind(self, hole: str) -> HoleKind:
        return self.kinds.get(hole, "any")
