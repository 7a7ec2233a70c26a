"""The arguments of a written call, in the author's order and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import libcst as cst

from translator.catalog.signatures import Param
from translator.dataclass import dataclass


@dataclass(frozen=True)
class Source:
    """The call as the author wrote it: its arguments with their spans, and the text between them."""

    args: Sequence[cst.Arg] = ()
    separators: Sequence[str] = ()
    lead: str = ""
    tail: str = ""


def in_one_line(source: Source | None) -> Source:
    """The author's arguments in their order, without line breaks and comments."""
    return Source(source.args, (", ",) * (len(source.args) - 1)) if source is not None else Source()


def wrote_first(node: cst.CSTNode, source: Source) -> bool:
    """Whether an expression is the call's first argument, given by position."""
    return bool(source.args) and source.args[0].keyword is None and source.args[0].value is node


def laid_out(text: str, args: Sequence[cst.Arg], bounds: Sequence[tuple[int, int]], start: int, end: int) -> Source:
    """The arguments at ``bounds`` between two brackets; see ``gaps``."""
    lead, separators, tail = gaps(text, bounds, start, end)
    return Source(args, separators, lead, tail)


def gaps(text: str, bounds: Sequence[tuple[int, int]], start: int, end: int) -> tuple[str, list[str], str]:
    """The text between brackets and items: line breaks and comments as they are, plain spaces in one way.

    Not every construct of the other side has brackets that could carry the author's spaces there and back.
    """
    separators = [_plain(text[a[1] : b[0]], ", ") for a, b in pairwise(bounds)]
    return _plain(text[start : bounds[0][0]], ""), separators, _plain(text[bounds[-1][1] : end], "")


def _plain(gap: str, usual: str) -> str:
    return gap if "\n" in gap or "\r" in gap or "#" in gap else usual


@dataclass
class Argument:
    """One argument of the target call.

    ``required`` ones stand where the signature has them, and so do ``fixed`` ones, the literals of the entry;
    ``leading`` ones may go by position.
    """

    param: Param
    index: int
    text: str
    nodes: tuple[cst.CSTNode, ...]
    required: bool
    leading: bool
    tensor: bool = False
    fixed: bool = False


def join_arguments(written: Sequence[Argument], source: Source, first: int) -> str:
    """Arrange arguments: those that come from the author's in their order and lines, the others where they belong."""
    slots: list[Argument | None] = [None] * len(source.args)
    fresh: list[Argument] = []
    for argument in written:
        place = _slot(argument, source, slots)
        if place is None:
            fresh.append(argument)
        else:
            slots[place] = argument
    # Data goes by position, so it stands in the target's order wherever the author had it.
    data = [(place, slot) for place, slot in enumerate(slots) if slot is not None and slot.tensor]
    for (place, _), argument in zip(data, sorted((slot for _, slot in data), key=lambda a: a.index), strict=True):
        slots[place] = argument
    placed = [a for a in slots if a is not None]
    early: dict[int, list[Argument]] = {}
    back: list[Argument] = []
    for argument in fresh:
        # Data, what is required and what the entry itself says stand where the signature has them, others at the end.
        later = (
            next((a for a in placed if a.index > argument.index), None)
            if argument.required or argument.tensor or argument.fixed
            else None
        )
        if later is not None:
            early.setdefault(id(later), []).append(argument)
        else:
            back.append(argument)
    if not source.args:
        early, back = {}, sorted(fresh, key=lambda a: a.index)
    ordered = [a for slot in placed for a in (*early.get(id(slot), ()), slot)] + back
    texts = dict(zip(map(id, ordered), _texts(ordered, source, first), strict=True))
    if not source.args:
        return ", ".join(texts[id(a)] for a in ordered)
    return _lay_out(early, slots, back, texts, source)


def _slot(argument: Argument, source: Source, slots: list[Argument | None]) -> int | None:
    """The place of the author's argument; tensors by keyword get their usual place, as methods have one for them."""
    for index, arg in enumerate(source.args):
        if slots[index] is None and any(node is arg.value for node in argument.nodes):
            return None if argument.tensor and arg.keyword is not None else index
    return None


def _texts(ordered: Sequence[Argument], source: Source, first: int) -> list[str]:
    positional = True
    result = []
    for position, argument in enumerate(ordered):
        keyword = next(
            (a for a in source.args if any(n is a.value for n in argument.nodes) and a.keyword is not None), None
        )
        fits = argument.param.kind == "*" or (argument.index == position + first and argument.param.kind in ("", "pos"))
        wanted = argument.param.kind in ("*", "pos") or argument.tensor or (argument.leading and keyword is None)
        positional = positional and fits and wanted
        if argument.param.kind == "*" or positional:
            result.append(argument.text)
        else:
            result.append(f"{argument.param.name}={argument.text}")
    return result


def _lay_out(
    early: Mapping[int, Sequence[Argument]],
    slots: Sequence[Argument | None],
    back: Sequence[Argument],
    texts: Mapping[int, str],
    source: Source,
) -> str:
    parts: list[str] = []
    gap = source.lead
    for index, slot in enumerate(slots):
        after = source.separators[index] if index < len(source.separators) else source.tail
        if slot is None:
            gap = _merge(gap, after, start=not parts)
            continue
        for argument in early.get(id(slot), ()):
            parts += [gap, texts[id(argument)]]
            gap = ", "
        parts += [gap, texts[id(slot)]]
        gap = after
    if back:
        tail = gap
        for argument in back:
            parts += [", " if parts else source.lead, texts[id(argument)]]
        gap = tail
    return "".join(parts) + _closing(gap, source, bool(parts))


def _closing(gap: str, source: Source, any_arguments: bool) -> str:
    if not any_arguments:
        return gap.replace(",", "", 1) if "#" not in gap else gap
    if "#" in gap or gap == source.tail:
        return gap
    if "\n" in gap:
        return gap if "\n" in source.tail else source.tail
    stripped = gap.strip()
    return gap if not stripped else "," if stripped == "," and "," in source.tail else gap.replace(",", "").rstrip()


def _merge(before: str, after: str, start: bool) -> str:
    """The text between two arguments when the one between is dropped: comments and line breaks stay."""
    if "#" in before and "#" in after:
        merged = before + after.lstrip(", \t")
    elif "#" in before:
        merged = before
    elif "#" in after:
        merged = after
    elif "\n" in before:
        merged = before
    elif "\n" in after and not start:
        merged = after
    else:
        merged = before if start else after
    if start and merged.lstrip().startswith(","):
        merged = merged.replace(",", "", 1)
    if not start and "," not in merged.split("#")[0]:
        merged = "," + merged
    return merged
