"""The arguments of a call, evaluated for whoever is called."""

from __future__ import annotations

import libcst as cst

from translator.infer.evaluate import escape, evaluate
from translator.infer.frame import Frame
from translator.infer.values import UNKNOWN, Value
from translator.syntax import literal


def carried(frame: Frame) -> frozenset[str]:
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
        value = evaluate(frame, arg.value)
        escape(frame, value)
        values.append(value)
    return values


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
