"""Calls of the file's own functions and methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import libcst as cst

from translator.infer.annotations import FORWARD
from translator.infer.changes import change
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Function, Replace
from translator.infer.frame import Frame
from translator.infer.joins import join
from translator.infer.orders import require
from translator.infer.sizes import pass_size
from translator.infer.star_arguments import pass_extra, pass_spread
from translator.infer.values import BOTTOM, UNKNOWN, ClassRef, Made, Many, Number, Tensor, Unknown, Value
from translator.infer.values import Items as ItemsValue


def own_function(frame: Frame, node: cst.Call, function: Function, cls: str | None) -> Value:
    """Call a function of the file: pass the arguments, bring them in the order it wants, give its result."""
    skip = cls is not None and not _is_static(function)
    name = function.name
    owner = frame.analysis.tables.classes.get(function.owner or "")
    is_forward = owner is not None and owner.module and name == FORWARD[frame.analysis.source]
    if is_forward and isinstance(node.func, cst.Attribute):
        frame.decide(node.func.attr, Replace("forward_name"))
    passed = pass_arguments(frame, node, function, skip_self=skip)
    frame.analysis.watch(frame.function, ("returned", function.key), function.returned)
    for param in sorted(function.changed):
        if param in passed:
            change(frame, passed[param][1], passed[param][0], node, sure=function.changed[param])
    return substitute(function.returned, passed)


def own_method(frame: Frame, node: cst.Call, cls: str, name: str, virtual: bool) -> Value:
    """Call a method; through ``self`` it may also be one that a subclass in the file overrides it with."""
    classes = [cls, *frame.analysis.descendants(cls)] if virtual else [cls]
    methods = list(
        dict.fromkeys(m.key for m in (frame.analysis.find_method(c, name) for c in classes) if m is not None)
    )
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
    return any(
        isinstance(d.decorator, cst.Name) and d.decorator.value == "staticmethod" for d in function.node.decorators
    )


def pass_arguments(
    frame: Frame, node: cst.Call, function: Function, skip_self: bool
) -> dict[str, tuple[cst.BaseExpression, Value]]:
    """Evaluate the arguments and join them into the callee's parameters."""
    names = list(function.parameters[1:] if skip_self else function.parameters)
    passed: dict[str, tuple[cst.BaseExpression, Value]] = {}
    position = 0
    stars = _star_names(function)
    extra: list[tuple[cst.Arg, Value]] = []
    spread: list[tuple[cst.Arg, Value]] = []
    for arg in node.args:
        value = evaluate(frame, arg.value)
        escape(frame, value)
        if isinstance(value, ClassRef):
            _mark_passed(frame, value)
        if arg.star:
            spread.append((arg, value))
            continue
        if arg.keyword is not None:
            name = arg.keyword.value
        elif position < len(names) and names[position] not in stars:
            name = names[position]
            position += 1
        else:
            name = ""
        if name not in function.parameters or name in stars:
            extra.append((arg, value))
            continue
        frame.analysis.pass_argument(frame.function, function, name, value)
        passed[name] = (arg.value, _deliver(frame, function, name, arg.value, value))
    pass_extra(frame, function, extra)
    for arg, value in spread:
        pass_spread(frame, node, function, arg, value, [n for n in names if n not in passed and n not in stars])
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
    frame.analysis.watch(frame.function, ("parameter", function.key))
    wanted = frame.analysis.parameter_order(function, name)
    if isinstance(value, Unknown):
        pass_size(frame, function, name, node)
    if isinstance(value, Tensor | Unknown):
        if wanted is not None and wanted.order == "moved":
            return require(frame, node, value, "moved", wanted.rank)
        if name in function.conflicts or not frame.analysis.moves_boundary:
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
                return replace(
                    first,
                    rank=rank,
                    dtype=value.dtype or first.dtype,
                    dims=first.dims if same else None,
                    token=first.token if same else None,
                )
            return replace(value, origins=frozenset(), token=None)
        return replace(value, origins=frozenset(), token=None)
    if isinstance(value, ItemsValue):
        return replace(value, items=tuple(substitute(v, passed) for v in value.items))
    if isinstance(value, Many):
        return Many(substitute(value.item, passed))
    if isinstance(value, Unknown) and value.origins and not isinstance(value, Made):
        known = [passed[o][1] for o in sorted(value.origins) if o in passed]
        return known[0] if len(known) == 1 else UNKNOWN
    if isinstance(value, Number) and value.dim is not None and not isinstance(value.dim, int):
        return Number(value.kind)
    return value
