"""Matching a framework call against the entries of the catalog."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from translator.catalog.entry import Case
from translator.catalog.load import Alternative
from translator.catalog.pattern import Call
from translator.catalog.predicates import DOUBTFUL
from translator.catalog.predicates import UNKNOWN as UNKNOWN_VALUE
from translator.catalog.signatures import Signature
from translator.catalog.unify import Bound, BoundCall, Literal, Mismatch, Undecided, holds, unify
from translator.infer.facts import Declined
from translator.infer.frame import Frame
from translator.model import Framework
from translator.syntax import literal

ACTIVATIONS = frozenset({"linear", "relu", "sigmoid", "tanh", "softmax", "log_softmax"})


def activation_of(frame: Frame, node: cst.BaseExpression) -> str | None:
    """The Keras activation that an ``activation=`` argument names, or None if that is not known.

    A literal None there stands for "linear".
    """
    value = literal(node)
    if value is None:
        return "linear"
    name = (
        value
        if isinstance(value, str)
        else (frame.api_of(node) or "").removeprefix("keras.ops.").removeprefix("keras.activations.")
    )
    return name if name in ACTIVATIONS else None


Candidate = tuple[Alternative, dict[str, Bound], Mapping[str, cst.Arg]]


def match(frame: Frame, node: cst.Call, api: str, receiver: cst.BaseExpression | None) -> list[Candidate] | Declined:
    """The alternatives that match a call, best first; or why none does."""
    args, peeled, problem = peel(frame, node, api)
    if problem is not None:
        return problem
    reader = frame.analysis.reader(frame)
    signatures = frame.analysis.catalog.signatures
    found: list[Candidate] = []
    reasons: list[str] = []
    undecided = ""
    for alternative in frame.analysis.catalog.alternatives(frame.analysis.source, api):
        pattern = alternative.pattern
        if not isinstance(pattern, Call) or (undecided and not alternative.case.total):
            continue
        bound = reader.bind(pattern, args, receiver)
        if not isinstance(bound, BoundCall):
            if "star" in bound or bound.startswith("**"):
                return Declined("T103", f"{api}: {bound}", "write the arguments out", api)
            reasons.append(bound)
            continue
        outcome = unify(pattern, node, bound, alternative.entry, reader, signatures)
        verdict = unmet(alternative.case, outcome, frame.analysis.to) if isinstance(outcome, dict) else outcome
        if isinstance(verdict, Undecided):
            undecided = undecided or verdict.why
        elif isinstance(verdict, Mismatch):
            reasons.append(verdict.why)
        else:
            found.append((alternative, verdict, peeled))
            # Facts found later may rule an entry out for PyTorch, so that further alternatives are kept.
            if frame.analysis.to != "torch":
                break
    if found:
        return found
    if undecided:
        return Declined("T104", f"{api}: {undecided}", "write the value as a literal", api)
    why = reasons[0] if reasons else "not with these arguments"
    return Declined("T102", f"{api}: {why}", "use covered arguments or port the call by hand", api)


def unmet(case: Case, bound: dict[str, Bound], to: Framework) -> dict[str, Bound] | Mismatch | Undecided:
    for condition in case.when:
        verdict = holds(condition, bound)
        if verdict is False:
            return Mismatch(condition.why or f"{', '.join(condition.holes)} do not satisfy {condition.predicate}")
        if verdict is None:
            return Undecided(f"{', '.join(condition.holes)} must be literals to tell whether {condition.predicate}")
    for condition in case.reject:
        rejected = holds(condition, bound)
        half = DOUBTFUL.get(condition.predicate) if to == "keras" else None
        if rejected is None and half is not None and any(half(_literal_of(bound, hole)) for hole in condition.holes):
            return Undecided(f"{', '.join(condition.holes)} must be literals: {condition.why or condition.predicate}")
        if rejected:
            return Mismatch(condition.why or f"{', '.join(condition.holes)}: {condition.predicate}")
    return bound


def peel(frame: Frame, node: cst.Call, api: str) -> tuple[list[cst.Arg], dict[str, cst.Arg], Declined | None]:
    """Take off the keyword arguments that other rewriters carry; see mappings/libraries.toml."""
    policies = frame.analysis.catalog.peel.get(frame.analysis.source, {})
    signature = frame.analysis.catalog.signatures.get(api)
    is_class = signature is not None and signature.kind == "class"
    kept: list[cst.Arg] = []
    peeled: dict[str, cst.Arg] = {}
    for index, arg in enumerate(node.args):
        name = (
            arg.keyword.value if arg.keyword is not None else _positional_name(signature, index, frame.analysis.source)
        )
        policy = policies.get(name)
        mapped = any(
            isinstance(a.pattern, Call) and a.pattern.arg(name) is not None
            for a in frame.analysis.catalog.alternatives(frame.analysis.source, api)
        )
        if policy is None or mapped or (frame.analysis.source == "keras" and not is_class and policy != "drop"):
            kept.append(arg)
            continue
        value = literal(arg.value)
        if (policy == "none" and value is not None) or (policy == "true" and value is not True):
            return kept, peeled, Declined("T102", f"{api}: {name}= is not covered", "port the call by hand", api)
        if policy == "activation" and activation_of(frame, arg.value) is None:
            return (
                kept,
                peeled,
                Declined(
                    "T102" if isinstance(literal(arg.value), str) else "T104",
                    f"{api}: this activation= is not covered",
                    "apply the activation by hand",
                    api,
                ),
            )
        peeled[name] = arg
    return kept, peeled, None


def _positional_name(signature: Signature | None, index: int, source: str) -> str:
    """The name of a positional argument of a Keras layer: ``Dense(10, "relu")`` gives its activation so."""
    params = signature.overloads[0] if signature is not None and signature.overloads else ()
    return params[index].name if source == "keras" and index < len(params) and not params[index].required else ""


def _literal_of(bound: Mapping[str, Bound], hole: str) -> object:
    value = bound.get(hole)
    return value.value if isinstance(value, Literal) else UNKNOWN_VALUE
