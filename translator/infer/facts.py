"""What the analysis decides: a decision or a decline per site, conversions of axis order, and the tables of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import libcst as cst

from translator.catalog.entry import Around, Entry, Limit
from translator.catalog.load import Alternative
from translator.catalog.unify import Bindings
from translator.dataclass import dataclass
from translator.infer.values import BOTTOM, Order, Tensor, Value
from translator.model import Aspect
from translator.syntax import Tree


@dataclass(frozen=True, slots=True)
class Conversion:
    """Store the value of an expression in another axis order."""

    to: Order
    rank: int
    each: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A call (or reference) matched by an entry.

    ``order`` and ``rank`` are those of its main tensor, ``axes`` the axis holes that are rewritten.
    """

    alternative: Alternative
    bindings: Bindings
    api: str
    order: Order | None = None
    rank: int | None = None
    axes: Mapping[str, object] = field(default_factory=dict)
    moved_items: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """Left as it is, with the reason. ``span`` is taken from the node."""

    code: str
    message: str
    hint: str = ""
    api: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell about a node that was translated."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Replace:
    """A node handled by a named rewriter of ``apply``, with what it needs to know."""

    rewriter: str
    api: str = ""
    target: str = ""
    data: Any = None


LIMIT_CODES: Mapping[Aspect, str] = {"outputs": "T201", "gradients": "T202", "state": "T002", "initial": "T003"}
"""The code of the note on a limit, by what the limit affects."""

Key = tuple[str, ...]
"""What a function may write: ("attribute", class, name), ("argument", function, name) or ("global", name)."""

Decision = Rewrite | Declined | Replace


@dataclass
class LayerSite:
    """A construction call of a framework layer and everything that is learned about it.

    ``node`` is the construction with the helper function of ours around it, where there is one.
    """

    node: cst.Call
    function: Function
    api: str
    candidates: list[tuple[Alternative, Bindings]] = field(default_factory=list)
    decline: Declined | None = None
    role: str = "other"
    escaped: bool = False
    """Handed on as a value, so that not all of its call sites are known."""
    taken: bool = False
    """Its container is taken apart, so that nothing may be spliced in beside it."""
    input: Value = BOTTOM
    calls: dict[cst.Call, tuple[Function, frozenset[cst.CSTNode]]] = field(default_factory=dict)
    states: dict[cst.Call, tuple[cst.BaseExpression, ...] | None] = field(default_factory=dict)
    """The initial states that a recurrent layer is given at its calls; None where they are not known one by one."""
    peeled: Mapping[str, cst.Arg] = field(default_factory=dict)
    ranks: set[int | None] = field(default_factory=set)
    orders: dict[cst.CSTNode | str, Order] = field(default_factory=dict)
    attribute: str = ""
    order: Order | None = None
    around: Around | None = None
    activation: str | None = None
    form: str = "plain"
    notes: list[Note] = field(default_factory=list)
    doubts: tuple[Note, ...] = ()
    limits: tuple[Limit, ...] = ()
    """The limits of its entry that hold for it."""
    start: int = 0
    inner: cst.Call | None = None
    """The construction itself, where a helper function stands around it."""
    wrapper: str = ""
    """That helper function."""
    lazy: Rewrite | None = None
    """A PyTorch module of a class that comes as a value, which finds its own size."""
    place: cst.CSTNode | None = None
    """Where it stands in the text, if ``node`` does not: a call of a class that comes as a value."""

    @property
    def construction(self) -> cst.Call:
        return self.inner or self.node

    @property
    def entry(self) -> Entry | None:
        return self.candidates[0][0].entry if self.candidates else None


@dataclass
class Function:
    """A function, method or the module body, and its current summary."""

    key: str
    node: cst.FunctionDef | cst.Lambda | None
    tree: Tree
    owner: str | None = None
    parent: Function | None = None
    parameters: tuple[str, ...] = ()
    local_names: frozenset[str] = frozenset()
    incoming: dict[str, Value] = field(default_factory=dict)
    conflicts: set[str] = field(default_factory=set)
    demands: dict[str, Tensor] = field(default_factory=dict)
    floats: set[str] = field(default_factory=set)
    sizes: set[str] = field(default_factory=set)
    forced: set[str] = field(default_factory=set)
    returned: Value = BOTTOM
    returns_source: bool = False
    changed: dict[str, bool] = field(default_factory=dict)
    """The parameters that it changes in place, and whether it surely does."""
    called: bool = False
    decisions: dict[cst.CSTNode, Decision] = field(default_factory=dict)
    conversions: dict[cst.CSTNode, Conversion] = field(default_factory=dict)
    notes: dict[cst.CSTNode, Note] = field(default_factory=dict)
    unpacks: dict[cst.CSTNode, tuple[int, ...]] = field(default_factory=dict)
    between: dict[tuple[cst.CSTNode, int], set[Conversion | None]] = field(default_factory=dict)
    added: dict[cst.CSTNode, set[Conversion | None]] = field(default_factory=dict)
    merges: dict[cst.CSTNode, str] = field(default_factory=dict)
    training_reads: dict[cst.CSTNode, Value] = field(default_factory=dict)
    renamed: dict[cst.CSTNode, str] = field(default_factory=dict)
    needs_training: bool = False
    evaluations: int = 0
    scope: dict[str, Value] = field(default_factory=dict)
    pending: dict[Key, Value] = field(default_factory=dict)
    contributed: tuple[Key, ...] = ()
    declared: dict[str, tuple[Value | None, Value]] = field(default_factory=dict)
    """Per parameter what its annotation and its default say."""
    entered: dict[str, Value] = field(default_factory=dict)
    """The parameters as the last evaluation found them."""

    @property
    def name(self) -> str:
        return self.key.rsplit(".", 1)[-1]

    def records(self) -> dict[str, Any]:
        """Copies of what the running evaluation has found out about nodes so far."""
        return {name: getattr(self, name).copy() for name in _RECORDS}

    def put_back(self, records: Mapping[str, Any]) -> None:
        """Forget what was found out since: the nodes are evaluated again, and other things may hold for them."""
        for name, found in records.items():
            setattr(self, name, found.copy())


_RECORDS = tuple("decisions conversions notes unpacks training_reads renamed merges between added".split())
"""What an evaluation finds out about the nodes of a function."""


@dataclass
class ClassInfo:
    """A class of the file. ``module`` when it derives from nn.Module or keras.layers.Layer, directly or not."""

    name: str
    node: cst.ClassDef
    tree: Tree
    bases: tuple[str, ...] = ()
    framework_bases: tuple[str, ...] = ()
    module: bool = False
    sequential: bool = False
    """Whether it derives from Sequential, so that its elements run one after the other."""
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    body: Function | None = None
    inside: bool = False
    instantiated_at_root: bool = False


@dataclass
class Tables:
    """Everything known about one file after inference."""

    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ClassInfo] = field(default_factory=dict)
    sites: dict[cst.CSTNode, LayerSite] = field(default_factory=dict)
    containers: dict[cst.CSTNode, dict[int, Conversion]] = field(default_factory=dict)
    added: dict[cst.CSTNode, Conversion] = field(default_factory=dict)
    globals: dict[str, Value] = field(default_factory=dict)
