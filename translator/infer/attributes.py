"""Attributes: of framework modules, instances, tensors and containers."""

from __future__ import annotations

import libcst as cst

from translator.infer.builtin_calls import STANDARD_MODULES, standard
from translator.infer.dictionaries import METHODS
from translator.infer.dynamic import attribute_like
from translator.infer.evaluate import escape, raw, whole_shape
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.framework import property_of
from translator.infer.initializing import weight_flag
from translator.infer.joins import element, join_all
from translator.infer.parameters import MEMBERS
from translator.infer.values import (
    BOTTOM,
    FOREIGN,
    TARGET,
    UNKNOWN,
    Bottom,
    Builtin,
    ClassRef,
    Container,
    Device,
    DType,
    FrameworkRef,
    FunctionRef,
    Instance,
    Items,
    LayerAt,
    ListMethod,
    Made,
    Many,
    Mapping,
    MappingMethod,
    MethodRef,
    Number,
    OneOf,
    Shape,
    Submodule,
    Super,
    Tensor,
    TensorMethod,
    Training,
    Unknown,
    Value,
)


def attribute(frame: Frame, node: cst.Attribute) -> Value:
    base = raw(frame, node.value)
    name = node.attr.value
    match base:
        case FrameworkRef(api=api):
            return FrameworkRef(frame.analysis.catalog.canonical(f"{api}.{name}"))
        case Instance():
            return _instance_attribute(frame, node, base, name)
        case Tensor():
            return _tensor_attribute(frame, node, base, name)
        case Super():
            return _super_attribute(frame, node, base, name)
        case ClassRef(name=cls):
            method = frame.analysis.find_method(cls, name)
            return (
                FunctionRef(method.key) if method is not None else frame.analysis.attribute(cls, name, frame.function)
            )
        case Items(fields=fields) if name in fields:
            index = fields.index(name)
            frame.decide(node, Replace("field", f"torch.return_types.{name}", data=index))
            return base.items[index]
        case Items() | Many() if name in ("append", "extend", "insert"):
            return ListMethod(node.value, name, base)
        case Container():
            return _container_attribute(frame, node, base, name)
        case Mapping(items=pairs) if name in dict(pairs):
            return dict(pairs)[name]
        case Mapping() if name in METHODS:
            return MappingMethod(node.value, name, base)
        case LayerAt() | Submodule() if weight_flag(frame, node, base):
            return UNKNOWN
        case Submodule():
            return frame.decline(node, "T102", f"attribute .{name} of one of all modules")
        case LayerAt():
            escape(frame, base)
            code = frame.analysis.member_code(name, "T102")
            return frame.decline(node, code, f"attribute .{name} of a layer")
        case OneOf(options=parts):
            return _attribute_of_any(frame, node, parts, name)
        case Shape():
            whole_shape(frame, node.value, base)
            return UNKNOWN
        case Builtin(name=module) if module in STANDARD_MODULES:
            return standard(f"{module}.{name}") or FOREIGN
        case Device():
            return frame.decline(
                node, "T101", f".{name} of a device has no counterpart: Keras places tensors by itself"
            )
        case Made(apis=apis):
            return Made(frozenset(), apis)
        case Unknown() if base in (FOREIGN, TARGET):
            return base
    return UNKNOWN


def _attribute_of_any(frame: Frame, node: cst.Attribute, parts: frozenset[Value], name: str) -> Value:
    values = []
    for part in parts:
        if isinstance(part, ClassRef | Instance):
            cls = part.name if isinstance(part, ClassRef) else part.cls
            values.append(frame.analysis.attribute(cls, name, frame.function))
        else:
            values.append(UNKNOWN)
    return join_all(tuple(values))


def _instance_attribute(frame: Frame, node: cst.Attribute, base: Instance, name: str) -> Value:
    analysis = frame.analysis
    info = analysis.tables.classes[base.cls]
    if info.module and name == "training" and analysis.source == "torch":
        frame.function.training_reads[node] = Training()
        frame.function.needs_training = True
        return Training()
    method = analysis.find_method(base.cls, name)
    if method is not None or analysis.has_attribute(base.cls, name):
        frame.reserve(base.cls, node.attr)
    if method is not None and isinstance(method.node, cst.FunctionDef):
        decorated = {d.decorator.value for d in method.node.decorators if isinstance(d.decorator, cst.Name)}
        if "property" in decorated:
            frame.analysis.watch(frame.function, ("returned", method.key), method.returned)
            return method.returned
        return MethodRef(base.cls, name, virtual=True)
    if analysis.patterned:
        value = attribute_like(frame, base.cls, name)
    else:
        value = analysis.attribute(base.cls, name, frame.function)
    if isinstance(value, Bottom):
        elements = frame.sequence(base, runs=False)
        if name == "layers" and analysis.source == "keras" and isinstance(elements, Container):
            return _container_attribute(frame, node, elements, name)
        if info.module and name in MEMBERS[analysis.source]:
            return FrameworkRef(MEMBERS[analysis.source][name])
        if info.module and name in analysis.module_members:
            why = f".{name} of {analysis.module_base} has no counterpart in the mapping database"
            return frame.decline(node, analysis.member_code(name, "T101"), why)
        if info.sequential and analysis.source == "torch":
            return frame.decline(node, "T105", f".{name} of a Sequential may be one of its elements by name")
        return UNKNOWN if info.module or info.framework_bases else BOTTOM
    return value


def _super_attribute(frame: Frame, node: cst.Attribute, base: Super, name: str) -> Value:
    for ancestor in frame.analysis.ancestry(base.cls)[1:]:
        if name in frame.analysis.tables.classes[ancestor].methods:
            return MethodRef(ancestor, name)
    return Builtin(f"super.{name}")


def _tensor_attribute(frame: Frame, node: cst.Attribute, base: Tensor, name: str) -> Value:
    if name == "shape":
        frame.decide(node, Replace("shape", "torch.Tensor.shape" if frame.analysis.source == "torch" else "shape"))
        return Shape(base)
    if name == "ndim":
        frame.decide(node, Replace("attribute", "torch.Tensor.ndim", name))
        return Number("int")
    if name == "dtype":
        frame.decide(node, Replace("attribute", "torch.Tensor.dtype", name))
        return DType(base.dtype)
    if name == "device" and frame.analysis.source == "torch":
        frame.decide(node, Replace("literal", "torch.Tensor.device", data="None"))
        return Device()
    found = property_of(frame, node, name)
    return found if found is not None else TensorMethod(node.value, name, base)


def _container_attribute(frame: Frame, node: cst.Attribute, base: Container, name: str) -> Value:
    if name in ("append", "extend") and (not base.runs or (name == "append" and frame.analysis.source == "torch")):
        return ListMethod(node.value, name, base)
    if name in ("add_module", "register_module") and base.runs and frame.analysis.source == "torch":
        return ListMethod(node.value, name, base)
    if frame.analysis.source == "keras" and name == "add" and base.runs:
        return ListMethod(node.value, name, base)
    if frame.analysis.source == "keras" and name == "layers" and base.runs:
        frame.decide(node, Replace("owner", "keras.Sequential.layers"))
        frame.analysis.escape_items(base)
        return Items(base.items, is_list=True) if base.literal else Many(element(base))
    if frame.analysis.source == "torch" and name in ("modules", "apply"):
        return FrameworkRef(MEMBERS["torch"][name])
    return frame.decline(node, frame.analysis.member_code(name, "T102"), f".{name} of a module container")
