"""What a reader would miss in a file: its comments, docstrings, and the lines that have nothing to do with a framework.

Nothing here asks the translator; the tests compare its output with what these functions find in the source.
"""

from __future__ import annotations

import ast
import builtins
import dis
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType

ROOTS = ("torch", "keras", "tensorflow")
# Methods of model classes that the libraries spell differently, and the mode, which is an argument on one side only.
_PROTOCOL = {"forward", "call", "build", "training", "Tensor", "KerasTensor", "__call__"}
# Members of tensors and modules; a line with one of them may change although no name of it is the framework's.
_MEMBERS = set(
    "shape size view reshape flatten mean contiguous permute dim ndim append add modules layers children "
    "parameters apply add_module add_weight register_parameter register_buffer super".split()
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


def untouched(text: str, renamed: Iterable[str] = ()) -> list[str]:
    """The lines that have nothing to do with the framework: statements that neither use a name of it nor a value that
    comes from it, blank and comment lines away from imports. ``renamed`` are attributes that the other side reserves.
    """
    tree = ast.parse(text)
    lines = text.split("\n")
    touched: set[int] = set()
    flow = Flow(tree, {*_framework_names(tree), *renamed})
    for first, last, node in _statements(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            # Imports come and go, and the blank lines around them with them.
            touched.update(range(first, last + 1), _blank_around(lines, first, last))
        elif flow.touches(node):
            touched.update(range(first, last + 1))
    return [line for number, line in enumerate(lines, 1) if number not in touched]


def _mentions(annotation: ast.expr | None, names: set[str]) -> bool:
    """Whether a type hint uses one of these names: what it declares comes from the framework."""
    nodes = ast.walk(annotation) if annotation is not None else ()
    return any(isinstance(node, ast.Name) and node.id in names for node in nodes)


class Flow:
    """Which names hold values of the framework: by name in a function, by attribute or top-level name in the file."""

    def __init__(self, tree: ast.Module, names: set[str]) -> None:
        self.shared = names
        self.local: dict[int, set[str]] = {}
        self.function: dict[int, ast.FunctionDef] = {}
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            # ast.walk goes outside in, so that the innermost function has the last word.
            self.function.update({id(node): function for node in ast.walk(function) if node is not function})
            arguments = [a for a in ast.walk(function.args) if isinstance(a, ast.arg) and a.arg != "self"]
            forward = function.name in ("forward", "call")
            self.local[id(function)] = {a.arg for a in arguments if forward or _mentions(a.annotation, names)}
        statements = [node for _, _, node in _statements(tree)]
        before = -1
        while before != self._size():
            before = self._size()
            for node in statements:
                if self.touches(node):
                    self._spread(node)

    def touches(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Name) and node.iter.id == "self":
            # Only a class that derives from a container goes through itself.
            return True
        words = set(_words(node))
        function = self.function.get(id(node))
        return bool(words & self.shared or (function and words & self.local[id(function)]))

    def _size(self) -> int:
        return len(self.shared) + sum(len(names) for names in self.local.values())

    def _spread(self, node: ast.stmt) -> None:
        """The names that get their values in a touched statement are touched."""
        function = self.function.get(id(node))
        here = self.local[id(function)] if function else self.shared
        if isinstance(node, ast.ClassDef):
            self.shared.add(node.name)
        elif isinstance(node, ast.FunctionDef):
            self.local[id(node)].update(name for name, default in _defaults(node) if self.shared & set(_words(default)))
        elif isinstance(node, ast.Return) and function:
            self.shared.add(function.name)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            receiver = node.value.func
            if isinstance(receiver, ast.Attribute) and isinstance(receiver.value, ast.Name):
                here.update({receiver.value.id} - {"self"})
            elif isinstance(receiver, ast.Attribute) and isinstance(receiver.value, ast.Attribute):
                self.shared.add(receiver.value.attr)
        for part in ast.walk(node) if not _is_compound(node) else _header(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                here.add(part.id)
            elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                self.shared.add(part.attr)


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
            if instruction.opname == "STORE_GLOBAL" or (instruction.opname == "STORE_NAME" and top):
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
            if node.names[0].name == "*":
                # What nothing else in the file binds is the framework's.
                names |= undefined_names(ast.unparse(tree))
    return names


def _statements(tree: ast.Module) -> Iterator[tuple[int, int, ast.stmt]]:
    """First and last line of every statement; of a compound one, of its header."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if _is_compound(node):
            yield first, max([node.lineno, *(part.end_lineno or 0 for part in _header(node))]), node
        else:
            yield first, node.end_lineno or first, node


def _is_compound(node: ast.stmt) -> bool:
    return bool(getattr(node, "body", None) or getattr(node, "cases", None))


def _header(node: ast.stmt) -> list[ast.expr | ast.arg]:
    """The expressions of a compound statement outside its blocks."""
    inside: set[int] = set()
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, block, []):
            inside.update(id(n) for n in ast.walk(child))
    return [n for n in ast.walk(node) if id(n) not in inside and n is not node and isinstance(n, ast.expr | ast.arg)]


def _defaults(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Parameters with their defaults."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    if arguments.defaults:
        yield from zip(names[-len(arguments.defaults) :], arguments.defaults, strict=True)
    yield from ((a.arg, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None)


def _words(node: ast.stmt | ast.expr) -> Iterator[str]:
    """The identifiers of a statement, of a compound one those of its header."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    for part in _header(node) if isinstance(node, ast.stmt) and _is_compound(node) else ast.walk(node):
        if isinstance(part, ast.Call) and (part.args or part.keywords) and ast.unparse(part.func).startswith("super("):
            # What a base class of the framework is given differs.
            yield "__call__"
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.arg | ast.keyword) and part.arg:
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
