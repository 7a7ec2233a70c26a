"""Calls: whatever is called is handed to the module that knows it."""

from __future__ import annotations

import libcst as cst

from translator.infer.arguments import arguments
from translator.infer.builtin_calls import call_builtin, call_list_method
from translator.infer.evaluate import raw
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.framework import framework, method
from translator.infer.functions import own_function, own_method
from translator.infer.instances import instantiate
from translator.infer.modules import call_module
from translator.infer.unknown import call_unknown
from translator.infer.values import (
    BOTTOM,
    Bottom,
    Builtin,
    ClassRef,
    Container,
    FrameworkRef,
    FunctionRef,
    Instance,
    LayerAt,
    ListMethod,
    Merge,
    MethodRef,
    OneOf,
    TensorMethod,
    Value,
    join,
)


def call(frame: Frame, node: cst.Call) -> Value:
    if is_eval(frame, node):
        frame.decide(node, Replace("receiver", "torch.nn.Module.eval"))
        assert isinstance(node.func, cst.Attribute)
        return frame.memo[node.func.value]
    return _called(frame, node)


def _called(frame: Frame, node: cst.Call) -> Value:
    """Evaluate a call."""
    function = raw(frame, node.func)
    return dispatch(frame, node, function)


def dispatch(frame: Frame, node: cst.Call, function: Value) -> Value:
    match function:
        case FrameworkRef(api=api):
            return framework(frame, node, api, None)
        case TensorMethod(receiver=receiver, name=name, tensor=tensor):
            return method(frame, node, receiver, name, tensor)
        case ClassRef(name=name):
            return instantiate(frame, node, name)
        case FunctionRef(key=key):
            return own_function(frame, node, frame.analysis.tables.functions[key], None)
        case MethodRef(cls=cls, name=name, virtual=virtual):
            return own_method(frame, node, cls, name, virtual)
        case LayerAt() | Container() | Instance() | Merge():
            return call_module(frame, node, function)
        case OneOf():
            return _any(frame, node, function)
        case Builtin(name=name):
            return call_builtin(frame, node, name)
        case ListMethod():
            return call_list_method(frame, node, function)
        case Bottom():
            arguments(frame, node)
            return BOTTOM
        case _:
            return call_unknown(frame, node)


def _any(frame: Frame, node: cst.Call, function: OneOf) -> Value:
    modules = [o for o in function.options if isinstance(o, LayerAt | Container | Instance)]
    if modules and len(modules) == len(function.options):
        return call_module(frame, node, function)
    result: Value = BOTTOM
    for option in sorted(function.options, key=repr):
        result = join(result, dispatch(frame, node, option))
    return result


def is_eval(frame: Frame, node: cst.Call) -> bool:
    """Whether a call is ``module.eval()``: Keras models are in inference mode unless a call says otherwise."""
    if (
        frame.analysis.source != "torch"
        or node.args
        or not isinstance(node.func, cst.Attribute)
        or node.func.attr.value != "eval"
    ):
        return False
    owner = raw(frame, node.func.value)
    if isinstance(owner, Instance):
        info = frame.analysis.tables.classes[owner.cls]
        return info.module and frame.analysis.find_method(owner.cls, "eval") is None
    return isinstance(owner, Container) and owner.runs
