"""Calls of what is not known: what goes in, and why nothing can be said about the result."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.arguments import arguments, decline_values
from translator.infer.direction import TRAINING_METHODS
from translator.infer.frame import Frame
from translator.infer.orders import require
from translator.infer.values import (
    DECLINED,
    FOREIGN,
    TARGET,
    UNKNOWN,
    Container,
    FunctionRef,
    Instance,
    LayerAt,
    Made,
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
    decline_values(frame, node, values)
    if frame.memo.get(node.func) == TARGET:
        return TARGET
    for arg, value in zip(node.args, values, strict=True):
        if isinstance(value, Tensor) and value.order == "moved":
            require(frame, arg.value, value, "source")
    owner = frame.memo.get(node.func.value, UNKNOWN) if isinstance(node.func, cst.Attribute) else None
    if isinstance(owner, Made) and isinstance(node.func, cst.Attribute):
        return _method_of_made(frame, node, owner, node.func.attr.value)
    problem = _undecidable(frame, node, values)
    if problem:
        return frame.decline(
            node, "T107", problem, hint="pass a module that is built in this file, or translate with --layout"
        )
    if isinstance(node.func, cst.Attribute) and isinstance(owner, Unknown) and owner not in (FOREIGN, TARGET):
        _framework_method(frame, node, owner, node.func.attr.value)
    return UNKNOWN


def made_by(api: str) -> Value:
    """What a declined call of a framework API gives."""
    return Made(apis=frozenset([api]))


def _method_of_made(frame: Frame, node: cst.Call, owner: Made, name: str) -> Value:
    """A method of what a framework call gave is a use of the framework, and so is what is done with its result."""
    analysis = frame.analysis
    apis = sorted(owner.apis)
    code = analysis.member_code(name, "T111")
    if any(analysis.missing_code(api) == "T106" for api in apis):
        code = "T106"
    why = f".{name}() of {' or '.join(apis)}, which has no counterpart in the mapping database"
    frame.decline(node, code, why, f"{apis[0]}.{name}")
    return owner


def _framework_method(frame: Frame, node: cst.Call, owner: Unknown, name: str) -> None:
    """A method that only tensors, models or optimizers have, or any method of what declined code gave."""
    source = frame.analysis.source
    if not frame.analysis.uses_framework:
        return
    if source == "torch" and name in TENSOR_ONLY_METHODS:
        api = f"torch.Tensor.{name}"
        if frame.analysis.missing_code(api) == "T106":
            frame.decline(node, "T106", f"{api} has no counterpart in the mapping database", api)
        else:
            why = f".{name}() looks like a tensor method, but its object is not known"
            frame.decline(node, "T111", why, api, hint="annotate the variable as torch.Tensor")
    elif name in TRAINING_METHODS[source]:
        frame.decline(node, "T106", f".{name}() looks like training code, but its object is not known", name)
    elif owner == DECLINED:
        frame.decline(node, "T111", f".{name}() of what code gives that is not translated", name)


def _undecidable(frame: Frame, node: cst.Call, values: Sequence[Value]) -> str:
    """Why the axis order of what goes in and out of an unknown call cannot be decided; "" where it does not matter."""
    declined = frame.memo.get(node.func)
    if not frame.analysis.moves_boundary or declined == DECLINED or isinstance(declined, Made):
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
