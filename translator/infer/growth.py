"""Sequentials that grow: ``model.add(layer)``."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from translator.infer.containers import given_shape
from translator.infer.evaluate import escape
from translator.infer.facts import Conversion, Replace
from translator.infer.frame import Frame
from translator.infer.modules import run_items, run_module, wants
from translator.infer.values import NONE, Container, Instance, LayerAt, Tensor, Value


def add_to_sequential(frame: Frame, node: cst.Call, target: cst.CSTNode, base: Container, item: Value) -> Value:
    """``model.add(layer)``: the element goes to the end of a Sequential held in a local name, or in an attribute that
    is being made."""
    if isinstance(target, cst.Name):
        name = target.value
        return add_element(frame, node, node.args[-1].value, base, item, lambda grown: frame.bind(name, grown))
    owner = frame.memo.get(target.value) if isinstance(target, cst.Attribute) else None
    if isinstance(target, cst.Attribute) and isinstance(owner, Instance) and owner.is_self and _constructs(frame):
        key = ("attribute", owner.cls, target.attr.value)
        return add_element(
            frame, node, node.args[-1].value, base, item, lambda grown: frame.analysis.write(frame.function, key, grown)
        )
    return frame.decline(node, "T102", "adding to a Sequential that is held neither in a local name nor in self")


def _constructs(frame: Frame) -> bool:
    return frame.function.name == "__init__"


def add_element(
    frame: Frame,
    node: cst.Call | cst.Assign,
    arg: cst.BaseExpression,
    base: Container,
    item: Value,
    bind: Callable[[Value], None],
) -> Value:
    """A call, or an assignment, that adds ``arg`` to a Sequential; ``bind`` gets the container that it then is."""
    if isinstance(item, Tensor):
        frame.function.decisions.pop(arg, None)
        frame.analysis.starts[base.site] = item
        frame.decide(node, Replace("drop_statement"))
        return NONE
    frame.analysis.grown.setdefault(base.site, len(base.items))
    frame.analysis.ran.add(base.site)
    if isinstance(item, LayerAt) and arg in item.sites:
        site = frame.analysis.tables.sites[arg]
        site.role, site.escaped = "added", False
    else:
        escape(frame, item)
    if not base.items and base.site not in frame.analysis.starts:
        given = given_shape(frame, item)
        if given is not None:
            frame.analysis.starts[base.site] = given
    grown = Container(base.site, True, (*base.items, item))
    conversion = _added_conversion(frame, base, item, grown)
    frame.function.added.setdefault(node, set()).add(conversion)
    bind(frame.analysis.made(frame.function, grown))
    frame.decide(node, Replace("sequential_add", data=arg))
    return NONE


def _added_conversion(frame: Frame, base: Container, item: Value, grown: Container) -> Conversion | None:
    """The conversion that the new last element needs before it, found by running the elements so far."""
    found: list[Conversion] = []
    entering: Value | None = frame.analysis.starts.get(base.site)
    if entering is None or not base.literal:
        wanted = wants(frame, grown)
        entering = Tensor(wanted[1], wanted[0]) if wanted is not None else Tensor(None, None)
    tail = run_items(frame, base, entering, lambda conversion: None, 0) if base.items else entering
    run_module(frame, item, tail, found.append, None)
    return found[0] if found and base.items else None
