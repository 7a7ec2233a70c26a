"""Assignment to names, attributes and items, and unpacking."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.dictionaries import set_item
from translator.infer.dims import moved_axes
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.indexing import evaluate_indices
from translator.infer.joins import element, join
from translator.infer.orders import require
from translator.infer.parameters import is_weight, name_weight
from translator.infer.sequences import element_attribute
from translator.infer.updates import update
from translator.infer.values import (
    NONE,
    UNKNOWN,
    Container,
    Device,
    FrameworkRef,
    Instance,
    Items,
    LayerAt,
    Many,
    Mapping,
    Merge,
    Number,
    Shape,
    Tensor,
    Unknown,
    Value,
)


def assign(frame: Frame, target: cst.BaseExpression, value: Value, source: cst.BaseExpression | None) -> None:
    match target:
        case cst.Name(value=name):
            if name in frame.function.forced and source is not None and isinstance(value, Tensor):
                value = require(frame, source, value, "source")
            known = frame.analysis.tables.globals.get(name)
            if at_module_level(frame) and isinstance(known, FrameworkRef) and value not in (known, NONE):
                frame.analysis.rebound.add(name)
                frame.analysis.changed(("global", name))
                frame.decline(target, "T105", f"{name} stands for {known.api} and is bound to something else here")
            if isinstance(value, Device) and source is not None and not at_module_level(frame):
                # Its reads are written as None, or dropped with the arguments that they stand in.
                frame.decide(target, Replace("drop_statement", "torch.device"))
            frame.bind(name, value)
            if frame.function.node is None and frame.function.owner is None and not frame.smoke:
                frame.analysis.bound_at[name] = (target, frame.function.tree)
        case cst.Attribute(value=base, attr=attr):
            _assign_attribute(frame, target, base, attr.value, value, source)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            _unpack(frame, target, elements, value, source)
        case cst.Subscript():
            _assign_item(frame, target, value, source)
        case cst.StarredElement(value=inner):
            assign(frame, inner, UNKNOWN, None)


def at_module_level(frame: Frame) -> bool:
    return frame.function.node is None and frame.function.owner is None


def _assign_attribute(
    frame: Frame,
    target: cst.Attribute,
    base: cst.BaseExpression,
    name: str,
    value: Value,
    source: cst.BaseExpression | None,
) -> None:
    owner = evaluate(frame, base)
    if isinstance(owner, Instance) and element_attribute(frame, target, owner, value, source):
        return
    if isinstance(owner, Instance):
        frame.reserve(owner.cls, target.attr)
        if isinstance(value, Merge) and value.site is source:
            frame.decide(target, Replace("drop_statement", frame.function.merges.get(source, "")))
        if (
            frame.analysis.source == "keras"
            and isinstance(source, cst.List | cst.ListComp | cst.Dict | cst.DictComp | cst.Call)
            and isinstance(value, Items | Many | Mapping)
        ):
            frame.analysis.list_attributes.setdefault((owner.cls, name), []).append((frame.function, source))
        _keep_weight(frame, target, owner.cls, name, value)
        name_weight(frame, target, source, frame.assigning)
        if isinstance(value, LayerAt) and source in value.sites:
            site = frame.analysis.tables.sites.get(source)
            if site is not None:
                site.role, site.attribute = "attribute", name
        elif source is not None:
            escape(frame, value)
        if isinstance(value, Tensor) and value.order == "moved" and source is not None:
            value = require(frame, source, value, "source")
        frame.analysis.write(frame.function, ("attribute", owner.cls, name), value)
    elif isinstance(owner, Tensor | FrameworkRef | LayerAt | Container):
        frame.decline(target, "T109", f"assignment to .{name} of a framework object")


def _keep_weight(frame: Frame, target: cst.Attribute, cls: str, name: str, value: Value) -> None:
    """A parameter or buffer must not give way to a tensor: Keras would forget the variable."""
    if not isinstance(value, Tensor | Unknown) or is_weight(frame, value):
        return
    if is_weight(frame, frame.analysis.attribute(cls, name, frame.function)):
        frame.decline(target, "T109", f"the parameter or buffer {name} is replaced by a tensor")


def _unpack(
    frame: Frame,
    target: cst.Tuple | cst.List,
    elements: Sequence[cst.BaseElement],
    value: Value,
    source: cst.BaseExpression | None,
) -> None:
    starred = any(isinstance(e, cst.StarredElement) for e in elements)
    if isinstance(value, Shape):
        _unpack_shape(frame, target, elements, value, source, starred)
        return
    if isinstance(value, Items) and not starred and len(value.items) == len(elements):
        parts = (
            source.elements
            if isinstance(source, cst.Tuple | cst.List) and len(source.elements) == len(elements)
            else None
        )
        for index, element_node in enumerate(elements):
            part = parts[index].value if parts is not None and isinstance(parts[index], cst.Element) else None
            part = None if isinstance(value.items[index], Device) else part
            assign(frame, element_node.value, value.items[index], part)
        return
    item = element(value) if not isinstance(value, Tensor) else UNKNOWN
    if isinstance(value, Tensor) and value.rank is None and value.origins:
        # A parameter that is unpacked is a sequence of tensors, not one tensor.
        item = Tensor(None, "source")
    elif isinstance(value, Tensor) and source is not None:
        frame.decline(source, "T109", "unpacking a tensor along its first axis")
    for element_node in elements:
        assign(frame, element_node.value, item, None)


def _unpack_shape(
    frame: Frame,
    target: cst.CSTNode,
    elements: Sequence[cst.BaseElement],
    value: Shape,
    source: cst.CSTNode | None,
    starred: bool,
) -> None:
    tensor = value.tensor
    rank = len(elements)
    if starred:
        if tensor.order == "moved" and source is not None:
            frame.decline(source, "T107", "a starred unpacking of a shape whose axes have moved")
        for element_node in elements:
            assign(frame, element_node.value, UNKNOWN, None)
        return
    if tensor.order == "moved" and tensor.rank == rank and rank > 2:
        frame.function.unpacks[target] = moved_axes(rank, frame.analysis.to)
    for index, element_node in enumerate(elements):
        dim = tensor.dim(index) if tensor.rank == rank else None
        assign(frame, element_node.value, Number("int", dim), None)


def _assign_item(frame: Frame, target: cst.Subscript, value: Value, source: cst.BaseExpression | None) -> None:
    owner = evaluate(frame, target.value)
    indices = evaluate_indices(frame, target)
    if isinstance(owner, Tensor):
        statement = frame.assigning
        alone = isinstance(statement, cst.Assign) and statement.targets[0].target is target
        update(frame, statement if alone else None, target, owner, indices, (source, value))
    elif isinstance(owner, Mapping):
        set_item(frame, target, owner, value)
    elif isinstance(owner, Items | Many) and isinstance(target.value, cst.Name):
        frame.bind(target.value.value, Many(join(element(owner), value)))
    elif isinstance(owner, Container):
        frame.decline(target, "T102", "replacing an element of a module container")
