"""One evaluation of a function, and the summary that it publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from translator.infer.annotations import is_forward, parameter, visit
from translator.infer.evaluate import HANDLERS, evaluate
from translator.infer.expressions import EXPRESSIONS
from translator.infer.facts import Conversion, Function
from translator.infer.frame import Frame
from translator.infer.joins import join
from translator.infer.orders import require
from translator.infer.sequences import publish
from translator.infer.statements import run, suite
from translator.infer.values import BOTTOM, NONE, Bottom, Items, Many, Tensor, Value, conflict
from translator.syntax import parameters

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis


HANDLERS.update(EXPRESSIONS)


class Demanded(Exception):  # not an error: it ends an evaluation that has to begin anew
    """The running function has come to demand an axis order of its own argument."""


def evaluate_function(analysis: Analysis, function: Function) -> None:
    """Run a function once, again where joins forced an order or it demanded one of its own arguments; publish it."""
    # What was joined while layers and callees were not known yet forces nothing any more.
    function.forced = set()
    for _ in range(4 + len(function.parameters)):
        function.decisions, function.conversions, function.notes, function.unpacks = {}, {}, {}, {}
        function.training_reads, function.renamed, function.merges = {}, {}, {}
        function.between, function.added = {}, {}
        function.needs_training = False
        function.pending = {}
        frame = Frame(analysis, function)
        try:
            _run(frame)
        except Demanded:
            continue
        if not frame.again:
            break
    if function.node is not None and frame.env != function.scope:
        function.scope = frame.env
        analysis.changed(("scope", function.key))
    analysis.publish(function)


def _run(frame: Frame) -> None:
    analysis, function = frame.analysis, frame.function
    _enter(frame)
    if function.node is not None and isinstance(function.node, cst.FunctionDef):
        suite(frame, function.node.body)
        _leave(frame)
    elif isinstance(function.node, cst.Lambda):
        frame.returns.append((function.node.body, evaluate(frame, function.node.body)))
        _leave(frame)
    elif function.owner is not None:
        _class_body(frame)
    else:
        for tree in analysis.trees:
            function.tree = tree
            run(frame, tree.module.body)


def _enter(frame: Frame) -> None:
    function = frame.function
    if function.node is None:
        return
    for index, param in enumerate(parameters(function.node)):
        frame.env[param.name.value] = parameter(frame, param, index)
    function.entered = dict(frame.env)
    if isinstance(function.node, cst.FunctionDef) and function.node.returns is not None:
        visit(frame, function.node.returns.annotation)


def _leave(frame: Frame) -> None:
    function = frame.function
    publish(frame)
    result: Value = BOTTOM
    returned = [value for _, value in frame.returns if isinstance(value, Tensor)]
    mixed = any(conflict(a, b) for i, a in enumerate(returned) for b in returned[i + 1 :])
    boundary = is_forward(frame.analysis, function)
    for node, value in frame.returns:
        if boundary and node is not None and isinstance(value, Many) and _order_at(value.item) == "moved":
            # The report names the leaves of an output; those of a list of unknown length it cannot.
            rank = value.item.rank if isinstance(value.item, Tensor) else None
            frame.convert(node, Conversion("source", rank or 4, each=True))
            value = Many(Tensor(rank, "source", None, "float"))
        if node is not None and (mixed or function.returns_source or not frame.analysis.moves_boundary):
            value = _return_source(frame, node, value)
        result = join(result, value)
    if mixed:
        function.returns_source = True
    if frame.yields != BOTTOM:
        result = Many(frame.yields)
    frame.analysis.set_returned(function, NONE if isinstance(result, Bottom) else result)


def _order_at(value: Value) -> str | None:
    return value.order if isinstance(value, Tensor) and (value.rank or 4) > 2 else None


def _return_source(frame: Frame, node: cst.BaseExpression, value: Value) -> Value:
    if isinstance(value, Tensor) and value.order == "moved":
        return require(frame, node, value, "source")
    if isinstance(value, Items) and isinstance(node, cst.Tuple | cst.List) and len(node.elements) == len(value.items):
        items = tuple(_return_source(frame, e.value, v) for e, v in zip(node.elements, value.items, strict=True))
        return Items(items, value.is_list)
    return value


def _class_body(frame: Frame) -> None:
    info = frame.analysis.tables.classes[frame.function.owner or ""]
    if isinstance(info.node.body, cst.IndentedBlock | cst.SimpleStatementSuite):
        run(frame, [s for s in info.node.body.body if not isinstance(s, cst.FunctionDef | cst.ClassDef)])
        for statement in info.node.body.body:
            if isinstance(statement, cst.FunctionDef):
                for decorator in statement.decorators:
                    evaluate(frame, decorator.decorator)
    for name, value in frame.env.items():
        frame.analysis.write(frame.function, ("attribute", info.name, name), value)
