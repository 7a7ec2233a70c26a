"""A matched function call: axis orders, axis arguments and its result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import libcst as cst

from translator.catalog.dtypes import DTYPE_KINDS, DTYPES
from translator.catalog.entry import Entry
from translator.catalog.load import Alternative
from translator.catalog.unify import Bound, Code, Items, Literal, holds
from translator.infer import dims, outputs, rearranged
from translator.infer.arguments import in_place
from translator.infer.changes import change
from translator.infer.evaluate import dim_of
from translator.infer.facts import LIMIT_CODES, Note, Rewrite
from translator.infer.frame import Frame
from translator.infer.joins import element
from translator.infer.matching import Candidate
from translator.infer.orders import floating, join_orders, require
from translator.infer.rearranged import reordered
from translator.infer.spatial import Ranked, bring_channels, for_rank, reshapes_anyhow, spatial_order
from translator.infer.values import UNKNOWN, Dim, DType, LayerAt, Many, Order, Tensor, Training, Value
from translator.infer.values import Items as ItemsValue
from translator.syntax import NOT_LITERAL, literal


def apply(
    frame: Frame,
    node: cst.Call | cst.IfExp | cst.Attribute,
    api: str,
    alternative: Alternative,
    bindings: Mapping[str, Bound],
) -> Value:
    """Axis orders, axis arguments and result of a matched function call."""
    entry = alternative.entry
    nodes = _tensor_nodes(entry, bindings)
    values = [frame.memo.get(n, UNKNOWN) for n in nodes]
    # An argument that is a list display is brought in order item by item.
    nodes, values = _spread(frame, nodes, values)
    axes: dict[str, object] = {}
    bindings = dict(bindings)
    x, order = _bring(frame, entry, bindings, nodes, values, axes)
    changed = isinstance(node, cst.Call) and in_place(frame, node, api)
    if changed and values:
        change(frame, values[0], nodes[0], node)
    frame.decide(node, Rewrite(alternative, bindings, api, order, x.rank, axes))
    _special_limits(frame, node, entry, bindings)
    token = values[0].token if (entry.view or changed) and values and isinstance(values[0], Tensor) else node
    if any(isinstance(b, Literal | Code) and _mode(frame, b) for b in bindings.values()):
        frame.function.needs_training = True
    if order == "moved" and entry.output.startswith("permute("):
        return replace(x, token=token)
    given = [v for v in values if isinstance(v, Tensor)]
    results = [_result(frame, entry, spec, bindings, x, order, given, token) for spec in (entry.output, *entry.also)]
    return ItemsValue(tuple(results), fields=entry.fields) if entry.also else results[0]


_SPEC = re.compile(r"(list |int )?(?:(\w+)\((.*)\))?")


def _result(
    frame: Frame,
    entry: Entry,
    spec: str,
    bindings: Mapping[str, Bound],
    x: Tensor,
    order: Order | None,
    given: Sequence[Tensor],
    token: Any,
) -> Value:
    """What one ``output`` of an entry says: a tensor, of integers where it begins with "int", a list with "list"."""
    found = _SPEC.match(spec)
    prefix, name, args = (found[1] or "", found[2] or "", (found[3] or "").split(", ")) if found else ("", "", [""])
    if name in rearranged.RULES:
        result = rearranged.RULES[name](bindings, args, x, order)
    elif name == "product":
        result = rearranged.product(given, x)
    else:
        entry = replace(entry, output=spec.removeprefix(prefix)) if spec.removeprefix(prefix) != entry.output else entry
        last = frame.analysis.channels_last_source(bindings)
        result = outputs.result(entry, bindings, x, order, frame.analysis.source, lambda n: _dim(frame, n), last)
    dtype = "int" if prefix == "int " else _dtype(frame, entry, bindings, x, result.dtype)
    result = Tensor(result.rank, result.order, result.dims, dtype, result.origins, token)
    return rearranged.several(name, args, bindings, x, result) if prefix == "list " else result


def _rule(entry: Entry) -> str:
    """The name of the rule in an entry's output."""
    found = _SPEC.match(entry.output)
    return (found[2] or "") if found else ""


