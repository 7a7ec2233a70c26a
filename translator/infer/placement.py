"""Where models and tensors live. Keras places both by itself, so that devices are left out with what takes them."""

from __future__ import annotations

import libcst as cst

from translator.infer.evaluate import raw
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.values import Const, Container, Device, Instance, LayerAt, Value, options
from translator.syntax import literal

_KINDS = ("cpu", "cuda", "mps", "xpu", "xla", "meta")
_MOVES = frozenset(["to", "cuda", "cpu"])
_AVAILABLE = frozenset(["torch.cuda.is_available", "torch.backends.mps.is_available"])


def moved_module(frame: Frame, node: cst.Call) -> Value | None:
    """``Net().to(device)``, ``model.cuda()``: the module as it is. None for calls of anything else."""
    if not isinstance(node.func, cst.Attribute) or node.func.attr.value not in _MOVES:
        return None
    if frame.analysis.source != "torch" or len(node.args) > 1:
        return None
    name = node.func.attr.value
    owner = raw(frame, node.func.value)
    parts = options(owner)
    if not parts or not all(isinstance(part, Instance | Container | LayerAt) for part in parts):
        return None
    if any(isinstance(p, Instance) and not _is_plain_module(frame, p, name) for p in parts):
        return None
    if (name == "cpu" and node.args) or (name == "to" and not node.args):
        return None
    if any(arg.star or not _is_device(frame, arg) for arg in node.args):
        return None
    rewriter = "drop_statement" if frame.bare is node else "receiver"
    frame.decide(node, Replace(rewriter, f"torch.nn.Module.{name}"))
    return owner


def _is_plain_module(frame: Frame, instance: Instance, name: str) -> bool:
    info = frame.analysis.tables.classes[instance.cls]
    return info.module and frame.analysis.find_method(instance.cls, name) is None


def _is_device(frame: Frame, arg: cst.Arg) -> bool:
    if arg.keyword is not None and arg.keyword.value != "device":
        return False
    if _names_device(literal(arg.value)):
        return True
    if isinstance(arg.value, cst.IfExp) and placed(frame, arg.value):
        return True
    value = raw(frame, arg.value)
    return isinstance(value, Device) or (isinstance(value, Const) and _names_device(value.value))


def _names_device(value: object) -> bool:
    return isinstance(value, str) and value.split(":")[0] in _KINDS


def placed(frame: Frame, node: cst.IfExp) -> bool:
    """Whether an expression is ``"cuda" if torch.cuda.is_available() else "cpu"``."""
    test = node.test
    available = isinstance(test, cst.Call) and not test.args and frame.api_of(test.func) in _AVAILABLE
    return available and all(_is_choice(frame, part) for part in (node.body, node.orelse))


def _is_choice(frame: Frame, node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.IfExp):
        return placed(frame, node)
    return _names_device(literal(node)) or (isinstance(node, cst.Call) and frame.api_of(node.func) == "torch.device")


def device_choice(frame: Frame, node: cst.IfExp) -> Value | None:
    """``"cuda" if torch.cuda.is_available() else "cpu"`` as the device that it names; None for other choices."""
    if frame.analysis.source != "torch" or not placed(frame, node):
        return None
    frame.decide(node, Replace("literal", "torch.cuda.is_available", data="None"))
    return Device()
