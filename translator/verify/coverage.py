"""Which lines of the user's model ran."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any


class LineTracer:
    """Records executed lines of one file; frames of other files are not traced line by line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: set[int] = set()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Trace the current thread while the block runs."""
        earlier = sys.gettrace()
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(earlier)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != self.path:
            return None
        self.lines.add(frame.f_lineno)
        return self._line

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.lines.add(frame.f_lineno)
        return self._line


def class_lines(cls: type, path: str) -> set[int]:
    """The lines of a class's own methods that hold code, without the ``def`` lines."""
    lines: set[int] = set()
    for member in vars(cls).values():
        function = getattr(member, "__func__", member)
        function = getattr(function, "fget", None) or function
        function = getattr(function, "__wrapped__", function)
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType) and code.co_filename == path:
            lines |= _code_lines(code)
    return lines


def _code_lines(code: CodeType) -> set[int]:
    lines = {line for _, _, line in code.co_lines() if line is not None and line != code.co_firstlineno}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            lines |= _code_lines(constant)
    return lines
