"""Every definition of a helper file can be copied into another file with the definitions that it names."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest

HELPERS = Path(__file__).parent.parent.parent / "mappings" / "helpers"
FILES = [path for path in sorted(HELPERS.rglob("*.py")) if path.name != "__init__.py"]
each_file = pytest.mark.parametrize("path", FILES, ids=[path.relative_to(HELPERS).as_posix() for path in FILES])


def globals_of(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            yield symbol.get_name()
    for inner in table.get_children():
        yield from globals_of(inner)


def test_there_are_helpers() -> None:
    assert FILES != []


@each_file
def test_a_helper_file_holds_imports_and_public_documented_definitions_only(path: Path) -> None:
    docstring, *statements = ast.parse(path.read_text("utf-8")).body
    assert isinstance(docstring, ast.Expr)
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            assert not statement.name.startswith("_")
            assert statement.decorator_list == []
            assert ast.get_docstring(statement), statement.name
        else:
            assert isinstance(statement, ast.Import | ast.ImportFrom), ast.unparse(statement)


@each_file
def test_a_definition_names_only_imports_builtins_and_other_definitions(path: Path) -> None:
    table = symtable.symtable(path.read_text("utf-8"), str(path), "exec")
    defined = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {name for definition in table.get_children() for name in globals_of(definition)}
    assert used - defined - set(dir(builtins)) == set()
