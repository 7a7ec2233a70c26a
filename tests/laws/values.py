"""What may stand for a hole of a mapping entry: Hypothesis strategies from its kind, its default and its role."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod

from hypothesis import strategies as st

from translator.catalog import transforms
from translator.catalog.entry import Case, Condition, Entry, HoleKind
from translator.catalog.pattern import Call, Cond, Hole, Pat, Seq, Sub, Xform
from translator.catalog.signatures import Opaque, Param, Signatures
from translator.catalog.unify import Literal, holds

NO_DEFAULT = object()
"""A hole that every call must give."""

_RATES = (0.0, 0.0, 0.1, 0.25, 0.5, 0.9)
"""Zero twice: at rate 0 what is random is not, and can be compared."""

_SMALL = (1e-6, 1e-5, 0.001, 0.1)
"""For what has a small default, which guards a division: zero would take the guard away."""

_ROLE = re.compile(r"(\w+)\((\w+)")


def parameters(call: Call, signatures: Signatures) -> tuple[Param, ...]:
    """The parameters of the overload that a call pattern means."""
    signature = signatures.get(call.api)
    return signature.overloads[call.overload] if signature is not None and signature.overloads else ()


def defaults(pattern: Pat, signatures: Signatures) -> dict[str, object]:
    """Default of each hole of a pattern, read through the transforms; holes without one are missing."""
    found: dict[str, object] = {}
    for call in calls(pattern):
        for param in parameters(call, signatures):
            part, value = call.arg(param.name), param.default
            if isinstance(part, Xform) and part.name in transforms.TRANSFORMS and not isinstance(value, Opaque):
                value = transforms.backward(part.name, value, dict(part.params))
                part = part.operand
            usable = not param.required and param.kind not in ("*", "**") and not isinstance(value, Opaque)
            if isinstance(part, Hole) and usable and value is not transforms.NOT_APPLICABLE:
                found.setdefault(part.name, value)
    return found


def calls(pattern: Pat) -> Iterator[Call]:
    """Every call of a pattern, outermost first."""
    match pattern:
        case Call(args=args):
            yield pattern
            for _, part in args:
                yield from calls(part)
        case Seq(items=items):
            for item in items:
                yield from calls(item)
        case Cond():
            for part in (pattern.test, pattern.body, pattern.orelse):
                yield from calls(part)
        case Sub():
            yield from calls(pattern.value)
        case _:
            return


def transform_of(case: Case, pattern: Pat, hole: str) -> str:
    """The transform under which a hole stands, in ``pattern`` or else on either side, "" for none."""
    for call in calls(pattern):
        for _, part in call.args:
            if isinstance(part, Xform) and part.operand == Hole(hole):
                return part.name
    return next((part.name for part in _transforms(case) if part.operand == Hole(hole)), "")


def role(entry: Entry, hole: str) -> str:
    """What the entry's output says of a hole: "reshape", "permute", "padded", "shape", "reduce", or ""."""
    found = _ROLE.match(entry.output)
    return found[1] if found and found[2] == hole else ""


def value_of(
    entry: Entry, hole: str, default: object, transform: str, shape: Sequence[int], only_int: bool
) -> st.SearchStrategy[object]:
    """Values of one hole for a tensor of ``shape`` in the source's axis order."""
    kind, rank = entry.kind(hole), len(shape)
    if kind == "any":
        kind = _kind_by_default(default)
    if kind == "axis":
        axis = st.integers(-rank, rank - 1)
        if only_int or role(entry, hole) != "reduce":
            return axis
        several = st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True).map(tuple)
        return st.one_of(axis, several)
    if kind == "shape":
        return _shape_of(role(entry, hole), transform, shape)
    if kind == "int_tuple":
        return _int_tuple(default, transform)
    simple: Mapping[str, st.SearchStrategy[object]] = {
        "int": st.integers(1, 4),
        "float": st.sampled_from(_SMALL if isinstance(default, float) and 0.0 < default < 0.01 else _RATES),
        "bool": st.booleans(),
        "str": st.just(default),
    }
    return simple[kind]


def satisfying(entry: Entry, case: Case, known: Mapping[str, object]) -> list[dict[str, object]]:
    """Every assignment of the sizes that a case's ``when`` names which satisfies it; ``[{}]`` where it names none.

    Random sizes hardly ever satisfy a condition on several of them, so these are enumerated.
    """
    sized = [c for c in case.when if all(entry.kind(hole) in ("any", "int", "int_tuple") for hole in c.holes)]
    names = sorted({hole for condition in sized for hole in condition.holes})
    pools = [_pool(entry, name, known.get(name, NO_DEFAULT)) for name in names]
    assignments = (dict(zip(names, values, strict=True)) for values in itertools.product(*pools))
    return [found for found in assignments if allows(sized, found)]


def allows(conditions: Sequence[Condition], values: Mapping[str, object]) -> bool:
    """Whether every condition certainly holds."""
    bound = {name: Literal(value) for name, value in values.items()}
    return all(holds(condition, bound) for condition in conditions)


def _pool(entry: Entry, hole: str, default: object) -> list[object]:
    if entry.kind(hole) == "int":
        return list(range(1, 5))
    low = 0 if default in (0, (0, 0)) else 1
    return [*range(low, 4), *itertools.product(range(low, 4), repeat=2)]


def excluded(case: Case, values: Mapping[str, object]) -> str:
    """Why the case itself refuses these values, "" where it takes them."""
    bound = {name: Literal(value) for name, value in values.items()}
    for condition in case.reject:
        if holds(condition, bound) is not False:
            return condition.why or condition.predicate
    for part in _transforms(case):
        hole = part.operand.name if isinstance(part.operand, Hole) else ""
        if hole in values:
            written = transforms.forward(part.name, values[hole], dict(part.params))
            if written is transforms.NOT_APPLICABLE:
                return f"{part.name} has no value for {values[hole]!r}"
    return ""


def _transforms(case: Case) -> Iterator[Xform]:
    """The transforms of both sides that change a value by themselves."""
    for pattern in (*case.torch, *case.keras):
        for call in calls(pattern):
            for _, part in call.args:
                if isinstance(part, Xform) and part.name in transforms.TRANSFORMS:
                    yield part


def _kind_by_default(default: object) -> HoleKind:
    if isinstance(default, bool):
        return "bool"
    if isinstance(default, int | tuple):
        return "int_tuple"
    return "str" if isinstance(default, str) else "float"


def _int_tuple(default: object, transform: str) -> st.SearchStrategy[object]:
    low = 0 if default in (0, (0, 0)) else 1
    one = st.integers(low, 3)
    if transform == "zero_pad":
        return st.one_of(one, st.tuples(*[st.integers(0, 3)] * 4))
    return st.one_of(one, st.tuples(one, one))


def _shape_of(role_name: str, transform: str, shape: Sequence[int]) -> st.SearchStrategy[object]:
    rank = len(shape)
    if transform == "flat_pads":  # last axis first, as torch.nn.functional.pad takes them
        return st.integers(1, rank).flatmap(lambda axes: st.tuples(*[st.integers(0, 2)] * (2 * axes)))
    if transform == "pad_pairs":
        return st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * rank)
    if role_name == "permute":
        return st.permutations(range(rank)).map(tuple)
    if role_name == "reshape":
        first, rest = shape[0], prod(shape[1:])
        flat = {(-1,), (first * rest,), (-1, rest), (first, -1), (rest, first)}
        return st.sampled_from(sorted({*flat, (first, shape[1], -1), (first * shape[1], -1)}))
    return st.just(tuple(shape))
