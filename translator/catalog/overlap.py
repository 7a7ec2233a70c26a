"""Entries that match one call: without an order between them, which of the two is taken would be an accident.

Two patterns of one API overlap unless some argument tells them apart: a literal, the kind of a hole, a parameter that
one requires and the other forbids, or the rank of the main tensor. Of two that overlap, the one that matches less may
come first by itself, since it is an exception to the other, and so may one that needs facts about its input which the
other does without. Any other pair needs ``before``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from translator.catalog.pattern import Call, Lit, Pat, Ref, Seq, Xform, holes
from translator.catalog.signatures import Opaque, Param, Signatures
from translator.catalog.unify import KIND_TYPES, BoundCall, Literal, holds, unify
from translator.dataclass import dataclass
from translator.errors import CatalogError

if TYPE_CHECKING:
    from translator.catalog.load import Alternative

_ABSENT = object()
_TENSOR = Ref("<tensor>")
_SAMPLES: tuple[object, ...] = (_TENSOR, None, True, False, 0, 1, 2, -1, 0.5, "word", (1, 1), (1, 2), (0, 0, 0))
"""Arguments that stand for all others of their kind, beside those that the patterns name themselves."""
_MOST_CALLS = 4096
"""Joint arguments of a condition over several holes that are tried; patterns with more count as overlapping."""


class _SampleReader:
    """Reads an argument that is a value, or a part of a pattern that stands for the code it describes."""

    def literal(self, node: Any) -> Literal | None:
        return None if isinstance(node, Call | Ref | Seq) else Literal(node)

    def call(self, node: Any, pattern: Call) -> BoundCall | str | None:
        if not isinstance(node, Call) or node.api != pattern.api:
            return None
        return BoundCall(node.api, dict(node.args), tuple(Param(name) for name, _ in node.args))

    def items(self, node: Any) -> Sequence[Any] | None:
        if isinstance(node, Seq):
            return node.items
        return node if isinstance(node, tuple | list) else None

    def reference(self, node: Any) -> str | None:
        return node.api if isinstance(node, Ref) else None

    def conditional(self, node: Any) -> None:
        return None

    def subscript(self, node: Any) -> None:
        return None

    def same(self, left: Any, right: Any) -> bool:
        return bool(left == right)


_READER = _SampleReader()


@dataclass(frozen=True)
class _Side:
    """One alternative with the parameters of its overload."""

    alternative: Alternative
    pattern: Call
    params: Mapping[str, Param]
    signatures: Signatures

    def bindings(self, name: str, argument: object) -> Mapping[str, Any] | None:
        """The holes that one argument fills; None where the pattern does not take it."""
        param = self.params.get(name)
        if param is None:
            return {} if argument is _ABSENT else None
        if param.kind == "**":
            return {}
        if param.kind == "*":
            taken = self.pattern.arg(name) is not None or argument is _ABSENT
            return {} if taken else None
        part = self.pattern.arg(name)
        pattern = Call(self.pattern.api, () if part is None else ((name, part),), self.pattern.overload)
        given = {} if argument is _ABSENT else {name: argument}
        if argument is _ABSENT and param.required:
            return {} if part is None else None
        entry = self.alternative.entry
        found = unify(pattern, None, BoundCall(pattern.api, given, (param,)), entry, _READER, self.signatures)
        if not isinstance(found, dict) or any(_misplaced(entry.kind(hole), found[hole]) for hole in found):
            return None
        return found

    def allows(self, bound: Mapping[str, Any]) -> bool:
        """Whether the conditions of the case hold; those on holes that are filled from elsewhere may."""
        case = self.alternative.case
        met = all(holds(c, bound) is True or not set(c.holes) <= set(bound) for c in case.when)
        return met and not any(holds(c, bound) is True for c in case.reject)

    @property
    def constrained(self) -> tuple[str, ...]:
        """The parameters whose holes occur in conditions."""
        case = self.alternative.case
        names = {hole for c in (*case.when, *case.reject) for hole in c.holes}
        return tuple(name for name, part in self.pattern.args if names & {h.name for h in holes(part)})


def _misplaced(kind: str, bound: Any) -> bool:
    """A number where a tensor is wanted, or something else where a number is; the same rule as when calls are read."""
    value = bound.value if isinstance(bound, Literal) else None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (kind == "tensor" and number) or (kind == "number" and not number)


def check_overlaps(table: Mapping[tuple[str, str], Sequence[Alternative]], signatures: Signatures) -> None:
    """Raise CatalogError for the first two entries that match one call and have no order.

    ``table`` holds the alternatives by side and API, in the order to try them.
    """
    for (_, api), alternatives in table.items():
        sides = [side for side in (_side(a, signatures) for a in alternatives) if side is not None]
        for first, second in combinations(sides, 2):
            one, two = first.alternative.entry, second.alternative.entry
            if one is two or two.name in one.before or (one.infer and not two.infer) or not _overlap(first, second):
                continue
            if not any(_narrower(first, other) for other in sides if other.alternative.entry is two):
                raise CatalogError(
                    f"[{two.name}] and [{one.name}] of {one.path}:{one.line} both match a call of {api}: "
                    "say with before = [...] which of them is tried first",
                    path=two.path,
                    line=two.line,
                )


def _side(alternative: Alternative, signatures: Signatures) -> _Side | None:
    pattern = alternative.pattern
    signature = signatures.get(pattern.api) if isinstance(pattern, Call) else None
    if not isinstance(pattern, Call) or signature is None or not signature.overloads:
        return None
    params = {param.name: param for param in signature.overloads[pattern.overload]}
    return _Side(alternative, pattern, params, signatures)


def _overlap(left: _Side, right: _Side) -> bool:
    ranks = [set(side.alternative.entry.allowed_ranks()) for side in (left, right)]
    if all(ranks) and not ranks[0] & ranks[1]:
        return False
    taken = {name: list(_shared(name, left, right)) for name in _names(left, right)}
    if not all(taken.values()):
        return False
    joint = [name for name in taken if name in left.constrained or name in right.constrained]
    count = 1
    for name in joint:
        count *= len(taken[name])
    if count > _MOST_CALLS:
        return True
    return any(
        left.allows(_joined(left, joint, call)) and right.allows(_joined(right, joint, call))
        for call in product(*(taken[name] for name in joint))
    )


def _joined(side: _Side, names: Sequence[str], call: Sequence[object]) -> dict[str, Any]:
    bound: dict[str, Any] = {}
    for name, argument in zip(names, call, strict=True):
        bound.update(side.bindings(name, argument) or {})
    return bound


def _shared(name: str, left: _Side, right: _Side) -> Iterator[object]:
    for argument in _arguments(name, left, right):
        if left.bindings(name, argument) is not None and right.bindings(name, argument) is not None:
            yield argument


def _narrower(left: _Side, right: _Side) -> bool:
    """Whether ``left`` takes nothing that ``right`` does not take, and less, or only under a condition."""
    less = _conditions(left) > _conditions(right)
    less = less or (bool(left.alternative.entry.allowed_ranks()) and not right.alternative.entry.allowed_ranks())
    for name in _names(left, right):
        for argument in _arguments(name, left, right):
            ours, theirs = left.bindings(name, argument), right.bindings(name, argument)
            if ours is not None and theirs is None:
                return False
            less = less or (ours is None and theirs is not None)
    return less


def _conditions(side: _Side) -> set[tuple[str, tuple[str, ...]]]:
    case = side.alternative.case
    return {(condition.predicate, condition.holes) for condition in (*case.when, *case.reject)}


def _names(left: _Side, right: _Side) -> list[str]:
    return list(dict.fromkeys([*left.params, *right.params]))


def _arguments(name: str, left: _Side, right: _Side) -> Iterator[object]:
    """Arguments to try for a parameter: no others of a type that its holes or literals rule out on both sides."""
    yield _ABSENT
    named = [value for side in (left, right) for value in _named(name, side)]
    kinds = [KIND_TYPES.get(kind) for side in (left, right) for kind in _kinds(name, side)]
    types = tuple({t for kind in kinds if kind is not None for t in kind} | {type(value) for value in named})
    for sample in _SAMPLES:
        if (None in kinds and not any(kinds)) or (
            isinstance(sample, types) and (bool in types or not isinstance(sample, bool))
        ):
            yield sample
    yield from named


def _kinds(name: str, side: _Side) -> Iterator[str]:
    part = side.pattern.arg(name)
    if part is None:
        return
    yield from (side.alternative.entry.kind(hole.name) for hole in holes(part))


def _named(name: str, side: _Side) -> Iterator[object]:
    param = side.params.get(name)
    if param is not None and not param.required and not isinstance(param.default, Opaque):
        yield param.default
    yield from _literals(side.pattern.arg(name))


def _literals(part: Pat | None) -> Iterator[object]:
    match part:
        case Lit(value=value):
            yield value
        case Call() | Ref() | Seq():
            yield part
        case Xform(operand=operand, params=params):
            yield from _literals(operand)
            yield from (value for _, value in params)
