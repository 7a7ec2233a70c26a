"""Bytes to text to statements and back: nothing is lost, and what cannot be read is refused with its place."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator import SourceError, parse, translate

NET = """import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)  # the only layer

    def forward(self, x):
        return self.fc(x)
"""


def round_trip(data: bytes) -> bytes:
    source = parse.read_source(data, "net.py")
    return parse.encode_source(translate(source.text, to="keras", filename="net.py").code, source)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_generated_lines_have_the_newline_of_the_file(newline: str) -> None:
    out = round_trip(NET.replace("\n", newline).encode())
    assert b"import keras" in out
    assert b"layers.Dense(4)  # the only layer" in out
    assert out.count(newline.encode()) == out.count(b"\n")


def test_a_byte_order_mark_comes_back() -> None:
    out = round_trip(codecs.BOM_UTF8 + NET.encode())
    assert out.startswith(codecs.BOM_UTF8)
    assert out.count(codecs.BOM_UTF8) == 1
    assert b"layers.Dense(4)" in out


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso-8859-15", "utf-8"])
def test_the_declared_encoding_comes_back(encoding: str) -> None:
    text = f"# -*- coding: {encoding} -*-\n# Größe, façade\n{NET}"
    out = round_trip(text.encode(encoding))
    assert "# Größe, façade" in out.decode(encoding)
    assert "layers.Dense(4)" in out.decode(encoding)


def test_a_cookie_on_the_second_line_counts() -> None:
    source = parse.read_source("#!/usr/bin/python\n# coding: latin-1\nname = 'é'\n".encode("latin-1"))
    assert (source.encoding, source.text[-3]) == ("iso-8859-1", "é")


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        (b"x = 1\ny = '\xe9'\n", 2, "0xe9"),
        (b"# coding: no-such-encoding\nx = 1\n", 1, "encoding"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", 1, "encoding"),
        (b"x = 1\n\ny = '\x00'\n", 3, "NUL"),
        (b"# coding: ascii\nx = 1\n# \xff\n", 3, "0xff"),
    ],
    ids=["undeclared latin-1", "unknown cookie", "cookie against mark", "NUL", "beyond ascii"],
)
def test_unreadable_bytes_are_refused_with_their_line(data: bytes, line: int, word: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse.read_source(data, "bad.py")
    assert caught.value.line == line
    assert word in caught.value.message
    assert str(caught.value).startswith(f"bad.py:{line}")


def test_a_character_that_the_encoding_lacks_is_refused() -> None:
    source = parse.read_source(b"# coding: latin-1\n", "bad.py")
    with pytest.raises(SourceError, match="cannot encode"):
        parse.encode_source("# \u20ac\n", source)


@pytest.mark.parametrize(
    ("text", "line"), [("def f(:\n    pass\n", 1), ("import torch\nx = (1,\n", 2), ("import torch\n  y = 1\n", 2)]
)
def test_a_syntax_error_has_its_place(text: str, line: int) -> None:
    with pytest.raises(SourceError, match=r"syntax error|indent") as caught:
        translate(text, to="keras", filename="bad.py")
    assert caught.value.line == line
    assert caught.value.filename == "bad.py"


@pytest.mark.parametrize("text", ["x = '\0'\n", "import torch\nx = '\0'\n"])
def test_a_nul_in_text_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        translate(text, to="keras")


def test_tabs_and_form_feeds_stay() -> None:
    text = NET.replace("    ", "\t").replace("class Net", "\x0c\nclass Net")
    code = translate(text, to="keras").code
    assert "\x0c\nclass Net(keras.Model):" in code
    assert "\n\t\tself.fc = layers.Dense(4)  # the only layer\n" in code
    assert "    " not in code


def test_a_file_without_final_newline_keeps_none() -> None:
    code = translate(NET.rstrip("\n"), to="keras").code
    assert code.endswith("return self.fc(x)")


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", "# torch\n", '"""torch"""', "\x0c", "   \n", "\ttorch\n"[1:]])
def test_files_without_statements_of_the_framework_are_returned(text: str) -> None:
    assert translate(text, to="keras").code == text


@given(
    st.lists(
        st.sampled_from(["x = 1", "# c", "", "def f():\n    pass", "a = 1; b = 2", "@d\nclass C: pass", "'''d\n'''"])
    )
)
def test_statements_joined_are_the_file(parts: list[str]) -> None:
    text = "\n".join(parts)
    statements, module = parse.split_statements(text, "f.py")
    assert "".join(statement.text for statement in statements) == text
    assert [statement.start for statement in statements] == [
        sum(len(s.text) for s in statements[:index]) for index in range(len(statements))
    ]
    assert sum(statement.tree is not None for statement in statements) <= len(module.body)


@given(st.text(alphabet="ab\r\n", max_size=30), st.integers(0, 30))
def test_offsets_and_positions_are_inverse(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    lines = parse.LineIndex(text)
    line, column = lines.position(offset)
    assert lines.start(line) + column == offset
    assert column >= 0


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\0"), max_size=60))
def test_any_latin_1_comment_survives(comment: str) -> None:
    text = "# coding: latin-1\n" + "".join(f"# {line}\n" for line in comment.splitlines()) + "x = 1\n"
    source = parse.read_source(text.encode("latin-1"))
    assert parse.encode_source(source.text, source) == text.encode("latin-1")
