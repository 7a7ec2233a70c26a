"""Expressions: what each evaluates to. Framework uses are decided here or in ``calls`` and ``layers``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst

from translator.infer import dims
from translator.infer.facts import Replace
from translator.infer.orders import require
from translator.infer.values import (
    BOTTOM,
    FOREIGN,
    UNKNOWN,
    Bottom,
    Builtin,
    ClassRef,
    Const,
    Container,
    Dim,
    FrameworkRef,
    FunctionRef,
    Instance,
    Items,
    LayerAt,
    ListMethod,
    Many,
    Mapping,
    MethodRef,
    Number,
    OneOf,
    Shape,
    Super,
    Symbol,
    Tensor,
    TensorMethod,
    Training,
    Unknown,
    Value,
    element,
    join,
    join_all,
    number_kind,
    options,
)
from translator.syntax import NOT_LITERAL, children, literal

if TYPE_CHECKING:
    from translator.infer.frame import Frame

TENSOR_ONLY_METHODS = frozenset(
    "view permute unsqueeze contiguous detach cuda cpu requires_grad_ expand_as view_as masked_fill masked_fill_ "
    "transpose_ unsqueeze_ squeeze_ flatten_ mul_ add_ div_ sub_ zero_ fill_ normal_ uniform_ matmul bmm softmax "
    "log_softmax sigmoid relu relu_ type_as new_zeros new_ones new_tensor repeat_interleave scatter_ gather "
    "index_select backward".split()
)
"""Names that are methods of PyTorch tensors and of little else: on an unknown object they are reported, never renamed."""


def evaluate(frame: Frame, node: cst.BaseExpression, *, quiet: bool = False) -> Value:
    """Evaluate and record the decisions for a value that is used as a whole."""
    if quiet:
        return frame.memo.get(node, UNKNOWN)
    return settle(frame, node, raw(frame, node))


def settle(frame: Frame, node: cst.BaseExpression, value: Value) -> Value:
    """Decide about a bare framework name, and bring a shape used as a whole into source order."""
    if isinstance(value, FrameworkRef):
        _reference(frame, node, value.api)
    elif isinstance(value, TensorMethod):
        name = f"torch.Tensor.{value.name}" if frame.analysis.source == "torch" else value.name
        return frame.decline(node, frame.analysis.missing_code(name), f".{value.name} of a tensor has no counterpart in the mapping database", name)
    elif isinstance(value, Shape):
        _whole_shape(frame, node, value)
        value = Shape(replace(value.tensor, order="source" if value.tensor.order == "moved" else value.tensor.order))
    return value


def raw(frame: Frame, node: cst.BaseExpression) -> Value:
    """Evaluate without deciding about a bare framework name or shape: its use is up to the caller."""
    handler = _HANDLERS.get(type(node))
    value = handler(frame, node) if handler is not None else _children(frame, node)
    frame.memo[node] = value
    return value


def escape(frame: Frame, value: Value) -> None:
    """A layer is handed on as a value, so its call sites are not all known."""
    for option in options(value) if not isinstance(value, Items | Many) else ():
        if isinstance(option, LayerAt):
            for site in option.sites:
                found = frame.analysis.tables.sites.get(site)
                if found is not None:
                    found.escaped = True


def dim_of(frame: Frame, node: cst.BaseExpression, value: Value) -> Dim:
    """An integer expression as a dimension, where its text holds wherever the running function's names do."""
    if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool):
        return value.value
    if isinstance(value, Number) and isinstance(value.dim, int):
        return value.dim
    if _stable(frame, node):
        return Symbol(frame.function.tree.text(node), frame.function.key)
    return value.dim if isinstance(value, Number) else None


def _stable(frame: Frame, node: cst.CSTNode) -> bool:
    """Whether every name in an expression keeps its value throughout the function."""
    if isinstance(node, cst.Name):
        return node.value in frame.function.parameters and node.value not in frame.function.local_names
    if isinstance(node, cst.Attribute):
        owner = frame.memo.get(node.value)
        return isinstance(owner, Instance) and owner.is_self and frame.function.name == "__init__"
    if isinstance(node, cst.Integer):
        return True
    if isinstance(node, cst.BinaryOperation):
        return _stable(frame, node.left) and _stable(frame, node.right)
    return False


