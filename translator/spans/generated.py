"""The text and the spans of libcst nodes as libcst itself writes them: the judge of ``measure``, and slower."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from types import TracebackType

import libcst as cst
from libcst._nodes.internal import CodegenState

from translator.dataclass import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its offsets, from its "#" to the end of the line."""

    start: int
    end: int
    text: str


class Generated(CodegenState):
    """libcst's code generator, with the token range of each node between its parentheses."""

    def __init__(self, module: cst.Module, indents: Sequence[str] = ()) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.indent_tokens = list(indents)
        self.recorder = _Recorder(self.tokens)

    def record_syntactic_position(  # type: ignore[override]  # declared as the generator that its default happens to be
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Recorder:
        self.recorder.open.append((node, len(self.tokens)))
        return self.recorder

    def write(self, node: cst.CSTNode, position: int, marks: dict[cst.CSTNode, Span], comments: list[Comment]) -> str:
        """The text of a node that begins at an offset; records its spans and comments."""
        node._codegen(self)
        starts = list(accumulate(map(len, self.tokens), initial=position))
        last = len(starts) - 1
        # At the end of a file without a newline libcst takes its last token back, after spans were recorded.
        for inner, (first, end) in self.recorder.marks.items():
            marks[inner] = (starts[min(first, last)], starts[min(end, last)])
        for index, token in enumerate(self.tokens):
            if token[:1] == "#":
                comments.append(Comment(starts[index], starts[index + 1], token))
        return "".join(self.tokens)


class _Recorder:
    """Notes the token ranges of nodes. Nodes nest, so one recorder serves them all."""

    __slots__ = ("marks", "open", "tokens")

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.marks: dict[cst.CSTNode, Span] = {}
        self.open: list[tuple[cst.CSTNode, int]] = []

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        node, start = self.open.pop()
        self.marks[node] = (start, len(self.tokens))
