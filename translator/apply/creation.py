"""Fresh tensors and reshapes whose shape is written out: another axis order is another order of the numbers."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from translator.catalog.unify import Bound, Code, Items, Literal
from translator.infer.facts import Rewrite
from translator.infer.outputs import shape_arguments


def permuted(decision: Rewrite, axes: tuple[int, ...]) -> tuple[Rewrite, None] | None:
    """The rewrite with its shape in moved order, where that is the same tensor; else None."""
    spec = decision.alternative.entry.output
    if not spec.startswith(("shape(", "reshape(")):
        return None
    hole = spec[spec.index("(") + 1 : -1]
    bound = decision.bindings.get(hole)
    items = shape_arguments(bound)
    if items is None or len(items) != len(axes):
        return None
    if spec.startswith("reshape(") and not all(_is_one(item) for item in items[2:]):
        return None
    return replace(decision, bindings={**decision.bindings, hole: _reordered(bound, items, axes)}), None


def _is_one(item: object) -> bool:
    return item == 1 or (isinstance(item, cst.Integer) and item.value == "1")


def _reordered(bound: Bound | None, items: tuple[object, ...], axes: tuple[int, ...]) -> Bound:
    moved = tuple(items[axis] for axis in axes)
    if isinstance(bound, Literal) and bound.node is None:
        return Literal(moved)
    nodes = moved
    if all(isinstance(item, int) for item in items):
        return Literal(moved)
    assert isinstance(bound, Items | Code | Literal)
    return Items(tuple(nodes))
