"""What a reader would miss in a file: its comments, docstrings, and the lines that have nothing to do with a framework.

Nothing here asks the translator; the tests compare its output with what these functions find in the source.
"""

from __future__ import annotations

import ast
import builtins
import dis
import io
import tokenize
from collections.abc import Iterator, Sequence
from types import CodeType

ROOTS = ("torch", "keras", "tensorflow")
# Method names of model classes that the libraries spell differently, and the mode, which is an argument on one side only.
_PROTOCOL = {"forward", "call", "build", "training", "Tensor", "KerasTensor", "__call__"}
# Members of tensors and modules; a line with one of them may change although no name of it is the framework's.
_MEMBERS = set(
    "shape size view reshape flatten mean contiguous permute dim ndim append add modules layers children parameters".split()
)


def comments(text: str) -> list[str]:
    return [token.string for token in _tokens(text) if token.type == tokenize.COMMENT]


def docstrings(text: str) -> list[str]:
    """The literal text of every docstring, in the order of the file."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
            continue
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            found.append((first.lineno, ast.get_source_segment(text, first) or ""))
    return [segment for _, segment in sorted(found)]


def untouched(text: str) -> list[str]:
    """The lines of the statements without any framework name, and all blank and comment lines away from imports."""
    tree = ast.parse(text)
    lines = text.split("\n")
    names = _framework_names(tree)
    touched: set[int] = set()
    for first, last, node in _statements(tree):
        span = range(first, last + 1)
        if isinstance(node, ast.Import | ast.ImportFrom):
            # Imports come and go, and the blank lines around them with them.
            touched.update(span)
            touched.update(_blank_around(lines, first, last))
        elif names & set(_words(node)):
            touched.update(span)
    return [line for number, line in enumerate(lines, 1) if number not in touched]


def is_subsequence(part: Sequence[str], whole: Sequence[str]) -> str | None:
    """None where ``part`` occurs in ``whole`` in order, else the first item that does not."""
    remaining = iter(whole)
    return next((item for item in part if item not in remaining), None)


def undefined_names(text: str) -> set[str]:
    """Names that the compiled code loads from the module or the builtins, and that neither of them has.

    Read off the byte code, so that it shares nothing with the translator's own check.
    """
    loads: set[str] = set()
    stores = {"__name__", "__file__", "__doc__", "__annotations__", "__module__", "__qualname__", "__class__"}
    module = compile(text, "<output>", "exec", dont_inherit=True)
    stack = [(module, True)]
    while stack:
        code, top = stack.pop()
        own: set[str] = set()
        reads: set[str] = set()
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("STORE_GLOBAL",) or (instruction.opname == "STORE_NAME" and top):
                stores.add(instruction.argval)
            elif instruction.opname == "STORE_NAME":
                own.add(instruction.argval)
            elif instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                reads.add(instruction.argval)
        loads |= reads - own
        stack += [(constant, False) for constant in code.co_consts if isinstance(constant, CodeType)]
    return loads - stores - set(dir(builtins))


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


def _framework_names(tree: ast.Module) -> set[str]:
    """Names that imports of a framework bind, names assigned from them, and the members above."""
    names = set(ROOTS) | _PROTOCOL | _MEMBERS
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in ROOTS:
                    names.add(alias.asname or alias.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOTS:
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _statements(tree: ast.Module) -> Iterator[tuple[int, int, ast.stmt]]:
    """First and last line of every statement; of a compound one, of its header."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        body = getattr(node, "body", None) or getattr(node, "cases", None)
        last = node.end_lineno or first
        if body:
            start = body[0]
            inner = getattr(start, "lineno", None) or start.pattern.lineno
            last = max(first, inner - 1)
            if isinstance(start, ast.stmt):
                last = max(last, max((e.end_lineno or 0) for e in _header(node)))
                last = min(last, inner)
            # Blank lines and comments between a header and its body belong to nobody.
            last = max([first, *((e.end_lineno or 0) for e in _header(node))])
        yield first, last, node


def _header(node: ast.stmt) -> list[ast.expr | ast.arg | ast.stmt]:
    """The expressions of a compound statement outside its blocks."""
    inside: set[int] = set()
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, block, []):
            inside.update(id(n) for n in ast.walk(child))
    return [n for n in ast.walk(node) if id(n) not in inside and n is not node and isinstance(n, ast.expr | ast.arg)]


def _words(node: ast.stmt) -> Iterator[str]:
    """The identifiers of a statement, of a compound one those of its header."""
    parts: list[ast.AST] = [node]
    if getattr(node, "body", None) or getattr(node, "cases", None):
        parts = [*_header(node)]
        name = getattr(node, "name", None)
        if name:
            yield name
    else:
        parts = list(ast.walk(node))
    for part in parts:
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, ast.keyword) and part.arg:
            yield part.arg
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            yield part.value


def _blank_around(lines: Sequence[str], first: int, last: int) -> Iterator[int]:
    number = first - 1
    while number >= 1 and not lines[number - 1].strip():
        yield number
        number -= 1
    number = last + 1
    while number <= len(lines) and not lines[number - 1].strip():
        yield number
        number += 1
