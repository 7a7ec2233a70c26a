"""Calls of framework functions, methods and classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libcst as cst

from translator.catalog.unify import BoundCall, unify
from translator.infer import dims
from translator.infer.arguments import arguments, carried
from translator.infer.containers import (
    construct,
    construct_inside,
    functional,
    keras_input,
    keras_sequential,
    torch_container,
)
from translator.infer.dictionaries import module_dict
from translator.infer.distributions import torch_functions
from translator.infer.evaluate import evaluate
from translator.infer.facts import Declined, Replace
from translator.infer.frame import Frame
from translator.infer.initializing import apply_function, lazy_init, torch_init, walk
from translator.infer.matching import match, unmet
from translator.infer.merging import MERGES, merge_function, merge_layer
from translator.infer.modes import NO_GRADIENTS, decorator
from translator.infer.operations import apply, of_rank
from translator.infer.orders import require
from translator.infer.parameters import (
    add_module,
    keras_variable,
    keras_weight,
    parameter_list,
    register_buffer,
    register_parameter,
    torch_parameter,
)
from translator.infer.taking import PICKS, take
from translator.infer.unknown import made_by
from translator.infer.values import DECLINED, UNKNOWN, Device, Number, Shape, Tensor, Unknown, Value
from translator.syntax import NOT_LITERAL, literal


def _device(frame: Frame, node: cst.Call, api: str) -> Value:
    """``torch.device(...)``: what it is made from decides nothing in Keras, so that is not looked at."""
    frame.decide(node, Replace("literal", api, data="None"))
    return Device()


def _is_tensor(frame: Frame, node: cst.Call, api: str) -> Value:
    arguments(frame, node)
    if len(node.args) != 1 or node.args[0].star:
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    frame.decide(node, Replace("is_tensor", api))
    return UNKNOWN


SPECIAL: Mapping[str, Callable[[Frame, cst.Call, str], Value]] = {
    "torch.device": _device,
    "torch.nn.Sequential": torch_container,
    "torch.nn.ModuleList": torch_container,
    "torch.is_tensor": _is_tensor,
    "keras.ops.is_tensor": _is_tensor,
    "keras.Sequential": keras_sequential,
    "keras.Input": keras_input,
    "keras.layers.InputLayer": keras_input,
    "keras.Model": functional,
    "torch.nn.Parameter": torch_parameter,
    "torch.nn.ParameterList": parameter_list,
    "torch.nn.ModuleDict": module_dict,
    "torch.nn.ParameterDict": module_dict,
    "torch.nn.Module.register_parameter": register_parameter,
    "torch.nn.Module.register_buffer": register_buffer,
    "torch.nn.Module.add_module": add_module,
    "torch.nn.Module.modules": walk,
    "helpers.keras.all_layers": walk,
    "torch.nn.Module.apply": apply_function,
    "helpers.keras.apply_to_layers": apply_function,
    **dict.fromkeys(torch_functions(), torch_init),
    **dict.fromkeys(NO_GRADIENTS, decorator),
    "helpers.torch.fill_lazily": lazy_init,
    "keras.layers.Layer.add_weight": keras_weight,
    "keras.Variable": keras_variable,
    **{f"keras.layers.{name}": merge_layer for name in MERGES},
    **{f"keras.layers.{name}": merge_function for name in MERGES.values()},
}


def framework(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> Value:
    """A call of a framework function, method or class."""
    analysis = frame.analysis
    special = SPECIAL.get(api)
    if special is not None:
        return special(frame, node, api)
    if api in PICKS:
        return take(frame, node, api, receiver)
    if api in ("keras.ops.shape", "tf.shape", "torch.Tensor.size"):
        return _shape(frame, node, api, receiver)
    if api in analysis.catalog.wrappers:
        return construct_inside(frame, node, api)
    if api in ("torch.Tensor.dim", "torch.Tensor.ndimension") and receiver is not None and not node.args:
        value = frame.memo.get(receiver, UNKNOWN)
        frame.decide(node, Replace("axes_count", api))
        return Number("int", value.rank if isinstance(value, Tensor) else None)
    arguments(frame, node, carried(frame))
    alternatives = analysis.catalog.alternatives(analysis.source, api)
    if not alternatives:
        hint = "" if receiver is None else "port this line by hand"
        frame.decline(node, analysis.missing_code(api), f"{api} has no counterpart in the mapping database", api, hint)
        return made_by(api)
    signature = analysis.catalog.signatures.get(api)
    if signature is not None and signature.kind == "class":
        return construct(frame, node, api)
    found = match(frame, node, api, receiver)
    if isinstance(found, Declined):
        frame.decide(node, found)
        return DECLINED
    chosen = of_rank(frame, found)
    if chosen is None:
        frame.decide(node, Declined("T104", f"{api}: the rank of its input is not known or not covered", "", api))
        return frame.memo.get(node.args[0].value, UNKNOWN) if node.args else UNKNOWN
    alternative, bindings, _ = chosen
    return apply(frame, node, api, alternative, bindings)


def method(frame: Frame, node: cst.Call, receiver: cst.CSTNode, name: str, tensor: Tensor) -> Value:
    if frame.analysis.source != "torch":
        arguments(frame, node)
        return frame.decline(node, "T101", f".{name}() of a tensor has no counterpart in the mapping database", name)
    assert isinstance(receiver, cst.BaseExpression)
    return framework(frame, node, f"torch.Tensor.{name}", receiver)


def property_of(frame: Frame, node: cst.Attribute, name: str) -> Value | None:
    """``x.T`` and other properties of tensors that an entry reads as methods without arguments; None for the rest."""
    analysis = frame.analysis
    api = f"torch.Tensor.{name}"
    signature = analysis.catalog.signatures.get(api)
    if analysis.source != "torch" or signature is None or signature.kind != "property":
        return None
    reader = analysis.reader(frame)
    call = BoundCall(api, {"self": node.value}, signature.overloads[0])
    for alternative in analysis.catalog.alternatives(analysis.source, api):
        outcome = unify(alternative.pattern, node, call, alternative.entry, reader, analysis.catalog.signatures)
        if isinstance(outcome, dict):
            return apply(frame, node, api, alternative, outcome)
    return None


def conditional(frame: Frame, node: cst.IfExp) -> Value | None:
    """A conditional expression that an entry reads as a whole: ``dropout(x) if training else x``."""
    if not isinstance(node.body, cst.Call):
        return None
    api = frame.api_of(node.body.func)
    if api is None:
        return None
    reader = frame.analysis.reader(frame)
    for alternative in frame.analysis.catalog.alternatives(frame.analysis.source, f"if:{api}"):
        for arg in node.body.args:
            evaluate(frame, arg.value)
        evaluate(frame, node.orelse)
        outcome = unify(alternative.pattern, node, None, alternative.entry, reader, frame.analysis.catalog.signatures)
        if isinstance(outcome, dict) and isinstance(unmet(alternative.case, outcome, frame.analysis.to), dict):
            return apply(frame, node, api, alternative, outcome)
    return None


def _shape(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> Value:
    arguments(frame, node)
    owner = receiver if receiver is not None else node.args[0].value if node.args else None
    value = frame.memo.get(owner, UNKNOWN) if owner is not None else UNKNOWN
    if not isinstance(value, Tensor):
        if frame.analysis.source == "torch" or not isinstance(value, Unknown):
            return frame.decline(node, "T111", f"{api} of something that is not known to be a tensor", api)
        value = Tensor(None, None, origins=value.origins)
    extra = node.args if receiver is not None else node.args[1:]
    if not extra:
        frame.decide(node, Replace("shape", api))
        return Shape(value)
    index = literal(extra[0].value)
    if len(extra) != 1 or receiver is None:
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    if index is NOT_LITERAL or not isinstance(index, int):
        if value.order == "moved":
            require(frame, receiver, value, "source")
        frame.decide(node, Replace("shape", api, data=None))
        return Number("int")
    moved = dims.moved_axis(index, value.rank, frame.analysis.to) if value.order == "moved" and value.rank else index
    frame.decide(node, Replace("shape", api, data=moved))
    return Number("int", value.dim(index))
