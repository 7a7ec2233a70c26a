"""The last look at an output: it parses, and it uses no name that it does not define."""

from __future__ import annotations

import ast
import builtins
import symtable


def undefined(code: str) -> set[str]:
    """Names that some scope of a module reads as globals and that the module neither binds nor the builtins have."""
    table = symtable.symtable(code, "<output>", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    reads: set[str] = set()
    stack = [table]
    while stack:
        scope = stack.pop()
        for symbol in scope.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (symbol.is_global() or scope is table):
                reads.add(symbol.get_name())
        stack += scope.get_children()
    known = bound | set(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__class__"}
    return reads - known


def new_undefined(source: str, code: str) -> set[str]:
    """Names that are undefined in the output though they were not in the source."""
    if "import *" in source:
        return set()
    found = undefined(code)
    return found - undefined(source) if found else found


def parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
