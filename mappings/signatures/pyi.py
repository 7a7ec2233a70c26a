"""Reading overloads from type stubs (``.pyi``), which is where compiled functions have their signatures."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mappings.signatures.rows import Overload, Parameter, distinct, is_literal


@dataclass(frozen=True, slots=True)
class Stub:
    """One stub file: overloads of its functions and of its classes' methods, and the names it re-exports.

    ``imports`` maps a re-exported name to (module, name there).
    """

    functions: Mapping[str, tuple[Overload, ...]]
    methods: Mapping[str, Mapping[str, tuple[Overload, ...]]]
    imports: Mapping[str, tuple[str, str]]


def read_stub(path: Path) -> Stub:
    """Parse a stub file. Raises OSError if it is missing and SyntaxError if it is no Python."""
    body = ast.parse(path.read_text(encoding="utf-8"), str(path)).body
    imports = {
        alias.asname or alias.name: (statement.module, alias.name)
        for statement in body
        if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level
        for alias in statement.names
    }
    methods = {
        statement.name: _overloads_by_name(statement.body, imports)
        for statement in body
        if isinstance(statement, ast.ClassDef)
    }
    return Stub(_overloads_by_name(body, imports), methods, imports)


def _overloads_by_name(
    body: Iterable[ast.stmt], imports: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[Overload, ...]]:
    found: dict[str, list[Overload]] = {}
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            found.setdefault(statement.name, []).append(_overload(statement.args, imports))
    return {name: distinct(overloads) for name, overloads in found.items()}


def _overload(arguments: ast.arguments, imports: Mapping[str, tuple[str, str]]) -> Overload:
    positional = arguments.posonlyargs + arguments.args
    required = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [None] * required + list(arguments.defaults)
    parameters = [
        Parameter(argument.arg, _default(default, imports), "pos" if index < len(arguments.posonlyargs) else "")
        for index, (argument, default) in enumerate(zip(positional, defaults, strict=True))
    ]
    if arguments.vararg:
        parameters.append(Parameter(arguments.vararg.arg, None, "*"))
    parameters += [
        Parameter(argument.arg, _default(default, imports), "kw")
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        parameters.append(Parameter(arguments.kwarg.arg, None, "**"))
    return tuple(parameters)


def _default(node: ast.expr | None, imports: Mapping[str, tuple[str, str]]) -> str | None:
    """The text of a default; a name that the stub imported is written with its module, ``!torch.strided``."""
    if node is None:
        return None
    text = ast.unparse(node)
    if is_literal(text):
        return text
    return "!" + ".".join(imports[text]) if text in imports else f"!{text}"
