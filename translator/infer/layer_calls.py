"""Calls of layers that take more than one tensor, or settings beside it, as the ``call`` of their entries says.

The layer and its counterpart are called alike, so the call stays as it is; its tensors come in source order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import libcst as cst

from translator.catalog.entry import Entry
from translator.infer import outputs
from translator.infer.facts import LIMIT_CODES, LayerSite, Replace
from translator.infer.frame import Frame
from translator.infer.joins import join
from translator.infer.orders import require
from translator.infer.values import BOTTOM, NONE, Bottom, Items, LayerAt, Tensor, Unknown, Value
from translator.resolve.binding import bind
from translator.syntax import literal

Given = Sequence[tuple[cst.Arg, Value]]
"""The arguments of a call, without ``training``."""


def called(frame: Frame, node: cst.Call, module: LayerAt, given: Given) -> Value | None:
    """A call of layers whose entries say how they are called; None where they are other layers."""
    sites = [frame.analysis.tables.sites[site] for site in sorted(module.sites, key=frame.analysis.site_order)]
    entries = [site.entry for site in sites if site.entry is not None]
    if not any(entry.call for entry in entries) or len(entries) < len(sites):
        return None
    first = entries[0]
    if any((entry.call, entry.pair) != (first.call, first.pair) for entry in entries):
        return frame.decline(node, "T102", "layers with different arguments are called here")
    bound = bind(sites[0].api, first.call, [arg for arg, _ in given])
    if isinstance(bound, str):
        return frame.decline(node, "T102", f"{sites[0].api}, called: {bound}", sites[0].api)
    missing = [param.name for param in first.call if param.required and param.name not in bound.args]
    if missing:
        return frame.decline(node, "T102", f"{sites[0].api} called without {', '.join(missing)}", sites[0].api)
    _name_settings(frame, first, given)
    nodes = {name: value for name, value in bound.args.items() if isinstance(value, cst.BaseExpression)}
    return _run(frame, node, sites, module, nodes)


def _name_settings(frame: Frame, entry: Entry, given: Given) -> None:
    """A layer of Keras takes no settings by position, nor a mask that may be None.

    See ``CallSpec`` and ``_populate_mask_args`` in https://github.com/keras-team/keras/blob/v3.15.1/keras/src/layers/layer.py.
    """
    for param, (arg, _) in zip(entry.call, given, strict=False):
        if frame.analysis.to == "keras" and arg.keyword is None and param.name not in entry.inputs:
            frame.decide(arg, Replace("by_keyword", data=param.name))


def _run(
    frame: Frame, node: cst.Call, sites: Sequence[LayerSite], module: LayerAt, nodes: Mapping[str, cst.BaseExpression]
) -> Value:
    entry = sites[0].entry
    assert entry is not None
    x: Tensor | None = None
    for name, argument in nodes.items():
        value = frame.memo[argument]
        if isinstance(value, Bottom):
            return BOTTOM
        brought = _brought(frame, entry, name, argument, value)
        if name in entry.inputs and brought is None:
            why = f"{name} of {sites[0].api} is not known to be a tensor"
            return frame.decline(node, "T111", why, sites[0].api)
        if brought is not None and name in entry.inputs and brought.rank != len(entry.inputs[name][0].dims):
            why = f"{sites[0].api} of a tensor of rank {brought.rank}: only batches are covered"
            return frame.decline(node, "T102", why, sites[0].api)
        x = brought if x is None else x
    for name, why in sites[0].candidates[0][0].case.given.items():
        if name in nodes and literal(nodes[name]) is not None:
            frame.note(nodes[name], LIMIT_CODES["outputs"], f"{name}: {why}")
    result: Value = BOTTOM
    for site in sites:
        site.calls[node] = (frame.function, module.sites)
        if x is not None:
            remember(site, x)
        site.order = "source"
        result = join(result, _result(frame, node, site, x or Tensor(None, "source")))
    return _given(frame, node, sites[0], nodes, result)


def _brought(frame: Frame, entry: Entry, name: str, node: cst.BaseExpression, value: Value) -> Tensor | None:
    """The tensor of an argument in source order; of a list the first one. None for what is no tensor."""
    shapes = entry.inputs.get(name, ())
    rank = len(shapes[0].dims) if shapes else None
    if isinstance(value, Tensor) or (isinstance(value, Unknown) and value.origins & frame.env.keys()):
        return require(frame, node, value, "source", rank)
    if isinstance(value, Items) and isinstance(node, cst.List | cst.Tuple):
        found = [
            require(frame, element.value, item, "source", rank)
            for element, item in zip(node.elements, value.items, strict=True)
            if isinstance(item, Tensor)
        ]
        return found[0] if len(found) == len(value.items) and found else None
    return None


def remember(site: LayerSite, x: Tensor) -> None:
    """What is known of a layer's input from one more call."""
    site.ranks.add(x.rank)
    clean = Tensor(x.rank, x.order, x.dims, x.dtype)
    site.input = clean if isinstance(site.input, Bottom) else join(site.input, clean)


def _result(frame: Frame, node: cst.Call, site: LayerSite, x: Tensor) -> Tensor:
    alternative, bindings = site.candidates[0]
    analysis = frame.analysis
    found = outputs.result(
        alternative.entry, bindings, x, "source", analysis.source, lambda n: analysis.site_dim(site, n), False
    )
    return replace(found, dtype=alternative.entry.dtype or found.dtype, token=node)


def _given(
    frame: Frame, node: cst.Call, site: LayerSite, nodes: Mapping[str, cst.BaseExpression], result: Value
) -> Value:
    """The result by itself, or in a pair with what the layer gives beside it."""
    entry = site.entry
    assert entry is not None
    if not entry.pair:
        return result
    setting, _, otherwise = entry.pair.partition(" or ")
    default = next(param.default for param in entry.call if param.name == setting)
    asked = literal(nodes[setting]) if setting in nodes else default
    beside: Value = Tensor(None, "source", None, "float", token=node)
    if otherwise:
        return Items((result, NONE if asked is False else beside))
    if not isinstance(asked, bool):
        return frame.decline(node, "T104", f"{site.api}: {setting}= must be a literal", site.api)
    return Items((result, beside)) if asked else result


__all__ = ["called", "remember"]
