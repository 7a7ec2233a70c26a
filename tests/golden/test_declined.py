"""What cannot be translated is marked and reported where it stands, and stays as it was; its neighbours do not."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass

import pytest

from tests.golden.cases import FIXTURES, translated
from tests.golden.text import comments, undefined_names
from translator import Translation
from translator.model import Framework

_EXPECT = re.compile(r"# expect: (T\d{3})")
_MARK = "# fwtranslate:"


@dataclass(frozen=True, slots=True)
class Declined:
    """A file of ``fixtures/declined``."""

    name: str

    @property
    def source(self) -> str:
        return (FIXTURES / "declined" / self.name).read_text("utf-8")

    @property
    def expected(self) -> dict[int, str]:
        """The code on each marked line."""
        lines = self.source.split("\n")
        return {n: found[1] for n, line in enumerate(lines, 1) if (found := _EXPECT.search(line))}

    @property
    def result(self) -> Translation:
        return translated(self.source, self.to)

    @property
    def to(self) -> Framework:
        return "keras" if self.name.startswith("torch/") else "torch"

    def __str__(self) -> str:
        return self.name.removesuffix(".py")


FILES = [
    Declined(path.relative_to(FIXTURES / "declined").as_posix())
    for path in sorted((FIXTURES / "declined").rglob("*.py"))
]
every_file = pytest.mark.parametrize("file", FILES, ids=str)


@every_file
def test_each_marked_line_has_its_code_and_no_other_line_has_an_error(file: Declined) -> None:
    errors = {(d.span.line, d.code) for d in file.result.diagnostics if d.severity == "error"}
    first = min(file.expected)
    # What becomes of a value that comes out of a marked line is not known: its kind, or its axis order.
    follows = {(line, code) for line, code in errors if line > first and code in ("T107", "T111")}
    assert errors - (follows - set(file.expected.items())) == set(file.expected.items())
    assert not file.result.exact


@every_file
def test_the_mark_stands_right_above_the_statement(file: Declined) -> None:
    lines = file.result.code.split("\n")
    codes = {d.code for d in file.result.diagnostics if d.severity == "error"}
    marks = [line for line in lines if line.strip().startswith(_MARK)]
    assert {re.search(r"T\d{3}", line)[0] for line in marks} == codes  # type: ignore[index]  # a mark has a code
    for number, line in enumerate(lines):
        expected = _EXPECT.search(line)
        if expected is None:
            continue
        above = _marks_above(lines, _statement_line(file.result.code, number + 1) - 1)
        assert any(mark.strip().startswith(f"{_MARK} {expected[1]} ") for mark in above), line
        assert all(_indent(mark) == _indent(lines[_statement_line(file.result.code, number + 1) - 1]) for mark in above)


@every_file
def test_declined_code_keeps_its_tokens(file: Declined) -> None:
    """The tokens of a declined expression, from the marked position to the end of the innermost call or statement."""
    after = _tokens(file.result.code)
    for diagnostic in file.result.diagnostics:
        if diagnostic.severity != "error":
            continue
        kept = _tokens(file.source[diagnostic.span.start : diagnostic.span.end])
        assert kept
        if file.source.count("\n", diagnostic.span.start, diagnostic.span.end):
            kept = kept[:2]  # Calls nested in a declined one may be translated; its head may not.
        assert _occurs(kept, after), " ".join(kept)


@every_file
def test_the_output_parses_and_keeps_the_comments(file: Declined) -> None:
    ast.parse(file.result.code)
    kept = [comment for comment in comments(file.result.code) if not comment.startswith(_MARK)]
    assert kept == comments(file.source)
    assert undefined_names(file.result.code) <= undefined_names(file.source)


@every_file
def test_a_rerun_changes_nothing(file: Declined) -> None:
    again = translated(file.result.code, file.to)
    assert again.code == file.result.code


def test_neighbours_of_declined_code_are_translated() -> None:
    file = Declined("torch/mixed.py")
    code = file.result.code
    assert 'self.conv = layers.Conv2D(8, 3, padding="same")' in code
    assert "self.pool = nn.FractionalMaxPool2d(2, output_ratio=0.5)" in code
    assert "from torch import nn" in code or "import torch.nn as nn" in code
    assert "# the next line keeps its comment\n        x = self.pool(" in code
    assert "def untouched(words):" in code


def _marks_above(lines: list[str], index: int) -> list[str]:
    found: list[str] = []
    while index > 0 and lines[index - 1].strip().startswith(_MARK):
        index -= 1
        found.append(lines[index])
    return found


def _statement_line(code: str, line: int) -> int:
    """The first line of the innermost statement that covers a line."""
    inside = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.stmt):
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            if first <= line <= (node.end_lineno or 0):
                inside.append(first)
    return max(inside)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _tokens(text: str) -> list[str]:
    skipped = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENDMARKER}
    found: list[str] = []
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    try:
        found.extend(token.string for token in tokens if token.type not in skipped)
    except (tokenize.TokenError, IndentationError):
        # A span may end inside a bracket of a larger statement; what was read so far is what it holds.
        return found
    return found


def _occurs(part: list[str], whole: list[str]) -> bool:
    return any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1))
