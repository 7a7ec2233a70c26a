"""Operators on tensors: they stay operators where both sides are known to agree, else the operation is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from translator.infer import dims
from translator.infer.assignment import assign
from translator.infer.changes import change
from translator.infer.evaluate import dim_of, escape, evaluate
from translator.infer.facts import Declined, Replace
from translator.infer.frame import Frame
from translator.infer.indexing import evaluate_indices
from translator.infer.initializing import has_weight
from translator.infer.joins import element, join, number_kind
from translator.infer.orders import join_orders, require
from translator.infer.updates import SETITEM, update
from translator.infer.values import UNKNOWN, Const, Dim, Items, Many, Number, Tensor, Value, shares, storage

ARITHMETIC: dict[type, str] = {
    cst.Add: "add",
    cst.Subtract: "subtract",
    cst.Multiply: "multiply",
    cst.Divide: "divide",
    cst.FloorDivide: "floor_divide",
    cst.Modulo: "mod",
    cst.Power: "power",
    cst.MatrixMultiply: "matmul",
}
AUGMENTED: dict[type, str] = {
    cst.AddAssign: "add",
    cst.SubtractAssign: "subtract",
    cst.MultiplyAssign: "multiply",
    cst.DivideAssign: "divide",
    cst.FloorDivideAssign: "floor_divide",
    cst.ModuloAssign: "mod",
    cst.PowerAssign: "power",
    cst.MatrixMultiplyAssign: "matmul",
}
SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "mod": "%",
    "power": "**",
    "matmul": "@",
}
_COMPARISONS: dict[type, str] = {
    cst.LessThan: "less",
    cst.LessThanEqual: "less_equal",
    cst.GreaterThan: "greater",
    cst.GreaterThanEqual: "greater_equal",
    cst.Equal: "equal",
    cst.NotEqual: "not_equal",
}


def operate(frame: Frame, node: cst.BaseExpression) -> Value:
    """Evaluate a unary, binary, comparison or boolean operation."""
    match node:
        case cst.BinaryOperation():
            return _binary(frame, node)
        case cst.UnaryOperation():
            return _unary(frame, node)
        case cst.Comparison():
            return _comparison(frame, node)
        case cst.BooleanOperation():
            return _boolean(frame, node)
    return UNKNOWN


def augmented(frame: Frame, node: cst.AugAssign) -> None:
    """``x += y``: changes the storage of a tensor in place in PyTorch.

    Rebinding is the same unless another name sees it.
    """
    if isinstance(node.target, cst.Subscript) and isinstance(evaluate(frame, node.target.value), Tensor):
        _augmented_item(frame, node, node.target)
        return
    left = evaluate(frame, node.target)
    right = evaluate(frame, node.value)
    name = AUGMENTED.get(type(node.operator))
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        if name is None:
            frame.decline(node.target, "T101", "this augmented assignment has no counterpart for tensors")
            return
        keep = [node.target.value] if isinstance(node.target, cst.Name) else []
        if frame.function.forced.intersection(keep) and isinstance(right, Tensor):
            # The name is kept in source order, and there is no place to bring the result back to it.
            right = require(frame, node.value, right, "source")
        if frame.analysis.source == "torch" and isinstance(left, Tensor):
            change(frame, left, node.target, node, keep)
        result = _elementwise(frame, (node.target, node.value), (left, right), name)
        explicit = _explicit(frame, (left, right), name)
        conversion = frame.function.conversions.pop(node.target, None)
        # Keras' tensors do not change: += rebinds the name, where PyTorch would change what other names see.
        rebinds = frame.analysis.to == "torch" and not _is_own(frame, left, keep)
        # What other names would see is reported already, and that must stand.
        declined = isinstance(frame.function.decisions.get(node), Declined)
        if not declined and (explicit or conversion is not None or rebinds):
            frame.decide(node, Replace("augmented", target=name, data=(explicit, conversion)))
        if isinstance(left, Tensor) and isinstance(result, Tensor):
            result = replace(result, token=node if rebinds else left.token)
        assign(frame, node.target, result, None)
        return
    if isinstance(left, Items | Many) and isinstance(node.operator, cst.AddAssign):
        assign(frame, node.target, Many(join(element(left), element(right))), None)
    else:
        assign(frame, node.target, _numbers(name or "", left, right), None)


def _augmented_item(frame: Frame, node: cst.AugAssign, target: cst.Subscript) -> None:
    """``x[i] += y``: the items are read, changed and put back."""
    owner = frame.memo[target.value]
    indices = evaluate_indices(frame, target)
    right = evaluate(frame, node.value)
    name = AUGMENTED.get(type(node.operator))
    assert isinstance(owner, Tensor)
    if name is None or name == "matmul":
        frame.decline(target, "T101", "this augmented assignment has no counterpart for parts of tensors")
        return
    found = update(frame, node, target, owner, indices, (node.value, right), name)
    if found is not None:
        done, items = found
        explicit = _explicit(frame, (items, right), name)
        frame.decide(node, Replace("update", SETITEM, data=replace(done, explicit=explicit)))


def _is_own(frame: Frame, value: Value, keep: Sequence[str]) -> bool:
    """Whether a tensor was made in this function and has one name only, so that changing it in place is the same."""
    tokens = storage(value) if isinstance(value, Tensor) else frozenset()
    if not keep or not tokens or any(isinstance(token, str) for token in tokens):
        return False
    others = [v for name, v in frame.env.items() if name not in keep]
    return not any(shares(v, tokens) for v in [*others, *frame.function.pending.values()])


def _binary(frame: Frame, node: cst.BinaryOperation) -> Value:
    left = evaluate(frame, node.left)
    right = evaluate(frame, node.right)
    name = ARITHMETIC.get(type(node.operator))
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        if isinstance(node.operator, cst.BitAnd | cst.BitOr | cst.BitXor):
            return _bitwise(frame, node, left, right)
        if name is None:
            return frame.decline(node, "T101", "shifts of tensors have no counterpart in the mapping database")
        if isinstance(left, Items | Many) or isinstance(right, Items | Many):
            return frame.decline(node, "T109", "an operation between a tensor and a list")
        result = _elementwise(frame, (node.left, node.right), (left, right), name)
        explicit = _explicit(frame, (left, right), name)
        if explicit and _chain(node) > _LONGEST_CHAIN:
            return frame.decline(
                node,
                "T102",
                "a chain of operators on tensors of unknown dtype that is too long to be nested",
                "operator",
            )
        frame.decide(node, Replace("operator", target=name, data=explicit))
        return replace(result, token=node) if isinstance(result, Tensor) else result
    if isinstance(left, Items | Many) and isinstance(right, Items | Many):
        if isinstance(left, Items) and isinstance(right, Items):
            return Items(left.items + right.items, left.is_list)
        return Many(join(element(left), element(right)))
    if isinstance(left, Items | Many) and number_kind(right) == "int":
        return Many(element(left))
    value = _numbers(name or "", left, right)
    dim = dim_of(frame, node, value) if isinstance(value, Number) else None
    return replace(value, dim=dim) if isinstance(value, Number) and dim is not None else value


def _bitwise(frame: Frame, node: cst.BinaryOperation, left: Value, right: Value) -> Value:
    """``&``, ``|`` and ``^`` mean the same on equal dtypes in both libraries, and are refused on floats."""
    result = join_orders(frame, (node.left, node.right), (left, right))
    frame.decide(node, Replace("operator", target="bitwise", data=False))
    return replace(result, token=node)


_LONGEST_CHAIN = 60
"""Python's parser takes 200 nested parentheses; a called operation for each operator of a chain nests one per term."""


