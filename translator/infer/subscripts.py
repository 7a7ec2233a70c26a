"""Subscripts: of shapes, tensors, containers and sequences."""

from __future__ import annotations

import libcst as cst

from translator.infer import dims
from translator.infer.evaluate import evaluate, raw, reference, whole_shape
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.orders import require
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
    element,
    join_all,
    number_kind,
)
from translator.syntax import literal


def subscript(frame: Frame, node: cst.Subscript) -> Value:
    base = raw(frame, node.value)
    if isinstance(base, FrameworkRef):
        reference(frame, node.value, base.api)
    indices = []
    for part in node.slice:
        if isinstance(part.slice, cst.Index):
            indices.append(evaluate(frame, part.slice.value))
        else:
            indices.append(UNKNOWN)
            assert isinstance(part.slice, cst.Slice)
            for child in (part.slice.lower, part.slice.upper, part.slice.step):
                if child is not None:
                    evaluate(frame, child)
    match base:
        case Shape():
            return _shape_item(frame, node, base)
        case Tensor():
            return _tensor_item(frame, node, base, indices)
        case Container():
            return _container_item(frame, node, base, indices)
        case Items(items=items):
            index = indices[0].value if len(indices) == 1 and isinstance(indices[0], Const) else None
            if isinstance(index, int) and -len(items) <= index < len(items):
                return items[index]
            return element(base)
        case Many():
            return base if isinstance(node.slice[0].slice, cst.Slice) else base.item
        case Mapping(items=pairs):
            key = indices[0].value if len(indices) == 1 and isinstance(indices[0], Const) else None
            known = dict(pairs).get(key) if isinstance(key, str) else None
            return known if known is not None else join_all(tuple(v for _, v in pairs)) if pairs else UNKNOWN
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


def _tensor_item(frame: Frame, node: cst.Subscript, base: Tensor, indices: list[Value]) -> Value:
    removed = added = 0
    for part, index in zip(node.slice, indices, strict=True):
        if not isinstance(part.slice, cst.Index):
            continue
        if isinstance(index, Const) and index.value is None:
            added += 1
        elif number_kind(index) == "int":
            removed += 1
        elif isinstance(part.slice.value, cst.Ellipsis):
            continue
        else:
            frame.decline(node, "T102", "indexing with something that is not known to be an integer or a slice")
            return UNKNOWN
    tensor = require(frame, node.value, base, "source")
    rank = None if tensor.rank is None else tensor.rank - removed + added
    frame.decide(node, Replace("index", "torch.Tensor.__getitem__"))
    # A view of part of the storage: in-place changes of either are visible in the other.
    return Tensor(rank, "source" if tensor.order is not None else None, None, tensor.dtype, frozenset(), tensor.token)


def _container_item(frame: Frame, node: cst.Subscript, base: Container, indices: list[Value]) -> Value:
    if isinstance(node.slice[0].slice, cst.Slice):
        if base.runs:
            frame.decline(node, "T102", "a slice of a Sequential")
        return Many(element(base))
    if base.runs:
        frame.decide(node.value, Replace("sequential_items"))
    index = indices[0].value if isinstance(indices[0], Const) else None
    if base.literal and isinstance(index, int) and -len(base.items) <= index < len(base.items):
        frame.analysis.escape_items(base)
        return base.items[index]
    frame.analysis.escape_items(base)
    return element(base)
