"""Type hints: what they say about parameters, and the framework names in them."""

from __future__ import annotations

import libcst as cst

from translator.infer.evaluate import evaluate
from translator.infer.facts import Declined, Replace
from translator.infer.frame import Frame
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
    join,
)
from translator.syntax import NOT_LITERAL, dotted, literal

FORWARD = {"torch": "forward", "keras": "call"}


def is_forward(frame: Frame) -> bool:
    """Whether the running function is the forward or call method of a module class."""
    function = frame.function
    owner = frame.analysis.tables.classes.get(function.owner or "")
    return owner is not None and owner.module and function.name == FORWARD[frame.analysis.source]


def parameter(frame: Frame, param: cst.Param, index: int) -> Value:
    """The value of a parameter at entry: from its annotation, its default, and what callers pass."""
    function = frame.function
    name = param.name.value
    hint = visit(frame, param.annotation.annotation) if param.annotation is not None else None
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
    if is_forward(frame) and frame.analysis.source == "keras" and name == "training":
        return Training()
    if param.star in ("*", "**"):
        return UNKNOWN
    return _settled(frame, name, _declared(frame, param, hint))


def _declared(frame: Frame, param: cst.Param, hint: Value | None) -> Value:
    name = param.name.value
    default = literal(param.default) if param.default is not None else NOT_LITERAL
    incoming = frame.function.incoming.get(name, BOTTOM)
    if hint is not None:
        base: Value = hint
    elif param.default is not None:
        base = UNKNOWN if default is NOT_LITERAL or default is None else join(Const(default), BOTTOM)
        if isinstance(base, Const):
            base = Number("int" if isinstance(default, int) else "number") if _is_number(default) else Unknown()
    elif is_forward(frame) and incoming == BOTTOM:
        return Tensor(None, None, origins=frozenset([name]))
    else:
        base = BOTTOM
    if param.default is not None and default is NOT_LITERAL:
        base = join(_drop(base), evaluate(frame, param.default))
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


def _settled(frame: Frame, name: str, value: Value) -> Value:
    """Give tensors the order that has been decided, and numbers their own name as dimension."""
    function = frame.function
    if isinstance(value, Tensor | Unknown):
        decided = frame.analysis.parameter_order(function, name)
        if decided is not None and decided.order is not None:
            known = value if isinstance(value, Tensor) else decided
            rank = decided.rank if decided.rank is not None else known.rank
            order = decided.order
            if order == "moved" and not frame.analysis.moves_boundary:
                order = "source"
            return Tensor(
                rank,
                order,
                known.dims if known.rank == rank else None,
                known.dtype or decided.dtype,
                frozenset(),
                f"{function.key}:{name}",
            )
        if isinstance(value, Tensor) and not frame.analysis.moves_boundary:
            return Tensor(value.rank, "source", value.dims, value.dtype, frozenset(), f"{function.key}:{name}")
        if isinstance(value, Tensor):
            return Tensor(value.rank, None, value.dims, value.dtype, frozenset([name]), f"{function.key}:{name}")
        return Unknown(frozenset([name]))
    if isinstance(value, Number) and name not in function.local_names:
        return Number(value.kind, Symbol(name, function.key))
    return value


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
