"""Fresh tensors and reshapes whose shape is written out: another axis order is another order of the numbers."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from translator.infer.facts import Rewrite
from translator.infer.outputs import shape_arguments
from translator.infer.rearranged import reordered
from translator.syntax import literal


def composed(decision: Rewrite, axes: tuple[int, ...]) -> tuple[Rewrite, None] | None:
    """A permutation followed by a change of axis order as one permutation; None for anything else."""
    spec = decision.alternative.entry.output
    if not spec.startswith("permute("):
        return None
    hole = spec[spec.index("(") + 1 : -1]
    given = decision.axes.get(hole)
    items = given if isinstance(given, tuple) else shape_arguments(decision.bindings.get(hole))
    dims = [literal(item) if isinstance(item, cst.CSTNode) else item for item in items or ()]
    numbers = [dim % len(dims) for dim in dims if isinstance(dim, int)]
    if len(dims) != len(axes) or len(numbers) != len(dims):
        return None
    order = tuple(numbers[axis] for axis in axes)
    return replace(decision, axes={**decision.axes, hole: order}), None


def permuted(decision: Rewrite, axes: tuple[int, ...], channels_last: bool) -> tuple[Rewrite, None] | None:
    """The rewrite with its shape in moved order, where that is the same tensor; else None."""
    spec = decision.alternative.entry.output
    if not spec.startswith(("shape(", "reshape(")):
        return None
    hole = spec[spec.index("(") + 1 : -1]
    bound = decision.bindings.get(hole)
    items = shape_arguments(bound)
    if items is None or len(items) != len(axes):
        return None
    spatial = items[1:-1] if channels_last else items[2:]
    if spec.startswith("reshape(") and not all(_is_one(item) for item in spatial):
        return None
    return replace(decision, bindings={**decision.bindings, hole: reordered(bound, items, axes)}), None


def _is_one(item: object) -> bool:
    return item == 1 or (isinstance(item, cst.Integer) and item.value == "1")


def permutation_of(decision: Rewrite) -> tuple[int, ...] | None:
    """The axes of a Permute layer, the batch axis included; None for other layers."""
    spec = decision.alternative.entry.output
    if not spec.startswith("permute("):
        return None
    bound = decision.bindings.get(spec[spec.index("(") + 1 : -1])
    values = [literal(i) if isinstance(i, cst.CSTNode) else i for i in shape_arguments(bound) or ()]
    return tuple(v for v in values if isinstance(v, int)) if all(isinstance(v, int) for v in values) else None