def _dtype(frame: Frame, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, own: str | None) -> str | None:
    """The kind of number of a result: what the entry says, the hole that it names, or that of the operands."""
    if entry.dtype in ("", "operand", "unknown"):
        return {"": own, "operand": x.dtype, "unknown": None}[entry.dtype]
    if entry.dtype == "number":
        return "int" if own == "bool" else own
    hole, _, default = entry.dtype.partition(" or ")
    if entry.kind(hole) not in DTYPE_KINDS:
        return entry.dtype
    bound = bindings.get(hole)
    if isinstance(bound, Literal) and isinstance(bound.value, str):
        return DTYPES[bound.value]
    if isinstance(bound, Code):
        given = frame.memo.get(bound.node)
        return given.kind if isinstance(given, DType) else None
    return default or own


def changed_by(frame: Frame, node: cst.Call) -> cst.BaseExpression | None:
    """The tensor that a call changes in place, None for most calls."""
    decision = frame.function.decisions.get(node)
    if isinstance(decision, Rewrite):
        nodes = _tensor_nodes(decision.alternative.entry, decision.bindings)
        return nodes[0] if nodes and in_place(frame, node, decision.api) else None
    layer = frame.memo.get(node.func)
    if isinstance(layer, LayerAt) and node.args:
        sites = [frame.analysis.tables.sites[site] for site in layer.sites]
        return node.args[0].value if any(in_place(frame, site.construction, site.api) for site in sites) else None
    return None


def of_rank(frame: Frame, candidates: Sequence[Candidate]) -> Candidate | None:
    """The first candidate for the rank of the main tensor; None where the rank decides and is not known."""
    ranked: list[Ranked] = [(alternative, bindings) for alternative, bindings, _ in candidates]
    nodes = _tensor_nodes(ranked[0][0].entry, ranked[0][1])
    value = frame.memo.get(nodes[0], UNKNOWN) if nodes else UNKNOWN
    found = for_rank(frame, ranked, value.rank if isinstance(value, Tensor) else None)
    return None if found is None else candidates[ranked.index(found)]


def _mode(frame: Frame, bound: Bound) -> bool:
    return isinstance(bound, Code) and isinstance(frame.memo.get(bound.node), Training)


