"""What happens when a module is called: layers, instances of the file, containers, and alternatives of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from translator.infer import layer_calls, outputs, recurrent
from translator.infer.annotations import FORWARD
from translator.infer.arguments import arguments, in_place
from translator.infer.changes import change
from translator.infer.evaluate import evaluate
from translator.infer.facts import Conversion, LayerSite, Replace
from translator.infer.frame import Frame
from translator.infer.functions import own_function, substitute
from translator.infer.joins import join
from translator.infer.layer_calls import remember
from translator.infer.merging import call_merge
from translator.infer.orders import Place, floating, join_orders, require
from translator.infer.spatial import bring_channels, for_rank, has_ranks, reshapes_anyhow, spatial_order
from translator.infer.values import (
    BOTTOM,
    UNKNOWN,
    Bottom,
    Const,
    Container,
    DType,
    Instance,
    LayerAt,
    Many,
    Merge,
    Number,
    OneOf,
    Order,
    Tensor,
    Training,
    Unknown,
    Value,
    options,
)
from translator.infer.values import Items as ItemsValue

_MADE_AT_EACH_CALL = (
    "a layer that is made anew at each call has new weights each time, and in PyTorch is always in training mode"
)


def _made_at_each_call(frame: Frame, node: cst.Call, module: LayerAt) -> bool:
    """``nn.Dropout(0.5)(x)`` in a method: means the same on both sides only if it has neither weights nor mode."""
    owner = frame.analysis.tables.classes.get(frame.function.owner or "")
    if node.func not in module.sites or owner is None or not owner.module or frame.function.name == "__init__":
        return False
    sites = [frame.analysis.tables.sites[site] for site in module.sites]
    return any(a.entry.weights is not None or a.entry.mode for site in sites for a, _ in site.candidates)


def call_module(frame: Frame, node: cst.Call, module: Value) -> Value:
    """Call a module value with the arguments of ``node``."""
    if isinstance(module, Merge):
        return call_merge(frame, node, module)
    module = frame.sequence(module)
    if isinstance(module, Bottom):
        return BOTTOM
    if isinstance(module, LayerAt) and _made_at_each_call(frame, node, module):
        return frame.decline(node, "T105", _MADE_AT_EACH_CALL, hint="make the layer in __init__")
    instances = [o for o in options(module) if isinstance(o, Instance)]
    if instances and len(instances) == len(options(module)):
        result: Value = BOTTOM
        for instance in sorted(instances, key=lambda i: i.cls):
            result = join(result, _call_instance(frame, node, instance))
        return result
    values = [evaluate(frame, arg.value) for arg in node.args]
    inputs = []
    for arg, value in zip(node.args, values, strict=True):
        if arg.keyword is not None and arg.keyword.value == "training" and frame.analysis.source == "keras":
            _training_argument(frame, arg, value)
        else:
            inputs.append((arg, value))
    carrying = recurrent.called(frame, node, module, inputs) if isinstance(module, LayerAt) else None
    if carrying is not None:
        return carrying
    several = layer_calls.called(frame, node, module, inputs) if isinstance(module, LayerAt) else None
    if several is not None:
        return several
    if len(inputs) != 1 or inputs[0][0].star:
        together = _run_together(frame, node, module, inputs) if isinstance(module, LayerAt) else None
        if together is not None:
            return together
        return frame.decline(node, "T102", "a layer called with these arguments")
    if any(isinstance(o, Bottom) for o in options(module)):
        return BOTTOM
    if isinstance(inputs[0][1], ItemsValue | Many):
        return frame.decline(node, "T102", "a layer called with a list")
    result_value = run_module(frame, module, inputs[0][1], inputs[0][0].value, node)
    # A fresh tensor: its own storage, unless it is its input's.
    if isinstance(result_value, Tensor) and result_value.token is None:
        return replace(result_value, token=node)
    return result_value


def _run_together(
    frame: Frame, node: cst.Call, module: LayerAt, inputs: Sequence[tuple[cst.Arg, Value]]
) -> Value | None:
    """A layer of several tensors, such as a loss; None where the entries want other arguments."""
    sites = [frame.analysis.tables.sites[site] for site in sorted(module.sites, key=frame.analysis.site_order)]
    entries = [site.entry for site in sites]
    if any(entry is not None and len(entry.inputs) != len(inputs) for entry in entries):
        return None
    if any(arg.star or arg.keyword is not None or isinstance(value, ItemsValue | Many) for arg, value in inputs):
        return None
    result: Value = BOTTOM
    for site, entry in zip(sites, entries, strict=True):
        if entry is None:
            return UNKNOWN
        nodes, values = [arg.value for arg, _ in inputs], [value for _, value in inputs]
        if entry.layout == "free":
            x = join_orders(frame, nodes, values)
        else:
            brought = [require(frame, n, v, "source") for n, v in zip(nodes, values, strict=True)]
            x = brought[0]
        site.calls[node] = (frame.function, module.sites)
        remember(site, x)
        site.order = x.order
        # What a loss gives has no sizes that its settings would tell.
        found = outputs.result(entry, site.candidates[0][1], x, x.order, frame.analysis.source, lambda n: None, False)
        result = join(result, replace(found, dtype=entry.dtype or found.dtype, token=node))
    return result


def _training_argument(frame: Frame, arg: cst.Arg, value: Value) -> None:
    # A literal None is not the mode of the call around it: Keras then runs the layer in inference mode (measured).
    if not isinstance(value, Training):
        frame.decline(arg.value, "T102", "training= other than the call's own argument")
    else:
        frame.decide(arg, Replace("drop_argument"))


def _call_instance(frame: Frame, node: cst.Call, instance: Instance) -> Value:
    method = frame.analysis.find_method(instance.cls, FORWARD[frame.analysis.source])
    info = frame.analysis.tables.classes[instance.cls]
    if method is None or not info.module:
        called = frame.analysis.find_method(instance.cls, "__call__")
        return own_function(frame, node, called, instance.cls) if called is not None else _entering(frame, node)
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value == "training" and frame.analysis.source == "keras":
            _training_argument(frame, arg, evaluate(frame, arg.value))
    saved = frame.function.decisions.get(node)
    result = own_function(frame, node, method, instance.cls)
    if frame.analysis.to == "keras":
        _name_settings(frame, node, method.parameters[1:])
    if isinstance(node.func, cst.Attribute) and saved is None:
        decision = frame.function.decisions.get(node.func.attr)
        if (
            isinstance(decision, Replace)
            and decision.rewriter == "forward_name"
            and node.func.attr.value != method.name
        ):
            frame.function.decisions.pop(node.func.attr)
    return result


def _name_settings(frame: Frame, node: cst.Call, names: Sequence[str]) -> None:
    """A Keras layer takes tensors alone by position: what is none gets its name, and so does what comes after it."""
    found = False
    for arg, name in zip(node.args, names, strict=False):
        if arg.keyword is not None or arg.star:
            return
        value = frame.memo.get(arg.value)
        found = found or isinstance(value, Number | DType) or (isinstance(value, Const) and value.value is not None)
        if found:
            frame.decide(arg, Replace("name_argument", data=name))


def _entering(frame: Frame, node: cst.Call) -> Value:
    for arg, value in zip(node.args, arguments(frame, node), strict=True):
        if isinstance(value, Tensor) and value.order == "moved":
            require(frame, arg.value, value, "source")
    return UNKNOWN


def run_module(frame: Frame, module: Value, x: Value, place: Place, node: cst.Call | None) -> Value:
    """What a module gives for ``x``; conversions go to ``place``."""
    result: Value = BOTTOM
    module = frame.sequence(module)
    x = _agree(frame, module, x, place)
    for option in sorted(options(module), key=_option_key):
        match option:
            case LayerAt():
                value = _run_layers(frame, option, x, place, node, alone=len(options(module)) == 1)
            case Instance():
                value = _run_instance(frame, option, x, place)
            case Bottom():
                return BOTTOM
            case Container(runs=True):
                value = run_items(frame, option, x, place, 0)
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
    wanted = {found for option in options(module) if (found := wants(frame, option)) is not None}
    if len(wanted) == 1:
        order, rank = wanted.pop()
        return require(frame, place, x, order, rank)
    return require(frame, place, x, "source") if wanted else x


def container_signature(frame: Frame, container: Container | LayerAt) -> tuple[Tensor, Value]:
    """What a Sequential takes and gives, found by running it on an input in the order that its elements want."""
    wanted = wants(frame, container)
    order, rank = wanted if wanted is not None else (None, None)
    # What wants an order works on images.
    entering = Tensor(rank, order, None, "float" if order is not None else None)
    return entering, run_module(frame, container, entering, lambda conversion: None, None)


def wants(frame: Frame, option: Value) -> tuple[Order, int] | None:
    """The order and rank that a module needs its input in, None where it takes what comes."""
    option = frame.sequence(option)
    if isinstance(option, OneOf):
        found = [w for w in (wants(frame, o) for o in sorted(option.options, key=_option_key)) if w is not None]
        return found[0] if found else None
    if isinstance(option, LayerAt):
        for node in sorted(option.sites, key=frame.analysis.site_order):
            site = frame.analysis.tables.sites[node]
            spatial = site.candidates and site.candidates[0][0].entry.layout == "spatial"
            if spatial and not has_ranks(site.candidates):
                return spatial_order(frame, site.candidates[0][0].entry, site.candidates[0][1])
    if isinstance(option, Instance):
        method = frame.analysis.find_method(option.cls, FORWARD[frame.analysis.source])
        if method is not None and len(method.parameters) > 1:
            decided = frame.analysis.parameter_order(method, method.parameters[1])
            if decided is not None and decided.order is not None and decided.rank is not None:
                return decided.order, decided.rank
    if isinstance(option, Container):
        for item in option.items:
            wanted = wants(frame, item.item if isinstance(item, Many) else item)
            if wanted is not None:
                return wanted
    return None


def _run_layers(frame: Frame, module: LayerAt, x: Value, place: Place, node: cst.Call | None, alone: bool) -> Value:
    result: Value = BOTTOM
    if len(module.sites) > 1:
        # Several layers may stand here: what one of them needs, all of them get.
        wanted = wants(frame, module)
        if wanted is not None and _mixed_needs(frame, module):
            return frame.decline(
                node or next(iter(module.sites)),
                "T107",
                "the layers that may be called here want different axis orders",
            )
        if wanted is not None:
            x = require(frame, place, x, *wanted)
    for site_node in sorted(module.sites, key=lambda s: frame.analysis.site_order(s)):
        site = frame.analysis.tables.sites[site_node]
        if node is not None and isinstance(place, cst.CSTNode):
            site.calls[node] = (frame.function, module.sites)
        elif node is None:
            site.escaped = site.escaped or site.role == "attribute"
        result = join(result, _run_site(frame, site, x, place, alone and len(module.sites) == 1))
    return result


def _run_site(frame: Frame, site: LayerSite, x: Value, place: Place, alone: bool) -> Value:
    rank = x.rank if isinstance(x, Tensor) else None
    candidate = for_rank(frame, site.candidates, rank)
    if candidate is None:
        # Which of several layers this is depends on the rank; another use of the tensor may still tell it.
        return x if rank is None and site.candidates and isinstance(x, Tensor | Unknown) else UNKNOWN
    alternative, bindings = candidate
    entry = alternative.entry
    if entry.states:
        return recurrent.run(frame, site, x, place, None)
    order: Order | None
    if entry.layout == "spatial":
        order, rank = spatial_order(frame, entry, bindings)
        brought = require(frame, place, x, order, rank)
        floating(frame, x)
    elif entry.layout == "channels":
        brought = bring_channels(frame, place, x, bindings)
        order = brought.order
        if brought.rank != 2:
            site.orders[place if isinstance(place, cst.CSTNode) else frame.function.key] = order or "source"
    elif entry.layout == "free":
        brought = (
            x
            if isinstance(x, Tensor)
            else Tensor(
                None,
                None if isinstance(x, Unknown) and x.origins else "source",
                origins=getattr(x, "origins", frozenset()),
            )
        )
        order = brought.order
    elif isinstance(x, Tensor) and reshapes_anyhow(entry, x, frame.analysis.source):
        brought, order = x, "source"
    else:
        brought = require(frame, place, x, "source")
        order = brought.order
    remember(site, brought)
    if entry.layout == "free" and in_place(frame, site.construction, site.api):
        change(frame, brought, place if isinstance(place, cst.CSTNode) else site.node, site.node, sure=alone)
    site.order = order
    last = frame.analysis.channels_last_source(bindings)
    result = outputs.result(
        entry, bindings, brought, order, frame.analysis.source, lambda n: frame.analysis.site_dim(site, n), last
    )
    if entry.layout == "spatial" or entry.output.startswith("last"):
        result = replace(result, dtype="float")
    if entry.dtype:
        result = replace(result, dtype=entry.dtype)
    changed = entry.layout == "free" and in_place(frame, site.construction, site.api)
    return replace(result, token=brought.token if entry.view or changed else None)


def _run_instance(frame: Frame, module: Instance, x: Value, place: Place) -> Value:
    method = frame.analysis.find_method(module.cls, FORWARD[frame.analysis.source])
    if method is None or len(method.parameters) < 2:
        return UNKNOWN
    name = method.parameters[1]
    frame.analysis.pass_argument(frame.function, method, name, x)
    frame.analysis.watch(frame.function, ("parameter", method.key))
    frame.analysis.watch(frame.function, ("returned", method.key), method.returned)
    decided = frame.analysis.parameter_order(method, name)
    if isinstance(x, Tensor | Unknown):
        if decided is not None and decided.order == "moved":
            x = require(frame, place, x, "moved", decided.rank)
        elif name in method.conflicts or not frame.analysis.moves_boundary:
            x = require(frame, place, x, "source")
    dummy = cst.Name(name)
    if name in method.changed:
        change(frame, x, place if isinstance(place, cst.CSTNode) else dummy, dummy, sure=method.changed[name])
    return substitute(method.returned, {name: (dummy, x)})


def run_items(frame: Frame, module: Container, x: Value, place: Place, shift: int) -> Value:
    """Thread a value through a Sequential; conversions between its elements are recorded with the container."""
    frame.analysis.ran.add(module.site)
    value: Value = x
    for index, item in enumerate(module.items):
        if isinstance(item, Tensor):
            continue
        found: list[Conversion] = []
        where = place if index == 0 else found.append
        value = (
            _run_repeated(frame, module, item, value, where)
            if isinstance(item, Many)
            else run_module(frame, item, value, where, None)
        )
        if isinstance(value, Bottom):
            return BOTTOM
        if index > 0:
            frame.function.between.setdefault((module.site, index + shift), set()).add(found[0] if found else None)
    return value


def _run_repeated(frame: Frame, module: Container, many: Many, x: Value, place: Place) -> Value:
    """Any number of elements in turn: each must take what the one before it gives."""
    if isinstance(many.item, Bottom):
        return BOTTOM
    first = run_module(frame, many.item, x, place, None)
    if isinstance(first, Bottom):
        return BOTTOM
    # What enters the second element is of no known size: sizes of the first round must not stick.
    blurred = replace(first, dims=None) if isinstance(first, Tensor) else first
    converted: list[Conversion] = []
    second = run_module(frame, many.item, blurred, converted.append, None)
    if converted or _mixed_needs(frame, many.item):
        frame.decline(
            module.site,
            "T107",
            "the elements of this Sequential want different axis orders, and are not known one by one",
        )
    return join(blurred, second) if not isinstance(second, Bottom) else blurred


def _mixed_needs(frame: Frame, item: Value) -> bool:
    """Whether some layers of a dynamic element want images and others a fixed order."""
    layouts = set()
    for option in options(item):
        if isinstance(option, LayerAt):
            sites = [frame.analysis.tables.sites[node] for node in option.sites]
            layouts |= {
                "ordered" if e.layout == "reshaping" else e.layout for e in (s.entry for s in sites) if e is not None
            }
    return "spatial" in layouts and "ordered" in layouts
