"""Imports of the output: what the generated code needs comes in, source imports that nothing uses any more go."""

from __future__ import annotations

import re
import symtable
from collections.abc import Callable, Collection, Iterable
from functools import cached_property

import libcst as cst

from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings


class UsedNames:
    """The global names that some scope of a module reads, and those it exports: an import may exist for them.

    ``in`` raises SyntaxError where the code does not parse.
    """

    def __init__(self, code: str, exported: Collection[str]) -> None:
        self._code = code
        self._exported = exported

    def __contains__(self, name: object) -> bool:
        # Most names that are asked for stand in imports alone, which is cheaper to see than what they mean.
        text = self._without_imports
        mentioned = isinstance(name, str) and name in text and re.search(rf"\b{name}\b", text) is not None
        return mentioned and (name in self._exported or name in self._names)

    @cached_property
    def _without_imports(self) -> str:
        return _IMPORT.sub("", self._code)

    @cached_property
    def _names(self) -> set[str]:
        return global_reads(symtable.symtable(self._code, "<output>", "exec"))


_IMPORT = re.compile(r"^[ \t]*(?:from\s+\S+\s+import\s*(?:\([^)]*\)|[^\n;]*)|import\s[^\n;]*)", re.MULTILINE)


def global_reads(table: symtable.SymbolTable) -> set[str]:
    """Names that are looked up in the module's namespace, from any scope."""
    reads: set[str] = set()
    stack = [table]
    while stack:
        scope = stack.pop()
        if isinstance(scope, symtable.Function):
            reads.update(scope.get_globals())
        else:
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
