"""Files without framework code come out byte for byte as they went in, in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.cases import FIXTURES, LAYOUTS
from translator import SourceError, parse, translate
from translator.model import Framework, Layout

FILES = sorted((FIXTURES / "unchanged").glob("*.py"))
PROPERTIES = ("bom", "bom_crlf_cookie", "crlf", "cr_only", "mixed_newlines", "latin1", "cp1252_cookie_second_line")
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
both_directions = pytest.mark.parametrize("to", ["torch", "keras"])


@every_file
@both_directions
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bytes_are_the_same(path: Path, to: Framework, layout: Layout) -> None:
    data = path.read_bytes()
    source = parse.read_source(data, path.name)
    result = translate(source.text, to=to, filename=path.name, layout=layout)
    assert parse.encode_source(result.code, source) == data
    assert result.exact
    assert (result.diagnostics, result.changes, dict(result.models)) == ((), (), {})
    assert result.coverage.total == 0
    assert (result.source, result.to, result.layout) == (source.text, to, layout)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "cr_only"], ids=lambda path: path.stem)
@both_directions
def test_bytes_are_the_same_beside_a_comment_with_framework_names(path: Path, to: Framework) -> None:
    """The names of both libraries in the text keep the shortcut for files without them from deciding this."""
    source = parse.read_source(path.read_bytes(), path.name)
    tail = "" if not source.text or source.text.endswith(("\n", "\r")) else source.newline
    text = f"{source.text}{tail}# torch keras tensorflow{source.newline}"
    result = translate(text, to=to, filename=path.name)
    assert result.code == text
    assert result.exact
    assert result.changes == ()


@both_directions
def test_old_mac_newlines_with_framework_names_survive_or_are_refused(to: Framework) -> None:
    text = "# torch keras\rx = 1\r"
    try:
        assert translate(text, to=to).code == text
    except SourceError as error:
        assert "line ending" in str(error)  # noqa: PT017  # a refusal is as good


def test_the_files_have_the_properties_they_are_named_for() -> None:
    """A checkout or an editor that normalises newlines would make the tests above vacuous."""
    content = {path.stem: path.read_bytes() for path in FILES}
    assert set(PROPERTIES) <= set(content)
    assert content["bom"].startswith(b"\xef\xbb\xbf")
    assert content["crlf"].count(b"\r\n") == content["crlf"].count(b"\n") > 0
    assert b"\n" not in content["cr_only"]
    assert content["cr_only"].count(b"\r") > 0
    assert any(byte > 127 for byte in content["latin1"])
    assert content["empty"] == b""
    assert not content["no_final_newline"].endswith(b"\n")
    assert b"\x0c" in content["form_feed"]
    assert b"\n\t" in content["tabs"]
