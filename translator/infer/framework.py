"""Calls of framework functions, methods and classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libcst as cst

from translator.catalog.unify import unify
from translator.infer import dims
from translator.infer.arguments import arguments, carried
from translator.infer.containers import construct, functional, keras_input, keras_sequential, torch_container
from translator.infer.evaluate import evaluate
from translator.infer.facts import Declined, Replace
from translator.infer.frame import Frame
from translator.infer.matching import match, unmet
from translator.infer.merging import MERGES, merge_function, merge_layer
from translator.infer.operations import apply
from translator.infer.orders import require
from translator.infer.values import DECLINED, UNKNOWN, Number, Shape, Tensor, Unknown, Value
from translator.syntax import NOT_LITERAL, literal

SPECIAL: Mapping[str, Callable[[Frame, cst.Call, str], Value]] = {
    "torch.nn.Sequential": torch_container,
    "torch.nn.ModuleList": torch_container,
    "keras.Sequential": keras_sequential,
    "keras.Input": keras_input,
    "keras.layers.InputLayer": keras_input,
    "keras.Model": functional,
    **{f"keras.layers.{name}": merge_layer for name in MERGES},
    **{f"keras.layers.{name}": merge_function for name in MERGES.values()},
}


def framework(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> Value:
    """A call of a framework function, method or class."""
    analysis = frame.analysis
    special = SPECIAL.get(api)
    if special is not None:
        return special(frame, node, api)
    if api in ("keras.ops.shape", "tf.shape", "torch.Tensor.size"):
        return _shape(frame, node, api, receiver)
    arguments(frame, node, carried(frame))
    alternatives = analysis.catalog.alternatives(analysis.source, api)
    if not alternatives:
        hint = "" if receiver is None else "port this line by hand"
        return frame.decline(
            node, analysis.missing_code(api), f"{api} has no counterpart in the mapping database", api, hint
        )
    signature = analysis.catalog.signatures.get(api)
    if signature is not None and signature.kind == "class":
        return construct(frame, node, api)
    found = match(frame, node, api, receiver)
    if isinstance(found, Declined):
        frame.decide(node, found)
        return DECLINED
    alternative, bindings, _ = found[0]
    return apply(frame, node, api, alternative, bindings)


def method(frame: Frame, node: cst.Call, receiver: cst.CSTNode, name: str, tensor: Tensor) -> Value:
    if frame.analysis.source != "torch":
        arguments(frame, node)
        return frame.decline(node, "T101", f".{name}() of a tensor has no counterpart in the mapping database", name)
    assert isinstance(receiver, cst.BaseExpression)
    return framework(frame, node, f"torch.Tensor.{name}", receiver)


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
