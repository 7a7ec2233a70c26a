"""Calls: of framework functions (matched by entries), of the file's own functions and classes, of modules and builtins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from translator.catalog.entry import Case, Entry
from translator.catalog.load import Alternative
from translator.catalog.pattern import Call, Ref
from translator.catalog.signatures import Signature
from translator.catalog.unify import Bound, BoundCall, Code, Items, Literal, Mismatch, Undecided, holds, unify
from translator.infer import dims, expressions, layers, outputs
from translator.infer.annotations import FORWARD
from translator.infer.facts import ClassInfo, Declined, Function, Note, Replace, Rewrite
from translator.infer.orders import join_orders, require
from translator.infer.values import (
    BOTTOM,
    DECLINED,
    FOREIGN,
    UNKNOWN,
    Bottom,
    Builtin,
    ClassRef,
    Const,
    Container,
    FrameworkRef,
    FunctionRef,
    Instance,
    LayerAt,
    ListMethod,
    Many,
    Merge,
    MethodRef,
    Number,
    OneOf,
    Order,
    Shape,
    Super,
    Tensor,
    TensorMethod,
    Training,
    Unknown,
    Value,
    element,
    is_moduleish,
    join,
    options,
)
from translator.infer.values import Items as ItemsValue
from translator.infer.values import Mapping as MappingValue
from translator.syntax import NOT_LITERAL, dotted, literal

if TYPE_CHECKING:
    from translator.infer.frame import Frame


def call(frame: Frame, node: cst.Call) -> Value:
    """Evaluate a call."""
    function = expressions.raw(frame, node.func)
    return dispatch(frame, node, function)


def dispatch(frame: Frame, node: cst.Call, function: Value) -> Value:
    match function:
        case FrameworkRef(api=api):
            return framework(frame, node, api, None)
        case TensorMethod(receiver=receiver, name=name, tensor=tensor):
            return _method(frame, node, receiver, name, tensor)
        case ClassRef(name=name):
            return _instantiate(frame, node, name)
        case FunctionRef(key=key):
            return own_function(frame, node, frame.analysis.tables.functions[key], None)
        case MethodRef(cls=cls, name=name, virtual=virtual):
            return _own_method(frame, node, cls, name, virtual)
        case LayerAt() | Container() | Instance() | Merge():
            return layers.call(frame, node, function)
        case OneOf():
            return _any(frame, node, function)
        case Builtin(name=name):
            return _builtin(frame, node, name)
        case ListMethod():
            return _list_method(frame, node, function)
        case Bottom():
            arguments(frame, node)
            return BOTTOM
        case _:
            return _unknown(frame, node)


def carried(frame: Frame, node: cst.Call, api: str) -> frozenset[str]:
    """Keyword arguments that are taken off before anything looks at their value: names, initialisers, activations."""
    policies = frame.analysis.catalog.peel.get(frame.analysis.source, {})
    return frozenset(name for name, policy in policies.items() if policy in ("drop", "initial", "activation", "device"))


def arguments(frame: Frame, node: cst.Call, skip: frozenset[str] = frozenset()) -> list[Value]:
    """Evaluate the arguments of a call; layers among them are handed on."""
    values: list[Value] = []
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value in skip:
            values.append(UNKNOWN)
            continue
        value = expressions.evaluate(frame, arg.value)
        expressions.escape(frame, value)
        values.append(value)
    return values


def _unknown(frame: Frame, node: cst.Call) -> Value:
    """A call of something unknown: tensors enter in source order, and nothing is known of the result."""
    values = arguments(frame, node)
    for arg, value in zip(node.args, values, strict=True):
        if isinstance(value, Tensor) and value.order == "moved":
            require(frame, arg.value, value, "source")
    problem = _undecidable(frame, node, values)
    if problem:
        return frame.decline(node, "T107", problem, hint="pass a module that is built in this file, or translate with --layout")
    if isinstance(node.func, cst.Attribute) and frame.analysis.source == "torch":
        name = node.func.attr.value
        owner = frame.memo.get(node.func.value, UNKNOWN)
        if name in expressions.TENSOR_ONLY_METHODS and isinstance(owner, Unknown) and owner != FOREIGN and frame.analysis.uses_framework:
            frame.decline(
                node,
                frame.analysis.missing_code(f"torch.Tensor.{name}"),
                f".{name}() looks like a tensor method, but its object is not known",
                f"torch.Tensor.{name}",
                hint="annotate the variable as torch.Tensor",
            ) if frame.analysis.missing_code(f"torch.Tensor.{name}") == "T106" else frame.decline(
                node,
                "T111",
                f".{name}() looks like a tensor method, but its object is not known",
                f"torch.Tensor.{name}",
                hint="annotate the variable as torch.Tensor",
            )
    return UNKNOWN


def _undecidable(frame: Frame, node: cst.Call, values: Sequence[Value]) -> str:
    """Why the axis order of what goes in and out of an unknown call cannot be decided; "" where it does not matter."""
    if not frame.analysis.moves_boundary:
        return ""
    if any(_holds_moved(value) for value in values):
        return "tensors whose axes have moved are handed to code that is not known, inside a list or dictionary"
    if any(isinstance(o, Instance | LayerAt | Container | MethodRef | FunctionRef) and _is_model_part(frame, o) for v in values for o in options(v)):
        return "a module or function is handed to code that is not known, which may call it in another axis order"
    called = isinstance(node.func, cst.Attribute) and isinstance(frame.memo.get(node.func.value), Instance)
    if frame.memo.get(node.func) == DECLINED:
        return ""
    if called and any(isinstance(v, Tensor) and (v.rank is None or v.rank > 2) for v in values):
        return "the module that is called here is not known, so the axis order that it wants cannot be decided"
    return ""


def _holds_moved(value: Value) -> bool:
    match value:
        case ItemsValue(items=items):
            return any(_holds_moved(v) or (isinstance(v, Tensor) and v.order == "moved") for v in items)
        case Many(item=item):
            return _holds_moved(item) or (isinstance(item, Tensor) and item.order == "moved")
        case MappingValue(items=pairs):
            return any(_holds_moved(v) or (isinstance(v, Tensor) and v.order == "moved") for _, v in pairs)
    return False


def _is_model_part(frame: Frame, value: Value) -> bool:
    if isinstance(value, Instance):
        return frame.analysis.tables.classes[value.cls].module
    if isinstance(value, MethodRef):
        return frame.analysis.tables.classes[value.cls].module
    if isinstance(value, FunctionRef):
        return bool(frame.analysis.tables.functions[value.key].demands)
    return True


def _any(frame: Frame, node: cst.Call, function: OneOf) -> Value:
    modules = [o for o in function.options if isinstance(o, LayerAt | Container | Instance)]
    if modules and len(modules) == len(function.options):
        return layers.call(frame, node, function)
    result: Value = BOTTOM
    for option in sorted(function.options, key=repr):
        result = join(result, dispatch(frame, node, option))
    return result


# framework calls


def framework(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> Value:
    """A call of a framework function, method or class."""
    analysis = frame.analysis
    special = layers.SPECIAL.get(api)
    if special is not None:
        return special(frame, node, api)
    if api in ("keras.ops.shape", "tf.shape", "torch.Tensor.size"):
        return _shape(frame, node, api, receiver)
    values = arguments(frame, node, carried(frame, node, api))
    alternatives = analysis.catalog.alternatives(analysis.source, api)
    if not alternatives:
        hint = "" if receiver is None else "port this line by hand"
        return frame.decline(node, analysis.missing_code(api), f"{api} has no counterpart in the mapping database", api, hint)
    signature = analysis.catalog.signatures.get(api)
    if signature is not None and signature.kind == "class":
        return layers.construct(frame, node, api)
    found = match(frame, node, api, receiver)
    if isinstance(found, Declined):
        frame.decide(node, found)
        return Tensor(None, "source") if any(isinstance(v, Tensor) for v in values) else UNKNOWN
    alternative, bindings, _ = found[0]
    return _apply(frame, node, api, alternative, bindings)


def _method(frame: Frame, node: cst.Call, receiver: cst.CSTNode, name: str, tensor: Tensor) -> Value:
    if frame.analysis.source != "torch":
        arguments(frame, node)
        return frame.decline(node, "T101", f".{name}() of a tensor has no counterpart in the mapping database", name)
    assert isinstance(receiver, cst.BaseExpression)
    return framework(frame, node, f"torch.Tensor.{name}", receiver)


def conditional(frame: Frame, node: cst.IfExp) -> Value | None:
    """A conditional expression that an entry reads as a whole: ``dropout(x) if training else x``."""
    if not isinstance(node.body, cst.Call):
        return None
    api = frame.api_of(node.body.func)
    if api is None:
        return None
    reader = frame.analysis.reader(frame)
    for alternative in frame.analysis.catalog.alternatives(frame.analysis.source, f"if:{api}"):
        for arg in node.body.args:
            expressions.evaluate(frame, arg.value)
        expressions.evaluate(frame, node.orelse)
        outcome = unify(alternative.pattern, node, None, alternative.entry, reader, frame.analysis.catalog.signatures)
        if isinstance(outcome, dict) and isinstance(_conditions(alternative.case, outcome), dict):
            return _apply(frame, node, api, alternative, outcome)
    return None


Candidate = tuple[Alternative, dict[str, Bound], Mapping[str, cst.Arg]]


def match(
    frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None
) -> list[Candidate] | Declined:
    """The alternatives that match a call, best first; or why none does."""
    args, peeled, problem = peel(frame, node, api)
    if problem is not None:
        return problem
    reader = frame.analysis.reader(frame)
    signatures = frame.analysis.catalog.signatures
    found: list[Candidate] = []
    reasons: list[str] = []
    undecided = ""
    for alternative in frame.analysis.catalog.alternatives(frame.analysis.source, api):
        pattern = alternative.pattern
        if not isinstance(pattern, Call) or (undecided and not alternative.case.total):
            continue
        bound = reader.bind(pattern, args, receiver)
        if not isinstance(bound, BoundCall):
            if "star" in bound or bound.startswith("**"):
                return Declined("T103", f"{api}: {bound}", "write the arguments out", api)
            reasons.append(bound)
            continue
        outcome = unify(pattern, node, bound, alternative.entry, reader, signatures)
        verdict = _conditions(alternative.case, outcome) if isinstance(outcome, dict) else outcome
        if isinstance(verdict, Undecided):
            undecided = undecided or verdict.why
        elif isinstance(verdict, Mismatch):
            reasons.append(verdict.why)
        else:
            found.append((alternative, verdict, peeled))
            if not _open(alternative.entry, frame):
                break
    if found:
        return found
    if undecided:
        return Declined("T104", f"{api}: {undecided}", "write the value as a literal", api)
    why = reasons[0] if reasons else "not with these arguments"
    return Declined("T102", f"{api}: {why}", "use covered arguments or port the call by hand", api)


def _open(entry: Entry, frame: Frame) -> bool:
    """Whether facts found later may rule the entry out, so that further alternatives are kept."""
    return frame.analysis.to == "torch"


def _conditions(case: Case, bound: dict[str, Bound]) -> dict[str, Bound] | Mismatch | Undecided:
    for condition in case.when:
        verdict = holds(condition, bound)
        if verdict is False:
            return Mismatch(condition.why or f"{', '.join(condition.holes)} do not satisfy {condition.predicate}")
        if verdict is None:
            return Undecided(f"{', '.join(condition.holes)} must be literals to tell whether {condition.predicate}")
    for condition in case.reject:
        if holds(condition, bound):
            return Mismatch(condition.why or f"{', '.join(condition.holes)}: {condition.predicate}")
    return bound


def peel(frame: Frame, node: cst.Call, api: str) -> tuple[list[cst.Arg], dict[str, cst.Arg], Declined | None]:
    """Take off the keyword arguments that other rewriters carry; see mappings/libraries.toml."""
    policies = frame.analysis.catalog.peel.get(frame.analysis.source, {})
    signature = frame.analysis.catalog.signatures.get(api)
    is_class = signature is not None and signature.kind == "class"
    kept: list[cst.Arg] = []
    peeled: dict[str, cst.Arg] = {}
    for index, arg in enumerate(node.args):
        name = arg.keyword.value if arg.keyword is not None else _positional_name(signature, index, frame.analysis.source)
        policy = policies.get(name)
        mapped = any(
            isinstance(a.pattern, Call) and a.pattern.arg(name) is not None
            for a in frame.analysis.catalog.alternatives(frame.analysis.source, api)
        )
        if policy is None or mapped or (frame.analysis.source == "keras" and not is_class and policy != "drop"):
            kept.append(arg)
            continue
        value = literal(arg.value)
        if (policy == "none" and value is not None) or (policy == "true" and value is not True):
            return kept, peeled, Declined("T102", f"{api}: {name}= is not covered", "port the call by hand", api)
        if policy == "activation" and layers.activation_of(frame, arg.value) is None:
            return kept, peeled, Declined("T102", f"{api}: this activation= is not covered", "apply the activation by hand", api)
        peeled[name] = arg
    return kept, peeled, None


def _positional_name(signature: Signature | None, index: int, source: str) -> str:
    """The name of a positional argument of a Keras layer: ``Dense(10, "relu")`` gives its activation so."""
    params = signature.overloads[0] if signature is not None and signature.overloads else ()
    return params[index].name if source == "keras" and index < len(params) and not params[index].required else ""


def _apply(frame: Frame, node: cst.Call | cst.IfExp, api: str, alternative: Alternative, bindings: Mapping[str, Bound]) -> Value:
    """Axis orders, axis arguments and result of a matched function call."""
    entry = alternative.entry
    nodes = _tensor_nodes(entry, bindings)
    values = [frame.memo.get(n, UNKNOWN) for n in nodes]
    # An argument that is a list display is brought in order item by item.
    nodes, values = _spread(frame, nodes, values)
    axes: dict[str, object] = {}
    x, order = _bring(frame, entry, bindings, nodes, values, axes)
    if isinstance(node, cst.Call) and in_place(frame, node, api) and values:
        frame.mutate(values[0], node)
    last = frame.analysis.channels_last_source(bindings)
    result = outputs.result(entry, bindings, x, order, frame.analysis.source, lambda n: _dim(frame, n), last)
    frame.decide(node, Rewrite(alternative, bindings, api, order, x.rank, axes))
    _special_limits(frame, node, entry, bindings)
    token = values[0].token if entry.view and values and isinstance(values[0], Tensor) else node
    if any(isinstance(b, Literal | Code) and _mode(frame, b) for b in bindings.values()):
        frame.function.needs_training = True
    return replace(result, token=token)


def _mode(frame: Frame, bound: Bound) -> bool:
    return isinstance(bound, Code) and isinstance(frame.memo.get(bound.node), Training)


def _special_limits(frame: Frame, node: cst.CSTNode, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    for limit in entry.limits:
        if limit.when is None or holds(limit.when, bindings) is not False:
            code = {"outputs": "T201", "gradients": "T202", "state": "T002", "initial": "T003"}[limit.affects]
            frame.function.notes[node] = Note(code, f"{entry.name}: {limit.why}")


def in_place(frame: Frame, node: cst.Call, api: str) -> bool:
    """Whether a call changes its input's storage: ``relu_`` and ``inplace=True``, also where that is positional."""
    if api.endswith("_") and not api.endswith("__"):
        return True
    signature = frame.analysis.catalog.signatures.get(api)
    names = [p.name for p in signature.overloads[0]] if signature is not None and signature.overloads else []
    for index, arg in enumerate(node.args):
        name = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
        if name == "inplace" and literal(arg.value) is not False:
            return True
    return False


