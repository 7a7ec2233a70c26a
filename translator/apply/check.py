"""The last look at an output: it parses, and it uses no name that it does not define."""

from __future__ import annotations

import builtins
import symtable

from translator.emit.imports import global_reads


def undefined(code: str) -> set[str]:
    """Names that some scope of a module reads as globals and that the module neither binds nor the builtins have."""
    table = symtable.symtable(code, "<output>", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    stack = list(table.get_children())
    while stack:
        scope = stack.pop()
        bound |= {s.get_name() for s in scope.get_symbols() if s.is_declared_global() and s.is_assigned()}
        stack += scope.get_children()
    known = bound | set(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__class__"}
    return global_reads(table) - known


def new_undefined(source: str, code: str) -> set[str]:
    """Names that are undefined in the output though they were not in the source."""
    if "import *" in source:
        return set()
    found = undefined(code)
    return found - undefined(source) if found else found
