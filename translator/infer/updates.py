"""Assignment into parts of tensors: PyTorch changes the storage, Keras gets a new tensor under the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from translator.dataclass import dataclass
from translator.infer.changes import change
from translator.infer.facts import Declined, Replace
from translator.infer.frame import Frame
from translator.infer.indexing import Part, classify, ordered_read, reads_moved
from translator.infer.joins import number_kind
from translator.infer.orders import require
from translator.infer.values import UNKNOWN, Const, Order, Tensor, Unknown, Value

SETITEM = "torch.Tensor.__setitem__"
_CODE = "T109"


@dataclass(frozen=True, slots=True)
class Update:
    """``target.value[target.slice] = value``, or with an ``operation`` between the old items and ``value``.

    ``parts`` are the indices in the order in which the tensor is stored, one for each axis where they are ``full``;
    for a mask ``missing`` says how many axes it lacks behind its own, where that is known. ``explicit`` says that the
    operation must be called by its name.
    """

    target: cst.Subscript
    value: cst.BaseExpression
    parts: tuple[Part, ...]
    full: bool = False
    masked: bool = False
    missing: int | None = 0
    operation: str = ""
    explicit: bool = False


def update(
    frame: Frame,
    statement: cst.CSTNode | None,
    target: cst.Subscript,
    owner: Tensor,
    indices: Sequence[Value],
    given: tuple[cst.BaseExpression | None, Value],
    operation: str = "",
) -> tuple[Update, Tensor] | None:
    """Decide about an assignment into a tensor; gives what is written and the old items, None where it is declined.

    The name gets a new value, so it must be one of the running function's own; who else sees the storage is looked at
    as for any other change in place.
    """
    node, value = given
    parts = classify(frame, target, indices)
    name = target.value.value if isinstance(target.value, cst.Name) else ""
    problem = parts if isinstance(parts, str) else ""
    if frame.analysis.to != "keras":
        problem = "assignment into a slice of a tensor, which Keras refuses"
    elif statement is None or node is None:
        problem = "assignment into a slice of a tensor together with other targets"
    elif name not in frame.env:
        problem = "assignment into a slice of a tensor that is no variable of this function"
    if problem or isinstance(parts, str) or node is None or statement is None:
        frame.decline(target, _CODE, problem)
        return None
    planned = _planned(frame, target, owner, parts, node, value, operation)
    if isinstance(planned, str):
        frame.decline(target, _CODE, planned)
        return None
    done, items, after = planned
    change(frame, owner, target, statement, [name])
    if any(isinstance(frame.function.decisions.get(n), Declined) for n in (target, statement)):
        return None
    frame.decide(statement, Replace("update", SETITEM, data=done))
    frame.bind(name, replace(after, origins=frozenset(), token=owner.token))
    return done, items


def _planned(
    frame: Frame,
    target: cst.Subscript,
    owner: Tensor,
    parts: Sequence[Part],
    node: cst.BaseExpression,
    value: Value,
    operation: str,
) -> tuple[Update, Tensor, Tensor] | str:
    """What is written, the old items, and the tensor as it is afterwards; or why it is not understood."""
    assert isinstance(target.value, cst.Name)
    if any(part.advanced for part in parts):
        return _masked(frame, target, owner, parts, node, value, operation)
    forced = target.value.value in frame.function.forced
    if owner.order == "moved" and not forced and _fits(owner, parts, value, frame):
        after = owner
    else:
        after = require(frame, target.value, owner, "source")
    order, stored, items = ordered_read(frame, target.value, after, parts)
    if isinstance(value, Tensor | Unknown):
        moved = items.order == "moved"
        require(frame, node, value, "moved" if moved else "source", items.rank if moved else None)
    return Update(target, node, stored, order == "moved", operation=operation), items, after


def _fits(owner: Tensor, parts: Sequence[Part], value: Value, frame: Frame) -> bool:
    """Whether a value may be written into a moved tensor: with as many axes as the items, or with none."""
    items = reads_moved(frame, owner, parts)
    if items is None:
        return False
    if isinstance(value, Tensor):
        return value.rank == 0 or (value.rank is not None and value.rank == items.rank)
    return _is_number(value)


def _is_number(value: Value) -> bool:
    return bool(number_kind(value)) or (isinstance(value, Const) and isinstance(value.value, bool))


def _masked(
    frame: Frame,
    target: cst.Subscript,
    owner: Tensor,
    parts: Sequence[Part],
    node: cst.BaseExpression,
    value: Value,
    operation: str,
) -> tuple[Update, Tensor, Tensor] | str:
    """``x[mask] = number``: a choice for each item. A mask may lack axes behind its own."""
    if len(parts) != 1 or parts[0].kind != "mask":
        return "assignment at places that a tensor gives"
    if not _is_number(value) and not (isinstance(value, Tensor) and value.rank == 0):
        return "assignment of anything but a number where a mask holds"
    kind = "bool" if isinstance(value, Const) and isinstance(value.value, bool) else number_kind(value)
    if owner.dtype in ("int", "bool") and kind != owner.dtype:
        return "a number of another kind than the tensor's, which would change its dtype"
    index = target.slice[0].slice
    assert isinstance(index, cst.Index)
    mask = frame.memo.get(index.value, UNKNOWN)
    assert isinstance(mask, Tensor)
    same = _compares(target.value, index.value)
    missing: int | None = 0 if same else None
    if mask.rank is not None and owner.rank is not None:
        missing = owner.rank - mask.rank
    keeps = owner.order == "moved" and missing == 0 and _name(target.value) not in frame.function.forced
    order: Order = "moved" if keeps else "source"
    after = require(frame, target.value, owner, order)
    require(frame, index.value, mask, order, owner.rank if keeps else None)
    return Update(target, node, tuple(parts), False, True, missing, operation), after, after


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _compares(owner: cst.BaseExpression, mask: cst.BaseExpression) -> bool:
    """Whether a mask compares the tensor itself with a number, and so has its axes."""
    if not isinstance(mask, cst.Comparison) or len(mask.comparisons) != 1:
        return False
    number = mask.comparisons[0].comparator
    number = number.expression if isinstance(number, cst.UnaryOperation) else number
    return _name(mask.left) == _name(owner) and isinstance(number, cst.Integer | cst.Float)
