"""Imports of the output: what the generated code needs comes in, source imports that nothing uses any more go."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

import libcst as cst

from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings


def used_names(code: str) -> set[str]:
    """Every name that code reads, and those that it lists in ``__all__``: an import may exist for them."""
    tree = ast.parse(code)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            if isinstance(node.value, ast.List | ast.Tuple):
                names |= {e.value for e in node.value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return names


def is_framework(node: cst.Import | cst.ImportFrom) -> bool:
    """Whether any name of an import belongs to a framework."""
    return any(origin.split(".")[0] in FRAMEWORK_ROOTS for _, origin, _ in import_bindings(node))


def remaining(
    node: cst.Import | cst.ImportFrom, keep: Callable[[str], bool], source: Callable[[cst.CSTNode], str]
) -> str | None:
    """The import with only the names that ``keep`` accepts; None where none is left, "" where nothing changes."""
    if isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar):
        return ""
    kept, dropped = [], []
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
