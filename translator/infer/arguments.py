"""The arguments of a call, evaluated for whoever is called."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.values import UNKNOWN, Partial, Value
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


def decline_values(frame: Frame, node: cst.Call, values: Sequence[Value]) -> None:
    """Names of the framework that are handed to code of which nothing is known stay as they are."""
    for arg, value in zip(node.args, values, strict=True):
        elements = arg.value.elements if isinstance(arg.value, cst.Tuple | cst.List) else ()
        for part in (arg.value, *(element.value for element in elements)):
            decision = frame.function.decisions.get(part)
            if isinstance(decision, Replace) and decision.rewriter == "factory":
                why = f"{decision.api} is used as a value, only its calls are translated"
                frame.decline(part, "T105", why, decision.api)
        if isinstance(value, Partial):
            frame.decline(arg.value, "T105", "a factory of layers is handed to code that is not known")
