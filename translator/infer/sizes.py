"""What the use of a value tells of it: a parameter that a layer takes as a size is a whole number.

So is ``config.width`` where some layer of the file takes ``config.width`` as a size, whichever function that stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
        elif isinstance(bound, Code):
            for node in _factors(bound.node):
                _learn_setting(frame, node)


def _factors(node: cst.CSTNode) -> Iterator[cst.Attribute]:
    """``config.width`` and its like in a product such as ``4 * config.width``."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply | cst.FloorDivide):
        yield from _factors(node.left)
        yield from _factors(node.right)
    elif isinstance(node, cst.Attribute):
        yield node


def _learn_setting(frame: Frame, node: cst.Attribute) -> None:
    text = _setting(frame, node)
    if text is not None and text not in frame.analysis.settings:
        frame.analysis.settings.add(text)
        frame.analysis.changed(("setting", text))


def _setting(frame: Frame, node: cst.CSTNode) -> str | None:
    """The text of an attribute of a parameter other than self, such as a configuration that is handed around."""
    if not isinstance(node, cst.Attribute) or not isinstance(node.value, cst.Name):
        return None
    owner = node.value.value
    function = frame.function
    own = function.owner is not None and function.parameters[:1] == (owner,)
    return f"{owner}.{node.attr.value}" if owner in function.parameters and not own else None


def _is_size(frame: Frame, node: cst.CSTNode) -> bool:
    if isinstance(frame.memo.get(node), Number | Const):
        return True
    text = _setting(frame, node)
    if text is None:
        return False
    frame.analysis.watch(frame.function, ("setting", text))
    return text in frame.analysis.settings


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
        if isinstance(bound, Code) and not _is_size(frame, bound.node):
            text = frame.function.tree.text(bound.node)
            why = f"{hole}: {text} is taken for one size, the code does not show that it is no tuple"
            doubts.append(Note(LIMIT_CODES["outputs"], why, f"annotate it: {text}: int"))
    return tuple(doubts)
