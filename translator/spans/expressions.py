"""The ends of expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from translator.spans.measure import ENDS, Measure, after_close, after_comma, after_open, after_space, as_generated


def after_word(m: Measure, node: Any, position: int) -> int:
    if node.lpar:
        position = after_open(m, node.lpar, position)
        end = position + len(node.value)
        m.marks[node] = (position, end)
        return after_close(m, node.rpar, end)
    end = position + len(node.value)
    m.marks[node] = (position, end)
    return end


def _attribute(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position) if node.lpar else position
    value, dot = node.value, node.dot
    end = ENDS[type(value)](m, value, start)
    end = after_space(m, dot.whitespace_after, after_space(m, dot.whitespace_before, end) + 1)
    end = after_word(m, node.attr, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end) if node.rpar else end


def _call(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position) if node.lpar else position
    func = node.func
    end = after_space(m, node.whitespace_after_func, ENDS[type(func)](m, func, start))
    end = after_space(m, node.whitespace_before_args, end + 1)
    for arg in node.args:
        end = after_arg(m, arg, end)
    end += 1
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end) if node.rpar else end


def after_arg(m: Measure, node: Any, position: int) -> int:
    end = position
    if node.star:
        end = after_space(m, node.whitespace_after_star, end + len(node.star))
    keyword = node.keyword
    if keyword is not None:
        equal = node.equal
        end = after_space(m, equal.whitespace_before, after_word(m, keyword, end)) + 1
        end = after_space(m, equal.whitespace_after, end)
    value = node.value
    end = ENDS[type(value)](m, value, end)
    m.marks[node] = (position, end)
    return after_space(m, node.whitespace_after_arg, after_comma(m, node.comma, end))


def _element(m: Measure, node: Any, position: int) -> int:
    value = node.value
    end = ENDS[type(value)](m, value, position)
    m.marks[node] = (position, end)
    return after_comma(m, node.comma, end)


def _tuple(m: Measure, node: Any, position: int) -> int:
    start = end = after_open(m, node.lpar, position)
    for element in node.elements:
        end = ENDS[type(element)](m, element, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _list(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position)
    end = after_space(m, node.lbracket.whitespace_after, start + 1)
    for element in node.elements:
        end = ENDS[type(element)](m, element, end)
    end = after_space(m, node.rbracket.whitespace_before, end) + 1
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _subscript(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position)
    value = node.value
    end = after_space(m, node.whitespace_after_value, ENDS[type(value)](m, value, start))
    end = after_space(m, node.lbracket.whitespace_after, end + 1)
    for element in node.slice:
        first = end
        end = ENDS[type(element.slice)](m, element.slice, end)
        m.marks[element] = (first, end)
        end = after_comma(m, element.comma, end)
    end = after_space(m, node.rbracket.whitespace_before, end) + 1
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _index(m: Measure, node: Any, position: int) -> int:
    if node.star is not None:
        return as_generated(m, node, position)
    return ENDS[type(node.value)](m, node.value, position)


def _slice(m: Measure, node: Any, position: int) -> int:
    for part in (node.lower, node.first_colon, node.upper, node.second_colon, node.step):
        if type(part) is cst.Colon:
            position = after_space(m, part.whitespace_after, after_space(m, part.whitespace_before, position) + 1)
        elif isinstance(part, cst.CSTNode):
            position = ENDS[type(part)](m, part, position)
    return position


def _operation(m: Measure, node: Any, position: int) -> int:
    """Two operands with an operator between them."""
    start = after_open(m, node.lpar, position)
    end = ENDS[type(node.left)](m, node.left, start)
    end = _operator(m, node.operator, end)
    end = ENDS[type(node.right)](m, node.right, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _operator(m: Measure, node: Any, position: int) -> int:
    length = _OPERATORS.get(type(node))
    if length is None:
        return as_generated(m, node, position)
    start = after_space(m, node.whitespace_before, position)
    end = start + length
    if type(node) in _OF_TWO_WORDS:
        end = after_space(m, node.whitespace_between, end)
    m.marks[node] = (start, end)
    return after_space(m, node.whitespace_after, end)


def _comparison(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position)
    end = ENDS[type(node.left)](m, node.left, start)
    for target in node.comparisons:
        end = _operator(m, target.operator, end)
        end = ENDS[type(target.comparator)](m, target.comparator, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _joined(m: Measure, node: Any, position: int) -> int:
    """Adjacent string literals."""
    start = after_open(m, node.lpar, position)
    end = ENDS[type(node.left)](m, node.left, start)
    end = after_space(m, node.whitespace_between, end)
    end = ENDS[type(node.right)](m, node.right, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _unary(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position)
    operator = node.operator
    end = start + (3 if type(operator) is cst.Not else 1)
    end = after_space(m, operator.whitespace_after, end)
    end = ENDS[type(node.expression)](m, node.expression, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


def _conditional(m: Measure, node: Any, position: int) -> int:
    start = after_open(m, node.lpar, position)
    end = ENDS[type(node.body)](m, node.body, start)
    end = after_space(m, node.whitespace_after_if, after_space(m, node.whitespace_before_if, end) + 2)
    end = ENDS[type(node.test)](m, node.test, end)
    end = after_space(m, node.whitespace_after_else, after_space(m, node.whitespace_before_else, end) + 4)
    end = ENDS[type(node.orelse)](m, node.orelse, end)
    m.marks[node] = (start, end)
    return after_close(m, node.rpar, end)


_OPERATORS: dict[type, int] = {
    cst.Add: 1,
    cst.Subtract: 1,
    cst.Multiply: 1,
    cst.Divide: 1,
    cst.FloorDivide: 2,
    cst.Modulo: 1,
    cst.Power: 2,
    cst.MatrixMultiply: 1,
    cst.BitOr: 1,
    cst.BitAnd: 1,
    cst.And: 3,
    cst.Or: 2,
    cst.Equal: 2,
    cst.LessThan: 1,
    cst.LessThanEqual: 2,
    cst.GreaterThan: 1,
    cst.GreaterThanEqual: 2,
    cst.Is: 2,
    cst.In: 2,
    cst.NotEqual: 2,
    cst.IsNot: 5,
    cst.NotIn: 5,
}
_OF_TWO_WORDS = frozenset({cst.IsNot, cst.NotIn})

EXPRESSIONS: Mapping[type, Callable[[Measure, Any, int], int]] = {
    cst.Name: after_word,
    cst.Integer: after_word,
    cst.Float: after_word,
    cst.SimpleString: after_word,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Element: _element,
    cst.Tuple: _tuple,
    cst.List: _list,
    cst.Subscript: _subscript,
    cst.Index: _index,
    cst.Slice: _slice,
    cst.BinaryOperation: _operation,
    cst.BooleanOperation: _operation,
    cst.Comparison: _comparison,
    cst.UnaryOperation: _unary,
    cst.IfExp: _conditional,
    cst.ConcatenatedString: _joined,
}
