"""The argument table of an entry in one direction: names and defaults on both sides, and what happens to each value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from translator.catalog import transforms
from translator.catalog.entry import Condition, Entry
from translator.catalog.explain import words
from translator.catalog.explain.pages import Argument
from translator.catalog.explain.patterns import calls, decided_by_layout, operands, text_of
from translator.catalog.pattern import SELF, Call, Hole, Lit, Pat, Upper, Xform, holes
from translator.catalog.predicates import PREDICATES
from translator.catalog.signatures import REQUIRED, Opaque, Param, Signatures
from translator.catalog.unify import same_value
from translator.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Pairing:
    """A form of an entry as read and as written; ``beside`` are the calls that a layer needs beside itself.

    ``when`` and ``reject`` are the form's conditions.
    """

    source: Pat
    target: Pat
    beside: tuple[Pat, ...] = ()
    when: tuple[Condition, ...] = ()
    reject: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class _Use:
    """A parameter of the target that a hole is written into."""

    name: str
    part: Pat
    param: Param | None


def table(entry: Entry, pairings: Sequence[Pairing], signatures: Signatures) -> tuple[Argument, ...]:
    """The rows of all arguments that some form of the entry reads or writes."""
    sources = [pairing.source for pairing in pairings if isinstance(pairing.source, Call)]
    if not sources:
        return ()
    rows = [
        row for param in params(signatures, sources[0]) if (row := _row(entry, param, pairings, signatures)) is not None
    ]
    written = {name for row in rows for name in row.there.split(", ")}
    return (*rows, *(row for row in _written_besides(entry, pairings, signatures) if row.there not in written))


def declined(
    entry: Entry, pairings: Sequence[Pairing], signatures: Signatures, carried: Iterable[str]
) -> tuple[str, ...]:
    """The parameters that no form of the entry reads: each must have its default."""
    sources = [pairing.source for pairing in pairings if isinstance(pairing.source, Call)]
    if not sources:
        return ()
    unread = [
        param
        for param in params(signatures, sources[0])
        if all(call.arg(param.name) is None for call in sources)
        and param.kind not in ("*", "**")
        and param.name not in entry.drop
        and param.name not in carried
        and param.name not in ("self", "name")
    ]
    return tuple(f"`{param.name}={default_of(param)}`" for param in unread)


def params(signatures: Signatures, call: Call) -> tuple[Param, ...]:
    """The parameters of the overload that a pattern means; empty where the lock does not know the callable."""
    signature = signatures.get(call.api)
    if signature is None or not signature.overloads:
        return ()
    return signature.overloads[min(call.overload, len(signature.overloads) - 1)]


def spellings(pairings: Iterable[Pairing]) -> dict[str, str]:
    """How the holes of an entry are called on the side that is read."""
    found: dict[str, str] = {}
    for pairing in pairings:
        for call in calls(pairing.source):
            for name, part in call.args:
                for operand in operands(part):
                    if isinstance(operand, Hole):
                        found.setdefault(operand.name, name)
    return found


def default_of(param: Param | None) -> str:
    """A default for readers: "required" where there is none."""
    if param is None:
        return ""
    if param.kind in ("*", "**"):
        return "any number" if param.kind == "*" else ""
    if param.default == REQUIRED:
        return "required"
    return param.default.text if isinstance(param.default, Opaque) else re.sub(r"e-0(\d)", r"e-\1", repr(param.default))


def _row(entry: Entry, param: Param, pairings: Sequence[Pairing], signatures: Signatures) -> Argument | None:
    parts = [
        (p, part) for p in pairings if isinstance(p.source, Call) and (part := p.source.arg(param.name)) is not None
    ]
    if not parts:
        return None
    literals = list(dict.fromkeys(text_of(part) for _, part in parts if isinstance(part, Lit)))
    if literals and len(parts) < len(pairings) and not param.required:
        literals = list(dict.fromkeys([default_of(param), *literals]))
    read = [(pairing, part) for pairing, part in parts if not isinstance(part, Lit)]
    if not read:
        only = f"covered only as {' or '.join(literals)}"
        return Argument(param.name, default_of(param), "", "", only if len(literals) == 1 else f"{only}: see the forms")
    if all(decided_by_layout(part) for _, part in read):
        return Argument(param.name, default_of(param), "", "", _axis_words(read[0][1]))
    uses = _uses([(pairing, operand) for pairing, part in read for operand in operands(part)], signatures)
    change = [_read_words(read[0][1])] if isinstance(read[0][1], Xform) else []
    beside = _goes_beside(read)
    if uses:
        change += dict.fromkeys(words.there(use.part) for use in uses.values() if isinstance(use.part, Xform))
        change.append(_default_words(entry, param, read, next(iter(uses.values()))))
    else:
        change.append(beside or _unwritten(entry, read))
    if uses and beside:
        change.append(f"in some forms it {beside}")
    if literals:
        change.append("decides the form")
    there = ", ".join(dict.fromkeys(use.name for use in uses.values()))
    other = ", ".join(dict.fromkeys(filter(None, (default_of(use.param) for use in uses.values()))))
    return Argument(param.name, default_of(param), there, other, "; ".join(filter(None, change)))


def _uses(read: Sequence[tuple[Pairing, Pat]], signatures: Signatures) -> dict[tuple[str, str], _Use]:
    """Where the targets hold what was read, by call and parameter."""
    found: dict[tuple[str, str], _Use] = {}
    for pairing, operand in read:
        wanted = {hole.name for hole in holes(operand)}
        for call in calls(pairing.target):
            known = {param.name: param for param in params(signatures, call)} if call.api != SELF else {}
            for name, part in call.args:
                direct = [p for p in operands(part) if isinstance(p, Hole)]
                if call.api != SELF and any(p.name in wanted for p in direct):
                    found.setdefault((call.api, name), _Use(name, part, known.get(name)))
    return found


def _written_besides(entry: Entry, pairings: Sequence[Pairing], signatures: Signatures) -> Iterator[Argument]:
    """Rows of what the targets say that the sources do not."""
    rows: dict[str, list[str]] = {}
    defaults: dict[str, str] = {}
    for pairing in pairings:
        given = {hole.name for hole in holes(pairing.source)}
        call = next(calls(pairing.target), None)
        known = {param.name: param for param in params(signatures, call)} if call is not None else {}
        for name, part in call.args if call is not None else ():
            says = _besides(entry, part, given)
            if says:
                rows.setdefault(name, []).append(says)
                defaults.setdefault(name, default_of(known.get(name)))
    for name, listed in rows.items():
        different = list(dict.fromkeys(listed))
        if different == [f"always {defaults[name]}"]:
            continue
        change = different[0] if len(different) == 1 and len(listed) == len(pairings) else _by_form(different)
        yield Argument("", "", name, defaults[name], change)


def _by_form(says: Sequence[str]) -> str:
    return f"{' or '.join(text.removeprefix('always ') for text in says)}, depending on the form"


def _besides(entry: Entry, part: Pat, given: set[str]) -> str:
    if isinstance(part, Lit):
        return f"always {part.value!r}"
    if decided_by_layout(part):
        return _axis_words(part)
    unread = [hole.name for hole in holes(part) if hole.name not in given]
    if unread and unread[0] in entry.infer:
        return f"from the input: {words.inferred(entry.infer[unread[0]])}"
    return "decided by how the result is used" if unread and entry.states else ""


def _axis_words(part: Pat) -> str:
    assert isinstance(part, Upper)
    return "the channel axis" if part.name == "CHANNEL" else "follows the axis order (`--layout`)"


def _read_words(part: Pat) -> str:
    return words.back(part) if isinstance(part, Xform) else ""


def _unwritten(entry: Entry, read: Sequence[tuple[Pairing, Pat]]) -> str:
    names = [operand.name for _, part in read for operand in operands(part) if isinstance(operand, Hole)]
    if any(name in entry.infer for name in names):
        return "not written: found from the input"
    if any({*names} & {hole.name for hole in holes(pairing.target)} for pairing, _ in read):
        return "stands elsewhere in what is written"
    return "not written: it says what the call gives" if entry.states else "not written"


def _goes_beside(read: Sequence[tuple[Pairing, Pat]]) -> str:
    """Whether what was read is written into a call beside the layer."""
    for pairing, part in read:
        wanted = {hole.name for hole in holes(part)} - {hole.name for hole in holes(pairing.target)}
        if wanted & {hole.name for target in pairing.beside for hole in holes(target)}:
            return "goes into the call beside the layer"
    return ""


def _default_words(entry: Entry, param: Param, read: Sequence[tuple[Pairing, Pat]], use: _Use) -> str:
    """A remark where leaving an argument out means something else on the other side, or is not translated."""
    if param.required or param.kind == "*" or isinstance(param.default, Opaque):
        return ""
    part = read[0][1]
    held = _through(part, param.default, back=True)
    if isinstance(part, Hole) and all(_excluded(entry, pairing, part, held) for pairing, _ in read):
        return "must be given for this form"
    theirs = use.param.default if use.param is not None else REQUIRED
    value = _through(use.part, held)
    if value is None and theirs == REQUIRED:
        return ""
    if value is transforms.NOT_APPLICABLE or isinstance(theirs, Opaque) or (use.param and use.param.kind == "*"):
        return ""
    return "" if theirs != REQUIRED and same_value(value, theirs) else f"left out it is written as {literal(value)}"


def _excluded(entry: Entry, pairing: Pairing, hole: Hole, value: object) -> bool:
    """Whether a form does not hold for a value of a hole, whatever the others are."""
    if value is None and entry.kind(hole.name) in ("shape", "known_dtype"):
        return True
    when = (PREDICATES[c.predicate](value) for c in pairing.when if c.holes == (hole.name,))
    reject = (PREDICATES[c.predicate](value) for c in pairing.reject if c.holes == (hole.name,))
    return any(holds is False for holds in when) or any(holds is True for holds in reject)


def literal(value: object) -> str:
    """A value as the translator writes it: 1e-5, and one number for equal ones."""
    if isinstance(value, tuple) and value and all(item == value[0] and isinstance(item, int) for item in value):
        value = value[0]
    return re.sub(r"e-0(\d)", r"e-\1", repr(value))


def _through(part: Pat, value: object, back: bool = False) -> object:
    """A value written (or read ``back``) through the transform of a pattern's argument."""
    if value is transforms.NOT_APPLICABLE or not isinstance(part, Xform):
        return value if isinstance(part, Hole) else transforms.NOT_APPLICABLE
    if part.name not in transforms.TRANSFORMS or not isinstance(part.operand, Hole):
        return transforms.NOT_APPLICABLE
    change = transforms.backward if back else transforms.forward
    return change(part.name, value, dict(part.params))
