"""The kinds of statements and what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from translator.infer import recurrent
from translator.infer.annotations import visit
from translator.infer.assignment import assign
from translator.infer.builtin_calls import standard
from translator.infer.calls import is_eval
from translator.infer.evaluate import escape, evaluate, raw, settle
from translator.infer.expressions import report_hidden
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.initializing import initializer_set, refine
from translator.infer.joins import element
from translator.infer.modes import returned, without_gradients
from translator.infer.operations import changed_by
from translator.infer.operators import augmented
from translator.infer.values import NONE, TARGET, UNKNOWN, FunctionRef, Made, Shape, Tensor, Unknown, Value
from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings
from translator.syntax import children, literal


def run(frame: Frame, body: Sequence[cst.CSTNode]) -> None:
    for node in body:
        _statement(frame, node)


def suite(frame: Frame, body: cst.BaseSuite) -> None:
    run(frame, body.body)


def _statement(frame: Frame, node: cst.CSTNode) -> None:
    handler = _STATEMENTS.get(type(node))
    if handler is not None:
        handler(frame, node)
    else:
        for child in children(node):
            if isinstance(child, cst.BaseExpression):
                evaluate(frame, child)


def _simple_line(frame: Frame, node: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> None:
    run(frame, node.body)


def _expr(frame: Frame, node: cst.Expr) -> None:
    if isinstance(node.value, cst.Call) and is_eval(frame, node.value):
        frame.decide(node.value, Replace("drop_statement", "torch.nn.Module.eval"))
        return
    if isinstance(node.value, cst.Call) and recurrent.flattens(frame, node.value):
        frame.decide(node.value, Replace("drop_statement", "torch.nn.RNNBase.flatten_parameters"))
        return
    frame.bare = node.value
    value = evaluate(frame, node.value)
    if isinstance(node.value, cst.Call):
        _keep_change(frame, node, node.value, value)


def _keep_change(frame: Frame, node: cst.Expr, call: cst.Call, value: Value) -> None:
    """``x.add_(y)`` as a statement: its result, which the target gives instead of a change, is bound to the name."""
    changed = changed_by(frame, call)
    if changed is None or not isinstance(value, Tensor):
        return
    while isinstance(changed, cst.Call):
        changed = changed_by(frame, changed)
    if isinstance(changed, cst.Name):
        frame.decide(node, Replace("assign", data=changed.value))
        frame.bind(changed.value, value)
    else:
        frame.decline(call, "T109", "what is changed in place here has no name that its new value could be bound to")


def _assignment(frame: Frame, node: cst.Assign) -> None:
    if isinstance(node.targets[0].target, cst.Attribute) and initializer_set(frame, node):
        return
    value = raw(frame, node.value)
    unpacked = all(isinstance(t.target, cst.Tuple | cst.List) for t in node.targets)
    if not (isinstance(value, Shape) and unpacked):
        value = settle(frame, node.value, value)
    frame.assigning = node if len(node.targets) == 1 else None
    for target in node.targets:
        assign(frame, target.target, value, node.value)
    frame.assigning = None


def _ann_assign(frame: Frame, node: cst.AnnAssign) -> None:
    visit(frame, node.annotation.annotation)
    if node.value is not None:
        assign(frame, node.target, evaluate(frame, node.value), node.value)


def _aug_assign(frame: Frame, node: cst.AugAssign) -> None:

    augmented(frame, node)


def _return(frame: Frame, node: cst.Return) -> None:
    value: Value = NONE if node.value is None else evaluate(frame, node.value)
    if node.value is not None:
        escape(frame, value)
    if isinstance(frame.function.node, cst.FunctionDef) and frame.function.node.decorators:
        returned(frame, node)
    frame.returns.append((node.value, value))


def _if(frame: Frame, node: cst.If) -> None:
    test = evaluate(frame, node.test)
    if isinstance(test, Tensor):
        frame.decline(node.test, "T109", "a branch on the value of a tensor")
    before = dict(frame.env)
    stale = dict(frame.stale)
    _refine(frame, node.test)
    refine(frame, node.test)
    outer, frame.smoke = frame.smoke, frame.smoke or _is_main_guard(node.test)
    suite(frame, node.body)
    frame.smoke = outer
    taken, taken_stale = frame.env, frame.stale
    frame.env, frame.stale = before, stale
    _refine(frame, node.test, negate=True)
    if isinstance(node.orelse, cst.If):
        _if(frame, node.orelse)
    elif node.orelse is not None:
        suite(frame, node.orelse.body)
    exits = _exits(node.body)
    frame.env = frame.env if exits else frame.merge([taken, frame.env])
    frame.stale = frame.stale if exits else {**taken_stale, **frame.stale}


def _is_main_guard(test: cst.BaseExpression) -> bool:
    """``__name__ == "__main__"``: what follows runs only as a script and makes no models of the module's own."""
    return isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and test.left.value == "__name__"


def _refine(frame: Frame, test: cst.BaseExpression, negate: bool = False) -> None:
    """``if x is None: x = ...`` and ``isinstance`` leave nothing to learn for tensors; kept for literals only."""
    if isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and len(test.comparisons) == 1:
        comparison = test.comparisons[0]
        is_none = isinstance(comparison.operator, cst.Is) != negate
        if isinstance(comparison.operator, cst.Is | cst.IsNot) and literal(comparison.comparator) is None:
            if isinstance(comparison.operator, cst.IsNot):
                is_none = negate
            if is_none and frame.env.get(test.left.value) == Unknown():
                frame.env[test.left.value] = NONE


