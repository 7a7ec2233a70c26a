"""Matching a framework call against the entries of the catalog."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from translator.catalog.activations import LINEAR, named
from translator.catalog.dtypes import DTYPE_KINDS
from translator.catalog.entry import Case, Entry
from translator.catalog.load import Alternative
from translator.catalog.pattern import Call, Ref
from translator.catalog.predicates import DOUBTFUL
from translator.catalog.predicates import UNKNOWN as UNKNOWN_VALUE
from translator.catalog.signatures import Signature
from translator.catalog.unify import Bound, BoundCall, Code, Literal, Mismatch, Undecided, holds, unify
from translator.infer.facts import Declined
from translator.infer.frame import Frame
from translator.infer.joins import number_kind
from translator.infer.sizes import learn_sizes
from translator.infer.values import FOREIGN, UNKNOWN, Device, DType, LayerAt, Tensor, Unknown
from translator.model import Framework
from translator.syntax import literal


def activation_of(frame: Frame, node: cst.BaseExpression) -> str | None:
    """The Keras activation that an ``activation=`` argument names, or None if that is not known.

    A literal None there stands for "linear".
    """
    value = literal(node)
    if value is None:
        return LINEAR
    catalog = frame.analysis.catalog
    if isinstance(value, str):
        return value if value == LINEAR or value in catalog.activations else None
    api = frame.api_of(node)
    return named(catalog, api) if api is not None else None


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
    bounds: dict[int, BoundCall | str] = {}
    refused: tuple[Entry, Call, int] | None = None
    for alternative in frame.analysis.catalog.alternatives(frame.analysis.source, api):
        pattern = alternative.pattern
        if not isinstance(pattern, Call) or (undecided and not alternative.case.total):
            continue
        bound = bounds.get(pattern.overload)
        if bound is None:
            bound = bounds[pattern.overload] = reader.bind(pattern, args, receiver)
        if not isinstance(bound, BoundCall):
            if "star-arguments" in bound or bound.startswith("**"):
                return Declined("T103", f"{api}: {bound}", "write the arguments out", api)
            reasons.append(bound)
            continue
        if refused is not None and alternative.entry is refused[0] and _begin_alike(pattern, *refused[1:], bound):
            continue
        outcome = unify(pattern, node, bound, alternative.entry, reader, signatures)
        verdict = outcome
        if isinstance(outcome, Mismatch):
            refused = (alternative.entry, pattern, outcome.reached)
        if isinstance(outcome, dict):
            wrong = misplaced(frame, alternative.entry, outcome)
            sizes = _sizes(frame, alternative, outcome)
            verdict = wrong if wrong is not None else unmet(alternative.case, outcome, frame.analysis.to, sizes)
        if isinstance(verdict, Undecided):
            undecided = undecided or verdict.why
        elif isinstance(verdict, Mismatch):
            reasons.append(verdict.why)
        else:
            if not found:
                _consume(frame, pattern, bound)
            found.append((alternative, verdict, peeled))
            # Facts found later may rule an entry out for PyTorch, or the rank or uses of states decide: keep others.
            decided = frame.analysis.to != "torch" and not alternative.entry.states
            if decided and not frame.analysis.catalog.rank_decides(frame.analysis.source, api):
                break
    if found:
        learn_sizes(frame, found[0][0].entry, found[0][1])
        return found
    if undecided:
        return Declined("T104", f"{api}: {undecided}", "write the value as a literal", api)
    why = reasons[0] if reasons else "not with these arguments"
    hint = "use covered arguments or port the call by hand"
    return Declined("T102", f"{api}: {why}", hint, api)


def _begin_alike(pattern: Call, other: Call, count: int, bound: BoundCall) -> bool:
    """Whether two cases say the same of the first ``count`` parameters: if one fails there, so does the other."""
    if not count or pattern.overload != other.overload:
        return False
    return all(pattern.arg(param.name) == other.arg(param.name) for param in bound.params[:count])


def _consume(frame: Frame, pattern: Call, bound: BoundCall) -> None:
    """Forget what was decided for names and calls that an entry reads as arguments: it takes them as a whole."""
    for name, part in pattern.args:
        node = bound.args.get(name)
        if isinstance(part, Ref | Call) and isinstance(node, cst.CSTNode):
            frame.function.decisions.pop(node, None)
        if isinstance(part, Call) and isinstance(node, cst.Call):
            frame.analysis.tables.sites.pop(node, None)
            for arg in node.args:
                frame.function.conversions.pop(arg.value, None)


def misplaced(frame: Frame, entry: Entry, bound: Mapping[str, Bound]) -> Mismatch | None:
    """Whether a number stands where the entry wants a tensor, or something else where it wants a number."""
    for hole, kind in entry.kinds.items():
        value = bound.get(hole)
        if kind in DTYPE_KINDS and isinstance(value, Code) and not _is_dtype(frame, kind, value):
            return Mismatch(f"{hole} is not known to be a dtype")
        if kind == "known_tensor" and not (isinstance(value, Code) and _is_tensor(frame, value)):
            return Mismatch(f"{hole} is not known to be a tensor")
        if kind == "device" and not _is_device(frame, value):
            return Mismatch(f"{hole} is not known to be a device")
        if kind == "data" and isinstance(value, Code) and _may_be_tensor(frame, value):
            return Mismatch(f"{hole} is not known to be numbers")
        if kind == "module" and isinstance(value, Code) and not isinstance(frame.memo.get(value.node), LayerAt):
            return Mismatch(f"{hole} is not known to be a layer")
        if kind == "axis" and isinstance(value, Code) and isinstance(frame.memo.get(value.node), Tensor):
            return Mismatch(f"{hole} is a tensor")
        if kind not in ("tensor", "number"):
            continue
        number = _is_number(frame, value)
        if value is not None and number != (kind == "number"):
            return Mismatch(f"{hole} is {'a' if number else 'no'} number")
    return None


def _is_dtype(frame: Frame, kind: str, bound: Code) -> bool:
    """Whether code may stand for a dtype. Keras' strings in variables mean nothing to PyTorch."""
    if isinstance(frame.memo.get(bound.node), DType):
        return True
    return kind == "dtype" and frame.analysis.to == "keras"


