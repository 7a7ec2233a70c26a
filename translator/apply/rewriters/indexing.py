"""Reading and writing parts of tensors: what stays in brackets, and what Keras has operations for."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.apply.code import atom, tuple_text
from translator.apply.engine import Scribe
from translator.infer.facts import Replace
from translator.infer.indexing import Part, Plan
from translator.infer.operators import SYMBOLS
from translator.infer.updates import Update


def rewrite_index(scribe: Scribe, node: cst.Subscript, decision: Replace) -> str:
    """``x[...]``: with the indices in the order of the axes, and with ``ops.take`` for tensors of integers."""
    plan: Plan = decision.data
    if not plan.changed:
        return scribe.inside(node)
    text = brackets(scribe, scribe.text_of(node.value), plan.parts, plan.full)
    if plan.flipped:
        axes = tuple_text([str(axis) for axis in plan.flipped])
        return f"{scribe.names.spell('torch.flip')}({text}, dims={axes})"
    if not plan.taken:
        return text
    if plan.taken[0].kind == "pick":
        axis = f", axis={plan.axis}" if plan.axis else ""
        return f"{scribe.names.spell('helpers.keras.pick')}({text}, {_picks(scribe, plan.taken[0])}{axis})"
    if len(plan.taken) == 1:
        return f"{scribe.names.spell('keras.ops.take')}({text}, {_picks(scribe, plan.taken[0])}, axis={plan.axis})"
    indices = tuple_text([_picks(scribe, part) for part in plan.taken])
    axis = f", axis={plan.axis}" if plan.axis else ""
    return f"{scribe.names.spell('helpers.keras.take_at')}({text}, {indices}{axis})"


def rewrite_taken(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``ops.take(x, i, axis=1)`` and ``tf.gather``: brackets in PyTorch, whose ``index_select`` is ``ops.take``."""
    x, indices, axis = decision.data
    text = ", ".join(scribe.text_of(index) for index in indices)
    if scribe.analysis.to == "keras":
        return f"{scribe.names.spell('keras.ops.take')}({scribe.text_of(x)}, {text}, axis={axis})"
    items = [":"] * axis + [text] if axis >= 0 else ["...", text] + [":"] * (-axis - 1)
    return f"{atom(scribe.text_of(x))}[{', '.join(items)}]"


def _picks(scribe: Scribe, part: Part) -> str:
    """What ``ops.take`` is given: integers, or the places where a mask holds."""
    assert part.node is not None
    assert isinstance(part.node.slice, cst.Index)
    text = scribe.text_of(part.node.slice.value)
    return f"{scribe.names.spell('keras.ops.nonzero')}({text})[0]" if part.kind == "mask" else text


def brackets(scribe: Scribe, base: str, parts: Sequence[Part], full: bool) -> str:
    """A tensor with indices in brackets, without what says nothing: ``:`` at the end, several of them in front."""
    kept = list(parts)
    while kept and (kept[-1].whole or kept[-1].kind in ("flip", "ellipsis")):
        kept.pop()
    if not kept:
        return base
    leading = next(i for i, part in enumerate(kept) if not part.whole)
    texts = [_text(scribe, part) for part in kept]
    if full and len(kept) == len(parts) and leading > 1:
        texts[:leading] = ["..."]
    return f"{atom(base)}[{', '.join(texts)}]"


def rewrite_update(scribe: Scribe, node: cst.Assign | cst.AugAssign, decision: Replace) -> str:
    """``x[...] = y``: the name is bound to a tensor that has the new items."""
    update: Update = decision.data
    assert isinstance(update.target.value, cst.Name)
    name, base = update.target.value.value, scribe.text_of(update.target.value)
    value = scribe.text_of(update.value)
    if update.operation:
        old = base if update.masked else brackets(scribe, base, update.parts, update.full)
        value = _operated(scribe, update, old, value)
    if update.masked:
        index = update.target.slice[0].slice
        assert isinstance(index, cst.Index)
        mask = scribe.text_of(index.value)
        if update.missing is None:
            return f"{name} = {scribe.names.spell('helpers.keras.fill_masked')}({base}, {mask}, {value})"
        mask = f"{atom(mask)}[..., {', '.join(['None'] * update.missing)}]" if update.missing else mask
        return f"{name} = {scribe.names.spell('keras.ops.where')}({mask}, {value}, {base})"
    items = [_as_argument(scribe, part) for part in update.parts]
    while len(items) > 1 and items[-1] == "slice(None)":
        items.pop()
    leading = next((i for i, item in enumerate(items) if item != "slice(None)"), 0)
    if update.full and leading > 1 and len(items) == len(update.parts):
        items[:leading] = ["..."]
    return f"{name} = {scribe.names.spell('helpers.keras.set_items')}({base}, {tuple_text(items)}, {value})"


def _operated(scribe: Scribe, update: Update, old: str, value: str) -> str:
    if update.explicit:
        return f"{scribe.names.spell('keras.ops.' + update.operation)}({old}, {value})"
    binary = isinstance(update.value, cst.BinaryOperation | cst.BooleanOperation | cst.IfExp | cst.Comparison)
    return f"{old} {SYMBOLS[update.operation]} {f'({value})' if binary else value}"


def _as_argument(scribe: Scribe, part: Part) -> str:
    """An index outside of brackets."""
    if part.node is None:
        return "slice(None)"
    index = part.node.slice
    if isinstance(index, cst.Index):
        return scribe.text_of(index.value)
    assert isinstance(index, cst.Slice)
    bounds = [None if bound is None else scribe.text_of(bound) for bound in (index.lower, index.upper, index.step)]
    if bounds[2] is None:
        bounds.pop()
    if bounds[0] is None and len(bounds) == 2:
        bounds.pop(0)
    return f"slice({', '.join(str(bound) for bound in bounds)})"


def _text(scribe: Scribe, part: Part) -> str:
    if part.node is None or part.kind == "flip":
        return ":"
    # The comma behind an index belongs to its element.
    return scribe.text_of(part.node).rstrip().removesuffix(",").rstrip()
