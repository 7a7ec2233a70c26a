"""Dicts: ModuleDict, methods of dicts, and items that are set one by one."""

from __future__ import annotations

import libcst as cst

from translator.infer.arguments import arguments
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.joins import join, join_all
from translator.infer.values import (
    UNKNOWN,
    Bottom,
    Const,
    Instance,
    Items,
    Many,
    Mapping,
    MappingMethod,
    Value,
    is_moduleish,
)
from translator.syntax import literal

METHODS = frozenset("items keys values get pop update setdefault copy clear".split())


def module_dict(frame: Frame, node: cst.Call, api: str) -> Value:
    """``nn.ModuleDict({...})`` or ``nn.ModuleDict([["name", module], ...])``: a dict, whose layers Keras tracks."""
    if len(node.args) > 1 or any(arg.star or arg.keyword is not None for arg in node.args):
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    value: Value = Mapping(())
    if node.args:
        value = evaluate(frame, node.args[0].value)
        value = value if isinstance(value, Mapping | Bottom) else of_pairs(frame, node.args[0].value)
    if isinstance(value, Bottom):
        return value
    if not isinstance(value, Mapping):
        return frame.decline(node, "T102", f"{api} of something that is not known to be modules by name", api)
    escape(frame, held(value))
    frame.decide(node, Replace("module_dict", api))
    return value


def of_pairs(frame: Frame, node: cst.BaseExpression) -> Value:
    """The dict that a display of pairs stands for."""
    pairs: list[tuple[str, Value]] = []
    for item in node.elements if isinstance(node, cst.List | cst.Tuple) else ():
        parts = item.value.elements if isinstance(item.value, cst.List | cst.Tuple) else ()
        key = literal(parts[0].value) if len(parts) == 2 else None
        if not isinstance(key, str):
            return UNKNOWN
        pairs.append((key, frame.memo.get(parts[1].value, UNKNOWN)))
    return Mapping(tuple(pairs)) if pairs else UNKNOWN


def held(value: Mapping) -> Value:
    """Any value of a dict."""
    return join_all((*(item for _, item in value.items), value.rest))


def lookup(value: Mapping, key: Value) -> Value:
    """``value[key]``: what is known of it."""
    name = key.value if isinstance(key, Const) else None
    known = dict(value.items).get(name) if isinstance(name, str) else None
    if known is not None:
        return join(known, value.rest)
    found = held(value)
    return UNKNOWN if isinstance(found, Bottom) else found


def call_method(frame: Frame, node: cst.Call, method: MappingMethod) -> Value:
    """A method of a dict."""
    values = arguments(frame, node)
    base = method.value
    found = held(base)
    match method.name:
        case "items":
            return Many(Items((UNKNOWN, found)))
        case "keys":
            return Many(UNKNOWN)
        case "values":
            return Many(found)
        case "get" | "pop" if values:
            default = values[1] if len(values) > 1 else Const(None)
            if is_moduleish(default):
                # Callers may hand in another class; the file's own are known.
                key = values[0].value if isinstance(values[0], Const) else None
                named = dict(base.items).get(key, base.rest) if isinstance(key, str) else found
                return join(named, default)
            return join(lookup(base, values[0]), default)
        case "update" if len(values) == 1 and isinstance(values[0], Mapping):
            added = values[0]
            rest = join(base.rest, added.rest)
            put(frame, method.target, Mapping(_with(base.items, added.items), rest))
        case "update" | "setdefault":
            put(
                frame,
                method.target,
                Mapping(base.items, join(base.rest, join_all(tuple(values)) if values else UNKNOWN)),
            )
        case "copy":
            return base
    return UNKNOWN


def _with(items: tuple[tuple[str, Value], ...], more: tuple[tuple[str, Value], ...]) -> tuple[tuple[str, Value], ...]:
    return tuple({**dict(items), **dict(more)}.items())


def set_item(frame: Frame, target: cst.Subscript, base: Mapping, value: Value) -> None:
    """``base[key] = value``."""
    escape(frame, value)
    part = target.slice[0].slice
    key = literal(part.value) if isinstance(part, cst.Index) and len(target.slice) == 1 else None
    if isinstance(key, str):
        put(frame, target.value, Mapping(_with(base.items, ((key, value),)), base.rest))
    else:
        put(frame, target.value, Mapping(base.items, join(base.rest, value)))


def put(frame: Frame, target: cst.CSTNode, value: Mapping) -> None:
    """A dict that has changed, under the name or attribute that holds it."""
    if isinstance(target, cst.Name):
        frame.bind(target.value, value)
    elif isinstance(target, cst.Attribute):
        owner = frame.memo.get(target.value)
        if isinstance(owner, Instance):
            frame.analysis.write(frame.function, ("attribute", owner.cls, target.attr.value), value)