def _may_be_tensor(frame: Frame, bound: Code) -> bool:
    value = frame.memo.get(bound.node)
    return isinstance(value, Tensor | Unknown) and value != FOREIGN


def _is_tensor(frame: Frame, bound: Code) -> bool:
    return isinstance(frame.memo.get(bound.node), Tensor)


def _is_device(frame: Frame, bound: Bound | None) -> bool:
    if isinstance(bound, Literal):
        return bound.value is None or isinstance(bound.value, str)
    return isinstance(bound, Code) and isinstance(frame.memo.get(bound.node), Device)


def _sizes(frame: Frame, alternative: Alternative, bound: Mapping[str, Bound]) -> Mapping[str, object]:
    """The sizes, as far as they are known, of the tensors that the conditions of a case name."""
    case, inputs = alternative.case, alternative.entry.inputs
    named = {hole for c in (*case.when, *case.reject) for hole in c.holes if hole in inputs}
    return {hole: _sizes_of(frame, bound.get(hole)) for hole in named}


def _sizes_of(frame: Frame, bound: Bound | None) -> object:
    value = frame.memo.get(bound.node) if isinstance(bound, Code) else None
    if not isinstance(value, Tensor) or value.dims is None:
        return UNKNOWN_VALUE
    return tuple(dim if isinstance(dim, int) else UNKNOWN_VALUE for dim in value.dims)


def _is_number(frame: Frame, bound: Bound | None) -> bool:
    if isinstance(bound, Literal):
        return isinstance(bound.value, int | float) and not isinstance(bound.value, bool)
    return isinstance(bound, Code) and bool(number_kind(frame.memo.get(bound.node, UNKNOWN)))


def unmet(
    case: Case, bound: dict[str, Bound], to: Framework, sizes: Mapping[str, object] | None = None
) -> dict[str, Bound] | Mismatch | Undecided:
    for condition in case.when:
        verdict = holds(condition, bound, sizes or {})
        if verdict is False:
            return Mismatch(condition.why or f"{', '.join(condition.holes)} do not satisfy {condition.predicate}")
        if verdict is None:
            return Undecided(f"{', '.join(condition.holes)} must be literals to tell whether {condition.predicate}")
    for condition in case.reject:
        rejected = holds(condition, bound, sizes or {})
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
        mapped = policy is not None and any(
            isinstance(a.pattern, Call) and a.pattern.arg(name) is not None
            for a in frame.analysis.catalog.alternatives(frame.analysis.source, api)
        )
        unseen = frame.analysis.source == "keras" and not is_class and policy != "drop"
        if policy is None or (mapped and policy != "device") or unseen:
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
