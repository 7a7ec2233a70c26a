"""Indices of tensors: what each of them does to the axes, and the tensor that reading with them gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import libcst as cst

from translator.dataclass import dataclass
from translator.infer import dims
from translator.infer.evaluate import evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.joins import number_kind
from translator.infer.orders import require
from translator.infer.values import UNKNOWN, Const, Dim, FrameworkRef, Order, Tensor, Value
from translator.syntax import NOT_LITERAL, literal

GETITEM = "torch.Tensor.__getitem__"
Kind = Literal["slice", "none", "ellipsis", "int", "take", "mask", "pick", "flip"]


@dataclass(frozen=True, slots=True)
class Part:
    """One index. ``slice`` keeps its axis, ``int`` drops it, ``none`` adds one, ``flip`` reverses one.

    ``take`` (a tensor of integers) puts ``rank`` axes in the place of one, ``mask`` (of booleans) one in the place of
    ``rank``; what is picked by a tensor of unknown dtype (``pick``) shows when the code runs.
    ``node`` is None for an axis that the author's code does not mention.
    """

    kind: Kind
    node: cst.SubscriptElement | None = None
    rank: int | None = 1

    @property
    def whole(self) -> bool:
        """Whether it is a plain ``:``."""
        index = None if self.node is None else self.node.slice
        if isinstance(index, cst.Slice):
            return self.kind == "slice" and index.lower is None and index.upper is None and _step(index) == 1
        return self.kind == "slice" and index is None

    @property
    def advanced(self) -> bool:
        return self.kind in ("take", "mask", "pick")


@dataclass(frozen=True, slots=True)
class Plan:
    """How reading with indices is written.

    ``parts`` stand in the order in which the tensor is stored; ``changed`` says that they are not the author's own.
    ``full`` says that there is one for each axis.
    What ``taken`` and ``flipped`` name is no matter of brackets in the target; ``axis`` is where the picked items go.
    """

    parts: tuple[Part, ...]
    changed: bool = False
    full: bool = False
    taken: tuple[Part, ...] = ()
    axis: int = 0
    flipped: tuple[int, ...] = ()


def read_item(frame: Frame, node: cst.Subscript, base: Tensor, indices: Sequence[Value]) -> Value:
    """``x[...]`` of a tensor. Declines what the target has no counterpart for."""
    parts = classify(frame, node, indices)
    if isinstance(parts, str):
        frame.decline(node, "T102", parts)
        return UNKNOWN
    if any(part.advanced for part in parts):
        return _read_advanced(frame, node, base, parts)
    order, stored, result = ordered_read(frame, node.value, base, parts)
    flips = _flipped(stored)
    frame.decide(
        node,
        Replace("index", GETITEM, data=Plan(stored, order == "moved" or bool(flips), order == "moved", flipped=flips)),
    )
    return result


def _flipped(parts: Sequence[Part]) -> tuple[int, ...]:
    """The axes of the result that come in reverse; behind an ellipsis they are counted from the end."""
    kept = [part for part in parts if part.kind != "int"]
    dots = next((i for i, part in enumerate(kept) if part.kind == "ellipsis"), len(kept))
    return tuple(i if i < dots else i - len(kept) for i, part in enumerate(kept) if part.kind == "flip")


def ordered_read(
    frame: Frame, place: cst.BaseExpression, base: Tensor, parts: Sequence[Part]
) -> tuple[Order | None, tuple[Part, ...], Tensor]:
    """Read with slices, numbers and None: the order to read in, the indices in that order, and what that gives."""
    result = reads_moved(frame, base, parts)
    if result is not None and base.rank is not None:
        spread = spread_out(parts, base.rank) or []
        return "moved", tuple(spread[axis] for axis in dims.moved_axes(base.rank, frame.analysis.to)), result
    if base.order is None and base.origins and all(part.kind in ("slice", "ellipsis") for part in parts):
        # Every axis stays: who learns the order and rank of the result has learnt those of the parameter.
        return None, tuple(parts), replace(_result(base, parts), origins=base.origins)
    # What is written before the conversion of a moved tensor is a view of it all the same.
    tensor = replace(require(frame, place, base, "source"), token=base.token)
    return tensor.order, tuple(parts), _result(tensor, parts)


def reads_moved(frame: Frame, base: Tensor, parts: Sequence[Part]) -> Tensor | None:
    """What indices give of a tensor in moved order, None where it is in another one or must be brought into it."""
    spread = spread_out(parts, base.rank) if base.order == "moved" and base.rank is not None else None
    after = _order_after(spread, base.rank, frame) if spread is not None and base.rank is not None else None
    return None if after is None else replace(_result(base, parts), order=after)


def _order_after(spread: Sequence[Part], rank: int, frame: Frame) -> Order | None:
    """The order of what a moved tensor gives: None where its axes stand in neither order."""
    if any(part.kind == "none" for part in spread):
        return None
    kept = tuple(axis for axis in range(rank) if spread[axis].kind != "int")
    stored = tuple(axis for axis in dims.moved_axes(rank, frame.analysis.to) if axis in kept)
    if stored == kept:
        return "source"
    return "moved" if stored == tuple(kept[axis] for axis in dims.moved_axes(len(kept), frame.analysis.to)) else None


# Classifying


def classify(frame: Frame, node: cst.Subscript, indices: Sequence[Value]) -> list[Part] | str:
    """The indices one by one, or why they are not understood."""
    parts: list[Part] = []
    for element, value in zip(node.slice, indices, strict=True):
        part = _slice(frame, element, element.slice) if isinstance(element.slice, cst.Slice) else None
        if part is None:
            part = _index(frame, element, value)
        if isinstance(part, str):
            return part
        parts.append(part)
    if sum(part.kind == "ellipsis" for part in parts) > 1:
        return "indexing with more than one ellipsis"
    return parts


def _step(node: cst.Slice) -> object:
    return 1 if node.step is None else literal(node.step)


def _slice(frame: Frame, element: cst.SubscriptElement, node: cst.Slice) -> Part | str:
    for bound in (node.lower, node.upper, node.step):
        value = frame.memo.get(bound, UNKNOWN) if bound is not None else UNKNOWN
        if isinstance(value, Tensor) and value.rank != 0:
            return "a slice whose bounds are not known to be numbers"
    step = _step(node)
    if not isinstance(step, int) or step > 0 or frame.analysis.to == "keras":
        return Part("slice", element)
    if step == -1 and node.lower is None and node.upper is None:
        return Part("flip", element)
    return "a slice with a negative step, which PyTorch does not know"


def _index(frame: Frame, element: cst.SubscriptElement, value: Value) -> Part | str:
    unknown = "indexing with something that is not known to be an integer or a slice"
    assert isinstance(element.slice, cst.Index)
    node = element.slice.value
    if element.slice.star:
        return unknown
    if isinstance(node, cst.Ellipsis):
        return Part("ellipsis", element)
    if value == Const(None):
        return Part("none", element)
    if isinstance(node, cst.Attribute) and node.attr.value == "newaxis":
        # numpy.newaxis is None by another name, and so is tf.newaxis, which goes with its library.
        if isinstance(value, FrameworkRef):
            frame.decide(node, Replace("literal", value.api, data="None"))
        return Part("none", element)
    if number_kind(value) == "int":
        return Part("int", element)
    if isinstance(value, Tensor):
        return _tensor_index(frame, element, value)
    numbers = literal(node) if isinstance(node, cst.List) else NOT_LITERAL
    if isinstance(numbers, list) and numbers and all(type(number) is int for number in numbers):
        if frame.analysis.source == "keras":
            return "indexing with a list, which TensorFlow reads as one index for each axis"
        return Part("take", element, 1)
    return unknown


def _tensor_index(frame: Frame, element: cst.SubscriptElement, value: Tensor) -> Part | str:
    if value.dtype == "bool":
        return Part("mask", element, value.rank)
    if value.dtype not in (None, "int"):
        return "indexing with a tensor of numbers that are no integers"
    if value.rank == 0 and value.dtype == "int":
        return Part("int", element)
    if frame.analysis.source == "keras":
        return "indexing with a tensor of integers, which TensorFlow does not know"
    return Part("take" if value.dtype == "int" else "pick", element, value.rank)


def spread_out(parts: Sequence[Part], rank: int) -> list[Part] | None:
    """One index for each axis of a tensor, and those that add one between them; None where they are too many."""
    used = sum(_axes(part) for part in parts)
    rest = [Part("slice")] * (rank - used)
    if used > rank:
        return None
    at = next((i for i, part in enumerate(parts) if part.kind == "ellipsis"), len(parts))
    return [*parts[:at], *rest, *parts[at + 1 :]]


def _axes(part: Part) -> int:
    """How many axes of the tensor an index stands for."""
    if part.kind == "mask":
        return part.rank or 1
    return 0 if part.kind in ("none", "ellipsis") else 1


# Results


def _result(x: Tensor, parts: Sequence[Part]) -> Tensor:
    """A view of part of the storage: in-place changes of either are visible in the other."""
    order: Order | None = "source" if x.order is not None else None
    removed = sum(part.kind == "int" for part in parts)
    added = sum(part.kind == "none" for part in parts)
    rank = None if x.rank is None else x.rank - removed + added
    spread = spread_out(parts, x.rank) if x.rank is not None else None
    known: tuple[Dim, ...] | None = None
    if x.dims is not None and spread is not None:
        known = tuple(_sizes(x.dims, spread))
    return Tensor(rank, order, known, x.dtype, frozenset(), x.token)


def _sizes(sizes: Sequence[Dim], spread: Sequence[Part]) -> list[Dim]:
    axes = iter(sizes)
    found: list[Dim] = []
    for part in spread:
        if part.kind == "none":
            found.append(1)
            continue
        size = next(axes)
        if part.kind == "slice":
            found.append(size if part.whole else _cut(size, part))
        elif part.kind == "flip":
            found.append(size)
    return found


def _cut(size: Dim, part: Part) -> Dim:
    """The size of an axis after a slice, where its bounds are numbers."""
    index = part.node.slice if part.node is not None else None
    if not isinstance(index, cst.Slice) or not isinstance(size, int):
        return None
    bounds = [None if b is None else literal(b) for b in (index.lower, index.upper, index.step)]
    if not all(b is None or isinstance(b, int) for b in bounds) or bounds[2] == 0:
        return None
    return len(range(*slice(*bounds).indices(size)))


# Integers and booleans in tensors


def _read_advanced(frame: Frame, node: cst.Subscript, base: Tensor, parts: Sequence[Part]) -> Value:
    for part in parts:
        if part.advanced and part.node is not None and isinstance(part.node.slice, cst.Index):
            index = frame.memo.get(part.node.slice.value, UNKNOWN)
            if isinstance(index, Tensor):
                require(frame, part.node.slice.value, index, "source")
    if len(parts) == 1 and parts[0].kind == "mask":
        x = require(frame, node.value, base, "source")
        frame.decide(node, Replace("index", GETITEM, data=Plan(tuple(parts))))
        masked = parts[0].rank
        rank = None if x.rank is None or masked is None else x.rank - masked + 1
        return Tensor(rank, "source", None, x.dtype, token=node)
    found = _picked_moved(base, parts, frame)
    if found is None:
        x = require(frame, node.value, base, "source")
        plan = _picking(parts, x.rank)
        if isinstance(plan, str):
            frame.decline(node, "T102", plan)
            return UNKNOWN
        found = plan, _picked(x, plan)
    frame.decide(node, Replace("index", GETITEM, data=found[0]))
    return replace(found[1], token=node)


def _picked_moved(base: Tensor, parts: Sequence[Part], frame: Frame) -> tuple[Plan, Tensor] | None:
    """One list of places along one axis of a moved tensor beside slices: every axis stays where it is."""
    special = [part for part in parts if part.kind not in ("slice", "ellipsis")]
    spread = spread_out(parts, base.rank) if base.order == "moved" and base.rank is not None else None
    if spread is None or len(special) != 1 or special[0].kind not in ("take", "mask") or special[0].rank != 1:
        return None
    axes = dims.moved_axes(len(spread), frame.analysis.to)
    stored = [Part("slice") if part.advanced else part for part in (spread[axis] for axis in axes)]
    axis = next(i for i, source in enumerate(axes) if spread[source].advanced)
    plan = Plan(tuple(stored), True, True, (special[0],), -1 if axis == len(axes) - 1 else axis)
    return plan, Tensor(base.rank, "moved", None, base.dtype)


def _picking(parts: Sequence[Part], rank: int | None) -> Plan | str:
    """Slices and numbers first, then the tensors: the axes of what these pick stand where the tensors stood.

    That is so where tensors and numbers are neighbours, or where no axis is kept before the first of them; else
    PyTorch puts them first, see https://numpy.org/doc/stable/user/basics.indexing.html#combining-advanced-and-basic-indexing
    """
    if any(part.kind == "mask" and part.rank != 1 for part in parts):
        return "a mask of more than one axis beside other indices"
    dots = next((i for i, part in enumerate(parts) if part.kind == "ellipsis"), None)
    picks = [i for i, part in enumerate(parts) if part.advanced]
    from_end = dots is not None and dots < picks[0] and len(picks) == 1 and parts[picks[0]].kind != "pick"
    if from_end and not any(part.kind == "int" for part in parts):
        basic = tuple(Part("slice") if part.advanced else part for part in parts)
        return Plan(basic, True, False, (parts[picks[0]],), picks[0] - len(parts))
    if dots is not None:
        spread = spread_out(parts, rank) if rank is not None else None
        if spread is None:
            return "an ellipsis beside tensors where the number of axes is not known"
        parts = spread
    if any(part.kind == "pick" and part.rank != 1 for part in parts[:-1]):
        return "an index behind a tensor that may be a mask of several axes"
    special = [i for i, part in enumerate(parts) if part.advanced or part.kind == "int"]
    together = special == list(range(special[0], special[-1] + 1))
    tensors = [i for i, part in enumerate(parts) if part.advanced]
    before = sum(part.kind in ("slice", "none") for part in parts[: tensors[0]])
    if not together and before:
        return "tensors and numbers as indices with slices between them, which PyTorch moves to the front"
    if tensors != list(range(tensors[0], tensors[-1] + 1)):
        return "tensors as indices with slices or numbers between them"
    if len(tensors) > 1 and any(parts[i].kind != "take" for i in tensors):
        return "a tensor that is not known to hold integers beside other tensors as indices"
    basic = tuple(Part("slice") if part.advanced else part for part in parts)
    return Plan(basic, True, False, tuple(parts[i] for i in tensors), before)


def _picked(x: Tensor, plan: Plan) -> Tensor:
    ranks = [part.rank for part in plan.taken]
    if x.rank is None or None in ranks or any(part.kind == "pick" for part in plan.taken):
        return Tensor(None, "source", None, x.dtype)
    removed = sum(part.kind == "int" for part in plan.parts) + len(plan.taken)
    added = sum(part.kind == "none" for part in plan.parts) + max(rank for rank in ranks if rank is not None)
    return Tensor(x.rank - removed + added, "source", None, x.dtype)


def evaluate_indices(frame: Frame, node: cst.Subscript) -> list[Value]:
    """The values of the indices; the bounds of slices are evaluated for their own sake."""
    values: list[Value] = []
    for part in node.slice:
        if isinstance(part.slice, cst.Index):
            values.append(evaluate(frame, part.slice.value))
            continue
        values.append(UNKNOWN)
        assert isinstance(part.slice, cst.Slice)
        for child in (part.slice.lower, part.slice.upper, part.slice.step):
            if child is not None:
                evaluate(frame, child)
    return values