def _dim(frame: Frame, node: cst.CSTNode) -> dims.Dim:
    assert isinstance(node, cst.BaseExpression)
    return expressions.dim_of(frame, node, frame.memo.get(node, UNKNOWN))


def _tensor_nodes(entry: Entry, bindings: Mapping[str, Bound]) -> list[cst.BaseExpression]:
    nodes = []
    for hole in entry.inputs:
        bound = bindings.get(hole)
        if isinstance(bound, Code) or (isinstance(bound, Literal) and bound.node is not None):
            nodes.append(bound.node)
    return nodes


def _spread(
    frame: Frame, nodes: Sequence[cst.BaseExpression], values: Sequence[Value]
) -> tuple[list[cst.BaseExpression], list[Value]]:
    result_nodes: list[cst.BaseExpression] = []
    result_values: list[Value] = []
    for node, value in zip(nodes, values, strict=True):
        if isinstance(node, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in node.elements):
            for item in node.elements:
                result_nodes.append(item.value)
                result_values.append(frame.memo.get(item.value, UNKNOWN))
        elif isinstance(value, ItemsValue | Many):
            result_nodes.append(node)
            result_values.append(element(value))
        else:
            result_nodes.append(node)
            result_values.append(value)
    return result_nodes, result_values


def _bring(
    frame: Frame,
    entry: Entry,
    bindings: Mapping[str, Bound],
    nodes: Sequence[cst.BaseExpression],
    values: Sequence[Value],
    axes: dict[str, object],
) -> tuple[Tensor, Order | None]:
    """Bring the tensors of a call into the order that its entry needs; the main tensor and the order it runs in."""
    if not values:
        return Tensor(None, "source"), "source"
    if entry.layout == "spatial":
        order, rank = layers.spatial_order(frame, entry, bindings)
        brought = [require(frame, n, v, order, rank) for n, v in zip(nodes, values, strict=True)]
        return brought[0], order
    if entry.layout in ("ordered", "reshaping"):
        if entry.layout == "reshaping" and isinstance(values[0], Tensor) and unit_spatial(values[0], frame.analysis.source):
            return values[0], "source"
        brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        return brought[0], "source" if brought[0].order is not None else None
    merged = join_orders(frame, nodes, values)
    first = values[0] if isinstance(values[0], Tensor) else merged
    if len(values) == 1 and isinstance(values[0], Tensor):
        merged = replace(merged, dims=first.dims, token=first.token)
    if entry.layout == "axes" and merged.order == "moved":
        if _remap(frame, entry, bindings, merged, axes):
            return (merged, "source") if entry.output.startswith("permute(") else (merged, "moved")
        brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
        return replace(brought[0], order="source"), "source"
    return merged, merged.order


