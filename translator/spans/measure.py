"""Spans by adding up the lengths of a node's parts, from the start of a tree: the walk, and whitespace.

``ENDS`` has one function per kind of node, for the kinds that make up nearly all code; each mirrors what libcst writes
for its kind. The others are written by libcst's own generator. Whether the sum is right is for the caller to see: it
must be the length of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from translator.spans.generated import Comment, Generated, Span


class Measure:
    """Adds up lengths from the start of one tree. Each ``_kind(m, node, position)`` gives the node's end."""

    __slots__ = ("comments", "indent", "indents", "marks", "newline", "tree")

    def __init__(self, marks: dict[cst.CSTNode, Span], comments: list[Comment], newline: int) -> None:
        self.marks, self.comments, self.newline = marks, comments, newline
        self.indent = 0
        self.indents: list[str] = []

    def module(self, module: cst.Module, text: str, position: int) -> int:
        """The end of a whole tree that begins at ``position``, and whose text this should be."""
        self.tree = module
        position = after_lines(self, module.header, position)
        for statement in module.body:
            position = ENDS[type(statement)](self, statement, position)
        position = after_lines(self, module.footer, position)
        # libcst gives a file without a newline at its end one, and takes a final "\r" for none.
        if not module.has_trailing_newline and not text.endswith("\r"):
            position -= self.newline
        return position


def as_generated(m: Measure, node: Any, position: int) -> int:
    """The end of a node of a rare kind, as libcst writes it."""
    text = Generated(m.tree, m.indents).write(node, position, m.marks, m.comments)
    return position + len(text)


class _Ends(dict[type, Callable[[Measure, Any, int], int]]):
    def __missing__(self, kind: type) -> Callable[[Measure, Any, int], int]:
        return as_generated


ENDS = _Ends()


def after_space(m: Measure, space: Any, position: int) -> int:
    if type(space) is cst.SimpleWhitespace:
        return position + len(space.value)
    position = after_trailing(m, space.first_line, position)
    if space.empty_lines:
        position = after_lines(m, space.empty_lines, position)
    if space.indent:
        position += m.indent
    return position + len(space.last_line.value)


def after_trailing(m: Measure, line: Any, position: int) -> int:
    position += len(line.whitespace.value)
    comment = line.comment
    if comment is not None:
        text = comment.value
        end = position + len(text)
        m.comments.append(Comment(position, end, text))
        position = end
    value = line.newline.value
    return position + (m.newline if value is None else len(value))


def after_lines(m: Measure, lines: Sequence[Any], position: int) -> int:
    for line in lines:
        position = after_trailing(m, line, position + m.indent if line.indent else position)
    return position


def after_comma(m: Measure, comma: Any, position: int) -> int:
    if type(comma) is not cst.Comma:
        return position
    return after_space(m, comma.whitespace_after, after_space(m, comma.whitespace_before, position) + 1)


def after_open(m: Measure, parens: Sequence[Any], position: int) -> int:
    for paren in parens:
        position = after_space(m, paren.whitespace_after, position + 1)
    return position


def after_close(m: Measure, parens: Sequence[Any], position: int) -> int:
    for paren in parens:
        position = after_space(m, paren.whitespace_before, position) + 1
    return position
