"""Constructing instances of the file's own classes, records among them."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.arguments import arguments
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import ClassInfo
from translator.infer.frame import Frame
from translator.infer.functions import pass_arguments
from translator.infer.unknown import call_unknown
from translator.infer.values import UNKNOWN, Instance, Value
from translator.infer.values import Mapping as MappingValue
from translator.syntax import NOT_LITERAL, dotted, literal


def instantiate(frame: Frame, node: cst.Call, name: str) -> Value:
    info = frame.analysis.tables.classes[name]
    function = frame.function
    fields = _record_fields(info)
    if fields is not None:
        return record(frame, node, fields)
    if info.module:
        if function.owner is not None and frame.analysis.tables.classes[function.owner].module:
            info.inside = True
        else:
            info.instantiated_at_root = True
    if function.owner is None and node.args and all(literal(a.value) is not NOT_LITERAL for a in node.args):
        frame.analysis.constructions.setdefault(name, function.tree.text(node))
    init = frame.analysis.find_method(name, "__init__")
    if init is not None:
        pass_arguments(frame, node, init, skip_self=True)
    elif info.module:
        arguments(frame, node)
    else:
        call_unknown(frame, node)
    return Instance(name)


def _record_fields(info: ClassInfo) -> list[str] | None:
    """The fields of a NamedTuple or dataclass of the file, in order; None for other classes."""
    named = any((dotted(arg.value) or "").endswith("NamedTuple") for arg in info.node.bases)
    decorators = [d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator for d in info.node.decorators]
    if not named and not any((dotted(d) or "").endswith("dataclass") for d in decorators):
        return None
    if "__init__" in info.methods or info.bases or not isinstance(info.node.body, cst.IndentedBlock):
        return None
    lines = [s for s in info.node.body.body if isinstance(s, cst.SimpleStatementLine)]
    smalls = [small for line in lines for small in line.body if isinstance(small, cst.AnnAssign)]
    return [small.target.value for small in smalls if isinstance(small.target, cst.Name)]


def record(frame: Frame, node: cst.Call, fields: Sequence[str]) -> Value:
    """A named tuple or dataclass: its values by the names of its fields."""
    items: dict[str, Value] = {}
    for index, arg in enumerate(node.args):
        value = evaluate(frame, arg.value)
        escape(frame, value)
        name = arg.keyword.value if arg.keyword is not None else fields[index] if index < len(fields) else ""
        if arg.star or not name:
            return UNKNOWN
        items[name] = value
    return MappingValue(tuple((f, items[f]) for f in fields if f in items))