def unit_spatial(tensor: Tensor, source: str) -> bool:
    """Whether moving the channel axis does not change the order of the elements: all spatial sizes are 1."""
    if tensor.order != "moved" or tensor.dims is None:
        return False
    spatial = tensor.dims[2:] if source == "torch" else tensor.dims[1:-1]
    return all(size == 1 for size in spatial)


def _remap(frame: Frame, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, axes: dict[str, object]) -> bool:
    if x.rank is None:
        return False
    if entry.output.startswith("permute("):
        return _compose(frame, entry, bindings, x, axes)
    for hole in (h for h in bindings if entry.kind(h) == "axis"):
        bound = bindings[hole]
        if not isinstance(bound, Literal):
            return False
        value = bound.value
        if value is None:
            continue
        keep = bindings.get("keepdim")
        kept = isinstance(keep, Literal) and keep.value is True
        reduces = entry.output.startswith("reduce")
        if reduces and outputs.reduction_order(x, value, kept, frame.analysis.source) == "source":
            return False
        if isinstance(value, int):
            axes[hole] = dims.moved_axis(value, x.rank, frame.analysis.to)
        elif isinstance(value, tuple | list):
            moved = sorted(dims.moved_axis(v, x.rank, frame.analysis.to) % x.rank for v in value)
            axes[hole] = tuple(moved)
    return True


