"""Displays and comprehensions."""

from __future__ import annotations

import libcst as cst

from translator.infer.assignment import assign
from translator.infer.evaluate import escape, evaluate
from translator.infer.frame import Frame
from translator.infer.joins import element, join_all
from translator.infer.values import UNKNOWN, Const, Items, Many, Mapping, Tensor, Value
from translator.syntax import literal, target_names


def sequence(frame: Frame, node: cst.Tuple | cst.List) -> Value:
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


def mapping(frame: Frame, node: cst.Dict) -> Value:
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


def comprehension(frame: Frame, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Value:
    saved = dict(frame.env)
    _comp_for(frame, node.for_in)
    item = evaluate(frame, node.elt)
    escape(frame, item)
    frame.env = saved
    return Many(item)


def dict_comprehension(frame: Frame, node: cst.DictComp) -> Value:
    saved = dict(frame.env)
    _comp_for(frame, node.for_in)
    evaluate(frame, node.key)
    value = evaluate(frame, node.value)
    escape(frame, value)
    frame.env = saved
    return Mapping((), value)


def _comp_for(frame: Frame, node: cst.CompFor) -> None:
    iterated = frame.sequence(evaluate(frame, node.iter), runs=False)
    if isinstance(iterated, Tensor):
        frame.decline(node.iter, "T109", "a loop over a tensor")
    frame.iterated(node.iter, iterated)
    for name in target_names(node.target):
        frame.env[name] = UNKNOWN
    if isinstance(node.target, cst.Name):
        frame.env[node.target.value] = element(iterated)
    else:
        assign(frame, node.target, element(iterated), None)
    for condition in node.ifs:
        evaluate(frame, condition.test)
    if node.inner_for_in is not None:
        _comp_for(frame, node.inner_for_in)