def _chain(node: cst.BaseExpression) -> int:
    length = 0
    while isinstance(node, cst.BinaryOperation):
        length += 1
        node = node.left
    return length


def _elementwise(frame: Frame, nodes: Sequence[cst.BaseExpression], values: Sequence[Value], name: str) -> Value:
    if name == "matmul":
        tensors = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        ranks = [t.rank for t in tensors]
        return Tensor(
            None if None in ranks else max(r for r in ranks if r is not None), "source", None, tensors[0].dtype
        )
    result = join_orders(frame, nodes, values)
    if name == "divide":
        result = replace(result, dtype="float")
    return result


def _explicit(frame: Frame, values: Sequence[Value], name: str) -> bool:
    """Whether the target needs the named operation: TensorFlow's operators do not promote dtypes as PyTorch does."""
    if frame.analysis.to != "keras":
        return False
    tensors = [v for v in values if isinstance(v, Tensor)]
    others = [v for v in values if not isinstance(v, Tensor)]
    if all(t.dtype == "float" for t in tensors):
        return any(not _is_plain_number(v) for v in others) and bool(others)
    if name == "add" and len(tensors) == 2 and {t.dtype for t in tensors} <= {None, "float"}:
        # On TensorFlow keras.ops.add takes a second operand with one axis for a bias of the last or second axis,
        # whichever has its length; the operator refuses dtypes that differ.
        # https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/numpy.py
        return False
    if len(tensors) == 2 or any(t.dtype == "bool" for t in tensors):
        return True
    return name in ("divide", "floor_divide", "mod", "power") or not all(number_kind(v) == "int" for v in others)


