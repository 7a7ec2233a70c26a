"""Type hints: what they say about parameters, and the framework names in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from translator.infer.direction import FORWARD as FORWARD
from translator.infer.evaluate import evaluate
from translator.infer.facts import Declined, Function, Replace
from translator.infer.frame import Frame
from translator.infer.joins import join
from translator.infer.values import (
    BOTTOM,
    NONE,
    UNKNOWN,
    ClassRef,
    Const,
    Instance,
    Number,
    Symbol,
    Tensor,
    Training,
    Unknown,
    Value,
)
from translator.infer.values import Mapping as MappingValue
from translator.syntax import NOT_LITERAL, dotted, literal, parameters

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis


def is_forward(analysis: Analysis, function: Function) -> bool:
    """Whether a function is the forward or call method of a module class."""
    owner = analysis.tables.classes.get(function.owner or "")
    return owner is not None and owner.module and function.name == FORWARD[analysis.source]


def parameter(frame: Frame, param: cst.Param, index: int) -> Value:
    """The value of a parameter at entry: from its annotation, its default, and what callers pass."""
    hint = visit(frame, param.annotation.annotation) if param.annotation is not None else None
    # Defaults are evaluated where the function is defined: their names matter here, and the kind of what is no literal.
    default = evaluate(frame, param.default) if param.default is not None else BOTTOM
    frame.function.declared[param.name.value] = (hint, default)
    return _entry_value(frame.analysis, frame.function, param, index)


def entry(analysis: Analysis, function: Function) -> dict[str, Value]:
    """The parameters as an evaluation would find them now. The function has been evaluated before."""
    if function.node is None:
        return {}
    params = parameters(function.node)
    return {param.name.value: _entry_value(analysis, function, param, index) for index, param in enumerate(params)}


def _entry_value(analysis: Analysis, function: Function, param: cst.Param, index: int) -> Value:
    name = param.name.value
    if (
        function.owner is not None
        and function.parent is not None
        and index == 0
        and isinstance(function.node, cst.FunctionDef)
    ):
        decorators = {dotted(d.decorator) for d in function.node.decorators}
        if "classmethod" in decorators:
            return ClassRef(function.owner)
        if "staticmethod" not in decorators:
            return Instance(function.owner, is_self=True)
    if name == "training" and analysis.source == "keras" and is_forward(analysis, function):
        return Training()
    if param.star == "**":
        known = function.incoming.get(name)
        return known if isinstance(known, MappingValue) else MappingValue(())
    if param.star == "*":
        return UNKNOWN
    return _settled(analysis, function, name, _declared(analysis, function, param))


def _declared(analysis: Analysis, function: Function, param: cst.Param) -> Value:
    name = param.name.value
    hint, evaluated = function.declared[name]
    default = literal(param.default) if param.default is not None else NOT_LITERAL
    incoming = function.incoming.get(name, BOTTOM)
    if hint is not None:
        base: Value = hint
    elif param.default is not None:
        base = UNKNOWN if default is NOT_LITERAL or default is None else join(Const(default), BOTTOM)
        if isinstance(base, Const):
            base = Number("int" if isinstance(default, int) else "number") if _is_number(default) else Unknown()
    elif incoming in (BOTTOM, Unknown()) and is_forward(analysis, function):
        return Tensor(None, None, origins=frozenset([name]))
    else:
        base = BOTTOM
    if param.default is not None and default is NOT_LITERAL:
        base = join(_drop(base), evaluated)
    if isinstance(hint, Tensor | Number):
        return _refined(hint, incoming)
    if incoming == BOTTOM:
        return base if base != BOTTOM else Unknown(frozenset([name]))
    if base in (UNKNOWN, NONE, Unknown()):
        return incoming
    return join(base, incoming)


def _drop(value: Value) -> Value:
    return BOTTOM if isinstance(value, Unknown) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refined(hint: Value, incoming: Value) -> Value:
    return incoming if isinstance(hint, Tensor) and isinstance(incoming, Tensor) else hint


def _settled(analysis: Analysis, function: Function, name: str, value: Value) -> Value:
    """Give tensors the order that has been decided, and numbers their own name as dimension."""
    if isinstance(value, Tensor | Unknown):
        decided = analysis.parameter_order(function, name)
        if decided is not None and decided.order is not None:
            known = value if isinstance(value, Tensor) else decided
            rank = decided.rank if decided.rank is not None else known.rank
            order = decided.order
            if order == "moved" and not analysis.moves_boundary:
                order = "source"
            dtype = known.dtype or decided.dtype or _demanded_dtype(function, name)
            # Its order is known; an operation inside may still say its dtype.
            origins = frozenset([name]) if dtype is None else frozenset()
            dims = known.dims if known.rank == rank else None
            return Tensor(rank, order, dims, dtype, origins, f"{function.key}:{name}")
        if isinstance(value, Tensor) and not analysis.moves_boundary:
            # Its order is known; an operation inside may still say its rank.
            dtype = value.dtype or _demanded_dtype(function, name)
            origins = frozenset([name]) if value.rank is None or dtype is None else frozenset()
            return Tensor(value.rank, "source", value.dims, dtype, origins, f"{function.key}:{name}")
        if isinstance(value, Tensor):
            return Tensor(value.rank, None, value.dims, value.dtype, frozenset([name]), f"{function.key}:{name}")
        if name in function.sizes and name not in function.local_names:
            return Number("int", Symbol(name, function.key))
        return Unknown(frozenset([name]))
    if isinstance(value, Number) and name not in function.local_names:
        return Number(value.kind, Symbol(name, function.key))
    return value


def _demanded_dtype(function: Function, name: str) -> str | None:
    return "float" if name in function.floats else None


def visit(frame: Frame, node: cst.BaseExpression) -> Value | None:
    """Translate the framework names in an annotation; the value it declares, or None."""
    api = frame.api_of(node) if isinstance(node, cst.Name | cst.Attribute) else None
    if api is not None:
        return _framework_name(frame, node, api)
    if isinstance(node, cst.Name):
        return _plain_name(frame, node.value)
    if isinstance(node, cst.Subscript):
        inner = [visit(frame, e.slice.value) for e in node.slice if isinstance(e.slice, cst.Index)]
        head = dotted(node.value) or ""
        visit(frame, node.value)
        if head.endswith(("Optional", "Union")):
            return _union(inner)
        if head.rsplit(".", 1)[-1].lower() == "type":
            return _class_of(inner)
        return UNKNOWN
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        return _union([visit(frame, node.left), visit(frame, node.right)])
    if isinstance(node, cst.List | cst.Tuple):
        for element_node in node.elements:
            visit(frame, element_node.value)
    return UNKNOWN


def _framework_name(frame: Frame, node: cst.BaseExpression, api: str) -> Value | None:
    target = frame.analysis.annotation_target(api)
    if target is None:
        frame.decide(node, Declined("T101", f"{api} has no counterpart", "remove or change the annotation", api))
    else:
        frame.decide(node, Replace("reference", api, target))
    return Tensor(None, None) if api in ("torch.Tensor", "keras.KerasTensor") else UNKNOWN


def _plain_name(frame: Frame, name: str) -> Value | None:
    if name in ("int", "float"):
        return Number("int" if name == "int" else "float")
    value = frame.lookup(name)
    if isinstance(value, ClassRef):
        info = frame.analysis.tables.classes[value.name]
        return Instance(value.name) if info.module else UNKNOWN
    return UNKNOWN


def _union(values: list[Value | None]) -> Value | None:
    known = [v for v in values if v is not None and v not in (UNKNOWN, NONE)]
    if not known:
        return UNKNOWN
    result: Value = BOTTOM
    for value in known:
        result = join(result, value)
    return result


def _class_of(values: list[Value | None]) -> Value | None:
    classes: Value = BOTTOM
    for value in values:
        options = [value] if isinstance(value, Instance) else list(getattr(value, "options", ()))
        for option in options:
            if isinstance(option, Instance):
                classes = join(classes, ClassRef(option.cls))
    return UNKNOWN if classes == BOTTOM else classes
