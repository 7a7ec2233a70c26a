"""Picking along one axis: ``ops.take`` and ``tf.gather`` are brackets in PyTorch, ``index_select`` is ``ops.take``."""

from __future__ import annotations

import libcst as cst

from translator.infer import dims
from translator.infer.arguments import arguments
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.joins import number_kind
from translator.infer.orders import require
from translator.infer.values import UNKNOWN, Order, Tensor, Value
from translator.syntax import NOT_LITERAL, literal

_PARAMETERS = {
    "keras.ops.take": ("x", "indices", "axis"),
    "tf.gather": ("params", "indices", "validate_indices", "axis", "batch_dims", "name"),
    "helpers.keras.pick": ("x", "index", "axis"),
    "helpers.keras.take_at": ("x", "indices", "axis"),
    "torch.index_select": ("input", "dim", "index"),
    "torch.Tensor.index_select": ("dim", "index"),
}
PICKS = frozenset(_PARAMETERS)
_ALIASES = {"axis": "dim", "a": "input", "x": "input"}


def take(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> Value:
    """Decide about a call that picks along one axis. The axis must be a number, and the picked tensor be known."""
    arguments(frame, node)
    names = _PARAMETERS[api]
    torch = frame.analysis.source == "torch"
    if any(arg.star for arg in node.args):
        return frame.decline(node, "T103", f"{api}: star-arguments", api, "write the arguments out")
    given = {_name(arg, i, names, torch): arg.value for i, arg in enumerate(node.args)}
    if not set(given) <= {*names} or ("batch_dims" in given and literal(given["batch_dims"]) != 0):
        return frame.decline(node, "T102", f"{api}: not with these arguments", api, "use take_along_axis")
    x = receiver if receiver is not None else given.get(names[0])
    indices = given.get("index") or given.get("indices")
    place = given.get("dim" if torch else "axis")
    axis = literal(place) if place is not None else None if api == "keras.ops.take" else 0
    if axis is None or axis is NOT_LITERAL or not isinstance(axis, int):
        why = "without an axis the tensor is flattened first" if axis is None else "the axis is not a number"
        return frame.decline(node, "T102" if axis is None else "T104", f"{api}: {why}", api)
    value = frame.memo.get(x, UNKNOWN) if x is not None else UNKNOWN
    if x is None or indices is None or not isinstance(value, Tensor):
        return frame.decline(node, "T111", f"{api} of something that is not known to be a tensor", api)
    nodes = _indices(api, indices)
    ranks = [_index_rank(frame, one) for one in nodes]
    if not nodes or "" in ranks:
        return frame.decline(node, "T102", f"{api}: the indices are not known to be a tensor, a list or a number", api)
    if torch and ranks != [1]:
        return frame.decline(node, "T104", f"{api}: it is not known whether the indices are a vector", api)
    order: Order = "source"
    if value.order == "moved" and value.rank is not None and ranks == [1]:
        order, axis = "moved", dims.moved_axis(axis, value.rank, frame.analysis.to)
    tensor = value if order == "moved" else require(frame, x, value, "source")
    frame.decide(node, Replace("taken", api, data=(x, nodes, axis)))
    known = [rank for rank in ranks if isinstance(rank, int)]
    rank = None
    # A helper that tells booleans from integers may find a mask of several axes.
    if tensor.rank is not None and len(known) == len(ranks) and api != "helpers.keras.pick":
        rank = tensor.rank - len(ranks) + max(known)
    return Tensor(rank, tensor.order, None, tensor.dtype, token=node)


def _indices(api: str, node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...]:
    """The indices one by one: only our helper for several takes a tuple of them."""
    if api != "helpers.keras.take_at":
        return (node,)
    plain = isinstance(node, cst.Tuple) and all(isinstance(element, cst.Element) for element in node.elements)
    return tuple(element.value for element in node.elements) if isinstance(node, cst.Tuple) and plain else ()


def _index_rank(frame: Frame, node: cst.BaseExpression) -> int | str | None:
    """How many axes an index has, None where that is not known; "" for what is no index."""
    value = frame.memo.get(node, UNKNOWN)
    if isinstance(value, Tensor):
        return require(frame, node, value, "source").rank
    if number_kind(value) == "int":
        return 0
    return 1 if isinstance(node, cst.List) else ""


def _name(arg: cst.Arg, position: int, names: tuple[str, ...], torch: bool) -> str:
    if arg.keyword is not None:
        return _ALIASES.get(arg.keyword.value, arg.keyword.value) if torch else arg.keyword.value
    return names[position] if position < len(names) else ""
