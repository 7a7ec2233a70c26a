"""The text span of every expression and statement of libcst trees, which hold none themselves."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from translator.spans.expressions import EXPRESSIONS
from translator.spans.generated import Comment, Generated, Span
from translator.spans.measure import ENDS, Measure
from translator.spans.statements import STATEMENTS

ENDS.update(EXPRESSIONS)
ENDS.update(STATEMENTS)


class Spans:
    """The text span of every expression and statement of the trees that were added in the order of the text.

    A span leaves out the parentheses around an expression.
    """

    def __init__(self) -> None:
        self.marks: dict[cst.CSTNode, Span] = {}
        self.length = 0
        self._comments: list[Comment] = []

    def add(self, module: cst.Module, text: str) -> bool:
        """Record a tree that follows the text so far. False if the tree does not stand for ``text`` to the byte."""
        measure = Measure(self.marks, self._comments, len(module.default_newline))
        known = len(self._comments)
        end = measure.module(module, text, self.length)
        if end != self.length + len(text):
            del self._comments[known:]
            written = Generated(module).write(module, self.length, self.marks, self._comments)
            if written != text:
                return False
        self.length += len(text)
        return True

    def __contains__(self, node: object) -> bool:
        return node in self.marks

    def span(self, node: cst.CSTNode) -> Span:
        """Offsets of a node, without its own parentheses."""
        start, end = self.marks[node]
        # At the end of a file without a newline libcst counts one to the last compound statement.
        return start, min(self.length, end)

    def outer(self, node: cst.CSTNode) -> Span:
        """Offsets of a node with its own parentheses."""
        start, end = self.span(node)
        left, right = getattr(node, "lpar", ()), getattr(node, "rpar", ())
        if not left:
            return start, end
        return start - sum(_length(p) for p in left), end + sum(_length(p) for p in right)

    def comments(self) -> Iterator[Comment]:
        """All comments in order."""
        return iter(sorted(self._comments, key=lambda comment: comment.start))


_EMPTY = cst.Module([])


def _length(node: cst.CSTNode) -> int:
    return len(_EMPTY.code_for_node(node))


__all__ = ["Comment", "Span", "Spans"]
