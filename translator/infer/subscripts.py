"""Subscripts: of shapes, tensors, containers and sequences."""

from __future__ import annotations

import libcst as cst

from translator.infer import dims
from translator.infer.dictionaries import lookup
from translator.infer.evaluate import raw, reference, whole_shape
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.indexing import evaluate_indices, read_item
from translator.infer.joins import element
from translator.infer.values import (
    UNKNOWN,
    Const,
    Container,
    FrameworkRef,
    Items,
    Many,
    Mapping,
    Number,
    Shape,
    Tensor,
    Value,
)
from translator.syntax import literal


def subscript(frame: Frame, node: cst.Subscript) -> Value:
    base = frame.sequence(raw(frame, node.value), runs=False)
    if isinstance(base, FrameworkRef):
        reference(frame, node.value, base.api)
    indices = evaluate_indices(frame, node)
    match base:
        case Shape():
            return _shape_item(frame, node, base)
        case Tensor():
            return read_item(frame, node, base, indices)
        case Container():
            return _container_item(frame, node, base, indices)
        case Items(items=items):
            index = indices[0].value if len(indices) == 1 and isinstance(indices[0], Const) else None
            if isinstance(index, int) and -len(items) <= index < len(items):
                return items[index]
            part = node.slice[0].slice
            if isinstance(part, cst.Slice) and len(node.slice) == 1:
                bounds = _bounds(part)
                return Many(element(base)) if bounds is None else Items(items[bounds], base.is_list)
            return element(base)
        case Many():
            return base if isinstance(node.slice[0].slice, cst.Slice) else base.item
        case Mapping():
            return lookup(base, indices[0] if len(indices) == 1 else UNKNOWN)
    return UNKNOWN


def _shape_item(frame: Frame, node: cst.Subscript, base: Shape) -> Value:
    tensor = base.tensor
    part = node.slice[0].slice
    if isinstance(part, cst.Index):
        index = literal(part.value)
        if isinstance(index, int) and not isinstance(index, bool):
            if tensor.order == "moved" and tensor.rank is not None and tensor.rank > 2:
                frame.decide(
                    part.value, Replace("literal", data=dims.moved_axis(index, tensor.rank, frame.analysis.to))
                )
            return Number("int", tensor.dim(index))
    elif tensor.order == "moved" and tensor.rank is not None and isinstance(part, cst.Slice) and part.step is None:
        lower = literal(part.lower) if part.lower is not None else 0
        upper = literal(part.upper) if part.upper is not None else tensor.rank
        if isinstance(lower, int) and isinstance(upper, int):
            wanted = list(range(tensor.rank))[slice(lower, upper)]
            moved = [dims.moved_axis(axis, tensor.rank, frame.analysis.to) % tensor.rank for axis in wanted]
            if moved and moved == list(range(moved[0], moved[0] + len(moved))):
                frame.decide(node.slice[0], Replace("literal", data=f"{moved[0]}:{moved[0] + len(moved)}"))
                return Many(Number("int"))
    if tensor.order == "moved":
        whole_shape(frame, node.value, base)
    return Many(Number("int")) if isinstance(part, cst.Slice) else Number("int")


def _container_item(frame: Frame, node: cst.Subscript, base: Container, indices: list[Value]) -> Value:
    frame.analysis.indexed.add(base.site)
    if isinstance(node.slice[0].slice, cst.Slice):
        return _container_slice(frame, node, base, node.slice[0].slice)
    if base.runs:
        frame.decide(node.value, Replace("sequential_items"))
    index = indices[0].value if isinstance(indices[0], Const) else None
    if base.literal and isinstance(index, int) and -len(base.items) <= index < len(base.items):
        frame.analysis.escape_items(base)
        return base.items[index]
    frame.analysis.escape_items(base)
    return element(base)


def _container_slice(frame: Frame, node: cst.Subscript, base: Container, part: cst.Slice) -> Value:
    """``self.features[:5]``: of a ModuleList a list, of a Sequential another one with some of its elements."""
    frame.analysis.escape_items(base)
    if not base.runs:
        return Many(element(base))
    bounds = _bounds(part)
    frame.decide(node, Replace("sequential_slice"))
    items = base.items[bounds] if base.literal and bounds is not None else (Many(element(base)),)
    return frame.analysis.made(frame.function, Container(node, True, items))


def _bounds(part: cst.Slice) -> slice | None:
    """A slice of literal bounds."""
    bounds: list[int | None] = []
    for bound in (part.lower, part.upper, part.step):
        value = literal(bound) if bound is not None else None
        if value is not None and not isinstance(value, int):
            return None
        bounds.append(value)
    return slice(*bounds)