def _reference(frame: Frame, node: cst.BaseExpression, api: str) -> None:
    target = frame.analysis.reference_target(api)
    if target is not None:
        frame.decide(node, Replace("reference", api, target))
        return
    if frame.analysis.is_namespace(api):
        frame.decline(node, "T105", f"{api} is used as a value", api)
    elif frame.analysis.catalog.alternatives(frame.analysis.source, api):
        frame.decline(node, "T105", f"{api} is used as a value, only its calls are translated", api)
    else:
        frame.decline(node, frame.analysis.missing_code(api), f"{api} has no counterpart in the mapping database", api)


def _whole_shape(frame: Frame, node: cst.BaseExpression, value: Shape) -> None:
    """A shape used as a whole must list its axes in source order."""
    owner = _shape_owner(node)
    if owner is not None and value.tensor.order == "moved":
        require(frame, owner, value.tensor, "source")


def _shape_owner(node: cst.BaseExpression) -> cst.BaseExpression | None:
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "size":
        return node.func.value
    if isinstance(node, cst.Call) and node.args:
        return node.args[0].value
    return node.value if isinstance(node, cst.Attribute) else None


def _children(frame: Frame, node: cst.CSTNode) -> Value:
    """Any other expression: its parts are evaluated for their own sake."""
    for child in children(node):
        if isinstance(child, cst.BaseExpression):
            escape(frame, evaluate(frame, child))
        elif not isinstance(child, cst.BaseParenthesizableWhitespace | cst.Comma):
            _children(frame, child)
    return UNKNOWN


def is_eval(frame: Frame, node: cst.Call) -> bool:
    """Whether a call is ``module.eval()``: Keras models are in inference mode unless a call says otherwise."""
    if frame.analysis.source != "torch" or node.args or not isinstance(node.func, cst.Attribute) or node.func.attr.value != "eval":
        return False
    owner = raw(frame, node.func.value)
    if isinstance(owner, Instance):
        info = frame.analysis.tables.classes[owner.cls]
        return info.module and frame.analysis.find_method(owner.cls, "eval") is None
    return isinstance(owner, Container) and owner.runs


def _yield(frame: Frame, node: cst.Yield) -> Value:
    value = node.value
    if isinstance(value, cst.From):
        item = element(evaluate(frame, value.item))
    else:
        item = evaluate(frame, value) if value is not None else Const(None)
    escape(frame, item)
    frame.yields = join(frame.yields, item)
    return UNKNOWN


def _literal(frame: Frame, node: cst.BaseExpression) -> Value:
    value = literal(node)
    return UNKNOWN if value is NOT_LITERAL else Const(value)


def _name(frame: Frame, node: cst.Name) -> Value:
    if node.value in ("None", "True", "False"):
        return _literal(frame, node)
    value = frame.lookup(node.value)
    if isinstance(value, Training):
        frame.function.training_reads[node] = value
    if node.value in frame.stale and isinstance(value, Tensor):
        frame.decline(
            node,
            "T109",
            f"{node.value} is read here, but {frame.stale[node.value]}",
            hint="use the result of the in-place operation, or make the operation out of place",
        )
    return value


def _attribute(frame: Frame, node: cst.Attribute) -> Value:
    base = raw(frame, node.value)
    name = node.attr.value
    match base:
        case FrameworkRef(api=api):
            return FrameworkRef(frame.analysis.catalog.canonical(f"{api}.{name}"))
        case Instance():
            return _instance_attribute(frame, node, base, name)
        case Tensor():
            return _tensor_attribute(frame, node, base, name)
        case Super():
            return _super_attribute(frame, node, base, name)
        case ClassRef(name=cls):
            method = frame.analysis.find_method(cls, name)
            return FunctionRef(method.key) if method is not None else frame.analysis.attribute(cls, name, frame.function)
        case Items() | Many() if name in ("append", "extend", "insert"):
            return ListMethod(node.value, name, base)
        case Container():
            return _container_attribute(frame, node, base, name)
        case Mapping(items=pairs) if name in dict(pairs):
            return dict(pairs)[name]
        case LayerAt():
            escape(frame, base)
            frame.decline(node, "T102", f"attribute .{name} of a layer")
            return UNKNOWN
        case OneOf(options=parts):
            return _attribute_of_any(frame, node, parts, name)
        case Shape():
            _whole_shape(frame, node.value, base)
            return UNKNOWN
        case Unknown() if base == FOREIGN:
            return FOREIGN
    return UNKNOWN


