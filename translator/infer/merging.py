"""Layers that merge several tensors: their calls become the operation itself."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from translator.infer.dims import add, moved_axis
from translator.infer.evaluate import evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.orders import join_orders
from translator.infer.values import Dim, Merge, Tensor, Value
from translator.syntax import literal

MERGES = {"Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Concatenate": "concatenate"}


def merge_layer(frame: Frame, node: cst.Call, api: str) -> Value:
    """Add, Subtract, Multiply and Concatenate have no module in PyTorch: their calls become the operation itself."""
    operation = MERGES[api.rsplit(".", 1)[1]]
    axis = -1
    for index, arg in enumerate(node.args):
        name = arg.keyword.value if arg.keyword is not None else "axis" if index == 0 else ""
        value = literal(arg.value)
        if name == "axis" and operation == "concatenate" and isinstance(value, int):
            axis = value
        elif name != "name":
            return frame.decline(node, "T102", f"{api} with these arguments", api)
    frame.function.merges[node] = api
    return Merge(operation, axis, node)


def call_merge(frame: Frame, node: cst.Call, merge: Merge) -> Value:
    """``add([x, y])``: joins the operands as the operator or ``torch.cat`` would."""
    inputs = [a for a in node.args if not (a.keyword is not None and a.keyword.value == "training")]
    display = inputs[0].value if len(inputs) == 1 else None
    if not isinstance(display, cst.List | cst.Tuple) or any(
        isinstance(e, cst.StarredElement) for e in display.elements
    ):
        return frame.decline(node, "T102", "a merging layer called with something else than a list of tensors")
    nodes = [e.value for e in display.elements]
    values = [evaluate(frame, n) for n in nodes]
    if len(nodes) < 2 or (merge.operation == "subtract" and len(nodes) != 2):
        return frame.decline(node, "T102", "a merging layer called with this number of tensors")
    result = join_orders(frame, nodes, values)
    axis = merge.axis
    if merge.operation == "concatenate":
        dims = None
        if result.rank is not None and all(isinstance(v, Tensor) and v.dims is not None for v in values):
            total: Dim = 0
            for value in values:
                size = value.dim(axis) if isinstance(value, Tensor) else None
                total = size if total == 0 else add(total, size)
            dims = tuple(
                total if i == axis % result.rank else d for i, d in enumerate(result.dims or (None,) * result.rank)
            )
        result = replace(result, dims=dims)
        if result.order == "moved" and result.rank is not None:
            axis = moved_axis(axis, result.rank, frame.analysis.to)
        elif result.order is None and result.rank is None and result.origins:
            for name in result.origins:
                if name not in frame.function.demands and frame.function.evaluations > 6:
                    return frame.decline(node, "T107", "the rank of the concatenated tensors is not known")
    frame.decide(node, Replace("merge", f"keras.layers.{merge.operation.capitalize()}", data=(merge.operation, axis)))
    return replace(result, token=node)


def merge_function(frame: Frame, node: cst.Call, api: str) -> Value:
    """``keras.layers.add([x, y])`` and its like."""
    operation = api.rsplit(".", 1)[1]
    axis = next((literal(a.value) for a in node.args if a.keyword is not None and a.keyword.value == "axis"), -1)
    if not isinstance(axis, int):
        return frame.decline(node, "T104", f"{api}: axis= is no literal", api)
    kept = [a for a in node.args if a.keyword is None or a.keyword.value == "inputs"]
    if len(kept) + sum(1 for a in node.args if a.keyword is not None and a.keyword.value in ("axis", "name")) != len(
        node.args
    ):
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    return call_merge(frame, node, Merge(operation, axis, node))
