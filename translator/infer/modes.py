"""Code that runs without gradients: what leaves it is a value and nothing more.

Inside ``torch.no_grad()`` no operation is recorded, so that each result is detached; Keras has no such mode, and every
result is detached by itself. A tensor that only gets another name there keeps its gradient in PyTorch, so only what is
surely made there is translated. https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from translator.infer.direction import FORWARD
from translator.infer.facts import Declined, Function, Replace
from translator.infer.frame import Frame
from translator.infer.values import (
    FOREIGN,
    Bottom,
    Const,
    FunctionRef,
    Instance,
    Items,
    MethodRef,
    Number,
    Shape,
    Tensor,
    Value,
    options,
    storage,
)
from translator.syntax import children

NO_GRADIENTS = frozenset(["torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad"])
_MAY_GIVE_BACK = frozenset("to float double half bfloat16 type type_as contiguous cpu cuda requires_grad_".split())
"""Methods that give their own tensor back where there is nothing to do."""
_WHY = "without gradients: "
_MAY_KEEP = "what gets a name here may be a tensor from elsewhere, which keeps its gradient"


def without_gradients(frame: Frame, node: cst.With, run: Callable[[], None]) -> bool:
    """``with torch.no_grad():``; whether it is one that was translated. ``run`` evaluates the block."""
    if len(node.items) != 1 or node.items[0].asname is not None or frame.analysis.source != "torch":
        return False
    item = node.items[0].item
    api = frame.api_of(item.func) if isinstance(item, cst.Call) and not item.args else None
    if api not in NO_GRADIENTS:
        return False
    before = frozenset(token for value in frame.env.values() for token in _tokens(value))
    run()
    # Nothing takes gradients in a script, or what does is declined on its own.
    for statement in () if frame.smoke else _statements(node.body):
        problem = _detach(frame, statement, before)
        if problem:
            frame.decline(item, "T106", f"{_WHY}{problem}", api, "detach what is computed here with .detach()")
            return True
    if _has_long_strings(node.body):
        frame.decline(item, "T106", f"{_WHY}a string of several lines in the block", api)
        return True
    frame.decide(node, Replace("unindented", api))
    return True


def _tokens(value: Value) -> frozenset[cst.CSTNode | str]:
    if isinstance(value, Tensor):
        return storage(value)
    if isinstance(value, Items):
        return frozenset(token for item in value.items for token in _tokens(item))
    return frozenset()


def _statements(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The small statements of a block, however deep; definitions are one."""
    for child in children(node):
        if isinstance(child, cst.BaseSmallStatement | cst.FunctionDef | cst.ClassDef):
            yield child
        elif not isinstance(child, cst.BaseExpression):
            yield from _statements(child)


def _detach(frame: Frame, node: cst.CSTNode, before: frozenset[cst.CSTNode | str]) -> str:
    """Detach what a statement computes; why that cannot be done, "" where it is."""
    match node:
        case cst.Pass() | cst.Assert() | cst.Raise() | cst.Continue() | cst.Break() | cst.Import() | cst.ImportFrom():
            return ""
        case cst.Expr():
            decision = frame.function.decisions.get(node) or frame.function.decisions.get(node.value)
            changes = isinstance(decision, Replace) and decision.rewriter == "assign"
            return "a tensor is changed in place" if changes else ""
        case cst.Assign() | cst.Return() if node.value is not None:
            return _detach_value(frame, node, node.value, before)
        case cst.Return():
            return ""
    return "a statement whose results cannot be told"


def _detach_value(
    frame: Frame, node: cst.CSTNode, source: cst.BaseExpression, before: frozenset[cst.CSTNode | str]
) -> str:
    value = frame.memo.get(source)
    if _is_plain(value):
        return ""
    if isinstance(node, cst.Assign) and not all(isinstance(t.target, cst.Name) for t in node.targets):
        return "its results are not names of their own"
    if not isinstance(value, Tensor):
        return _MAY_KEEP
    if value.dtype in ("int", "bool"):
        return ""
    if not _is_made_here(frame, source, value, before):
        return _MAY_KEEP
    if node in frame.function.decisions:
        return "its result is no plain tensor"
    frame.decide(node, Replace("detached", data=source))
    return ""


def _is_plain(value: Value | None) -> bool:
    if isinstance(value, Const | Number | Shape | Bottom):
        return True
    return isinstance(value, Items) and all(_is_plain(item) for item in value.items)


def _is_made_here(
    frame: Frame, source: cst.BaseExpression, value: Tensor, before: frozenset[cst.CSTNode | str]
) -> bool:
    tokens = storage(value)
    callees = _callees(frame, source) if isinstance(source, cst.Call) else []
    if callees:
        # What a function of the file gives is made there, or is an argument or attribute that it hands on.
        return all(_is_fresh(frame, _tokens(function.returned)) for function in callees)
    if tokens & before or not _is_fresh(frame, tokens):
        return False
    # A name stands for what was computed where its storage comes from.
    made = tokens if isinstance(source, cst.Name) else [source]
    return all(node in frame.memo and _makes(node) for node in made)