def _is_plain_number(value: Value) -> bool:
    return bool(number_kind(value))


def _numbers(name: str, left: Value, right: Value) -> Value:
    kinds = (number_kind(left), number_kind(right))
    if not all(kinds):
        return UNKNOWN
    if name == "divide":
        return Number("float")
    kind = "int" if kinds == ("int", "int") else "number"
    dim: Dim = None
    a, b = (_dim(v) for v in (left, right))
    if isinstance(a, int) and isinstance(b, int):
        dim = {"add": dims.add, "subtract": dims.subtract, "multiply": dims.multiply}.get(name, lambda x, y: None)(a, b)
        if name == "floor_divide" and b:
            dim = a // b
    return Number(kind, dim)  # type: ignore[arg-type]  # one of Number's kinds by construction


def _dim(value: Value) -> Dim:
    if isinstance(value, Const) and isinstance(value.value, int):
        return value.value
    return value.dim if isinstance(value, Number) else None


def _unary(frame: Frame, node: cst.UnaryOperation) -> Value:
    value = evaluate(frame, node.expression)
    if isinstance(value, Tensor):
        if isinstance(node.operator, cst.Minus | cst.Plus):
            return replace(value, token=node)
        if isinstance(node.operator, cst.Not):
            return frame.decline(node, "T109", "the truth value of a tensor")
        frame.decide(node, Replace("inverted"))
        return replace(value, token=node)
    if isinstance(value, Const) and isinstance(node.operator, cst.Minus) and isinstance(value.value, int | float):
        return Const(-value.value)
    return Number(value.kind) if isinstance(value, Number) else UNKNOWN


def _comparison(frame: Frame, node: cst.Comparison) -> Value:
    if isinstance(node.left, cst.Attribute) and has_weight(frame, node):
        return UNKNOWN
    values = [evaluate(frame, node.left)]
    nodes: list[cst.BaseExpression] = [node.left]
    for part in node.comparisons:
        values.append(evaluate(frame, part.comparator))
        nodes.append(part.comparator)
    if not any(isinstance(v, Tensor) for v in values):
        _compared(frame, nodes)
        return UNKNOWN
    operators = [type(part.operator) for part in node.comparisons]
    if all(op in (cst.Is, cst.IsNot, cst.In, cst.NotIn) for op in operators):
        return UNKNOWN
    if len(operators) > 1 or operators[0] not in _COMPARISONS:
        return frame.decline(node, "T109", "a chained comparison of tensors")
    result = join_orders(frame, nodes, values)
    frame.decide(node, Replace("comparison", target=_COMPARISONS[operators[0]]))
    return replace(result, dtype="bool")


def _compared(frame: Frame, nodes: Sequence[cst.BaseExpression]) -> None:
    """Classes of the framework that are compared must each stay one object."""
    for node in nodes:
        decision = frame.function.decisions.get(node)
        if isinstance(decision, Replace) and decision.rewriter == "factory":
            frame.decide(node, replace(decision, target="compared"))


def _boolean(frame: Frame, node: cst.BooleanOperation) -> Value:
    left, right = evaluate(frame, node.left), evaluate(frame, node.right)
    if isinstance(left, Tensor):
        return frame.decline(node, "T109", "the truth value of a tensor")
    escape(frame, left)
    escape(frame, right)
    return join(left, right)
