"""``fwtranslate explain`` as users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import fwtranslate


def test_text_for_a_terminal_is_the_default(tmp_path: Path) -> None:
    done = fwtranslate("explain", "nn.Linear", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("torch.nn.Linear\n")
    assert "`" not in done.out


@pytest.mark.parametrize("name", ["T104", "containers", "keras.layers.Dense", "relu"])
def test_every_kind_of_page_is_written_as_markdown_and_json(tmp_path: Path, name: str) -> None:
    marked = fwtranslate("explain", name, "--format", "markdown", cwd=tmp_path)
    assert (marked.code, marked.err) == (0, "")
    assert "`" in marked.out
    data = json.loads(fwtranslate("explain", name, "--format", "json", cwd=tmp_path).out)
    assert data["kind"] in ("code", "topic", "api", "choice")
    assert data["name"]


def test_an_unknown_name_fails_with_what_is_close(tmp_path: Path) -> None:
    done = fwtranslate("explain", "nn.Conv2dd", cwd=tmp_path)
    assert done.code != 0
    assert done.out == ""
    assert "torch.nn.Conv2d" in done.err
