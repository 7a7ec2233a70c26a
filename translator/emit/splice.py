"""Edits to text, bottom-up: an edit's text is built from the already updated text of the parts it keeps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Edit:
    """Replace ``text[start:end]``; ``render`` is called once, when the text of its surroundings is built."""

    start: int
    end: int
    render: Callable[[], str]
    inner: Level = field(default_factory=lambda: Level())
    done: str | None = None

    def text(self) -> str:
        if self.done is None:
            self.done = self.render()
        return self.done


class Level:
    """Edits side by side, in order."""

    __slots__ = ("edits", "starts")

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self.starts: list[int] = []

    def append(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.starts.append(edit.start)


def _contains(outer: Edit, inner: Edit) -> bool:
    """An insertion at the end of an edit stands behind it."""
    if inner.start == inner.end == outer.end:
        return False
    return outer.start <= inner.start and inner.end <= outer.end


class Splicer:
    """The edits of one text, nested by containment. Spans may nest but must not overlap otherwise."""

    def __init__(self, text: str, edits: Iterable[Edit]) -> None:
        self.source = text
        # An insertion stands before what begins at the same place.
        ordered = sorted(edits, key=lambda e: (e.start, e.end != e.start, -e.end))
        for edit in ordered:
            edit.inner = Level()
        self.roots = Level()
        stack: list[Edit] = []
        for edit in ordered:
            while stack and not _contains(stack[-1], edit):
                if edit.start < stack[-1].end and edit.end > stack[-1].end:
                    raise ValueError(
                        f"edits overlap at {edit.start}..{edit.end} and {stack[-1].start}..{stack[-1].end}"
                    )
                stack.pop()
            (stack[-1].inner if stack else self.roots).append(edit)
            stack.append(edit)

    def whole(self) -> str:
        return self.between(0, len(self.source))

    def between(self, start: int, end: int, within: Edit | None = None) -> str:
        """The updated text of a span: of the edits inside it, not of one that covers it as a whole from outside."""
        level = self._level(start, end, within)
        parts: list[str] = []
        position = start
        for index in range(bisect_left(level.starts, start), len(level.edits)):
            edit = level.edits[index]
            if edit.start >= end and not (edit.start == end == len(self.source) and edit.end == end):
                break
            if edit.end > end or edit.start < position:
                continue
            parts.append(self.source[position : edit.start])
            parts.append(edit.text())
            position = edit.end
        parts.append(self.source[position:end])
        return "".join(parts)

    def _level(self, start: int, end: int, within: Edit | None) -> Level:
        """The edits directly below the innermost edit that strictly contains the span (or is ``within``)."""
        level = self.roots if within is None else within.inner
        while True:
            index = bisect_left(level.starts, start + 1) - 1
            if index < 0:
                return level
            edit = level.edits[index]
            if edit.start <= start and end <= edit.end and (edit.start, edit.end) != (start, end):
                level = edit.inner
            else:
                return level
