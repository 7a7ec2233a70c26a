"""Small pieces of Python text: literals, parentheses, tuples."""

from __future__ import annotations

import math
import re


def literal_text(value: object, prefer: str = '"') -> str:
    """A literal as Python source; strings in double quotes."""
    if isinstance(value, str):
        return prefer + value.replace("\\", "\\\\").replace(prefer, "\\" + prefer) + prefer
    if isinstance(value, float) and math.isinf(value):
        return 'float("inf")' if value > 0 else '-float("inf")'
    if isinstance(value, tuple):
        inner = ", ".join(literal_text(v, prefer) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return "[" + ", ".join(literal_text(v, prefer) for v in value) + "]"
    return re.sub(r"e([+-])0(\d)$", r"e\1\2", repr(value)) if isinstance(value, float) else repr(value)


def atom(text: str) -> str:
    """``text`` in parentheses unless it binds at least as tightly as an attribute access."""
    return text if is_atom(text) else f"({text})"


def is_atom(text: str) -> bool:
    """Names, attributes, calls, subscripts and bracketed displays, judged by the text outside brackets and strings."""
    depth = 0
    quote = ""
    index = 0
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif depth == 0 and not (char.isalnum() or char in "_."):
            return False
        index += 1
    return not text[:1].isdigit() or (text.isdigit() and False)


def is_dotted(text: str) -> bool:
    """Whether a text is a name or an attribute, which may be written twice."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", text) is not None


def tuple_text(items: list[str]) -> str:
    return f"({items[0]},)" if len(items) == 1 else "(" + ", ".join(items) + ")"


def operand(text: str) -> str:
    """``text`` as an operand of an arithmetic operator."""
    return text if is_atom(text) or text.isdigit() or re.fullmatch(r"\d+\.\d*", text) else f"({text})"


class Unwritable(Exception):
    """A matched rewrite cannot be written with these values; the site is declined with the reason."""
