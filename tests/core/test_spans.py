"""Spans are measured, not generated: they must be those that libcst's own generator gives."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import libcst as cst
import pytest

from translator.spans.generated import Comment, Generated
from translator.spans.measure import Measure
from translator.spans.table import Spans

PUNCTUATION = (cst.Comma, cst.Dot, cst.AssignEqual, cst.Colon, cst.Semicolon)
OTHER_ENCODINGS = {"latin1.py", "cp1252_cookie_second_line.py"}
CARRIAGE_RETURNS = "cr_only.py"
FIXTURES = [
    path
    for path in sorted((Path(__file__).parents[2] / "fixtures").rglob("*.py"))
    if path.name not in OTHER_ENCODINGS and path.name != CARRIAGE_RETURNS
]
# Modules that between them hold nearly every construct of the language; neither we nor libcst's authors wrote them.
STANDARD = [
    Path(sysconfig.get_path("stdlib")) / name for name in ("typing.py", "dataclasses.py", "ast.py", "inspect.py")
]

CONSTRUCTS = {
    "no newline at the end": "def f(x):\n    return x",
    "an empty file": "",
    "only a comment": "# nothing\n",
    "windows newlines": "class A:\r\n    def f(self):\r\n        # inside\r\n        return 1\r\n",
    "tabs": "if x:\n\ty = 1  # one\n\tif z:\n\t\ty = 2\nelse:\n\ty = 3\n",
    "a backslash": "x = 1 + \\\n    2\nassert x, \\\n    'text'\n",
    "nested parentheses": "x = ((  (a) . b  ) ( (1) , * c , ** d ))\n",
    "operators": "x = not a is not b not in c != d ** -e // ~f @ g if h else (yield)\ny <<= 1; z @= 2 ; w **= 3\n",
    "strings": "x = 'a' \"b\" f'{c!r:>{d}}' r'e' '''\nf\n'''\n",
    "parameters": "def f(a, /, b: int = 1, *args: str, c=2, **kw: dict) -> None: ...\nasync def g(*, a): await a\n",
    "slices": "x[1:2, ::3, ..., None, *a] = y[:]\n",
    "displays": "x = {**a, 'b': 1}, {*c, 2}, [*d], (), (e,), [f for f in g if f], {h: i for h, i in j}\n",
    "statements": (
        "try:\n    pass\nexcept (A, B) as e: raise C from e\nelse:\n    x = 1\nfinally:\n    del x\n"
        "while x:\n    break\nelse:\n    continue\nwith a as b, c: global d\nmatch x:\n    case [1, *_]: pass\n"
    ),
    "decorators": "@a\n# between\n@b.c(1)  # after\n\nclass C ( D , metaclass = E ) :\n    x: int\n    y: int = 1\n",
}


def expected(module: cst.Module) -> tuple[str, dict[cst.CSTNode, tuple[int, int]], list[Comment]]:
    marks: dict[cst.CSTNode, tuple[int, int]] = {}
    comments: list[Comment] = []
    text = Generated(module).write(module, 0, marks, comments)
    return text, marks, comments


def assert_measured(text: str) -> None:
    module = cst.parse_module(text)
    written, marks, comments = expected(module)
    assert written == text
    spans = Spans()
    assert spans.add(module, text)
    for node, span in marks.items():
        if not isinstance(node, PUNCTUATION) or node in spans:
            assert spans.span(node) == span, f"{type(node).__name__} {text[slice(*span)]!r}"
    assert not set(spans.marks) - set(marks)
    assert list(spans.comments()) == comments


@pytest.mark.parametrize("text", CONSTRUCTS.values(), ids=list(CONSTRUCTS))
def test_every_construct_has_the_span_that_libcst_writes(text: str) -> None:
    assert_measured(text)


@pytest.mark.parametrize("path", [*FIXTURES, *STANDARD], ids=lambda p: "/".join(p.parts[-3:]))
def test_whole_files_have_the_spans_that_libcst_writes(path: Path) -> None:
    assert_measured(path.read_bytes().decode().removeprefix("\ufeff"))


@pytest.mark.parametrize("path", STANDARD, ids=lambda p: p.name)
def test_common_code_is_measured_without_a_fallback(path: Path) -> None:
    text = path.read_text()
    module = cst.parse_module(text)
    assert Measure({}, [], 1).module(module, text, 0) == len(text)


def test_a_file_with_carriage_returns_alone_is_measured_though_libcst_cannot_write_it() -> None:
    text = "import torch\rx = torch.relu(y)\r"
    module = cst.parse_module(text)
    spans = Spans()
    assert spans.add(module, text)
    statement = module.body[1]
    assert isinstance(statement, cst.SimpleStatementLine)
    assert text[slice(*spans.span(statement.body[0]))] == "x = torch.relu(y)"


def test_a_tree_that_does_not_stand_for_its_text_is_noticed() -> None:
    assert not Spans().add(cst.parse_module("x = 1\n"), "x = 12\n")
