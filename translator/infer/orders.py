"""Axis orders where tensors meet: what an operation needs, what is converted, what is demanded of callers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import libcst as cst

from translator.infer.facts import Conversion
from translator.infer.frame import Frame
from translator.infer.values import Const, Dim, Number, Order, Tensor, Unknown, Value

Place = cst.CSTNode | Callable[[Conversion], None]
"""Where a conversion is written: around an expression, or where the callback puts it (between two elements)."""


def require(frame: Frame, place: Place, value: Value, order: Order, rank: int | None = None) -> Tensor:
    """See to it that the value at ``place`` comes in ``order``; records a conversion or a demand on parameters."""
    tensor = (
        value
        if isinstance(value, Tensor)
        else Tensor(None, None if _origins(value) else "source", origins=_origins(value))
    )
    known = tensor.rank if tensor.rank is not None else rank
    if known != tensor.rank:
        tensor = replace(tensor, rank=known)
    if known is not None and known <= 2:
        return tensor.ordered("source")
    if known is not None and isinstance(value, Tensor) and value.rank is None and not frame.analysis.moves_boundary:
        _demand(frame, tensor, "source", known)
    if tensor.order == order:
        return tensor
    if tensor.order is None:
        if order == "source":
            if known is not None:
                _demand(frame, tensor, "source", known)
            return tensor
        if known is not None and _demand(frame, tensor, order, known):
            return replace(tensor, order="moved", dtype=tensor.dtype or "float")
    if known is None:
        return replace(tensor, order="source")
    conversion = Conversion(order, known)
    if isinstance(place, cst.CSTNode):
        frame.convert(place, conversion)
    else:
        place(conversion)
    return replace(tensor, order=order, token=None)


def floating(frame: Frame, value: Value) -> None:
    """An operation on images takes floats: a parameter that comes this far is known to be one."""
    if isinstance(value, Tensor) and value.dtype is None:
        for name in value.origins & frozenset(frame.function.parameters):
            frame.analysis.demand_float(frame.function, name)


def _origins(value: Value) -> frozenset[str]:
    return value.origins if isinstance(value, Unknown | Tensor) else frozenset()


def _demand(frame: Frame, tensor: Tensor, order: Order, rank: int) -> bool:
    if not tensor.origins or (order == "moved" and not frame.analysis.moves_boundary):
        return False
    for name in tensor.origins & frozenset(frame.function.parameters):
        frame.analysis.demand(frame.function, name, order, rank, "float")
    return True


def join_orders(frame: Frame, nodes: Sequence[cst.CSTNode], values: Sequence[Value]) -> Tensor:
    """Bring the operands of an elementwise operation together; the result's order, rank and dtype.

    Where one operand is moved and another may broadcast in a way that depends on the order, all come in source order.
    """
    tensors = [v for v in values if isinstance(v, Tensor)]
    ranks = [t.rank for t in tensors]
    rank = max((r for r in ranks if r is not None), default=None) if None not in ranks else None
    moved = [t for t in tensors if t.order == "moved" and (t.rank or 4) > 2]
    if moved:
        stored = moved[0].rank
        if all(_follows(frame, v, stored) for v in values):
            for node, value in zip(nodes, values, strict=True):
                if isinstance(value, Tensor | Unknown) and not _scalar(value):
                    require(frame, node, value, "moved", stored)
            return _result(tensors, "moved", stored)
        for node, value in zip(nodes, values, strict=True):
            if isinstance(value, Tensor):
                require(frame, node, value, "source", value.rank)
        return _result(tensors, "source", rank)
    undecided = [t for t in tensors if t.order is None]
    order: Order | None = (
        None if undecided and len(undecided) == len([t for t in tensors if not _scalar(t)]) else "source"
    )
    if order == "source" and undecided and all(_scalar(t) or t.order is None for t in tensors):
        order = None
    return _result(tensors, order, rank)


def _scalar(value: Value) -> bool:
    return isinstance(value, Tensor) and value.rank == 0


def _follows(frame: Frame, value: Value, rank: int | None) -> bool:
    """Whether an operand keeps its meaning when the others are stored in moved order."""
    if isinstance(value, Const | Number) or _scalar(value):
        return True
    if isinstance(value, Tensor):
        if value.order == "moved":
            return value.rank == rank
        if value.order is None:
            return value.rank is None or value.rank == rank
        return value.rank == rank
    return False


def _result(tensors: Sequence[Tensor], order: Order | None, rank: int | None) -> Tensor:
    origins: frozenset[str] = frozenset()
    if order is None:
        for tensor in tensors:
            origins |= tensor.origins
    dims = _broadcast(tensors, rank)
    return Tensor(rank, order, dims, _promote(tensors), origins)


def _broadcast(tensors: Sequence[Tensor], rank: int | None) -> tuple[Dim, ...] | None:
    if rank is None:
        return None
    full = [t.dims for t in tensors if t.dims is not None and t.rank == rank]
    if not full:
        return None
    # An operand of unknown size may still stretch an axis of size 1, so only sizes above 1 or agreed ones survive.
    complete = len(full) == len([t for t in tensors if t.rank != 0])
    result: list[Dim] = []
    for axis in range(rank):
        sizes = [dims[axis] for dims in full]
        wide = [s for s in sizes if s != 1 and s is not None]
        if wide:
            result.append(wide[0])
        else:
            result.append(1 if complete and all(s == 1 for s in sizes) else None)
    return tuple(result)


def _promote(tensors: Sequence[Tensor]) -> str | None:
    kinds = {t.dtype for t in tensors}
    if kinds <= {"float"} and kinds:
        return "float"
    if "float" in kinds and None not in kinds:
        return "float"
    return kinds.pop() if len(kinds) == 1 else None