def _attribute_of_any(frame: Frame, node: cst.Attribute, parts: frozenset[Value], name: str) -> Value:
    values = []
    for part in parts:
        if isinstance(part, ClassRef | Instance):
            cls = part.name if isinstance(part, ClassRef) else part.cls
            values.append(frame.analysis.attribute(cls, name, frame.function))
        else:
            values.append(UNKNOWN)
    return join_all(tuple(values))


def _instance_attribute(frame: Frame, node: cst.Attribute, base: Instance, name: str) -> Value:
    analysis = frame.analysis
    info = analysis.tables.classes[base.cls]
    if info.module and name == "training" and analysis.source == "torch":
        frame.function.training_reads[node] = Training()
        frame.function.needs_training = True
        return Training()
    method = analysis.find_method(base.cls, name)
    if method is not None or analysis.has_attribute(base.cls, name):
        frame.reserve(base.cls, node.attr)
    if method is not None and isinstance(method.node, cst.FunctionDef):
        decorated = {d.decorator.value for d in method.node.decorators if isinstance(d.decorator, cst.Name)}
        if "property" in decorated:
            frame.function.reads.add(("returned", method.key))
            return method.returned
        return MethodRef(base.cls, name, virtual=True)
    value = analysis.attribute(base.cls, name, frame.function)
    if isinstance(value, Bottom):
        if info.module and name in analysis.module_members:
            frame.decline(node, "T101", f".{name} of {analysis.module_base} has no counterpart in the mapping database")
        return UNKNOWN if info.module or info.framework_bases else BOTTOM
    return value


def _super_attribute(frame: Frame, node: cst.Attribute, base: Super, name: str) -> Value:
    for ancestor in frame.analysis.ancestry(base.cls)[1:]:
        if name in frame.analysis.tables.classes[ancestor].methods:
            return MethodRef(ancestor, name)
    return Builtin(f"super.{name}")


def _tensor_attribute(frame: Frame, node: cst.Attribute, base: Tensor, name: str) -> Value:
    if name == "shape":
        frame.decide(node, Replace("shape", "torch.Tensor.shape" if frame.analysis.source == "torch" else "shape"))
        return Shape(base)
    if name == "ndim":
        frame.decide(node, Replace("attribute", "torch.Tensor.ndim", name))
        return Number("int")
    return TensorMethod(node.value, name, base)


def _container_attribute(frame: Frame, node: cst.Attribute, base: Container, name: str) -> Value:
    if name in ("append", "extend") and (not base.runs or (name == "append" and frame.analysis.source == "torch")):
        return ListMethod(node.value, name, base)
    if frame.analysis.source == "keras" and name == "add" and base.runs:
        return ListMethod(node.value, name, base)
    if frame.analysis.source == "keras" and name == "layers" and base.runs:
        frame.decide(node, Replace("owner", "keras.Sequential.layers"))
        frame.analysis.escape_items(base)
        return Items(base.items, is_list=True) if base.literal else Many(element(base))
    frame.decline(node, "T102", f".{name} of a module container")
    return UNKNOWN


def _subscript(frame: Frame, node: cst.Subscript) -> Value:
    base = raw(frame, node.value)
    if isinstance(base, FrameworkRef):
        _reference(frame, node.value, base.api)
    indices = []
    for part in node.slice:
        if isinstance(part.slice, cst.Index):
            indices.append(evaluate(frame, part.slice.value))
        else:
            indices.append(UNKNOWN)
            for child in (part.slice.lower, part.slice.upper, part.slice.step):
                if child is not None:
                    evaluate(frame, child)
    match base:
        case Shape():
            return _shape_item(frame, node, base)
        case Tensor():
            return _tensor_item(frame, node, base, indices)
        case Container():
            return _container_item(frame, node, base, indices)
        case Items(items=items):
            index = indices[0].value if len(indices) == 1 and isinstance(indices[0], Const) else None
            if isinstance(index, int) and -len(items) <= index < len(items):
                return items[index]
            return element(base)
        case Many():
            return base if isinstance(node.slice[0].slice, cst.Slice) else base.item
        case Mapping(items=pairs):
            key = indices[0].value if len(indices) == 1 and isinstance(indices[0], Const) else None
            return dict(pairs).get(key, join_all(tuple(v for _, v in pairs))) if pairs else UNKNOWN  # type: ignore[arg-type]
    return UNKNOWN


