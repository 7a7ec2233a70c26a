"""Trees of top-level statements, and small questions about libcst nodes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any

import libcst as cst

from translator.spans.table import Spans

NOT_LITERAL = object()


class Tree:
    """One parsed top-level statement, in the text that ``spans`` speaks of."""

    def __init__(self, text: str, spans: Spans, whole: str) -> None:
        self.module = cst.parse_module(text)
        self._spans = spans
        self._whole = whole
        self.lossless = spans.add(self.module, text)
        """Whether the tree stands for its text to the byte."""

    def start_of(self, node: cst.CSTNode) -> int:
        """Where a node begins in the file."""
        return self._spans.span(node)[0]

    def holds(self, text: str) -> bool:
        """Whether the file holds a piece of text at all."""
        return text in self._whole

    def text(self, node: cst.CSTNode) -> str:
        """The author's text of a node, without its own parentheses."""
        start, end = self._spans.span(node)
        return self._whole[start:end]


def literal(node: cst.CSTNode) -> object:
    """The value of a literal expression, else NOT_LITERAL.

    Numbers and their negatives, strings, None, booleans, ``float("inf")``, and tuples and lists of these.
    """
    if type(node) not in _LITERALS:
        return NOT_LITERAL
    if isinstance(node, cst.Name):
        return _NAMES.get(node.value, NOT_LITERAL)
    if isinstance(node, cst.Integer | cst.Float | cst.SimpleString):
        return _scalar(node.value)
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        value = literal(node.expression)
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else NOT_LITERAL
    if isinstance(node, cst.Tuple | cst.List):
        values = [literal(e.value) if isinstance(e, cst.Element) else NOT_LITERAL for e in node.elements]
        if any(v is NOT_LITERAL for v in values):
            return NOT_LITERAL
        return tuple(values) if isinstance(node, cst.Tuple) else values
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Name)
        and node.func.value == "float"
        and len(node.args) == 1
    ):
        text = literal(node.args[0].value)
        if isinstance(text, str) and text.strip().lower() in ("inf", "-inf"):
            return float(text)
    return NOT_LITERAL


@lru_cache(maxsize=4096)
def _scalar(text: str) -> object:
    return ast.literal_eval(text)


_LITERALS = frozenset(
    {cst.Name, cst.Integer, cst.Float, cst.SimpleString, cst.UnaryOperation, cst.Tuple, cst.List, cst.Call}
)
_NAMES = {"None": None, "True": True, "False": False}


@lru_cache(maxsize=256)
def _child_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node class that hold code: whitespace, punctuation and parentheses are left out."""
    skipped = (
        "whitespace",
        "comma",
        "semicolon",
        "lines",
        "lpar",
        "rpar",
        "bracket",
        "equal",
        "colon",
        "header",
        "footer",
        "indent",
        "trailing",
        "dot",
    )
    return tuple(f.name for f in fields(kind) if not any(word in f.name for word in skipped))


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The code below a node, in order. ``node.children`` runs a visitor and costs twenty times as much."""
    result: list[cst.CSTNode] = []
    for name in _child_fields(type(node)):
        value = getattr(node, name)
        kind = type(value)
        if kind is list or kind is tuple:
            result += value
        elif kind not in _NOT_NODES:
            result.append(value)
    return result


@lru_cache(maxsize=256)
def is_expression(kind: type) -> bool:
    """Whether a node class is one of expressions."""
    return issubclass(kind, cst.BaseExpression)


_NOT_NODES = frozenset({str, bool, int, type(None), cst.MaybeSentinel})
"""What else the fields of nodes hold; a test by type, since ``isinstance`` with libcst's abstract classes is slow."""


def dotted(node: cst.CSTNode) -> str | None:
    """The dotted name of a chain of attributes, or None."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    parts.append(node.value)
    return ".".join(reversed(parts))


def target_names(node: cst.CSTNode) -> Iterator[str]:
    """Names that an assignment target binds."""
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, cst.Tuple | cst.List):
        for element in node.elements:
            yield from target_names(element.value)
    elif isinstance(node, cst.StarredElement):
        yield from target_names(node.value)


def parameters(function: cst.FunctionDef | cst.Lambda) -> list[cst.Param]:
    """All parameters in order, star parameters included."""
    p = function.params
    result = [*p.posonly_params, *p.params]
    if isinstance(p.star_arg, cst.Param):
        result.append(p.star_arg)
    result += p.kwonly_params
    if p.star_kwarg is not None:
        result.append(p.star_kwarg)
    return result


def same_code(left: Any, right: Any) -> bool:
    """Equal expressions, whitespace and comments aside."""
    if left is not right and (type(left) is not type(right) or type(left) is cst.Name):
        # The general comparison is slow, and most of what is compared is names.
        return type(left) is type(right) and bool(left.value == right.value)
    return left is right or (
        isinstance(left, cst.CSTNode) and isinstance(right, cst.CSTNode) and left.deep_equals(right)
    )
