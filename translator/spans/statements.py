"""The ends of statements, and of the parts that only statements have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from translator.spans.expressions import after_arg, after_word
from translator.spans.measure import ENDS, Measure, after_comma, after_lines, after_space, after_trailing, as_generated


def _param(m: Measure, node: Any, position: int, star: int = 0) -> int:
    end = after_space(m, node.whitespace_after_star, position + star)
    end = after_word(m, node.name, end)
    m.marks[node] = (position, end)
    if node.annotation is not None:
        end = after_annotation(m, node.annotation, end, 1)
    if node.default is not None:
        end = after_space(m, node.equal.whitespace_before, end) + 1
        end = after_space(m, node.equal.whitespace_after, end)
        end = ENDS[type(node.default)](m, node.default, end)
    return after_space(m, node.whitespace_after_param, after_comma(m, node.comma, end))


def after_annotation(m: Measure, node: Any, position: int, indicator: int) -> int:
    before = node.whitespace_before_indicator
    if isinstance(before, cst.BaseParenthesizableWhitespace):
        position = after_space(m, before, position)
    start = after_space(m, node.whitespace_after_indicator, position + indicator)
    end = ENDS[type(node.annotation)](m, node.annotation, start)
    m.marks[node] = (start, end)
    return end


def _parameters(m: Measure, node: Any, position: int) -> int:
    if node.posonly_params:
        return as_generated(m, node, position)
    for param in node.params:
        position = _param(m, param, position)
    star = node.star_arg
    if isinstance(star, cst.Param):
        position = _param(m, star, position, 1)
    elif isinstance(star, cst.ParamStar):
        position = as_generated(m, star, position)
    for param in node.kwonly_params:
        position = _param(m, param, position)
    if node.star_kwarg is not None:
        position = _param(m, node.star_kwarg, position, 2)
    return position


def _decorated(m: Measure, node: Any, position: int) -> int:
    position = after_lines(m, node.leading_lines, position)
    for decorator in node.decorators:
        start = after_lines(m, decorator.leading_lines, position) + m.indent
        end = after_space(m, decorator.whitespace_after_at, start + 1)
        end = ENDS[type(decorator.decorator)](m, decorator.decorator, end)
        m.marks[decorator] = (start, end)
        position = after_trailing(m, decorator.trailing_whitespace, end)
    return after_lines(m, node.lines_after_decorators, position) + m.indent


def _function(m: Measure, node: Any, position: int) -> int:
    if node.asynchronous is not None or node.type_parameters is not None:
        return as_generated(m, node, position)
    start = _decorated(m, node, position)
    end = after_word(m, node.name, after_space(m, node.whitespace_after_def, start + 3))
    end = after_space(m, node.whitespace_after_type_parameters, after_space(m, node.whitespace_after_name, end)) + 1
    end = _parameters(m, node.params, after_space(m, node.whitespace_before_params, end)) + 1
    if node.returns is not None:
        end = after_annotation(m, node.returns, end, 2)
    end = after_space(m, node.whitespace_before_colon, end) + 1
    end = ENDS[type(node.body)](m, node.body, end)
    m.marks[node] = (start, end)
    return end


def _class(m: Measure, node: Any, position: int) -> int:
    if node.type_parameters is not None:
        return as_generated(m, node, position)
    start = _decorated(m, node, position)
    end = after_word(m, node.name, after_space(m, node.whitespace_after_class, start + 5))
    end = after_space(m, node.whitespace_after_type_parameters, after_space(m, node.whitespace_after_name, end))
    if isinstance(node.lpar, cst.LeftParen):
        end = after_space(m, node.lpar.whitespace_after, end + 1)
    for arg in (*node.bases, *node.keywords):
        end = after_arg(m, arg, end)
    if isinstance(node.rpar, cst.RightParen):
        end = after_space(m, node.rpar.whitespace_before, end) + 1
    end = after_space(m, node.whitespace_before_colon, end) + 1
    end = ENDS[type(node.body)](m, node.body, end)
    m.marks[node] = (start, end)
    return end


def _line(m: Measure, node: Any, position: int) -> int:
    start = end = after_lines(m, node.leading_lines, position) + m.indent
    for small in node.body:
        end = ENDS[type(small)](m, small, end)
    m.marks[node] = (start, end)
    return after_trailing(m, node.trailing_whitespace, end)


def _semicolon(m: Measure, node: Any, position: int) -> int:
    semicolon = node.semicolon
    if type(semicolon) is not cst.Semicolon:
        return position
    return after_space(m, semicolon.whitespace_after, after_space(m, semicolon.whitespace_before, position) + 1)


def _expr(m: Measure, node: Any, position: int) -> int:
    end = ENDS[type(node.value)](m, node.value, position)
    m.marks[node] = (position, end)
    return _semicolon(m, node, end)


def _assign(m: Measure, node: Any, position: int) -> int:
    end = position
    for part in node.targets:
        first, target = end, part.target
        end = ENDS[type(target)](m, target, end)
        m.marks[part] = (first, end)
        end = after_space(m, part.whitespace_after_equal, after_space(m, part.whitespace_before_equal, end) + 1)
    end = ENDS[type(node.value)](m, node.value, end)
    m.marks[node] = (position, end)
    return _semicolon(m, node, end)


def _return(m: Measure, node: Any, position: int) -> int:
    end = position + 6
    if node.value is not None:
        end = after_space(m, node.whitespace_after_return, end)
        end = ENDS[type(node.value)](m, node.value, end)
    m.marks[node] = (position, end)
    return _semicolon(m, node, end)


def _raise(m: Measure, node: Any, position: int) -> int:
    if node.cause is not None:
        return as_generated(m, node, position)
    end = position + 5
    if node.exc is not None:
        end = after_space(m, node.whitespace_after_raise, end)
        end = ENDS[type(node.exc)](m, node.exc, end)
    m.marks[node] = (position, end)
    return _semicolon(m, node, end)


def _annotated(m: Measure, node: Any, position: int) -> int:
    end = ENDS[type(node.target)](m, node.target, position)
    end = after_annotation(m, node.annotation, end, 1)
    if node.value is not None:
        end = after_space(m, node.equal.whitespace_before, end) + 1
        end = after_space(m, node.equal.whitespace_after, end)
        end = ENDS[type(node.value)](m, node.value, end)
    m.marks[node] = (position, end)
    return _semicolon(m, node, end)


def _augmented(m: Measure, node: Any, position: int) -> int:
    operator = node.operator
    length = _AUGMENTED.get(type(operator))
    if length is None:
        return as_generated(m, node, position)
    end = ENDS[type(node.target)](m, node.target, position)
    start = after_space(m, operator.whitespace_before, end)
    m.marks[operator] = (start, start + length)
    end = after_space(m, operator.whitespace_after, start + length)
    end = ENDS[type(node.value)](m, node.value, end)
    m.marks[node] = (position, end)
    return _semicolon(m, node, end)


def _block(m: Measure, node: Any, position: int) -> int:
    position = after_trailing(m, node.header, position)
    indent = node.indent
    m.indents.append(m.tree.default_indent if indent is None else indent)
    m.indent += len(m.indents[-1])
    start = position
    for statement in node.body:
        position = ENDS[type(statement)](m, statement, position)
    m.marks[node] = (start, position)
    position = after_lines(m, node.footer, position)
    m.indent -= len(m.indents.pop())
    return position


def _if(m: Measure, node: Any, position: int, keyword: int = 2) -> int:
    start = after_lines(m, node.leading_lines, position) + m.indent
    end = after_space(m, node.whitespace_before_test, start + keyword)
    end = ENDS[type(node.test)](m, node.test, end)
    end = after_space(m, node.whitespace_after_test, end) + 1
    end = ENDS[type(node.body)](m, node.body, end)
    orelse = node.orelse
    if type(orelse) is cst.If:
        end = _if(m, orelse, end, 4)
    elif orelse is not None:
        end = _else(m, orelse, end)
    m.marks[node] = (start, end)
    return end


def _else(m: Measure, node: Any, position: int) -> int:
    start = after_lines(m, node.leading_lines, position) + m.indent
    end = after_space(m, node.whitespace_before_colon, start + 4) + 1
    end = ENDS[type(node.body)](m, node.body, end)
    m.marks[node] = (start, end)
    return end


def _for(m: Measure, node: Any, position: int) -> int:
    if node.asynchronous is not None:
        return as_generated(m, node, position)
    start = after_lines(m, node.leading_lines, position) + m.indent
    end = after_space(m, node.whitespace_after_for, start + 3)
    end = ENDS[type(node.target)](m, node.target, end)
    end = after_space(m, node.whitespace_after_in, after_space(m, node.whitespace_before_in, end) + 2)
    end = ENDS[type(node.iter)](m, node.iter, end)
    end = after_space(m, node.whitespace_before_colon, end) + 1
    end = ENDS[type(node.body)](m, node.body, end)
    if node.orelse is not None:
        end = _else(m, node.orelse, end)
    m.marks[node] = (start, end)
    return end


_AUGMENTED: dict[type, int] = {
    cst.AddAssign: 2,
    cst.SubtractAssign: 2,
    cst.MultiplyAssign: 2,
    cst.DivideAssign: 2,
}

STATEMENTS: Mapping[type, Callable[[Measure, Any, int], int]] = {
    cst.SimpleStatementLine: _line,
    cst.Expr: _expr,
    cst.Assign: _assign,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.IndentedBlock: _block,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.If: _if,
    cst.For: _for,
}
