"""A matched function call: axis orders, axis arguments and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.load import Alternative
from translator.catalog.unify import Bound, Code, Literal, holds
from translator.infer import dims, outputs
from translator.infer.arguments import in_place
from translator.infer.evaluate import dim_of
from translator.infer.facts import Note, Rewrite
from translator.infer.frame import Frame
from translator.infer.orders import join_orders, require
from translator.infer.spatial import spatial_order, unit_spatial
from translator.infer.values import UNKNOWN, Dim, Many, Order, Tensor, Training, Value, element
from translator.infer.values import Items as ItemsValue
from translator.syntax import literal


def apply(
    frame: Frame, node: cst.Call | cst.IfExp, api: str, alternative: Alternative, bindings: Mapping[str, Bound]
) -> Value:
    """Axis orders, axis arguments and result of a matched function call."""
    entry = alternative.entry
    nodes = _tensor_nodes(entry, bindings)
    values = [frame.memo.get(n, UNKNOWN) for n in nodes]
    # An argument that is a list display is brought in order item by item.
    nodes, values = _spread(frame, nodes, values)
    axes: dict[str, object] = {}
    x, order = _bring(frame, entry, bindings, nodes, values, axes)
    changed = isinstance(node, cst.Call) and in_place(frame, node, api)
    if changed and values:
        frame.mutate(values[0], node)
    last = frame.analysis.channels_last_source(bindings)
    result = outputs.result(entry, bindings, x, order, frame.analysis.source, lambda n: _dim(frame, n), last)
    frame.decide(node, Rewrite(alternative, bindings, api, order, x.rank, axes))
    _special_limits(frame, node, entry, bindings)
    token = values[0].token if (entry.view or changed) and values and isinstance(values[0], Tensor) else node
    if any(isinstance(b, Literal | Code) and _mode(frame, b) for b in bindings.values()):
        frame.function.needs_training = True
    return replace(result, token=token)


def _mode(frame: Frame, bound: Bound) -> bool:
    return isinstance(bound, Code) and isinstance(frame.memo.get(bound.node), Training)


def _special_limits(frame: Frame, node: cst.CSTNode, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    for limit in entry.limits:
        if limit.when is None or holds(limit.when, bindings) is not False:
            code = {"outputs": "T201", "gradients": "T202", "state": "T002", "initial": "T003"}[limit.affects]
            frame.function.notes[node] = Note(code, f"{entry.name}: {limit.why}")


def _dim(frame: Frame, node: cst.CSTNode) -> Dim:
    assert isinstance(node, cst.BaseExpression)
    return dim_of(frame, node, frame.memo.get(node, UNKNOWN))


def _tensor_nodes(entry: Entry, bindings: Mapping[str, Bound]) -> list[cst.BaseExpression]:
    nodes = []
    for hole in entry.inputs:
        bound = bindings.get(hole)
        if isinstance(bound, Code) or (isinstance(bound, Literal) and bound.node is not None):
            nodes.append(bound.node)
    return nodes


def _spread(
    frame: Frame, nodes: Sequence[cst.BaseExpression], values: Sequence[Value]
) -> tuple[list[cst.BaseExpression], list[Value]]:
    result_nodes: list[cst.BaseExpression] = []
    result_values: list[Value] = []
    for node, value in zip(nodes, values, strict=True):
        if isinstance(node, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in node.elements):
            for item in node.elements:
                result_nodes.append(item.value)
                result_values.append(frame.memo.get(item.value, UNKNOWN))
        elif isinstance(value, ItemsValue | Many):
            result_nodes.append(node)
            result_values.append(element(value))
        else:
            result_nodes.append(node)
            result_values.append(value)
    return result_nodes, result_values


def _bring(
    frame: Frame,
    entry: Entry,
    bindings: Mapping[str, Bound],
    nodes: Sequence[cst.BaseExpression],
    values: Sequence[Value],
    axes: dict[str, object],
) -> tuple[Tensor, Order | None]:
    """Bring the tensors of a call into the order that its entry needs; the main tensor and the order it runs in."""
    if not values:
        return Tensor(None, "source"), "source"
    if entry.layout == "spatial":
        order, rank = spatial_order(frame, entry, bindings)
        brought = [require(frame, n, v, order, rank) for n, v in zip(nodes, values, strict=True)]
        return brought[0], order
    if entry.layout in ("ordered", "reshaping"):
        if (
            entry.layout == "reshaping"
            and isinstance(values[0], Tensor)
            and unit_spatial(values[0], frame.analysis.source)
        ):
            return values[0], "source"
        brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        return brought[0], "source" if brought[0].order is not None else None
    merged = join_orders(frame, nodes, values)
    first = values[0] if isinstance(values[0], Tensor) else merged
    if len(values) == 1 and isinstance(values[0], Tensor):
        merged = replace(merged, dims=first.dims, token=first.token)
    if entry.layout == "axes" and merged.order == "moved":
        if _remap(frame, entry, bindings, merged, axes):
            return (merged, "source") if entry.output.startswith("permute(") else (merged, "moved")
        brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        return replace(brought[0], order="source"), "source"
    return merged, merged.order


def _remap(frame: Frame, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, axes: dict[str, object]) -> bool:
    if x.rank is None:
        return False
    if entry.output.startswith("permute("):
        return _compose(frame, entry, bindings, x, axes)
    for hole in (h for h in bindings if entry.kind(h) == "axis"):
        bound = bindings[hole]
        if not isinstance(bound, Literal):
            return False
        value = bound.value
        if value is None:
            continue
        keep = bindings.get("keepdim")
        kept = isinstance(keep, Literal) and keep.value is True
        reduces = entry.output.startswith("reduce")
        if reduces and outputs.reduction_order(x, value, kept, frame.analysis.source) == "source":
            return False
        if isinstance(value, int):
            axes[hole] = dims.moved_axis(value, x.rank, frame.analysis.to)
        elif isinstance(value, tuple | list):
            moved = sorted(dims.moved_axis(v, x.rank, frame.analysis.to) % x.rank for v in value)
            axes[hole] = tuple(moved)
    return True


def _compose(frame: Frame, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, axes: dict[str, object]) -> bool:
    """A permutation of a moved tensor: one permutation from the stored order to the wanted one."""
    hole = entry.output[entry.output.index("(") + 1 : -1]
    items = outputs.shape_arguments(bindings.get(hole))
    values = [i if isinstance(i, int) else literal(i) if isinstance(i, cst.CSTNode) else None for i in items or ()]
    if x.rank is None or len(values) != x.rank or not all(isinstance(v, int) for v in values):
        return False
    stored = dims.moved_axes(x.rank, frame.analysis.to)
    axes[hole] = tuple(stored.index(v % x.rank) for v in values if isinstance(v, int))
    return True