def _shape_item(frame: Frame, node: cst.Subscript, base: Shape) -> Value:
    tensor = base.tensor
    part = node.slice[0].slice
    if isinstance(part, cst.Index):
        index = literal(part.value)
        if isinstance(index, int) and not isinstance(index, bool):
            if tensor.order == "moved" and tensor.rank is not None and tensor.rank > 2:
                frame.decide(part.value, Replace("literal", data=dims.moved_axis(index, tensor.rank, frame.analysis.to)))
            return Number("int", tensor.dim(index))
    elif tensor.order == "moved" and tensor.rank is not None and part.step is None:
        lower = literal(part.lower) if part.lower is not None else 0
        upper = literal(part.upper) if part.upper is not None else tensor.rank
        if isinstance(lower, int) and isinstance(upper, int):
            wanted = list(range(tensor.rank))[slice(lower, upper)]
            moved = [dims.moved_axis(axis, tensor.rank, frame.analysis.to) % tensor.rank for axis in wanted]
            if moved and moved == list(range(moved[0], moved[0] + len(moved))):
                frame.decide(node.slice[0], Replace("literal", data=f"{moved[0]}:{moved[0] + len(moved)}"))
                return Many(Number("int"))
    if tensor.order == "moved":
        _whole_shape(frame, node.value, base)
    return Many(Number("int")) if isinstance(part, cst.Slice) else Number("int")


def _tensor_item(frame: Frame, node: cst.Subscript, base: Tensor, indices: list[Value]) -> Value:
    removed = added = 0
    for part, index in zip(node.slice, indices, strict=True):
        if isinstance(part.slice, cst.Slice):
            continue
        if isinstance(index, Const) and index.value is None:
            added += 1
        elif number_kind(index) == "int":
            removed += 1
        elif isinstance(part.slice.value, cst.Ellipsis):
            continue
        else:
            frame.decline(node, "T102", "indexing with something that is not known to be an integer or a slice")
            return UNKNOWN
    tensor = require(frame, node.value, base, "source")
    rank = None if tensor.rank is None else tensor.rank - removed + added
    frame.decide(node, Replace("index", "torch.Tensor.__getitem__"))
    # A view of part of the storage: in-place changes of either are visible in the other.
    return Tensor(rank, "source" if tensor.order is not None else None, None, tensor.dtype, frozenset(), tensor.token)


def _container_item(frame: Frame, node: cst.Subscript, base: Container, indices: list[Value]) -> Value:
    if isinstance(node.slice[0].slice, cst.Slice):
        if base.runs:
            frame.decline(node, "T102", "a slice of a Sequential")
        return Many(element(base))
    if base.runs:
        frame.decide(node.value, Replace("sequential_items"))
    index = indices[0].value if isinstance(indices[0], Const) else None
    if base.literal and isinstance(index, int) and -len(base.items) <= index < len(base.items):
        frame.analysis.escape_items(base)
        return base.items[index]
    frame.analysis.escape_items(base)
    return element(base)


def _tuple(frame: Frame, node: cst.Tuple | cst.List) -> Value:
    values = []
    for item in node.elements:
        value = evaluate(frame, item.value)
        escape(frame, value)
        values.append(element(value) if isinstance(item, cst.StarredElement) else value)
    if any(isinstance(item, cst.StarredElement) for item in node.elements):
        return Many(join_all(tuple(values)))
    if values and all(isinstance(v, Const) for v in values) and isinstance(node, cst.Tuple):
        return Items(tuple(values))
    return Items(tuple(values), isinstance(node, cst.List))


def _dict(frame: Frame, node: cst.Dict) -> Value:
    pairs: list[tuple[str, Value]] = []
    complete = True
    for item in node.elements:
        value = evaluate(frame, item.value)
        escape(frame, value)
        if isinstance(item, cst.DictElement):
            evaluate(frame, item.key)
            key = literal(item.key)
            if isinstance(key, str):
                pairs.append((key, value))
                continue
        complete = False
    return Mapping(tuple(pairs)) if complete else UNKNOWN


