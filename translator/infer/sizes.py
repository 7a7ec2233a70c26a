"""What the use of a value tells of it: a parameter that a layer takes as a size is a whole number."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.unify import Bound, Code
from translator.infer.facts import LIMIT_CODES, Function, Note
from translator.infer.frame import Frame
from translator.infer.values import Const, Number, Unknown


def learn_sizes(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    """A parameter that stands where an entry wants one whole number is one."""
    for hole, kind in entry.kinds.items():
        bound = bindings.get(hole) if kind == "int" else None
        if isinstance(bound, Code) and isinstance(bound.node, cst.Name):
            learn_size(frame, bound.node)


def learn_size(frame: Frame, node: cst.Name) -> None:
    function = frame.function
    unknown = isinstance(frame.memo.get(node), Unknown) and frame.memo[node] == Unknown(frozenset([node.value]))
    if unknown and node.value in function.parameters and node.value not in function.local_names:
        frame.analysis.demand_size(function, node.value)


def pass_size(frame: Frame, function: Function, name: str, node: cst.CSTNode) -> None:
    """What a callee takes as a size is one where it is called."""
    if isinstance(node, cst.Name):
        frame.analysis.watch(frame.function, ("parameter", function.key))
        if name in function.sizes:
            learn_size(frame, node)


def doubtful_sizes(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> tuple[Note, ...]:
    """``LayerNorm(dim)``: were ``dim`` several sizes at run time, its counterpart would work along one axis only."""
    doubts = []
    for hole, kind in entry.kinds.items():
        bound = bindings.get(hole) if kind == "tail" else None
        if isinstance(bound, Code) and not isinstance(frame.memo.get(bound.node), Number | Const):
            text = frame.function.tree.text(bound.node)
            why = f"{hole}: {text} is taken for one size, the code does not show that it is no tuple"
            doubts.append(Note(LIMIT_CODES["outputs"], why, f"annotate it: {text}: int"))
    return tuple(doubts)
