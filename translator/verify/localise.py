"""Name the first submodule whose output differs between the two models."""

from __future__ import annotations

import numpy as np

from translator.verify.bench import Case
from translator.verify.protocol import Array, Arrays
from translator.verify.subject import Subject

_TOLERANCE = 1e-6  # well above rounding in float64 and in float32, well below a wrong meaning


def first_divergence(subject: Subject, case: Case) -> str:
    """One line on the first pair of submodules, in the order in which the source's finish, that disagrees.

    Axis orders inside a model are not known, so a pair agrees when some permutation that moves only the channel axis
    makes it agree. Layers that hold an activation on one side only are no evidence. "" where every pair agrees.
    """
    found = subject.bench.captures(case)
    translated = {path: (inputs, outputs) for path, inputs, outputs in found["translated"]}
    counterparts: dict[str, list[str]] = {}
    for one, other in subject.pairing.modules:
        counterparts.setdefault(one, []).append(other)
    types = [{node.path: node for node in tree.walk()} for tree in subject.trees]
    agreeing = ""
    for path, inputs, outputs in found["source"]:
        for other in counterparts.get(path, []):
            if other not in translated or not path:
                continue
            ours, theirs = types[0][path], types[1][other]
            if ours.activated != theirs.activated:
                continue
            if _agree(outputs, translated[other][1]):
                agreeing = path
                continue
            label = f"{path} ({ours.type.rpartition('.')[2]}, {theirs.type.rpartition('.')[2]} {other})"
            if _agree(inputs, translated[other][0]):
                return f"{label}: equal inputs, different outputs"
            since = f"after {agreeing}" if agreeing else "at the start of the model"
            return f"{label}: its inputs differ already; the cause lies before it, {since}"
    return ""


def _agree(one: Arrays, other: Arrays) -> bool:
    """Whether the floating tensors of both sides agree in order; what only one side has is no disagreement."""
    pairs = zip(_floating(one), _floating(other), strict=False)
    return all(_equal(a, b) for a, b in pairs)


def _floating(arrays: Arrays) -> list[Array]:
    return [array for array in arrays.values() if np.issubdtype(array.dtype, np.floating)]


def _equal(one: Array, other: Array) -> bool:
    if sorted(one.shape) != sorted(other.shape):
        return one.size == other.size and _close(np.sort(one, axis=None), np.sort(other, axis=None))
    orders = {tuple(range(one.ndim)), *_channel_orders(one.ndim)}
    return any(_close(one.transpose(order), other) for order in orders if _shape(one, order) == other.shape)


def _channel_orders(rank: int) -> list[tuple[int, ...]]:
    """Axis 1 moved last, and the last axis moved to 1."""
    if rank < 3:
        return []
    last, first = [0, *range(2, rank), 1], [0, rank - 1, *range(1, rank - 1)]
    return [tuple(last), tuple(first)]


def _shape(array: Array, order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(array.shape[axis] for axis in order)


def _close(one: Array, other: Array) -> bool:
    scale = max(1e-30, float(np.abs(one).max(initial=0.0)))
    return bool(np.abs(one - other).max(initial=0.0) <= _TOLERANCE * scale)
