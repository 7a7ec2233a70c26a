"""Calls of builtins, of ``super()`` and of list methods."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.arguments import arguments
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.growth import add_to_sequential
from translator.infer.values import (
    UNKNOWN,
    Bottom,
    ClassRef,
    Const,
    Container,
    Instance,
    ListMethod,
    Many,
    Number,
    Super,
    Tensor,
    Value,
    element,
    join,
)
from translator.infer.values import Items as ItemsValue
from translator.infer.values import Mapping as MappingValue
from translator.syntax import literal


def call_builtin(frame: Frame, node: cst.Call, name: str) -> Value:
    if name == "super":
        arguments(frame, node)
        owner = frame.function.owner
        if node.args:
            value = frame.memo.get(node.args[0].value)
            owner = value.name if isinstance(value, ClassRef) else owner
        return Super(owner) if owner is not None else UNKNOWN
    if name.startswith("super."):
        return _super_call(frame, node, name)
    values = arguments(frame, node)
    first = values[0] if values else UNKNOWN
    if name in ("getattr", "setattr") and isinstance(first, Instance) and len(node.args) > 1:
        return _dynamic_attribute(frame, node, name, first, values)
    if isinstance(first, Tensor) and name in ("float", "int", "bool"):
        return frame.decline(node, "T109", f"{name}() of a tensor")
    for arg, value in zip(node.args, values, strict=True):
        if name in ("list", "tuple", "reversed", "enumerate", "zip", "len", "iter"):
            frame.iterated(arg.value, value)
    if name == "dict" and node.args and all(arg.keyword is not None for arg in node.args):
        names = [arg.keyword.value for arg in node.args if arg.keyword is not None]
        return MappingValue(tuple(zip(names, values, strict=True)))
    if name in ("list", "tuple", "sorted", "reversed", "set"):
        return first if isinstance(first, ItemsValue) and name in ("list", "tuple") else Many(element(first))
    if name == "enumerate":
        return Many(ItemsValue((Number("int"), element(first))))
    if name == "zip":
        return Many(ItemsValue(tuple(element(v) for v in values)))
    if name == "range":
        return Many(Number("int"))
    if name in ("len", "int"):
        return Number("int", first.dim if isinstance(first, Number) else None)
    if name in ("float", "round", "abs"):
        return (
            first if name == "abs" and isinstance(first, Tensor) else Number("float" if name == "float" else "number")
        )
    if name in ("sum", "max", "min") and any(isinstance(v, Tensor) or isinstance(element(v), Tensor) for v in values):
        return frame.decline(node, "T109", f"the built-in {name}() over tensors", hint="write the operations out")
    if name in ("max", "min"):
        return Number("int") if all(isinstance(v, Number | Const) for v in values) else UNKNOWN
    return UNKNOWN


def _dynamic_attribute(frame: Frame, node: cst.Call, name: str, owner: Instance, values: Sequence[Value]) -> Value:
    """``getattr(self, name)``: known where the name is a literal; a computed name may stand for any layer."""
    attribute = literal(node.args[1].value)
    module = frame.analysis.tables.classes[owner.cls].module
    if isinstance(attribute, str):
        if name == "setattr" and len(values) > 2:
            escape(frame, values[2])
            frame.analysis.write(frame.function, ("attribute", owner.cls, attribute), values[2])
            return UNKNOWN
        found = frame.analysis.attribute(owner.cls, attribute, frame.function)
        return UNKNOWN if isinstance(found, Bottom) else found
    if module:
        return frame.decline(node, "T105", f"{name}() with a computed attribute name", hint="keep the layers in a list")
    return UNKNOWN


def _super_call(frame: Frame, node: cst.Call, name: str) -> Value:
    arguments(frame, node)
    method = name.removeprefix("super.")
    info = frame.analysis.tables.classes.get(frame.function.owner or "")
    if method == "__init__":
        if info is not None and info.module:
            frame.decide(node, Replace("super_init"))
        return UNKNOWN
    if info is not None and (info.module or info.framework_bases):
        return frame.decline(node, "T101", f"super().{method}() has no counterpart in the mapping database")
    return UNKNOWN


def call_list_method(frame: Frame, node: cst.Call, method: ListMethod) -> Value:
    values = [evaluate(frame, arg.value) for arg in node.args]
    for value in values:
        escape(frame, value)
    item = values[-1] if values else UNKNOWN
    if method.name == "extend":
        item = element(item)
    target = method.target
    base = method.value
    if isinstance(base, Container):
        updated: Value = Container(base.site, base.runs, (Many(join(element(base), item)),))
        if base.runs:
            return add_to_sequential(frame, node, target, base, item)
    else:
        updated = Many(join(element(base), item))
    if isinstance(target, cst.Name):
        frame.bind(target.value, updated)
    elif isinstance(target, cst.Attribute):
        owner = frame.memo.get(target.value)
        if isinstance(owner, Instance):
            frame.analysis.write(frame.function, ("attribute", owner.cls, target.attr.value), updated)
    if isinstance(base, Container) and frame.analysis.to == "keras" and isinstance(node.func, cst.Attribute):
        frame.decide(node.func, Replace("module_list_append", data=method.name))
    return UNKNOWN
