"""Arguments that a function takes, or hands on, as ``*args`` and ``**kwargs``."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.facts import Function
from translator.infer.frame import Frame
from translator.infer.orders import require
from translator.infer.values import Mapping, Tensor, Value


def pass_extra(frame: Frame, function: Function, extra: Sequence[tuple[cst.Arg, Value]]) -> None:
    """Arguments without a parameter of their own: tensors come in source order, since nobody asks for another one."""
    named: list[tuple[str, Value]] = []
    for arg, value in extra:
        brought: Value = value
        if isinstance(value, Tensor) and value.order == "moved":
            brought = require(frame, arg.value, value, "source")
        if arg.keyword is not None:
            named.append((arg.keyword.value, brought))
    kwargs = _kwargs(function)
    if named and kwargs is not None:
        frame.analysis.pass_argument(frame.function, function, kwargs, Mapping(tuple(named)))


def pass_spread(
    frame: Frame, node: cst.Call, function: Function, arg: cst.Arg, value: Value, open_names: Sequence[str]
) -> None:
    """``*args`` or ``**kwargs`` in a call: it may fill any parameter in ``open_names``.

    What it holds is in source order, so that a parameter which wants another order cannot be filled from it.
    """
    known = dict(value.items) if arg.star == "**" and isinstance(value, Mapping) else {}
    for name, item in known.items():
        if name in open_names:
            frame.analysis.pass_argument(frame.function, function, name, item)
    rest = tuple((name, item) for name, item in known.items() if name not in open_names)
    kwargs = _kwargs(function)
    if rest and kwargs is not None:
        frame.analysis.pass_argument(frame.function, function, kwargs, Mapping(rest))
    frame.analysis.watch(frame.function, ("parameter", function.key))
    for name in open_names:
        wanted = frame.analysis.parameter_order(function, name)
        if wanted is not None and wanted.order == "moved" and (wanted.rank or 4) > 2:
            why = f"{name}, whose axes move, may come from {arg.star} arguments"
            frame.decline(node, "T103", why, hint="hand the tensor on by its name")


def _kwargs(function: Function) -> str | None:
    """The name of a function's ``**kwargs``."""
    if not isinstance(function.node, cst.FunctionDef) or function.node.params.star_kwarg is None:
        return None
    return function.node.params.star_kwarg.name.value
