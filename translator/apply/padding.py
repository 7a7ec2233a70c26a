"""Padding amounts, which PyTorch lists from the last axis and Keras from the first."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from translator.apply.code import Unwritable, literal_text, tuple_text
from translator.catalog.unify import Bound, Code, Literal
from translator.infer.dims import inverse, moved_axes

TextOf = Callable[[cst.CSTNode], str]


def spatial_texts(bound: Bound, axes: int, text: Callable[[Bound], str]) -> list[str]:
    """The amount of each spatial axis; one amount stands for all of them."""
    if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
        return [literal_text(v) for v in bound.value]
    return [text(bound)] * axes


def crops(bound: Bound, rank: int, channels_last: bool) -> str:
    """Slices that take the padding of a transposed convolution off its full output.

    ``bound`` holds PyTorch's ``padding`` and ``output_padding``, each one amount or one for each spatial axis.
    """
    assert isinstance(bound, Literal)
    assert isinstance(bound.value, tuple)
    pads, outputs = (v if isinstance(v, tuple | list) else (v,) * (rank - 2) for v in bound.value)
    texts = [f"{p or ''}:{o - p or ''}" for p, o in zip(pads, outputs, strict=True)]
    return ", ".join([":", *texts] if channels_last else [":", ":", *texts])


def first_axis_first(bound: Bound, rank: int, moved: bool, text_of: TextOf) -> str:
    """PyTorch's flat amounts as Keras' pairs. Raises Unwritable where they are not written out or do not fit."""
    flat = _flat(bound, text_of)
    if len(flat) % 2 or len(flat) // 2 > rank:
        raise Unwritable("the padding's length does not fit the tensor's rank")
    pairs = [f"({flat[i]}, {flat[i + 1]})" for i in range(0, len(flat), 2)][::-1]
    pairs = ["(0, 0)"] * (rank - len(pairs)) + pairs
    if moved:
        pairs = [pairs[axis] for axis in moved_axes(rank, "keras")]
    return tuple_text(pairs)


def last_axis_first(bound: Bound, rank: int, moved: bool, text_of: TextOf, spatial: bool = False) -> str:
    """Keras' pairs as PyTorch's flat amounts. Raises Unwritable where they are not written out or do not fit.

    ``spatial``: all of the spatial axes and no others, as PyTorch wants them where it reads what it pads with.
    """
    rows = _rows(bound, text_of)
    if len(rows) != rank:
        raise Unwritable("the padding's length does not fit the tensor's rank")
    if moved:
        rows = [rows[axis] for axis in inverse(moved_axes(rank, "keras"))]
    kept = rank - 2 if spatial else 0
    while len(rows) > kept and rows[0] == ("0", "0"):
        rows = rows[1:]
    if spatial and len(rows) > kept:
        raise Unwritable("PyTorch pads spatial axes only in this mode")
    return tuple_text([text for pair in rows[::-1] for text in pair]) if rows else "(0, 0)"


def written_rank(bound: Bound) -> int | None:
    """The rank of the tensor that Keras' pairs are for, one pair for each axis; None where they are not written out."""
    if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
        return len(bound.value)
    node = bound.node if isinstance(bound, Code) else None
    return len(node.elements) if isinstance(node, cst.Tuple | cst.List) else None


def _flat(bound: Bound, text_of: TextOf) -> list[str]:
    if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
        return [literal_text(v) for v in bound.value]
    node = bound.node if isinstance(bound, Code) else None
    if isinstance(node, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in node.elements):
        return [text_of(e.value) for e in node.elements]
    raise Unwritable("the padding is not written out")


def _rows(bound: Bound, text_of: TextOf) -> list[tuple[str, str]]:
    if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
        rows = [(v, v) if isinstance(v, int) else tuple(v) for v in bound.value]
        return [(literal_text(a), literal_text(b)) for a, b in rows]
    node = bound.node if isinstance(bound, Code) else None
    if not isinstance(node, cst.Tuple | cst.List):
        raise Unwritable("the padding is not written out")
    result = []
    for element in node.elements:
        pair = element.value
        if not isinstance(pair, cst.Tuple | cst.List) or len(pair.elements) != 2:
            raise Unwritable("the padding is not written out")
        result.append((text_of(pair.elements[0].value), text_of(pair.elements[1].value)))
    return result
