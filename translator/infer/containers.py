"""Constructing layers and the containers that hold them."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.unify import Bound, Code
from translator.infer.arguments import arguments, carried
from translator.infer.evaluate import dim_of, escape, evaluate
from translator.infer.facts import Declined, Replace
from translator.infer.frame import Frame
from translator.infer.joins import element
from translator.infer.matching import match
from translator.infer.modules import run_items, run_module
from translator.infer.sizes import doubtful_sizes
from translator.infer.unknown import made_by
from translator.infer.values import (
    BOTTOM,
    DECLINED,
    UNKNOWN,
    Bottom,
    Const,
    Container,
    Instance,
    LayerAt,
    Made,
    Many,
    Number,
    Order,
    Symbol,
    Tensor,
    Unknown,
    Value,
    options,
)
from translator.infer.values import Items as ItemsValue
from translator.syntax import dotted, literal


def construct_inside(frame: Frame, node: cst.Call, wrapper: str) -> Value:
    """The construction of a layer inside a helper function that gives it back: both are one site."""
    inner = node.args[0].value if len(node.args) == 1 and node.args[0].keyword is None else None
    api = frame.api_of(inner.func) if isinstance(inner, cst.Call) else None
    signature = frame.analysis.catalog.signatures.get(api) if api is not None else None
    if not isinstance(inner, cst.Call) or api is None or signature is None or signature.kind != "class":
        arguments(frame, node)
        return frame.decline(node, "T102", f"{wrapper.rsplit('.', 1)[1]} of something else than a new layer", wrapper)
    arguments(frame, inner, carried(frame))
    site = frame.analysis.site(node, frame.function, api)
    site.inner, site.wrapper = inner, wrapper
    return construct(frame, node, api)


def construct(frame: Frame, node: cst.Call, api: str) -> Value:
    """A call of a layer class: remember the site; which candidate it becomes is settled when all calls are known."""
    site = frame.analysis.site(node, frame.function, api)
    found = match(frame, site.construction, api, None)
    if isinstance(found, Declined):
        site.decline = found
        site.candidates = []
        frame.decide(node, found)
        return made_by(api)
    site.candidates = [(alternative, bindings) for alternative, bindings, _ in found]
    site.peeled = found[0][2]
    site.doubts = doubtful_sizes(frame, found[0][0].entry, found[0][1])
    _run_held(frame, found[0][0].entry, found[0][1])
    shape = site.peeled.get("input_shape")
    if shape is not None:
        evaluate(frame, shape.value)
    return LayerAt(frozenset([node]))


def _run_held(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    """The layers that a layer is given run inside of it, on tensors like its own input."""
    shapes = next(iter(entry.inputs.values()), ())
    for hole, kind in entry.kinds.items():
        bound = bindings.get(hole) if kind == "module" else None
        if isinstance(bound, Code):
            x = Tensor(len(shapes[0].dims) if shapes else None, "source", None, "float")
            run_module(frame, frame.memo[bound.node], x, lambda conversion: None, None)


def _module_values(frame: Frame, node: cst.Call) -> list[tuple[cst.BaseExpression, Value, bool]]:
    """The arguments of a container: expression, value, and whether it is starred."""
    return [(arg.value, evaluate(frame, arg.value), arg.star == "*") for arg in node.args]


def _as_element(frame: Frame, node: cst.BaseExpression, value: Value) -> None:
    """A layer constructed as a literal element of a container: what it needs beside itself is spliced in."""
    if isinstance(value, LayerAt) and node in value.sites:
        frame.analysis.tables.sites[node].role = "element"
    else:
        escape(frame, value)


def torch_container(frame: Frame, node: cst.Call, api: str) -> Value:
    runs = api == "torch.nn.Sequential"
    if any(arg.keyword is not None for arg in node.args):
        return frame.decline(node, "T102", f"{api} with keyword arguments", api)
    values = _module_values(frame, node)
    if not runs:
        return _module_list(frame, node, values)
    if len(values) == 1 and values[0][2]:
        inner = values[0][1]
        frame.iterated(values[0][0], inner)
        if _is_foreign(element(inner)):
            return frame.decline(node, "T102", f"{api} of something that is not known to be modules", api)
        frame.decide(node, Replace("sequential", api, data="star"))
        escape(frame, element(inner))
        if isinstance(inner, ItemsValue) and not inner.is_list:
            return frame.analysis.made(frame.function, Container(node, True, inner.items))
        return frame.analysis.made(frame.function, Container(node, True, (Many(element(inner)),)))
    if any(star for _, _, star in values):
        frame.decide(node, Replace("sequential", api, data="list"))
        for _, value, star in values:
            escape(frame, element(value) if star else value)
        items = tuple(Many(element(v)) if s else v for _, v, s in values)
        return frame.analysis.made(frame.function, Container(node, True, items))
    if len(values) == 1 and layers_of_pairs(values[0][0]) is not None:
        nodes = layers_of_pairs(values[0][0]) or []
        found = [frame.memo.get(n, UNKNOWN) for n in nodes]
        for element_node, value in zip(nodes, found, strict=True):
            if isinstance(value, LayerAt) and element_node in value.sites:
                site = frame.analysis.tables.sites[element_node]
                site.role, site.escaped = "element", False
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


def layers_of_pairs(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
    """The modules of ``OrderedDict([("name", module), ...])`` or of a dict display, in order."""
    if isinstance(node, cst.Dict) and all(isinstance(e, cst.DictElement) for e in node.elements):
        return [e.value for e in node.elements]
    if (
        not isinstance(node, cst.Call)
        or len(node.args) != 1
        or (dotted(node.func) or "").rsplit(".", 1)[-1] not in ("OrderedDict", "dict")
    ):
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


def _is_foreign(value: Value) -> bool:
    """Whether a value is nothing known, and nothing that has been reported already."""
    return isinstance(value, Unknown) and value != DECLINED and not isinstance(value, Made)


def _is_module(value: Value) -> bool:
    return all(isinstance(o, LayerAt | Container | Instance) for o in options(value))


def _module_list(frame: Frame, node: cst.Call, values: list[tuple[cst.BaseExpression, Value, bool]]) -> Value:
    frame.decide(node, Replace("module_list", "torch.nn.ModuleList"))
    if not values:
        return Container(node, False, ())
    inner = values[0][1]
    escape(frame, element(inner))
    if isinstance(inner, ItemsValue):
        return Container(node, False, inner.items)
    return Container(node, False, (Many(element(inner)),))


def keras_sequential(frame: Frame, node: cst.Call, api: str) -> Value:
    values = _module_values(frame, node)
    if any(arg.keyword is not None and arg.keyword.value not in ("layers", "name") for arg in node.args):
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    # What a subclass hands on to its base says nothing of the elements.
    named = [arg for arg in node.args if arg.star == "**" or (arg.keyword is not None and arg.keyword.value == "name")]
    values = [v for v, arg in zip(values, node.args, strict=True) if arg not in named]
    if not values:
        frame.decide(node, Replace("sequential", api, data="empty"))
        return Container(node, True, ())
    display, inner, _ = values[0]
    starred = isinstance(display, cst.List | cst.Tuple) and any(
        isinstance(e, cst.StarredElement) for e in display.elements
    )
    form = "value" if not isinstance(display, cst.List | cst.Tuple) else "display_with_stars" if starred else "display"
    frame.decide(node, Replace("sequential", api, data=form))
    if isinstance(display, cst.List | cst.Tuple) and isinstance(inner, ItemsValue):
        nodes = [e.value for e in display.elements]
        for element_node, value in zip(nodes, inner.items, strict=True):
            if isinstance(value, LayerAt) and element_node in value.sites:
                frame.analysis.tables.sites[element_node].role = "element"
                frame.analysis.tables.sites[element_node].escaped = False
        return frame.analysis.made(frame.function, _with_input(frame, Container(node, True, inner.items), nodes))
    if _is_foreign(element(inner)):
        return frame.decline(node, "T102", f"{api} of something that is not known to be layers", api)
    escape(frame, element(inner))
    items = inner.items if isinstance(inner, ItemsValue) else (Many(element(inner)),)
    return frame.analysis.made(frame.function, Container(node, True, items))


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
        start = given_shape(frame, items[0]) if items else None
        chain, shift = container, 0
    if start is not None:
        run_items(frame, chain, start, lambda conversion: None, shift)  # type: ignore[arg-type]
    return Container(container.site, True, tuple(items[shift:])) if shift else container


def given_shape(frame: Frame, first: Value) -> Tensor | None:
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


def keras_input(frame: Frame, node: cst.Call, api: str) -> Value:
    arguments(frame, node)
    shape = next((a.value for a in node.args if a.keyword is None or a.keyword.value in ("shape", "input_shape")), None)
    tensor = Tensor(None, None)
    known = frame.memo.get(shape) if shape is not None else None
    if isinstance(known, ItemsValue) and all(isinstance(v, Const | Number) for v in known.items):
        sizes = [v.value if isinstance(v, Const) else v.dim if isinstance(v, Number) else None for v in known.items]
        tensor = _input_tensor(frame, tuple(sizes)) or tensor
    if isinstance(shape, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in shape.elements):
        sizes = [dim_of(frame, e.value, frame.memo.get(e.value, UNKNOWN)) for e in shape.elements]
        tensor = _input_tensor(frame, tuple(sizes)) or tensor
    frame.decline(node, "T108", "keras.Input outside a Sequential begins a Functional graph", api)
    return tensor


def functional(frame: Frame, node: cst.Call, api: str) -> Value:
    arguments(frame, node)
    return frame.decline(node, "T108", "a Functional model", api, hint="write the model as a subclass of keras.Model")
