"""Imports of the output: what the generated code needs comes in, source imports that nothing uses any more go."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Callable, Iterable

import libcst as cst

from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings


def used_names(code: str) -> set[str]:
    """The global names that some scope of a module reads, and those in ``__all__``: an import may exist for them.

    Raises SyntaxError where ``code`` does not parse.
    """
    names = global_reads(symtable.symtable(code, "<output>", "exec"))
    if "__all__" in code:
        for node in ast.parse(code).body:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.List | ast.Tuple):
                continue
            if any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
                constants = [e.value for e in node.value.elts if isinstance(e, ast.Constant)]
                names |= {value for value in constants if isinstance(value, str)}
    return names


def global_reads(table: symtable.SymbolTable) -> set[str]:
    """Names that are looked up in the module's namespace, from any scope."""
    reads: set[str] = set()
    stack = [table]
    while stack:
        scope = stack.pop()
        outermost = scope is table
        for symbol in scope.get_symbols():
            if symbol.is_referenced() and (outermost or symbol.is_global()):
                reads.add(symbol.get_name())
        stack += scope.get_children()
    return reads


def is_framework(node: cst.Import | cst.ImportFrom) -> bool:
    """Whether any name of an import belongs to a framework."""
    return any(origin.split(".")[0] in FRAMEWORK_ROOTS for _, origin, _ in import_bindings(node))


def remaining(
    node: cst.Import | cst.ImportFrom, keep: Callable[[str], bool], source: Callable[[cst.CSTNode], str]
) -> str | None:
    """The import with only the names that ``keep`` accepts; None where none is left, "" where nothing changes."""
    if isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar):
        return ""
    kept: list[cst.ImportAlias] = []
    dropped: list[cst.ImportAlias] = []
    aliases: Iterable[cst.ImportAlias] = node.names  # type: ignore[assignment]  # ImportStar is handled above
    for alias, (local, origin, _) in zip(aliases, import_bindings(node), strict=True):
        foreign = origin.split(".")[0] not in FRAMEWORK_ROOTS
        (kept if foreign or keep(local) else dropped).append(alias)
    if not dropped:
        return ""
    if not kept:
        return None
    names = ", ".join(source(alias).rstrip(", \n") for alias in kept)
    if isinstance(node, cst.Import):
        return f"import {names}"
    module = source(node.module) if node.module is not None else ""
    return f"from {'.' * len(node.relative)}{module} import {names}"
