"""What names mean before any code runs: imports, local names of a function, and framework roots."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from translator.syntax import children, dotted, is_expression, target_names

FRAMEWORK_ROOTS = {"torch": "torch", "tensorflow": "keras", "keras": "keras", "tf_keras": "keras"}
"""Top-level packages that belong to a framework, with the side they stand for."""


def import_bindings(node: cst.Import | cst.ImportFrom) -> Iterator[tuple[str, str, bool]]:
    """Yield (local name, dotted origin, is_star) for each name an import binds; relative imports start with a dot."""
    if isinstance(node, cst.Import):
        for alias in node.names:
            full = dotted(alias.name) or ""
            if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                yield alias.asname.name.value, full, False
            else:
                top = full.split(".")[0]
                yield top, top, False
        return
    module = "." * len(node.relative) + (dotted(node.module) or "" if node.module is not None else "")
    if isinstance(node.names, cst.ImportStar):
        yield "*", module, True
        return
    for alias in node.names:
        name = alias.name.value if isinstance(alias.name, cst.Name) else ""
        local = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
        yield local, f"{module}.{name}" if module.strip(".") else f"{module}{name}", False


def local_names(function: cst.FunctionDef, walrus: bool = True) -> frozenset[str]:
    """Names that a function binds itself (parameters excluded), nested scopes excluded, ``global`` names excluded."""
    names: set[str] = set()
    outer: set[str] = set()
    for node in _own(function.body, walrus):
        if type(node) not in _BINDING:
            continue
        match node:
            case cst.Assign(targets=targets):
                for target in targets:
                    names.update(target_names(target.target))
            case cst.AnnAssign(target=target) | cst.AugAssign(target=target) | cst.NamedExpr(target=target):
                names.update(target_names(target))
            case cst.For(target=target):
                names.update(target_names(target))
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                names.add(name.value)
            case cst.Import() | cst.ImportFrom():
                names.update(local for local, _, star in import_bindings(node) if not star)
            case cst.AsName(name=name):
                names.update(target_names(name))
            case cst.MatchAs(name=cst.Name(value=text)) | cst.MatchStar(name=cst.Name(value=text)):
                names.add(text)
            case cst.Global(names=items) | cst.Nonlocal(names=items):
                outer.update(item.name.value for item in items)
    return frozenset(names - outer)


_BINDING = frozenset(
    {
        cst.Assign,
        cst.AnnAssign,
        cst.AugAssign,
        cst.NamedExpr,
        cst.For,
        cst.FunctionDef,
        cst.ClassDef,
        cst.Import,
        cst.ImportFrom,
        cst.AsName,
        cst.MatchAs,
        cst.MatchStar,
        cst.Global,
        cst.Nonlocal,
    }
)
_SCOPES = frozenset({cst.FunctionDef, cst.ClassDef, cst.Lambda})


def _own(node: cst.CSTNode, walrus: bool) -> Iterator[cst.CSTNode]:
    """The statements of a scope and their binding parts, without the bodies of nested functions and classes.

    Expressions are entered only for ``:=``, and only in a file that holds one.
    """
    for child in children(node):
        if is_expression(type(child)):
            if walrus:
                yield from _walruses(child)
        else:
            yield child
            if type(child) not in _SCOPES:
                yield from _own(child, walrus)


def _walruses(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.NamedExpr):
        yield node
    if isinstance(node, cst.Name | cst.Attribute | cst.Integer | cst.SimpleString | cst.Lambda):
        return
    for child in children(node):
        yield from _walruses(child)
