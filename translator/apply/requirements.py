"""Which holes of a case must be given: what both sides insist on is written the same way there and back."""

from __future__ import annotations

from collections.abc import Mapping

from translator.catalog.entry import Case
from translator.catalog.pattern import Call, Hole, Pat, Xform
from translator.catalog.signatures import Signatures
from translator.catalog.unify import Bound, Literal, same_value
from translator.dataclass import dataclass
from translator.syntax import literal


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the spellings of both sides say of the holes.

    ``anywhere``: some spelling requires it; ``everywhere``: all that have it do; ``first``: all that have it begin with
    it.
    """

    anywhere: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()


def requirements(case: Case, signatures: Signatures) -> Requirements:
    """Look up every spelling of a case in the signature lock."""
    required: set[str] = set()
    optional: set[str] = set()
    first: set[str] = set()
    later: set[str] = set()
    for pattern in (*case.torch, *case.keras):
        signature = signatures.get(pattern.api) if isinstance(pattern, Call) else None
        if not isinstance(pattern, Call) or signature is None or not signature.overloads:
            continue
        seen: set[str] = set()
        for index, param in enumerate(signature.overloads[pattern.overload]):
            hole = hole_of(pattern.arg(param.name))
            # A hole that stands twice, as in Conv2d(c, c, 3, groups=c), counts where it stands first.
            if hole is not None and hole not in seen:
                seen.add(hole)
                # The items of a star parameter can only be given by position.
                (required if param.required or param.kind == "*" else optional).add(hole)
                (later if index else first).add(hole)
    return Requirements(frozenset(required), frozenset(required - optional), frozenset(first - later))


def without_defaults(
    pattern: Pat, bindings: Mapping[str, Bound], signatures: Signatures, required: Requirements
) -> Mapping[str, Bound]:
    """The bindings, where an argument that equals the source's default counts as not written.

    The way back leaves such an argument out, so that its place and its spelling could not come back. What a side
    requires is written on both ways, and so it stays.
    """
    signature = signatures.get(pattern.api) if isinstance(pattern, Call) else None
    if not isinstance(pattern, Call) or signature is None or not signature.overloads:
        return bindings
    result = dict(bindings)
    given = pattern.named
    for param in signature.overloads[pattern.overload]:
        hole = hole_of(given.get(param.name)) if param.name in given else None
        bound = bindings.get(hole) if hole is not None and hole not in required.anywhere else None
        if hole is None or not isinstance(bound, Literal):
            continue
        node = bound.node if bound.node is not None else bound.origin
        if node is not None and same_value(literal(node), param.default):
            result[hole] = Literal(bound.value if bound.node is None else param.default)
    return result


def hole_of(part: Pat | None) -> str | None:
    """The hole that an argument of a pattern stands for, whether transformed or not."""
    if isinstance(part, Xform):
        part = part.operand
    return part.name if isinstance(part, Hole) else None
