"""Layers: construction sites, containers, and what happens when a module is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.unify import Bound, Literal
from translator.infer import expressions, outputs
from translator.infer.annotations import FORWARD
from translator.infer.facts import Conversion, Declined, LayerSite, Replace
from translator.infer.orders import Place, require
from translator.infer.values import (
    BOTTOM,
    DECLINED,
    NONE,
    UNKNOWN,
    Bottom,
    Const,
    Container,
    Dim,
    Instance,
    LayerAt,
    Many,
    Merge,
    Number,
    OneOf,
    Order,
    Symbol,
    Tensor,
    Training,
    Unknown,
    Value,
    element,
    join,
    join_all,
    options,
)
from translator.infer.values import Items as ItemsValue
from translator.syntax import dotted, literal

if TYPE_CHECKING:
    from translator.infer.frame import Frame


def spatial_order(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> tuple[Order, int]:
    """The order in which a spatial operation runs in the target, and the rank of its input."""
    rank = len(next(iter(entry.inputs.values()))[0].dims)
    analysis = frame.analysis
    if analysis.to == "keras":
        return ("moved" if analysis.moves_boundary else "source"), rank
    return ("moved" if analysis.channels_last_source(bindings) else "source"), rank


# construction


def construct(frame: Frame, node: cst.Call, api: str) -> Value:
    """A call of a layer class: remember the site; which candidate it becomes is settled when all calls are known."""
    from translator.infer import calls

    site = frame.analysis.site(node, frame.function, api)
    found = calls.match(frame, node, api, None)
    if isinstance(found, Declined):
        site.decline = found
        site.candidates = []
        frame.decide(node, found)
        return DECLINED
    site.candidates = [(alternative, bindings) for alternative, bindings, _ in found]
    site.peeled = found[0][2]
    shape = site.peeled.get("input_shape")
    if shape is not None:
        expressions.evaluate(frame, shape.value)
    return LayerAt(frozenset([node]))


def _module_values(frame: Frame, node: cst.Call) -> list[tuple[cst.BaseExpression, Value, bool]]:
    """The arguments of a container: expression, value, and whether it is starred."""
    result = []
    for arg in node.args:
        result.append((arg.value, expressions.evaluate(frame, arg.value), arg.star == "*"))
    return result


def _as_element(frame: Frame, node: cst.BaseExpression, value: Value) -> None:
    """A layer constructed as a literal element of a container: what it needs beside itself is spliced in."""
    if isinstance(value, LayerAt) and node in value.sites:
        frame.analysis.tables.sites[node].role = "element"
    else:
        expressions.escape(frame, value)


def _torch_container(frame: Frame, node: cst.Call, api: str) -> Value:
    runs = api == "torch.nn.Sequential"
    if any(arg.keyword is not None for arg in node.args):
        return frame.decline(node, "T102", f"{api} with keyword arguments", api)
    values = _module_values(frame, node)
    if not runs:
        return _module_list(frame, node, values)
    if len(values) == 1 and values[0][2]:
        inner = values[0][1]
        frame.decide(node, Replace("sequential", api, data="star"))
        expressions.escape(frame, element(inner))
        if isinstance(inner, ItemsValue) and not inner.is_list:
            return frame.analysis.made(frame.function, Container(node, True, inner.items))
        return frame.analysis.made(frame.function, Container(node, True, (Many(element(inner)),)))
    if any(star for _, _, star in values):
        frame.decide(node, Replace("sequential", api, data="list"))
        for _, value, star in values:
            expressions.escape(frame, element(value) if star else value)
        items = tuple(Many(element(v)) if s else v for _, v, s in values)
        return frame.analysis.made(frame.function, Container(node, True, items))
    if len(values) == 1 and layers_of_pairs(values[0][0]) is not None:
        nodes = layers_of_pairs(values[0][0]) or []
        found = [frame.memo.get(n, UNKNOWN) for n in nodes]
        for element_node, value in zip(nodes, found, strict=True):
            if isinstance(value, LayerAt) and element_node in value.sites:
                frame.analysis.tables.sites[element_node].role, frame.analysis.tables.sites[element_node].escaped = "element", False
        frame.decide(node, Replace("sequential", api, data="pairs"))
        return frame.analysis.made(frame.function, Container(node, True, tuple(found)))
    if len(values) == 1 and not _is_module(values[0][1]):
        if isinstance(values[0][1], Bottom):
            return BOTTOM
        return frame.decline(node, "T102", f"{api} of something that is not known to be modules", api)
    for element_node, value, _ in values:
        _as_element(frame, element_node, value)
    frame.decide(node, Replace("sequential", api, data="items" if values else "empty"))
    return frame.analysis.made(frame.function, Container(node, True, tuple(value for _, value, _ in values)))


def _is_module(value: Value) -> bool:
    return all(isinstance(o, LayerAt | Container | Instance) for o in options(value))


def layers_of_pairs(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
    """The modules of ``OrderedDict([("name", module), ...])`` or of a dict display, in order."""
    if isinstance(node, cst.Dict) and all(isinstance(e, cst.DictElement) for e in node.elements):
        return [e.value for e in node.elements]
    if not isinstance(node, cst.Call) or len(node.args) != 1 or (dotted(node.func) or "").rsplit(".", 1)[-1] not in ("OrderedDict", "dict"):
        return None
    inner = node.args[0].value
    if isinstance(inner, cst.Dict):
        return layers_of_pairs(inner)
    if not isinstance(inner, cst.List | cst.Tuple):
        return None
    pairs = [e.value for e in inner.elements]
    if not all(isinstance(p, cst.Tuple) and len(p.elements) == 2 for p in pairs):
        return None
    return [p.elements[1].value for p in pairs if isinstance(p, cst.Tuple)]


def _module_list(frame: Frame, node: cst.Call, values: list[tuple[cst.BaseExpression, Value, bool]]) -> Value:
    frame.decide(node, Replace("module_list", "torch.nn.ModuleList"))
    if not values:
        return Container(node, False, ())
    inner = values[0][1]
    expressions.escape(frame, element(inner))
    if isinstance(inner, ItemsValue):
        return Container(node, False, inner.items)
    return Container(node, False, (Many(element(inner)),))


def _keras_sequential(frame: Frame, node: cst.Call, api: str) -> Value:
    values = _module_values(frame, node)
    if any(arg.keyword is not None and arg.keyword.value not in ("layers", "name") for arg in node.args):
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    named = [arg for arg in node.args if arg.keyword is not None and arg.keyword.value == "name"]
    values = [v for v, arg in zip(values, node.args, strict=True) if arg not in named]
    if not values:
        frame.decide(node, Replace("sequential", api, data="empty"))
        return Container(node, True, ())
    display, inner, _ = values[0]
    starred = isinstance(display, cst.List | cst.Tuple) and any(isinstance(e, cst.StarredElement) for e in display.elements)
    form = "value" if not isinstance(display, cst.List | cst.Tuple) else "display_with_stars" if starred else "display"
    frame.decide(node, Replace("sequential", api, data=form))
    if isinstance(display, cst.List | cst.Tuple) and isinstance(inner, ItemsValue):
        nodes = [e.value for e in display.elements]
        for element_node, value in zip(nodes, inner.items, strict=True):
            if isinstance(value, LayerAt) and element_node in value.sites:
                frame.analysis.tables.sites[element_node].role = "element"
                frame.analysis.tables.sites[element_node].escaped = False
        return frame.analysis.made(frame.function, _with_input(frame, Container(node, True, inner.items), nodes))
    expressions.escape(frame, element(inner))
    return frame.analysis.made(frame.function, Container(node, True, (Many(element(inner)),)))


def _with_input(frame: Frame, container: Container, nodes: list[cst.BaseExpression]) -> Value:
    """A leading keras.Input (or input_shape=) says what enters: run the chain once with it to learn the sizes."""
    items = container.items or ()
    start = items[0] if items and isinstance(items[0], Tensor) else None
    if start is not None:
        frame.decide(nodes[0], Replace("drop_element"))
        container = Container(container.site, True, (UNKNOWN, *items[1:]))
        chain: Value = Container(container.site, True, tuple(items[1:]))
        shift = 1
    else:
        start = _given_shape(frame, items[0]) if items else None
        chain, shift = container, 0
    if start is not None:
        _run_items(frame, chain, start, lambda conversion: None, shift)  # type: ignore[arg-type]
    return Container(container.site, True, tuple(items[shift:])) if shift else container


def _given_shape(frame: Frame, first: Value) -> Tensor | None:
    if not isinstance(first, LayerAt) or len(first.sites) != 1:
        return None
    site = frame.analysis.tables.sites.get(next(iter(first.sites)))
    for name in ("input_shape", "input_dim"):
        if site is not None and name in site.peeled:
            value = literal(site.peeled[name].value)
            return _input_tensor(frame, (value,) if isinstance(value, int) else value)
    return None


def _input_tensor(frame: Frame, shape: object) -> Tensor | None:
    if not isinstance(shape, tuple | list):
        return None
    dims = (None, *(d if isinstance(d, int | Symbol) else None for d in shape))
    order: Order = "moved" if frame.analysis.moves_boundary and len(dims) > 2 else "source"
    return Tensor(len(dims), order, dims, "float")


def _keras_input(frame: Frame, node: cst.Call, api: str) -> Value:
    from translator.infer import calls

    calls.arguments(frame, node)
    shape = next((a.value for a in node.args if a.keyword is None or a.keyword.value in ("shape", "input_shape")), None)
    tensor = Tensor(None, None)
    known = frame.memo.get(shape) if shape is not None else None
    if isinstance(known, ItemsValue) and all(isinstance(v, Const | Number) for v in known.items):
        sizes = [v.value if isinstance(v, Const) else v.dim if isinstance(v, Number) else None for v in known.items]
        tensor = _input_tensor(frame, tuple(sizes)) or tensor
    if isinstance(shape, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in shape.elements):
        sizes = [expressions.dim_of(frame, e.value, frame.memo.get(e.value, UNKNOWN)) for e in shape.elements]
        tensor = _input_tensor(frame, tuple(sizes)) or tensor
    frame.decline(node, "T108", "keras.Input outside a Sequential begins a Functional graph", api)
    return tensor


def _functional(frame: Frame, node: cst.Call, api: str) -> Value:
    from translator.infer import calls

    calls.arguments(frame, node)
    return frame.decline(node, "T108", "a Functional model", api, hint="write the model as a subclass of keras.Model")


_MERGES = {"Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Concatenate": "concatenate"}


def _merge_layer(frame: Frame, node: cst.Call, api: str) -> Value:
    """Add, Subtract, Multiply and Concatenate have no module in PyTorch: their calls become the operation itself."""
    operation = _MERGES[api.rsplit(".", 1)[1]]
    axis = -1
    for index, arg in enumerate(node.args):
        name = arg.keyword.value if arg.keyword is not None else "axis" if index == 0 else ""
        value = literal(arg.value)
        if name == "axis" and operation == "concatenate" and isinstance(value, int):
            axis = value
        elif name != "name":
            return frame.decline(node, "T102", f"{api} with these arguments", api)
    frame.function.merges[node] = api
    return Merge(operation, axis, node)


def _call_merge(frame: Frame, node: cst.Call, merge: Merge) -> Value:
    """``add([x, y])``: joins the operands as the operator or ``torch.cat`` would."""
    from translator.infer.orders import join_orders

    inputs = [a for a in node.args if not (a.keyword is not None and a.keyword.value == "training")]
    display = inputs[0].value if len(inputs) == 1 else None
    if not isinstance(display, cst.List | cst.Tuple) or any(isinstance(e, cst.StarredElement) for e in display.elements):
        return frame.decline(node, "T102", "a merging layer called with something else than a list of tensors")
    nodes = [e.value for e in display.elements]
    values = [expressions.evaluate(frame, n) for n in nodes]
    if len(nodes) < 2 or (merge.operation == "subtract" and len(nodes) != 2):
        return frame.decline(node, "T102", "a merging layer called with this number of tensors")
    result = join_orders(frame, nodes, values)
    axis = merge.axis
    if merge.operation == "concatenate":
        from translator.infer.dims import add, moved_axis

        dims = None
        if result.rank is not None and all(isinstance(v, Tensor) and v.dims is not None for v in values):
            total: Dim = 0
            for value in values:
                size = value.dim(axis) if isinstance(value, Tensor) else None
                total = size if total == 0 else add(total, size)
            dims = tuple(total if i == axis % result.rank else d for i, d in enumerate(result.dims or (None,) * result.rank))
        result = replace(result, dims=dims)
        if result.order == "moved" and result.rank is not None:
            axis = moved_axis(axis, result.rank, frame.analysis.to)
        elif result.order is None and result.rank is None and result.origins:
            for name in result.origins:
                if name not in frame.function.demands and frame.function.evaluations > 6:
                    return frame.decline(node, "T107", "the rank of the concatenated tensors is not known")
    frame.decide(node, Replace("merge", f"keras.layers.{merge.operation.capitalize()}", data=(merge.operation, axis)))
    return replace(result, token=node)


ACTIVATIONS = frozenset({"linear", "relu", "sigmoid", "tanh", "softmax", "log_softmax"})


def activation_of(frame: Frame, node: cst.BaseExpression) -> str | None:
    """The Keras activation that an ``activation=`` argument names: by string, by function, or None for "linear"; None if unknown."""
    value = literal(node)
    if value is None:
        return "linear"
    name = value if isinstance(value, str) else (frame.api_of(node) or "").removeprefix("keras.ops.").removeprefix("keras.activations.")
    return name if name in ACTIVATIONS else None


def _merge_function(frame: Frame, node: cst.Call, api: str) -> Value:
    """``keras.layers.add([x, y])`` and its like."""
    operation = api.rsplit(".", 1)[1]
    axis = next((literal(a.value) for a in node.args if a.keyword is not None and a.keyword.value == "axis"), -1)
    if not isinstance(axis, int):
        return frame.decline(node, "T104", f"{api}: axis= is no literal", api)
    kept = [a for a in node.args if a.keyword is None or a.keyword.value == "inputs"]
    if len(kept) + sum(1 for a in node.args if a.keyword is not None and a.keyword.value in ("axis", "name")) != len(node.args):
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    return _call_merge(frame, node, Merge(operation, axis, node))


SPECIAL: Mapping[str, Callable[[Frame, cst.Call, str], Value]] = {
    "torch.nn.Sequential": _torch_container,
    "torch.nn.ModuleList": _torch_container,
    "keras.Sequential": _keras_sequential,
    "keras.Input": _keras_input,
    "keras.layers.InputLayer": _keras_input,
    "keras.Model": _functional,
    **{f"keras.layers.{name}": _merge_layer for name in _MERGES},
    **{f"keras.layers.{name}": _merge_function for name in _MERGES.values()},
}


def add_to_sequential(frame: Frame, node: cst.Call, target: cst.CSTNode, base: Container, item: Value) -> Value:
    """``model.add(layer)``: the element goes to the end of a Sequential held in a local name."""
    if not isinstance(target, cst.Name):
        return frame.decline(node, "T102", "adding to a Sequential that is not held in a local name")
    arg = node.args[0].value
    if isinstance(item, Tensor):
        frame.function.decisions.pop(arg, None)
        frame.analysis.starts[base.site] = item
        frame.decide(node, Replace("drop_statement"))
        return NONE
    frame.analysis.grown.add(base.site)
    frame.analysis.ran.add(base.site)
    if isinstance(item, LayerAt) and arg in item.sites:
        site = frame.analysis.tables.sites[arg]
        site.role, site.escaped = "added", False
    else:
        expressions.escape(frame, item)
    if not base.items and base.site not in frame.analysis.starts:
        given = _given_shape(frame, item)
        if given is not None:
            frame.analysis.starts[base.site] = given
    grown = Container(base.site, True, (*base.items, item))
    conversion = _added_conversion(frame, base, item, grown)
    frame.function.added.setdefault(node, set()).add(conversion)
    frame.bind(target.value, frame.analysis.made(frame.function, grown))
    frame.decide(node, Replace("sequential_add"))
    return NONE


def _added_conversion(frame: Frame, base: Container, item: Value, grown: Container) -> Conversion | None:
    """The conversion that the new last element needs before it, found by running the elements so far."""
    found: list[Conversion] = []
    entering: Value | None = frame.analysis.starts.get(base.site)
    if entering is None or not base.literal:
        wanted = _wants(frame, grown)
        entering = Tensor(wanted[1], wanted[0]) if wanted is not None else Tensor(None, None)
    tail = _run_items(frame, base, entering, lambda conversion: None, 0) if base.items else entering
    _run(frame, item, tail, found.append, None)
    return found[0] if found and base.items else None


# calls


def call(frame: Frame, node: cst.Call, module: Value) -> Value:
    """Call a module value with the arguments of ``node``."""
    from translator.infer import calls

    if isinstance(module, Merge):
        return _call_merge(frame, node, module)
    instances = [o for o in options(module) if isinstance(o, Instance)]
    if instances and len(instances) == len(options(module)):
        result: Value = BOTTOM
        for instance in sorted(instances, key=lambda i: i.cls):
            result = join(result, _call_instance(frame, node, instance))
        return result
    values = [expressions.evaluate(frame, arg.value) for arg in node.args]
    inputs = []
    for arg, value in zip(node.args, values, strict=True):
        if arg.keyword is not None and arg.keyword.value == "training" and frame.analysis.source == "keras":
            _training_argument(frame, arg, value)
        else:
            inputs.append((arg, value))
    if len(inputs) != 1 or inputs[0][0].star:
        return frame.decline(node, "T102", "a layer called with these arguments")
    if any(isinstance(o, Bottom) for o in options(module)):
        return BOTTOM
    if isinstance(inputs[0][1], ItemsValue | Many):
        return frame.decline(node, "T102", "a layer called with a list")
    del calls
    return _run(frame, module, inputs[0][1], inputs[0][0].value, node)


def _training_argument(frame: Frame, arg: cst.Arg, value: Value) -> None:
    if not isinstance(value, Training):
        frame.decline(arg.value, "T102", "training= other than the call's own argument")
    else:
        frame.decide(arg, Replace("drop_argument"))


def _call_instance(frame: Frame, node: cst.Call, instance: Instance) -> Value:
    from translator.infer import calls

    method = frame.analysis.find_method(instance.cls, FORWARD[frame.analysis.source])
    info = frame.analysis.tables.classes[instance.cls]
    if method is None or not info.module:
        called = frame.analysis.find_method(instance.cls, "__call__")
        return calls.own_function(frame, node, called, instance.cls) if called is not None else _entering(frame, node)
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value == "training" and frame.analysis.source == "keras":
            _training_argument(frame, arg, expressions.evaluate(frame, arg.value))
    saved = frame.function.decisions.get(node)
    result = calls.own_function(frame, node, method, instance.cls)
    if isinstance(node.func, cst.Attribute) and saved is None:
        decision = frame.function.decisions.get(node.func.attr)
        if isinstance(decision, Replace) and decision.rewriter == "forward_name" and node.func.attr.value != method.name:
            frame.function.decisions.pop(node.func.attr)
    return result


def _entering(frame: Frame, node: cst.Call) -> Value:
    from translator.infer import calls

    for arg, value in zip(node.args, calls.arguments(frame, node), strict=True):
        if isinstance(value, Tensor) and value.order == "moved":
            require(frame, arg.value, value, "source")
    return UNKNOWN


def _run(frame: Frame, module: Value, x: Value, place: Place, node: cst.Call | None) -> Value:
    """What a module gives for ``x``; conversions go to ``place``."""
    result: Value = BOTTOM
    x = _agree(frame, module, x, place)
    for option in sorted(options(module), key=_option_key):
        match option:
            case LayerAt():
                value = _run_layers(frame, option, x, place, node)
            case Instance():
                value = _run_instance(frame, option, x, place)
            case Container(runs=True):
                value = _run_items(frame, option, x, place, 0)
            case _:
                value = UNKNOWN
                if isinstance(x, Tensor) and x.order == "moved":
                    require(frame, place, x, "source")
        result = join(result, value)
    return result


def _option_key(option: Value) -> str:
    return type(option).__name__ + repr(getattr(option, "cls", ""))


def _agree(frame: Frame, module: Value, x: Value, place: Place) -> Value:
    """Several alternatives must want one order; what one demands the others get."""
    if len(options(module)) < 2 or not isinstance(x, Tensor | Unknown):
        return x
    wanted = {_wants(frame, option) for option in options(module)} - {None}
    if len(wanted) == 1:
        order, rank = wanted.pop()  # type: ignore[misc]
        return require(frame, place, x, order, rank)
    return require(frame, place, x, "source") if wanted else x


def container_signature(frame: Frame, container: Container | LayerAt) -> tuple[Tensor, Value]:
    """What a Sequential takes and gives, found by running it on an input in the order that its elements want."""
    wanted = _wants(frame, container)
    order, rank = wanted if wanted is not None else (None, None)
    entering = Tensor(rank, order)
    return entering, _run(frame, container, entering, lambda conversion: None, None)


def _wants(frame: Frame, option: Value) -> tuple[Order, int] | None:
    if isinstance(option, OneOf):
        found = [w for w in (_wants(frame, o) for o in sorted(option.options, key=_option_key)) if w is not None]
        return found[0] if found else None
    if isinstance(option, LayerAt):
        for node in sorted(option.sites, key=frame.analysis.site_order):
            site = frame.analysis.tables.sites[node]
            if site.candidates and site.candidates[0][0].entry.layout == "spatial":
                return spatial_order(frame, site.candidates[0][0].entry, site.candidates[0][1])
    if isinstance(option, Instance):
        method = frame.analysis.find_method(option.cls, FORWARD[frame.analysis.source])
        if method is not None and len(method.parameters) > 1:
            decided = frame.analysis.parameter_order(method, method.parameters[1])
            if decided is not None and decided.order is not None and decided.rank is not None:
                return decided.order, decided.rank
    if isinstance(option, Container):
        for item in option.items:
            wanted = _wants(frame, item.item if isinstance(item, Many) else item)
            if wanted is not None:
                return wanted
    return None


def _run_layers(frame: Frame, module: LayerAt, x: Value, place: Place, node: cst.Call | None) -> Value:
    result: Value = BOTTOM
    for site_node in sorted(module.sites, key=lambda s: frame.analysis.site_order(s)):
        site = frame.analysis.tables.sites[site_node]
        if node is not None and isinstance(place, cst.CSTNode):
            site.calls[node] = (frame.function, module.sites)
        elif node is None:
            site.escaped = site.escaped or site.role == "attribute"
        result = join(result, _run_site(frame, site, x, place))
    return result


def _run_site(frame: Frame, site: LayerSite, x: Value, place: Place) -> Value:
    candidate = _candidate(frame, site, x)
    if candidate is None:
        return UNKNOWN
    alternative, bindings = candidate
    entry = alternative.entry
    from translator.infer import calls

    order: Order | None
    if entry.layout == "spatial":
        order, rank = spatial_order(frame, entry, bindings)
        brought = require(frame, place, x, order, rank)
    elif entry.layout == "free":
        brought = x if isinstance(x, Tensor) else Tensor(None, None if isinstance(x, Unknown) and x.origins else "source", origins=getattr(x, "origins", frozenset()))
        order = brought.order
    elif entry.layout == "reshaping" and isinstance(x, Tensor) and calls.unit_spatial(x, frame.analysis.source):
        brought, order = x, "source"
    else:
        brought = require(frame, place, x, "source")
        order = brought.order
    _remember(frame, site, brought)
    if entry.layout == "free" and _mutates(frame, site):
        frame.mutate(brought, site.node)
    site.order = order
    last = frame.analysis.channels_last_source(bindings)
    result = outputs.result(entry, bindings, brought, order, frame.analysis.source, lambda n: frame.analysis.site_dim(site, n), last)
    if entry.layout == "spatial" or entry.output.startswith("last"):
        result = replace(result, dtype="float")
    return replace(result, token=brought.token if entry.view else None)


def _mutates(frame: Frame, site: LayerSite) -> bool:
    from translator.infer import calls

    return calls.in_place(frame, site.node, site.api)


def _candidate(frame: Frame, site: LayerSite, x: Value) -> tuple[object, Mapping[str, Bound]] | None:  # type: ignore[type-arg]
    """The first candidate whose input has the rank of ``x``, where that is known."""
    rank = x.rank if isinstance(x, Tensor) else None
    for alternative, bindings in site.candidates:
        shapes = next(iter(alternative.entry.inputs.values()), None)
        ranked = alternative.entry.layout == "spatial" or alternative.entry.kind("rank") == "int"
        if rank is None or shapes is None or not ranked or len(shapes[0].dims) == rank:
            return alternative, bindings
    return None


def _remember(frame: Frame, site: LayerSite, x: Tensor) -> None:
    site.ranks.add(x.rank)
    clean = Tensor(x.rank, x.order, x.dims, x.dtype)
    site.input = clean if isinstance(site.input, Bottom) else join(site.input, clean)


def _run_instance(frame: Frame, module: Instance, x: Value, place: Place) -> Value:
    from translator.infer import calls

    method = frame.analysis.find_method(module.cls, FORWARD[frame.analysis.source])
    if method is None or len(method.parameters) < 2:
        return UNKNOWN
    name = method.parameters[1]
    frame.analysis.pass_argument(frame.function, method, name, x)
    frame.function.reads |= {("parameter", method.key), ("returned", method.key)}
    decided = frame.analysis.parameter_order(method, name)
    if isinstance(x, Tensor | Unknown):
        if decided is not None and decided.order == "moved":
            x = require(frame, place, x, "moved", decided.rank)
        elif name in method.conflicts:
            x = require(frame, place, x, "source")
    dummy = cst.Name(name)
    if name in method.mutated:
        frame.mutate(x, dummy)
    return calls.substitute(method.returned, {name: (dummy, x)})


def _run_items(frame: Frame, module: Container, x: Value, place: Place, shift: int) -> Value:
    """Thread a value through a Sequential; conversions between its elements are recorded with the container."""
    frame.analysis.ran.add(module.site)
    value: Value = x
    for index, item in enumerate(module.items):
        if isinstance(item, Tensor):
            continue
        found: list[Conversion] = []
        where = place if index == 0 else found.append
        value = _run_repeated(frame, module, item, value, where) if isinstance(item, Many) else _run(frame, item, value, where, None)
        if isinstance(value, Bottom):
            return BOTTOM
        if index > 0:
            frame.function.between.setdefault((module.site, index + shift), set()).add(found[0] if found else None)
    return value


def _run_repeated(frame: Frame, module: Container, many: Many, x: Value, place: Place) -> Value:
    """Any number of elements in turn: each must take what the one before it gives."""
    if isinstance(many.item, Bottom):
        return BOTTOM
    first = _run(frame, many.item, x, place, None)
    if isinstance(first, Bottom):
        return BOTTOM
    # What enters the second element is of no known size: sizes of the first round must not stick.
    blurred = replace(first, dims=None) if isinstance(first, Tensor) else first
    converted: list[Conversion] = []
    second = _run(frame, many.item, blurred, converted.append, None)
    if converted or _mixed_needs(frame, many.item):
        frame.decline(module.site, "T107", "the elements of this Sequential want different axis orders, and are not known one by one")
    return join(blurred, second) if not isinstance(second, Bottom) else blurred


def _mixed_needs(frame: Frame, item: Value) -> bool:
    """Whether some layers of a dynamic element want images and others a fixed order."""
    layouts = set()
    for option in options(item):
        if isinstance(option, LayerAt):
            sites = [frame.analysis.tables.sites[node] for node in option.sites]
            layouts |= {"ordered" if e.layout == "reshaping" else e.layout for e in (s.entry for s in sites) if e is not None}
    return "spatial" in layouts and "ordered" in layouts