def _exits(suite: cst.BaseSuite) -> bool:
    if not suite.body:
        return False
    last = suite.body[-1]
    smalls = last.body if isinstance(last, cst.SimpleStatementLine) else [last]
    return bool(smalls) and isinstance(smalls[-1], cst.Return | cst.Raise | cst.Continue | cst.Break)


def _loop_target(frame: Frame, node: cst.For) -> Value:
    iterated = frame.sequence(evaluate(frame, node.iter), runs=False)
    if isinstance(iterated, Tensor):
        frame.decline(node.iter, "T109", "a loop over a tensor")
        return UNKNOWN
    frame.iterated(node.iter, iterated)
    return element(iterated)


def _for(frame: Frame, node: cst.For) -> None:
    item = _loop_target(frame, node)

    def once() -> None:
        assign(frame, node.target, item, None)
        suite(frame, node.body)

    _repeat(frame, once)
    if node.orelse is not None:
        suite(frame, node.orelse.body)


def _repeat(frame: Frame, once: Callable[[], None]) -> None:
    """Run a loop's body until it leaves what it finds; what is decided about it is what holds every time."""
    records = frame.function.records()
    for _ in range(3):
        frame.function.put_back(records)
        before = dict(frame.env)
        once()
        frame.env = frame.merge([before, frame.env])
        if frame.env == before:
            break


def _while(frame: Frame, node: cst.While) -> None:
    def once() -> None:
        if isinstance(evaluate(frame, node.test), Tensor):
            frame.decline(node.test, "T109", "a loop on the value of a tensor")
        suite(frame, node.body)

    _repeat(frame, once)
    if node.orelse is not None:
        suite(frame, node.orelse.body)


def _with(frame: Frame, node: cst.With) -> None:
    if without_gradients(frame, node, lambda: suite(frame, node.body)):
        return
    for item in node.items:
        evaluate(frame, item.item)
        if item.asname is not None:
            # What a context manager of a framework enters is its own; of others nothing is known.
            entered = frame.memo.get(item.item)
            assign(frame, item.asname.name, entered if isinstance(entered, Made) else UNKNOWN, None)
    suite(frame, node.body)


def _try(frame: Frame, node: cst.Try | cst.TryStar) -> None:
    before = dict(frame.env)
    suite(frame, node.body)
    ends = [frame.env]
    for handler in node.handlers:
        frame.env = frame.merge([before, ends[0]])
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            frame.bind(handler.name.name.value, UNKNOWN)
        suite(frame, handler.body)
        ends.append(frame.env)
    frame.env = frame.merge(ends)
    for part in (node.orelse, node.finalbody):
        if part is not None:
            suite(frame, part.body)


def _function_def(frame: Frame, node: cst.FunctionDef) -> None:
    function = frame.function
    if node in frame.analysis.helper_definitions:
        return
    for decorator in node.decorators:
        evaluate(frame, decorator.decorator)
    if function.node is None and function.owner is None:
        return
    key = f"{function.key}.<locals>.{node.name.value}"
    if key not in frame.analysis.tables.functions:
        nested = frame.analysis.add_function(node, function.tree, key, None, function)
        frame.analysis.enqueue(nested)
    frame.bind(node.name.value, FunctionRef(key))


def _class_def(frame: Frame, node: cst.ClassDef) -> None:
    if node in frame.analysis.helper_definitions:
        return
    for decorator in node.decorators:
        evaluate(frame, decorator.decorator)
    for base in node.bases:
        if isinstance(base.value, cst.Name):
            report_hidden(frame, base.value)
    if node.name.value not in frame.analysis.tables.classes or frame.function.node is not None:
        frame.bind(node.name.value, UNKNOWN)
        for child in node.bases:
            if frame.api_of(child.value) is not None:
                frame.decline(node, "T105", "a framework class defined inside a function")


def _import(frame: Frame, node: cst.Import | cst.ImportFrom) -> None:
    frame.analysis.imports[node] = frame.function.tree
    for name, origin, star in import_bindings(node):
        frame.analysis.imported_names.add(name)
        if star:
            frame.analysis.add_star(frame.analysis.imported(origin))
        elif FRAMEWORK_ROOTS.get(origin.split(".")[0]) == frame.analysis.to:
            frame.bind(name, TARGET)
        else:
            frame.bind(name, standard(origin) or frame.analysis.imported(origin))


def _delete(frame: Frame, node: cst.Del) -> None:
    return


def _match_statement(frame: Frame, node: cst.Match) -> None:
    evaluate(frame, node.subject)
    before = dict(frame.env)
    ends = [before]
    for case in node.cases:
        frame.env = dict(before)
        for name in _captures(case.pattern):
            frame.bind(name, UNKNOWN)
        suite(frame, case.body)
        ends.append(frame.env)
    frame.env = frame.merge(ends)


def _captures(node: cst.CSTNode) -> list[str]:
    names = [node.name.value] if isinstance(node, cst.MatchAs | cst.MatchStar) and node.name is not None else []
    return names + [name for child in children(node) for name in _captures(child)]


_STATEMENTS: dict[type, Callable[[Frame, Any], None]] = {
    cst.SimpleStatementLine: _simple_line,
    cst.SimpleStatementSuite: _simple_line,
    cst.Expr: _expr,
    cst.Assign: _assignment,
    cst.AnnAssign: _ann_assign,
    cst.AugAssign: _aug_assign,
    cst.Return: _return,
    cst.If: _if,
    cst.For: _for,
    cst.While: _while,
    cst.With: _with,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.FunctionDef: _function_def,
    cst.ClassDef: _class_def,
    cst.Import: _import,
    cst.ImportFrom: _import,
    cst.Del: _delete,
    cst.Match: _match_statement,
}
