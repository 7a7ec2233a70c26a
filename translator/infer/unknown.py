"""Calls of what is not known: what goes in, and why nothing can be said about the result."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.arguments import arguments
from translator.infer.frame import Frame
from translator.infer.orders import require
from translator.infer.values import (
    DECLINED,
    FOREIGN,
    UNKNOWN,
    Container,
    FunctionRef,
    Instance,
    LayerAt,
    Many,
    MethodRef,
    Tensor,
    Unknown,
    Value,
    options,
)
from translator.infer.values import Items as ItemsValue
from translator.infer.values import Mapping as MappingValue

TENSOR_ONLY_METHODS = frozenset(
    "view permute unsqueeze contiguous detach cuda cpu requires_grad_ expand_as view_as masked_fill masked_fill_ "
    "transpose_ unsqueeze_ squeeze_ flatten_ mul_ add_ div_ sub_ zero_ fill_ normal_ uniform_ matmul bmm softmax "
    "log_softmax sigmoid relu relu_ type_as new_zeros new_ones new_tensor repeat_interleave scatter_ gather "
    "index_select backward".split()
)
"""Methods of PyTorch tensors and of little else: on an unknown object they are reported, never renamed."""


def call_unknown(frame: Frame, node: cst.Call) -> Value:
    """A call of something unknown: tensors enter in source order, and nothing is known of the result."""
    values = arguments(frame, node)
    for arg, value in zip(node.args, values, strict=True):
        if isinstance(value, Tensor) and value.order == "moved":
            require(frame, arg.value, value, "source")
    problem = _undecidable(frame, node, values)
    if problem:
        return frame.decline(
            node, "T107", problem, hint="pass a module that is built in this file, or translate with --layout"
        )
    if isinstance(node.func, cst.Attribute) and frame.analysis.source == "torch":
        name = node.func.attr.value
        owner = frame.memo.get(node.func.value, UNKNOWN)
        if (
            name in TENSOR_ONLY_METHODS
            and isinstance(owner, Unknown)
            and owner != FOREIGN
            and frame.analysis.uses_framework
        ):
            api = f"torch.Tensor.{name}"
            code = "T106" if frame.analysis.missing_code(api) == "T106" else "T111"
            why = f".{name}() looks like a tensor method, but its object is not known"
            frame.decline(node, code, why, api, hint="annotate the variable as torch.Tensor")
    return UNKNOWN


def _undecidable(frame: Frame, node: cst.Call, values: Sequence[Value]) -> str:
    """Why the axis order of what goes in and out of an unknown call cannot be decided; "" where it does not matter."""
    if not frame.analysis.moves_boundary:
        return ""
    if any(_holds_moved(value) for value in values):
        return "tensors whose axes have moved are handed to code that is not known, inside a list or dictionary"
    if any(
        isinstance(o, Instance | LayerAt | Container | MethodRef | FunctionRef) and _is_model_part(frame, o)
        for v in values
        for o in options(v)
    ):
        return "a module or function is handed to code that is not known, which may call it in another axis order"
    called = isinstance(node.func, cst.Attribute) and isinstance(frame.memo.get(node.func.value), Instance)
    if frame.memo.get(node.func) == DECLINED:
        return ""
    owner = frame.analysis.tables.classes.get(frame.function.owner or "")
    in_module = owner is not None and owner.module
    images = [v for v in values if isinstance(v, Tensor) and (v.rank is None or v.rank > 2)]
    if images and (called or in_module or any(v.order == "moved" for v in images)):
        return "what is called here is not known, so the axis order that it wants and gives cannot be decided"
    return ""


def _holds_moved(value: Value) -> bool:
    match value:
        case ItemsValue(items=items):
            return any(_holds_moved(v) or (isinstance(v, Tensor) and v.order == "moved") for v in items)
        case Many(item=item):
            return _holds_moved(item) or (isinstance(item, Tensor) and item.order == "moved")
        case MappingValue(items=pairs):
            return any(_holds_moved(v) or (isinstance(v, Tensor) and v.order == "moved") for _, v in pairs)
    return False


def _is_model_part(frame: Frame, value: Value) -> bool:
    if isinstance(value, Instance):
        return frame.analysis.tables.classes[value.cls].module
    if isinstance(value, MethodRef):
        return frame.analysis.tables.classes[value.cls].module
    if isinstance(value, FunctionRef):
        return bool(frame.analysis.tables.functions[value.key].demands)
    return True