def _compose(frame: Frame, entry: Entry, bindings: Mapping[str, Bound], x: Tensor, axes: dict[str, object]) -> bool:
    """A permutation of a moved tensor: one permutation from the stored order to the wanted one."""
    hole = entry.output[entry.output.index("(") + 1 : -1]
    items = outputs.shape_arguments(bindings.get(hole))
    values = [i if isinstance(i, int) else literal(i) if isinstance(i, cst.CSTNode) else None for i in items or ()]
    if x.rank is None or len(values) != x.rank or not all(isinstance(v, int) for v in values):
        return False
    stored = dims.moved_axes(x.rank, frame.analysis.to)
    axes[hole] = tuple(stored.index(v % x.rank) for v in values if isinstance(v, int))
    return True


def _shape(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> Value:
    arguments(frame, node)
    owner = receiver if receiver is not None else node.args[0].value if node.args else None
    value = frame.memo.get(owner, UNKNOWN) if owner is not None else UNKNOWN
    if not isinstance(value, Tensor):
        if frame.analysis.source == "torch" or not isinstance(value, Unknown):
            return frame.decline(node, "T111", f"{api} of something that is not known to be a tensor", api)
        value = Tensor(None, None, origins=value.origins)
    extra = node.args if receiver is not None else node.args[1:]
    if not extra:
        frame.decide(node, Replace("shape", api))
        return Shape(value)
    index = literal(extra[0].value)
    if len(extra) != 1 or receiver is None:
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    if index is NOT_LITERAL or not isinstance(index, int):
        if value.order == "moved":
            require(frame, receiver, value, "source")
        frame.decide(node, Replace("shape", api, data=None))
        return Number("int")
    moved = dims.moved_axis(index, value.rank, frame.analysis.to) if value.order == "moved" and value.rank else index
    frame.decide(node, Replace("shape", api, data=moved))
    return Number("int", value.dim(index))


# the file's own functions


def _instantiate(frame: Frame, node: cst.Call, name: str) -> Value:
    info = frame.analysis.tables.classes[name]
    function = frame.function
    fields = _record_fields(info)
    if fields is not None:
        return _record(frame, node, fields)
    if info.module:
        if function.owner is not None and frame.analysis.tables.classes[function.owner].module:
            info.inside = True
        else:
            info.instantiated_at_root = True
    if function.owner is None and node.args and all(literal(a.value) is not NOT_LITERAL for a in node.args):
        frame.analysis.constructions.setdefault(name, function.tree.text(node))
    init = frame.analysis.find_method(name, "__init__")
    if init is not None:
        _pass(frame, node, init, skip_self=True)
    elif info.module:
        arguments(frame, node)
    else:
        _unknown(frame, node)
    return Instance(name)


def _record_fields(info: ClassInfo) -> list[str] | None:
    """The fields of a NamedTuple or dataclass of the file, in order; None for other classes."""
    named = any((dotted(arg.value) or "").endswith("NamedTuple") for arg in info.node.bases)
    decorators = [d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator for d in info.node.decorators]
    if not named and not any((dotted(d) or "").endswith("dataclass") for d in decorators):
        return None
    if "__init__" in info.methods or info.bases or not isinstance(info.node.body, cst.IndentedBlock):
        return None
    lines = [s for s in info.node.body.body if isinstance(s, cst.SimpleStatementLine)]
    smalls = [small for line in lines for small in line.body if isinstance(small, cst.AnnAssign)]
    return [small.target.value for small in smalls if isinstance(small.target, cst.Name)]


def _record(frame: Frame, node: cst.Call, fields: list[str]) -> Value:
    items: dict[str, Value] = {}
    for index, arg in enumerate(node.args):
        value = expressions.evaluate(frame, arg.value)
        expressions.escape(frame, value)
        name = arg.keyword.value if arg.keyword is not None else fields[index] if index < len(fields) else ""
        if arg.star or not name:
            return UNKNOWN
        items[name] = value
    return MappingValue(tuple((f, items[f]) for f in fields if f in items))


def own_function(frame: Frame, node: cst.Call, function: Function, cls: str | None) -> Value:
    """Call a function of the file: pass the arguments, bring them in the order it wants, give its result."""
    skip = cls is not None and not _is_static(function)
    name = function.name
    owner = frame.analysis.tables.classes.get(function.owner or "")
    if owner is not None and owner.module and name == FORWARD[frame.analysis.source]:
        if isinstance(node.func, cst.Attribute):
            frame.decide(node.func.attr, Replace("forward_name"))
    passed = _pass(frame, node, function, skip_self=skip)
    frame.function.reads.add(("returned", function.key))
    for param in function.mutated:
        if param in passed:
            frame.mutate(passed[param][1], node)
    return substitute(function.returned, passed)


def _own_method(frame: Frame, node: cst.Call, cls: str, name: str, virtual: bool) -> Value:
    """Call a method; through ``self`` it may also be one that a subclass in the file overrides it with."""
    classes = [cls, *frame.analysis.descendants(cls)] if virtual else [cls]
    methods = list(dict.fromkeys(m.key for m in (frame.analysis.find_method(c, name) for c in classes) if m is not None))
    functions = [frame.analysis.tables.functions[key] for key in methods]
    _share_demands(frame, functions)
    result: Value = BOTTOM
    for function in functions:
        result = join(result, own_function(frame, node, function, cls))
    return result if functions else UNKNOWN


def _share_demands(frame: Frame, functions: Sequence[Function]) -> None:
    """What one of several methods demands of an argument, all of them get."""
    for function in functions:
        for position, parameter in enumerate(function.parameters):
            demand = function.demands.get(parameter)
            if demand is None or demand.rank is None or demand.order is None:
                continue
            for other in functions:
                if other is not function and position < len(other.parameters):
                    frame.analysis.demand(other, other.parameters[position], demand.order, demand.rank, demand.dtype)


def _is_static(function: Function) -> bool:
    if not isinstance(function.node, cst.FunctionDef):
        return False
    return any(isinstance(d.decorator, cst.Name) and d.decorator.value == "staticmethod" for d in function.node.decorators)


def _pass(frame: Frame, node: cst.Call, function: Function, skip_self: bool) -> dict[str, tuple[cst.BaseExpression, Value]]:
    """Evaluate the arguments and join them into the callee's parameters."""
    names = list(function.parameters[1:] if skip_self else function.parameters)
    passed: dict[str, tuple[cst.BaseExpression, Value]] = {}
    position = 0
    stars = _star_names(function)
    for arg in node.args:
        value = expressions.evaluate(frame, arg.value)
        expressions.escape(frame, value)
        if isinstance(value, ClassRef):
            _mark_passed(frame, value)
        if arg.star:
            continue
        if arg.keyword is not None:
            name = arg.keyword.value
        elif position < len(names) and names[position] not in stars:
            name = names[position]
            position += 1
        else:
            continue
        if name not in function.parameters or name in stars:
            continue
        frame.analysis.pass_argument(frame.function, function, name, value)
        passed[name] = (arg.value, _deliver(frame, function, name, arg.value, value))
    return passed


def _star_names(function: Function) -> set[str]:
    if not isinstance(function.node, cst.FunctionDef):
        return set()
    params = function.node.params
    found = {params.star_arg.name.value} if isinstance(params.star_arg, cst.Param) else set()
    return found | ({params.star_kwarg.name.value} if params.star_kwarg is not None else set())


def _mark_passed(frame: Frame, value: ClassRef) -> None:
    """A class handed to another function is built there: it is a part, not a root."""
    info = frame.analysis.tables.classes[value.name]
    if info.module:
        info.inside = True


def _deliver(frame: Frame, function: Function, name: str, node: cst.BaseExpression, value: Value) -> Value:
    frame.function.reads.add(("parameter", function.key))
    wanted = frame.analysis.parameter_order(function, name)
    if isinstance(value, Tensor | Unknown):
        if wanted is not None and wanted.order == "moved":
            return require(frame, node, value, "moved", wanted.rank)
        if name in function.conflicts or (wanted is not None and wanted.order == "source" and isinstance(value, Tensor)):
            return require(frame, node, value, "source")
    return value


def substitute(value: Value, passed: Mapping[str, tuple[cst.BaseExpression, Value]]) -> Value:
    """A callee's result in the caller's terms: what still follows a parameter follows its argument."""
    if isinstance(value, Tensor):
        if value.order is None and value.origins:
            arguments_ = [passed[o][1] for o in sorted(value.origins) if o in passed]
            tensors = [a for a in arguments_ if isinstance(a, Tensor)]
            if tensors:
                first = next((t for t in tensors if t.order == "moved"), tensors[0])
                same = value.token is not None and len(tensors) == 1
                rank = value.rank if value.rank is not None else first.rank
                return replace(first, rank=rank, dtype=value.dtype or first.dtype, dims=first.dims if same else None, token=first.token if same else None)
            return replace(value, origins=frozenset(), token=None)
        return replace(value, origins=frozenset(), token=None)
    if isinstance(value, ItemsValue):
        return replace(value, items=tuple(substitute(v, passed) for v in value.items))
    if isinstance(value, Many):
        return Many(substitute(value.item, passed))
    if isinstance(value, Unknown) and value.origins:
        known = [passed[o][1] for o in sorted(value.origins) if o in passed]
        return known[0] if len(known) == 1 else UNKNOWN
    if isinstance(value, Number) and value.dim is not None and not isinstance(value.dim, int):
        return Number(value.kind)
    return value


# builtins and lists


def _builtin(frame: Frame, node: cst.Call, name: str) -> Value:
    if name == "super":
        arguments(frame, node)
        owner = frame.function.owner
        if node.args:
            value = frame.memo.get(node.args[0].value)
            owner = value.name if isinstance(value, ClassRef) else owner
        return Super(owner) if owner is not None else UNKNOWN
    if name.startswith("super."):
        return _super_call(frame, node, name)
    values = arguments(frame, node)
    first = values[0] if values else UNKNOWN
    if name in ("getattr", "setattr") and isinstance(first, Instance) and len(node.args) > 1:
        return _dynamic_attribute(frame, node, name, first, values)
    if isinstance(first, Tensor) and name in ("float", "int", "bool"):
        return frame.decline(node, "T109", f"{name}() of a tensor")
    for arg, value in zip(node.args, values, strict=True):
        if name in ("list", "tuple", "reversed", "enumerate", "zip", "len", "iter"):
            frame.iterated(arg.value, value)
    if name in ("list", "tuple", "sorted", "reversed", "set"):
        return first if isinstance(first, ItemsValue) and name in ("list", "tuple") else Many(element(first))
    if name == "enumerate":
        return Many(ItemsValue((Number("int"), element(first))))
    if name == "zip":
        return Many(ItemsValue(tuple(element(v) for v in values)))
    if name == "range":
        return Many(Number("int"))
    if name in ("len", "int"):
        return Number("int", first.dim if isinstance(first, Number) else None)
    if name in ("float", "round", "abs"):
        return first if name == "abs" and isinstance(first, Tensor) else Number("float" if name == "float" else "number")
    if name in ("sum", "max", "min") and any(isinstance(v, Tensor) or isinstance(element(v), Tensor) for v in values):
        return frame.decline(node, "T109", f"the built-in {name}() over tensors", hint="write the operations out")
    if name in ("max", "min"):
        return Number("int") if all(isinstance(v, Number | Const) for v in values) else UNKNOWN
    return UNKNOWN


def _dynamic_attribute(frame: Frame, node: cst.Call, name: str, owner: Instance, values: Sequence[Value]) -> Value:
    """``getattr(self, name)``: known where the name is a literal; a computed name may stand for any layer."""
    attribute = literal(node.args[1].value)
    module = frame.analysis.tables.classes[owner.cls].module
    if isinstance(attribute, str):
        if name == "setattr" and len(values) > 2:
            expressions.escape(frame, values[2])
            frame.analysis.write(frame.function, ("attribute", owner.cls, attribute), values[2])
            return UNKNOWN
        found = frame.analysis.attribute(owner.cls, attribute, frame.function)
        return UNKNOWN if isinstance(found, Bottom) else found
    if module:
        return frame.decline(node, "T105", f"{name}() with a computed attribute name", hint="keep the layers in a list")
    return UNKNOWN


def _super_call(frame: Frame, node: cst.Call, name: str) -> Value:
    arguments(frame, node)
    method = name.removeprefix("super.")
    info = frame.analysis.tables.classes.get(frame.function.owner or "")
    if method == "__init__":
        if info is not None and info.module:
            frame.decide(node, Replace("super_init"))
        return UNKNOWN
    if info is not None and (info.module or info.framework_bases):
        return frame.decline(node, "T101", f"super().{method}() has no counterpart in the mapping database")
    return UNKNOWN


def _list_method(frame: Frame, node: cst.Call, method: ListMethod) -> Value:
    values = [expressions.evaluate(frame, arg.value) for arg in node.args]
    for value in values:
        expressions.escape(frame, value)
    item = values[-1] if values else UNKNOWN
    if method.name == "extend":
        item = element(item)
    target = method.target
    base = method.value
    if isinstance(base, Container):
        updated: Value = Container(base.site, base.runs, (Many(join(element(base), item)),))
        if base.runs:
            return layers.add_to_sequential(frame, node, target, base, item)
    else:
        updated = Many(join(element(base), item))
    if isinstance(target, cst.Name):
        frame.bind(target.value, updated)
    elif isinstance(target, cst.Attribute):
        owner = frame.memo.get(target.value)
        if isinstance(owner, Instance):
            frame.analysis.write(frame.function, ("attribute", owner.cls, target.attr.value), updated)
    if isinstance(base, Container) and frame.analysis.to == "keras":
        frame.decide(node.func, Replace("module_list_append", data=method.name)) if isinstance(node.func, cst.Attribute) else None
    return UNKNOWN


__all__ = ["Items", "Ref", "call", "is_moduleish", "own_function"]