def _makes(node: cst.CSTNode | str) -> bool:
    """Whether an operation gives a tensor of its own."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return node.func.attr.value not in _MAY_GIVE_BACK
    return isinstance(node, cst.Call | cst.BinaryOperation | cst.UnaryOperation)


def _is_fresh(frame: Frame, tokens: frozenset[cst.CSTNode | str]) -> bool:
    """Whether storage is that of a result of an operation: of no parameter, buffer, argument or attribute."""
    if not tokens or tokens & frame.analysis.variables or any(isinstance(token, str) for token in tokens):
        return False
    attributes = (v for info in frame.analysis.tables.classes.values() for v in info.attributes.values())
    return not any(tokens & _tokens(value) for value in attributes)


def _callees(frame: Frame, node: cst.Call) -> list[Function]:
    """The functions of the file that a call runs."""
    called = frame.memo.get(node.func)
    analysis = frame.analysis
    found: list[Function | None] = []
    for option in options(called) if called is not None else ():
        match option:
            case Instance(cls=cls):
                found += [analysis.find_method(cls, FORWARD["torch"])]
            case MethodRef(cls=cls, name=name, virtual=virtual):
                classes = [cls, *analysis.descendants(cls)] if virtual else [cls]
                found += [analysis.find_method(c, name) for c in classes]
            case FunctionRef(key=key):
                found += [analysis.tables.functions[key]]
    return [function for function in found if function is not None]


def decorator(frame: Frame, node: cst.Call, api: str) -> Value:
    """``@torch.no_grad()`` of a function, whose results are detached where it returns them."""
    function = next((f for f in frame.analysis.tables.functions.values() if _decorates(node, f.node)), None)
    if node.args or function is None or function.node is None:
        return frame.decline(node, "T106", f"{api} other than over a block or a function", api)
    problem = next((p for s in _statements(function.node.body) if (p := _leak(s))), "")
    if problem:
        return frame.decline(node, "T106", f"{_WHY}{problem}", api, "detach what is computed here with .detach()")
    # What the function returns may show that the decorator must stay.
    found = function.decisions.get(node)
    frame.analysis.watch(frame.function, ("decorators", function.key), Const(isinstance(found, Declined)))
    frame.decide(node, found if isinstance(found, Declined) else Replace("drop_decorator", api))
    return FOREIGN


def _decorates(node: cst.Call, function: cst.FunctionDef | cst.Lambda | None) -> bool:
    return isinstance(function, cst.FunctionDef) and any(d.decorator is node for d in function.decorators)


def _leak(node: cst.CSTNode) -> str:
    """How a statement of a function hands on a tensor, other than as its result; "" where it does not."""
    match node:
        case cst.Assign(targets=targets):
            named = all(isinstance(t.target, cst.Name | cst.Tuple) for t in targets)
            return "" if named else "a result that is kept in an object"
        case cst.AugAssign(value=value):
            return "" if isinstance(value, cst.Integer | cst.Float) else "a change in place"
        case cst.FunctionDef() | cst.ClassDef() | cst.Global() | cst.Nonlocal() | cst.AnnAssign():
            return "a statement whose results cannot be told"
        case cst.Expr(value=cst.Yield() | cst.Await()):
            return "results that are given one by one"
        case cst.Expr(value=cst.Call(func=cst.Attribute(attr=name))) if name.value.endswith("_"):
            return "a change in place"
    return ""


def returned(frame: Frame, node: cst.Return) -> None:
    """Detach what a function returns that runs without gradients."""
    function = frame.function.node
    if not isinstance(function, cst.FunctionDef) or frame.analysis.source != "torch":
        return
    apis = [frame.api_of(d.decorator.func) for d in function.decorators if isinstance(d.decorator, cst.Call)]
    if node.value is None or not NO_GRADIENTS.intersection(apis):
        return
    problem = _detach_value(frame, node, node.value, frozenset())
    if problem:
        for over in function.decorators:
            if isinstance(over.decorator, cst.Call) and frame.api_of(over.decorator.func) in NO_GRADIENTS:
                frame.decline(over.decorator, "T106", f"{_WHY}{problem}", hint="detach what is returned with .detach()")
    frame.analysis.changed(("decorators", frame.function.key), Const(bool(problem)))


def _has_long_strings(node: cst.CSTNode) -> bool:
    """Whether a string runs over several lines, whose text would change with the indentation."""
    if isinstance(node, cst.SimpleString | cst.FormattedStringText):
        return "\n" in node.value or "\r" in node.value
    return any(_has_long_strings(child) for child in children(node))
