"""The kinds of expressions and who evaluates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from translator.infer import operators
from translator.infer.assignment import assign
from translator.infer.attributes import attribute
from translator.infer.calls import call
from translator.infer.displays import comprehension, dict_comprehension, mapping, sequence
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.framework import conditional
from translator.infer.joins import element, join
from translator.infer.orders import require
from translator.infer.placement import device_choice
from translator.infer.subscripts import subscript
from translator.infer.values import UNKNOWN, Const, Device, FunctionRef, Items, Many, Mapping, Tensor, Training, Value
from translator.syntax import NOT_LITERAL, literal


def _literal(frame: Frame, node: cst.BaseExpression) -> Value:
    value = literal(node)
    return UNKNOWN if value is NOT_LITERAL else Const(value)


def report_hidden(frame: Frame, node: cst.Name) -> None:
    """A name of the framework that a star import of something unknown may have replaced is a use of it all the same."""
    api = frame.analysis.hidden(node.value) if node.value not in frame.env else None
    if api is not None:
        why = f"{node.value} is {api}, unless a later star import brings another {node.value}"
        frame.decline(node, "T105", why, api, hint="import the names that are needed one by one")


def _name(frame: Frame, node: cst.Name) -> Value:
    if node.value in ("None", "True", "False"):
        return _literal(frame, node)
    value = frame.lookup(node.value)
    if value == UNKNOWN and frame.analysis.stars:
        report_hidden(frame, node)
    if isinstance(value, Training):
        frame.function.training_reads[node] = value
    if isinstance(value, Device):
        frame.decide(node, Replace("literal", data="None"))
    if node.value in frame.stale and isinstance(value, Tensor | Items | Many | Mapping):
        frame.decline(
            node,
            "T109",
            f"{node.value} is read here, but {frame.stale[node.value]}",
            hint="use the result of the in-place operation, or make the operation out of place",
        )
    return value


def _conditional(frame: Frame, node: cst.IfExp) -> Value:
    device = device_choice(frame, node)
    if device is not None:
        return device
    if isinstance(evaluate(frame, node.test), Tensor):
        frame.decline(node.test, "T109", "a choice by the value of a tensor")
    chosen = conditional(frame, node)
    if chosen is not None:
        return chosen
    body, orelse = evaluate(frame, node.body), evaluate(frame, node.orelse)
    if isinstance(body, Tensor) and isinstance(orelse, Tensor) and body.order != orelse.order:
        body = require(frame, node.body, body, "source") if body.order == "moved" else body
        orelse = require(frame, node.orelse, orelse, "source") if orelse.order == "moved" else orelse
    for value in (body, orelse):
        escape(frame, value)
    return join(body, orelse)


def _walrus(frame: Frame, node: cst.NamedExpr) -> Value:
    value = evaluate(frame, node.value)
    assign(frame, node.target, value, node.value)
    return value


def _lambda(frame: Frame, node: cst.Lambda) -> Value:
    function = frame.function
    key = f"{function.key}.<lambda>.{function.tree.start_of(node)}"
    if key not in frame.analysis.tables.functions:
        frame.analysis.enqueue(frame.analysis.add_function(node, function.tree, key, None, function))
    return FunctionRef(key)


def _yield(frame: Frame, node: cst.Yield) -> Value:
    value = node.value
    if isinstance(value, cst.From):
        item = element(evaluate(frame, value.item))
    else:
        item = evaluate(frame, value) if value is not None else Const(None)
    escape(frame, item)
    frame.yields = join(frame.yields, item)
    return UNKNOWN


def _operator(frame: Frame, node: Any) -> Value:
    return operators.operate(frame, node)


def _formatted(frame: Frame, node: cst.FormattedString) -> Value:
    for part in node.parts:
        if isinstance(part, cst.FormattedStringExpression):
            evaluate(frame, part.expression)
    return UNKNOWN


EXPRESSIONS: dict[type, Callable[[Frame, Any], Value]] = {
    cst.Name: _name,
    cst.Attribute: attribute,
    cst.Call: call,
    cst.Integer: _literal,
    cst.Float: _literal,
    cst.SimpleString: _literal,
    cst.Ellipsis: lambda frame, node: UNKNOWN,
    cst.Subscript: subscript,
    cst.Tuple: sequence,
    cst.List: sequence,
    cst.Dict: mapping,
    cst.IfExp: _conditional,
    cst.ListComp: comprehension,
    cst.GeneratorExp: comprehension,
    cst.SetComp: comprehension,
    cst.DictComp: dict_comprehension,
    cst.NamedExpr: _walrus,
    cst.Lambda: _lambda,
    cst.BinaryOperation: _operator,
    cst.UnaryOperation: _operator,
    cst.Comparison: _operator,
    cst.BooleanOperation: _operator,
    cst.FormattedString: _formatted,
    cst.Yield: _yield,
}