def _special_limits(frame: Frame, node: cst.CSTNode, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    for limit in entry.limits:
        if limit.when is None or holds(limit.when, bindings) is not False:
            code = LIMIT_CODES[limit.affects]
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
        elif isinstance(bound, Items):
            nodes += [node.value if isinstance(node, cst.Arg) else node for node in bound.nodes]
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
    bindings: dict[str, Bound],
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
        floating(frame, values[0])
        return brought[0], order
    if entry.layout == "channels":
        first = bring_channels(frame, nodes[0], values[0], bindings)
        for other, value in zip(nodes[1:], values[1:], strict=True):
            require(frame, other, value, "source")
        return first, first.order
    if entry.layout in ("ordered", "reshaping"):
        if isinstance(values[0], Tensor) and reshapes_anyhow(entry, values[0], frame.analysis.source):
            return values[0], "source"
        brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        _bring_optional(frame, entry, bindings)
        return brought[0], "source" if brought[0].order is not None else None
    merged = join_orders(frame, nodes, values)
    first = values[0] if isinstance(values[0], Tensor) else merged
    if len(values) == 1 and isinstance(values[0], Tensor):
        # Whoever learns the rank of the result has learnt that of a parameter.
        origins = first.origins if merged.rank is None else merged.origins
        merged = replace(merged, dims=first.dims, token=first.token, origins=origins)
    if entry.layout == "axes" and merged.order == "moved":
        if _remap(frame, entry, bindings, merged, axes):
            permuted = entry.output.startswith("permute(") and not _keeps_axes(entry, bindings, merged)
            return merged, "source" if permuted else "moved"
        brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        return replace(brought[0], order="source"), "source"
    return merged, merged.order


def _bring_optional(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    """Tensors that a call may go without, such as a mask."""
    for hole, kind in entry.kinds.items():
        bound = bindings.get(hole) if kind == "tensor" and hole not in entry.inputs else None
        value = frame.memo.get(bound.node) if isinstance(bound, Code) else None
        if isinstance(bound, Code) and isinstance(value, Tensor) and value.order == "moved":
            require(frame, bound.node, value, "source")


def _remap(frame: Frame, entry: Entry, bindings: dict[str, Bound], x: Tensor, axes: dict[str, object]) -> bool:
    if x.rank is None:
        return False
    if entry.output.startswith("permute("):
        return _compose(frame, entry, bindings, x, axes)
    for hole in [h for h in bindings if entry.kind(h) in ("axis", "axes", "sizes")]:
        bound = bindings[hole]
        if entry.kind(hole) == "sizes":
            items = outputs.shape_arguments(bound)
            if items is None or len(items) != x.rank:
                return False
            bindings[hole] = reordered(bound, items, dims.moved_axes(x.rank, frame.analysis.to))
            continue
        value = _axes_given(bound)
        if value is NOT_LITERAL:
            return False
        if value is None:
            continue
        keep = bindings.get("keepdim")
        kept = isinstance(keep, Literal) and keep.value is True
        reduces = _rule(entry) == "reduce"
        if reduces and outputs.reduction_order(x, value, kept, frame.analysis.source) == "source":
            return False
        if isinstance(value, int) and _rule(entry) == "insert":
            added = rearranged.moved_insertion(value, x.rank, frame.analysis.to)
            if added is None:
                return False
            axes[hole] = added
        elif isinstance(value, int):
            axes[hole] = dims.moved_axis(value, x.rank, frame.analysis.to)
        elif isinstance(value, tuple | list):
            moved = [dims.moved_axis(v, x.rank, frame.analysis.to) % x.rank for v in value]
            axes[hole] = tuple(sorted(moved) if reduces else moved)
    return True


def _axes_given(bound: Bound) -> Any:
    """An axis, or several given as a tuple or one by one; NOT_LITERAL where they are not numbers."""
    if isinstance(bound, Literal):
        return bound.value
    items = outputs.shape_arguments(bound) if isinstance(bound, Items) else None
    values = [literal(item) if isinstance(item, cst.CSTNode) else item for item in items or (NOT_LITERAL,)]
    return tuple(values) if all(isinstance(v, int) for v in values) else NOT_LITERAL


def _compose(frame: Frame, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, axes: dict[str, object]) -> bool:
    """A permutation of a moved tensor: one permutation from the stored order to the wanted one."""
    wanted = _permutation(entry, bindings, x)
    if wanted is None or x.rank is None:
        return False
    stored = dims.moved_axes(x.rank, frame.analysis.to)
    hole = entry.output[entry.output.index("(") + 1 : -1]
    axes[hole] = wanted if _keeps_axes(entry, bindings, x) else tuple(stored.index(axis) for axis in wanted)
    return True


def _permutation(entry: Entry, bindings: Mapping[str, Bound], x: Tensor) -> tuple[int, ...] | None:
    """The axes that a permutation names, where all are numbers."""
    items = outputs.shape_arguments(bindings.get(entry.output[entry.output.index("(") + 1 : -1]))
    values = [i if isinstance(i, int) else literal(i) if isinstance(i, cst.CSTNode) else None for i in items or ()]
    numbers = tuple(v % (x.rank or 1) for v in values if isinstance(v, int))
    return numbers if len(values) == len(numbers) == x.rank else None


def _keeps_axes(entry: Entry, bindings: Mapping[str, Bound], x: Tensor) -> bool:
    """Whether a permutation leaves every axis alone, and so leaves it where it is stored."""
    wanted = _permutation(entry, bindings, x)
    return wanted is not None and wanted == tuple(range(len(wanted)))
