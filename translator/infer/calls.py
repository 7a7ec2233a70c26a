"""Calls: whatever is called is handed to the module that knows it."""

from __future__ import annotations

import libcst as cst

from translator.infer import recurrent
from translator.infer.arguments import arguments
from translator.infer.builtin_calls import call_builtin, call_list_method
from translator.infer.dictionaries import call_method
from translator.infer.distributions import METHODS
from translator.infer.evaluate import raw
from translator.infer.factories import call_factory, can_be_value, receives
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.framework import framework, method
from translator.infer.functions import own_function, own_method
from translator.infer.initializing import keras_assign, torch_fill
from translator.infer.instances import instantiate, record
from translator.infer.joins import join
from translator.infer.modules import call_module
from translator.infer.placement import moved_module
from translator.infer.sequences import GROWING, add_to_self, grows
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
    MappingMethod,
    Merge,
    MethodRef,
    OneOf,
    Partial,
    Record,
    TensorMethod,
    Value,
)


def call(frame: Frame, node: cst.Call) -> Value:
    if is_eval(frame, node):
        frame.decide(node, Replace("receiver", "torch.nn.Module.eval"))
        assert isinstance(node.func, cst.Attribute)
        return frame.memo[node.func.value]
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "get_initial_state":
        cell = raw(frame, node.func.value)
        if isinstance(cell, LayerAt) and recurrent.is_cell(frame, cell):
            return recurrent.initial_state(frame, node, cell)
    return _called(frame, node)


def _called(frame: Frame, node: cst.Call) -> Value:
    """Evaluate a call."""
    if isinstance(node.func, cst.Attribute) and node.func.attr.value in GROWING:
        owner = raw(frame, node.func.value)
        module = grows(frame, node, node.func.attr.value) if _is_own_sequence(frame, owner) else None
        if module is not None:
            return add_to_self(frame, node, module)
    found = _known_method(frame, node) if isinstance(node.func, cst.Attribute) else None
    if found is not None:
        return found
    function = raw(frame, node.func)
    return dispatch(frame, node, function)


def _known_method(frame: Frame, node: cst.Call) -> Value | None:
    """A method that gives a weight other initial values, or that moves a module to a device."""
    assert isinstance(node.func, cst.Attribute)
    name = node.func.attr.value
    if frame.analysis.source == "keras":
        return keras_assign(frame, node) if name == "assign" else None
    return torch_fill(frame, node) if name in METHODS else moved_module(frame, node)


def _is_own_sequence(frame: Frame, owner: Value) -> bool:
    return isinstance(owner, Instance) and owner.is_self and frame.analysis.tables.classes[owner.cls].sequential


def dispatch(frame: Frame, node: cst.Call, function: Value) -> Value:
    match function:
        case FrameworkRef(api=api) if frame.is_spelled(node.func) or not can_be_value(frame.analysis, api):
            return framework(frame, node, api, None)
        case FrameworkRef() | Partial():
            return call_factory(frame, node, [function], fixed=False)
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
        case Record(fields=fields):
            return record(frame, node, fields)
        case Builtin(name=name):
            return call_builtin(frame, node, name)
        case MappingMethod():
            return call_method(frame, node, function)
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
    known, others = receives(function)
    result: Value = BOTTOM
    for option in sorted(others, key=repr):
        result = join(result, dispatch(frame, node, option))
    return join(result, call_factory(frame, node, known, fixed=bool(others))) if known else result


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
