"""What may stand for a hole of a mapping entry: Hypothesis strategies from its kind, its default and its role."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod

from hypothesis import strategies as st

from translator.catalog import transforms
from translator.catalog.dtypes import DTYPE_KINDS
from translator.catalog.entry import Case, Condition, Entry, HoleKind
from translator.catalog.pattern import Call, Cond, Hole, Pat, Seq, Sub, Xform
from translator.catalog.signatures import Opaque, Param, Signatures
from translator.catalog.unify import Literal, holds, same_value

NO_DEFAULT = object()
"""A hole that every call must give."""

NUMBERS = (2, 3, 0.5, 1.5, -1.0)
"""Python numbers that stand where a tensor may, too."""

_REDUCTIONS = ("mean", "sum", "none")
_KERAS_REDUCTIONS = ("sum_over_batch_size", "sum", "none")

_RATES = (0.0, 0.0, 0.1, 0.25, 0.5, 0.9)
"""Zero twice: at rate 0 what is random is not, and can be compared."""

_SMALL = (1e-6, 1e-5, 0.001, 0.1)
"""For what has a small default, which guards a division: zero would take the guard away."""

_ROLE = re.compile(r"(?:list |int )?(\w+)\((\w+)")


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
        added = role(entry, hole) == "insert"
        axis = st.integers(-rank - added, rank - 1 + added)
        if only_int or role(entry, hole) != "reduce":
            return axis
        several = st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True).map(tuple)
        return st.one_of(axis, several)
    if kind in DTYPE_KINDS:
        return st.sampled_from(("float64", "float64", "float32", "int32", "int64", "bool"))
    if kind == "data":
        numbers = st.lists(st.integers(0, 3), min_size=1, max_size=3)
        row = st.one_of(numbers, numbers.map(lambda row: [0.5 * item for item in row]))
        return st.one_of(st.sampled_from((1, 0.5)), row, row.map(lambda one: [one, one]))
    if kind == "equation":  # of two matrices
        return st.sampled_from(("ij,jk->ik", "ij,jk->ki", "ij,jk", "...j,jk->...k", "ab, bc -> a"))
    if kind == "factors":
        return st.sampled_from(((2, 3), (3, -1), (6, 1), (1, -1, 2)))
    if kind == "device":
        return st.just("cpu")
    if kind == "axes":
        several = st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True).map(tuple)
        return st.integers(-rank, rank - 1) | several
    if kind == "cuts":
        return st.sampled_from(([1, 2], [2, 1], [1, 1, 1], (1, 2), [1], [2, 2]))
    if kind == "sizes" and role(entry, hole) == "broadcast":
        return _wider(shape)
    if kind == "sizes":
        return st.tuples(*[st.integers(1, 3)] * rank)
    if kind == "shape":
        return _shape_of(role(entry, hole), transform, shape)
    if kind == "tail":  # the sizes of the last axes
        return st.one_of(st.just(shape[-1]), st.integers(1, rank - 1).map(lambda axes: tuple(shape[-axes:])))
    if kind == "pads":
        amount = st.integers(-1, 0) if transform == "crop" else st.integers(0, 2)
        return st.one_of(amount, st.tuples(*[amount] * (2 * (rank - 2))))
    if kind == "int_tuple":
        return _int_tuple(default, max(rank - 2, 1))
    simple: Mapping[str, st.SearchStrategy[object]] = {
        "int": st.integers(1, 4),
        "float": st.sampled_from(_SMALL if isinstance(default, float) and 0.0 < default < 0.01 else _RATES),
        "number": st.sampled_from(NUMBERS),
        "operand": st.sampled_from(NUMBERS),
        "bool": st.booleans(),
        "str": _words(default),
        "tensor": st.just(default),
        "known_tensor": st.just(default),
    }
    return simple[kind]


def _words(default: object) -> st.SearchStrategy[object]:
    """The reductions of a loss, or the default alone."""
    known = next((words for words in (_REDUCTIONS, _KERAS_REDUCTIONS) if default in words), (default,))
    return st.sampled_from(known)


def satisfying(entry: Entry, case: Case, known: Mapping[str, object], axes: int) -> list[dict[str, object]]:
    """Every assignment of the sizes that a case's ``when`` names which satisfies it; ``[{}]`` where it names none.

    Random sizes hardly ever satisfy a condition on several of them, so these are enumerated.
    """
    sized = [c for c in case.when if all(entry.kind(hole) in ("any", "int", "int_tuple", "pads") for hole in c.holes)]
    names = sorted({hole for condition in sized for hole in condition.holes})
    pools = [_pool(entry, name, known.get(name, NO_DEFAULT), axes) for name in names]
    assignments = (dict(zip(names, values, strict=True)) for values in itertools.product(*pools))
    return [found for found in assignments if allows(sized, found)]


def allows(conditions: Sequence[Condition], values: Mapping[str, object]) -> bool:
    """Whether every condition certainly holds."""
    bound = {name: Literal(value) for name, value in values.items()}
    return all(holds(condition, bound) for condition in conditions)


def _pool(entry: Entry, hole: str, default: object, axes: int) -> list[object]:
    if entry.kind(hole) == "int":
        return list(range(1, 5))
    if entry.kind(hole) == "pads":
        return [*range(-1, 2), *itertools.product(range(-1, 2), repeat=2 * min(axes, 2))]
    low = 0 if same_value(default, 0) else 1
    # With three axes two of them alike: all combinations would be too many.
    pairs = itertools.product(range(low, 4), repeat=min(axes, 2))
    return [*range(low, 4), *((*pair, *pair[1:] * (axes - 2)) for pair in pairs)]


def refuses_sizes(entry: Entry, case: Case, values: Mapping[str, object], sizes: Mapping[str, object]) -> bool:
    """Whether a condition on the sizes of a tensor keeps the case from being used, or the target would refuse them."""
    bound = {name: Literal(value) for name, value in values.items()}
    on_sizes = [c for c in (*case.when, *case.reject) if set(c.holes) & set(entry.inputs)]
    return any(holds(c, bound, sizes) is (c in case.reject) for c in on_sizes)


def excluded(case: Case, values: Mapping[str, object]) -> str:
    """Why the case itself refuses these values, "" where it takes them."""
    bound = {name: Literal(value) for name, value in values.items()}
    for condition in case.reject:
        if set(condition.holes) <= set(values) and holds(condition, bound) is not False:
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


def _int_tuple(default: object, axes: int) -> st.SearchStrategy[object]:
    low = 0 if same_value(default, 0) else 1
    one = st.integers(low, 3)
    return st.one_of(one, st.tuples(*[one] * axes))


def _wider(shape: Sequence[int]) -> st.SearchStrategy[object]:
    """Sizes that a shape can be broadcast to, some of them perhaps -1, perhaps with another axis in front."""
    wide = st.tuples(*[st.just(size) if size > 1 else st.integers(1, 3) for size in shape])
    kept = st.tuples(*[st.sampled_from((size, -1)) for size in shape])
    more = st.tuples(st.integers(1, 2), *[st.just(size) for size in shape])
    return st.one_of(wide, kept, more)


def _shape_of(role_name: str, transform: str, shape: Sequence[int]) -> st.SearchStrategy[object]:
    rank = len(shape)
    if transform == "flat_pads":  # last axis first, as torch.nn.functional.pad takes them
        return st.integers(1, rank).flatmap(lambda axes: st.tuples(*[st.integers(0, 2)] * (2 * axes)))
    if transform == "all_flat_pads":
        return st.tuples(*[st.integers(0, 1)] * (2 * (rank - 2)))
    if transform == "pad_pairs":
        return st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * rank)
    if role_name == "permute":
        inner = st.permutations(range(1, rank)).map(lambda axes: (0, *axes))
        # Most permutations move the batch axis, which a layer does not take.
        anything = st.permutations(range(rank)).map(tuple)
        return st.one_of(inner, anything) if transform == "layer_axes" else anything
    if role_name == "reshape":
        first, rest = shape[0], prod(shape[1:])
        flat = {(-1,), (first * rest,), (-1, rest), (first, -1), (rest, first)}
        return st.sampled_from(sorted({*flat, (first, shape[1], -1), (first * shape[1], -1)}))
    return st.just(tuple(shape))
