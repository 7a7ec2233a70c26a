"""The value of an expression; framework uses are decided by the handlers of the kinds of expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libcst as cst

from translator.catalog.dtypes import dtype_named
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.orders import require
from translator.infer.values import (
    UNKNOWN,
    Const,
    Dim,
    FrameworkRef,
    Instance,
    LayerAt,
    Number,
    OneOf,
    Shape,
    Symbol,
    TensorMethod,
    Value,
)
from translator.syntax import children

Handler = Callable[[Frame, Any], Value]


HANDLERS: dict[type, Handler] = {}
"""Who evaluates which kind of expression; ``evaluation`` fills it in from the modules that know the kinds."""


def evaluate(frame: Frame, node: cst.BaseExpression) -> Value:
    """Evaluate and record the decisions for a value that is used as a whole."""
    return settle(frame, node, raw(frame, node))


def settle(frame: Frame, node: cst.BaseExpression, value: Value) -> Value:
    """Decide about a bare framework name, and bring a shape used as a whole into source order."""
    if isinstance(value, FrameworkRef) and frame.is_spelled(node):
        reference(frame, node, value.api)
    elif isinstance(value, TensorMethod):
        name = f"torch.Tensor.{value.name}" if frame.analysis.source == "torch" else value.name
        return frame.decline(
            node,
            frame.analysis.missing_code(name),
            f".{value.name} of a tensor has no counterpart in the mapping database",
            name,
        )
    elif isinstance(value, Shape):
        whole_shape(frame, node, value)
        value = Shape(replace(value.tensor, order="source" if value.tensor.order == "moved" else value.tensor.order))
    return value


def raw(frame: Frame, node: cst.BaseExpression) -> Value:
    """Evaluate without deciding about a bare framework name or shape: its use is up to the caller."""
    handler = HANDLERS.get(type(node))
    value = handler(frame, node) if handler is not None else _children(frame, node)
    frame.memo[node] = value
    return value


def escape(frame: Frame, value: Value) -> None:
    """A layer is handed on as a value, so its call sites are not all known."""
    for option in value.options if isinstance(value, OneOf) else (value,):
        if isinstance(option, LayerAt):
            for site in option.sites:
                found = frame.analysis.tables.sites.get(site)
                if found is not None:
                    found.escaped = True


def dim_of(frame: Frame, node: cst.BaseExpression, value: Value) -> Dim:
    """An integer expression as a dimension, where its text holds wherever the running function's names do."""
    if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool):
        return value.value
    if isinstance(value, Number) and isinstance(value.dim, int):
        return value.dim
    if _stable(frame, node):
        return Symbol(frame.function.tree.text(node), frame.function.key)
    return value.dim if isinstance(value, Number) else None


def _stable(frame: Frame, node: cst.CSTNode) -> bool:
    """Whether every name in an expression keeps its value throughout the function."""
    if isinstance(node, cst.Name):
        return node.value in frame.function.parameters and node.value not in frame.function.local_names
    if isinstance(node, cst.Attribute):
        owner = frame.memo.get(node.value)
        return isinstance(owner, Instance) and owner.is_self and frame.function.name == "__init__"
    if isinstance(node, cst.Integer):
        return True
    if isinstance(node, cst.BinaryOperation):
        return _stable(frame, node.left) and _stable(frame, node.right)
    return False


def reference(frame: Frame, node: cst.BaseExpression, api: str) -> None:
    if api in ("torch.Tensor", "keras.KerasTensor"):
        why = f"no class of {'Keras' if frame.analysis.to == 'keras' else 'PyTorch'} has exactly the instances of {api}"
        frame.decline(node, "T105", why, api, hint="ask keras.ops.is_tensor(x), or torch.is_tensor(x)")
        return
    dtype = dtype_named(api)
    if dtype is not None and frame.analysis.to == "keras":
        frame.decide(node, Replace("literal", api, data=f'"{dtype}"'))
        return
    if dtype is None and frame.analysis.catalog.alternatives(frame.analysis.source, api):
        # What arrives at which calls is known in the end.
        frame.decide(node, Replace("factory", api))
        return
    target = frame.analysis.reference_target(api) if dtype is None else f"torch.{dtype}"
    if target is not None:
        frame.decide(node, Replace("reference", api, target))
        return
    if frame.analysis.is_namespace(api):
        frame.decline(node, "T105", f"{api} is used as a value", api)
    else:
        frame.decline(node, frame.analysis.missing_code(api), f"{api} has no counterpart in the mapping database", api)


def whole_shape(frame: Frame, node: cst.BaseExpression, value: Shape) -> None:
    """A shape used as a whole must list its axes in source order."""
    owner = _shape_owner(node)
    if owner is not None and value.tensor.order == "moved":
        require(frame, owner, value.tensor, "source")


def _shape_owner(node: cst.BaseExpression) -> cst.BaseExpression | None:
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "size":
        return node.func.value
    if isinstance(node, cst.Call) and node.args:
        return node.args[0].value
    return node.value if isinstance(node, cst.Attribute) else None


def _children(frame: Frame, node: cst.CSTNode) -> Value:
    """Any other expression: its parts are evaluated for their own sake."""
    for child in children(node):
        if isinstance(child, cst.BaseExpression):
            escape(frame, evaluate(frame, child))
        elif not isinstance(child, cst.BaseParenthesizableWhitespace | cst.Comma):
            _children(frame, child)
    return UNKNOWN