def _conditional(frame: Frame, node: cst.IfExp) -> Value:
    from translator.infer import calls

    if isinstance(evaluate(frame, node.test), Tensor):
        frame.decline(node.test, "T109", "a choice by the value of a tensor")
    chosen = calls.conditional(frame, node)
    if chosen is not None:
        return chosen
    body, orelse = evaluate(frame, node.body), evaluate(frame, node.orelse)
    if isinstance(body, Tensor) and isinstance(orelse, Tensor) and body.order != orelse.order:
        body = require(frame, node.body, body, "source") if body.order == "moved" else body
        orelse = require(frame, node.orelse, orelse, "source") if orelse.order == "moved" else orelse
    for value in (body, orelse):
        escape(frame, value)
    return join(body, orelse)


def _comprehension(frame: Frame, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Value:
    saved = dict(frame.env)
    _comp_for(frame, node.for_in)
    item = evaluate(frame, node.elt)
    escape(frame, item)
    frame.env = saved
    return Many(item)


def _dict_comprehension(frame: Frame, node: cst.DictComp) -> Value:
    saved = dict(frame.env)
    _comp_for(frame, node.for_in)
    evaluate(frame, node.key)
    escape(frame, evaluate(frame, node.value))
    frame.env = saved
    return UNKNOWN


def _comp_for(frame: Frame, node: cst.CompFor) -> None:
    iterated = evaluate(frame, node.iter)
    if isinstance(iterated, Tensor):
        frame.decline(node.iter, "T109", "a loop over a tensor")
    frame.iterated(node.iter, iterated)
    for name in _names(node.target):
        frame.env[name] = UNKNOWN
    if isinstance(node.target, cst.Name):
        frame.env[node.target.value] = element(iterated)
    else:
        frame.assign(node.target, element(iterated), None)
    for condition in node.ifs:
        evaluate(frame, condition.test)
    if node.inner_for_in is not None:
        _comp_for(frame, node.inner_for_in)


def _names(node: cst.CSTNode) -> list[str]:
    from translator.syntax import target_names

    return list(target_names(node))


def _walrus(frame: Frame, node: cst.NamedExpr) -> Value:
    value = evaluate(frame, node.value)
    frame.assign(node.target, value, node.value)
    return value


def _lambda(frame: Frame, node: cst.Lambda) -> Value:
    saved = dict(frame.env)
    for param in [*node.params.params, *node.params.posonly_params, *node.params.kwonly_params]:
        frame.env[param.name.value] = Tensor(None, None) if False else UNKNOWN
    evaluate(frame, node.body)
    frame.env = saved
    return UNKNOWN


def _call(frame: Frame, node: cst.Call) -> Value:
    from translator.infer import calls

    if is_eval(frame, node):
        frame.decide(node, Replace("receiver", "torch.nn.Module.eval"))
        assert isinstance(node.func, cst.Attribute)
        return frame.memo[node.func.value]
    return calls.call(frame, node)


def _operator(frame: Frame, node: Any) -> Value:
    from translator.infer import operators

    return operators.operate(frame, node)


def _formatted(frame: Frame, node: cst.FormattedString) -> Value:
    for part in node.parts:
        if isinstance(part, cst.FormattedStringExpression):
            evaluate(frame, part.expression)
    return UNKNOWN


_HANDLERS: dict[type, Callable[[Frame, Any], Value]] = {
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Integer: _literal,
    cst.Float: _literal,
    cst.SimpleString: _literal,
    cst.Ellipsis: lambda frame, node: UNKNOWN,
    cst.Subscript: _subscript,
    cst.Tuple: _tuple,
    cst.List: _tuple,
    cst.Dict: _dict,
    cst.IfExp: _conditional,
    cst.ListComp: _comprehension,
    cst.GeneratorExp: _comprehension,
    cst.SetComp: _comprehension,
    cst.DictComp: _dict_comprehension,
    cst.NamedExpr: _walrus,
    cst.Lambda: _lambda,
    cst.BinaryOperation: _operator,
    cst.UnaryOperation: _operator,
    cst.Comparison: _operator,
    cst.BooleanOperation: _operator,
    cst.FormattedString: _formatted,
    cst.Yield: _yield,
}

__all__ = ["BOTTOM", "TENSOR_ONLY_METHODS", "Training", "Unknown", "dim_of", "escape", "evaluate", "raw"]
