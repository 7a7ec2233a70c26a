"""Defaults from ``[tool.fwtranslate]`` of the nearest pyproject.toml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import TORCH, fwtranslate


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "package/model.py"
    path.parent.mkdir()
    path.write_text(TORCH)
    return path


def configure(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)


def test_configured_options_are_defaults(model: Path, tmp_path: Path) -> None:
    configure(tmp_path, '[tool.fwtranslate]\nto = "keras"\nformat = "json"\n')
    done = fwtranslate("package/model.py", cwd=tmp_path)
    assert (done.code, json.loads(done.err)["files"][0]["to"]) == (0, "keras")


def test_the_command_line_wins(model: Path, tmp_path: Path) -> None:
    configure(tmp_path, '[tool.fwtranslate]\nto = "keras"\nlayout = "channels_first"\n')
    done = fwtranslate("package/model.py", "--layout", "channels_last", cwd=tmp_path)
    assert "channels_last" in done.err


def test_the_nearest_table_is_taken_whatever_folder_one_stands_in(model: Path, tmp_path: Path) -> None:
    configure(tmp_path, '[tool.fwtranslate]\nto = "torch"\n')
    configure(model.parent, '[tool.fwtranslate]\nto = "keras"\n')
    assert "torch -> keras" in fwtranslate("package/model.py", cwd=tmp_path).err


def test_a_nearer_file_without_the_table_does_not_hide_it(model: Path, tmp_path: Path) -> None:
    configure(tmp_path, '[tool.fwtranslate]\nto = "keras"\n')
    configure(model.parent, '[project]\nname = "package"\n')
    assert "torch -> keras" in fwtranslate("package/model.py", cwd=tmp_path).err


def test_a_destination_on_the_command_line_replaces_the_configured_one(model: Path, tmp_path: Path) -> None:
    configure(tmp_path, '[tool.fwtranslate]\nto = "keras"\nin-place = true\n')
    assert fwtranslate("package/model.py", "-o", "out.py", cwd=tmp_path).code == 0
    assert model.read_text() == TORCH
    assert (tmp_path / "out.py").exists()


def test_options_of_the_verify_command_may_stand_in_the_table(model: Path, tmp_path: Path) -> None:
    configure(tmp_path, '[tool.fwtranslate]\nto = "keras"\ndevice = "cpu"\nbackend = "tensorflow"\n')
    assert fwtranslate("package/model.py", cwd=tmp_path).code == 0


BAD = {
    "unknown key": ('[tool.fwtranslate]\ntarget = "keras"\n', "unknown key 'target'"),
    "unknown value": ('[tool.fwtranslate]\nto = "jax"\n', "to: "),
    "value for a flag": ('[tool.fwtranslate]\nto = "keras"\nverify = "yes"\n', "verify must be true or false"),
    "flag for a value": ("[tool.fwtranslate]\nto = true\n", "to takes a value"),
    "several values": ('[tool.fwtranslate]\nto = ["keras", "torch"]\n', "to takes one value"),
    "not a table": ('[tool]\nfwtranslate = "keras"\n', "must be a table"),
    "not TOML": ("[tool.fwtranslate\n", "line 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_with_file_and_key(model: Path, tmp_path: Path, name: str) -> None:
    text, mentions = BAD[name]
    configure(tmp_path, text)
    complaint = fwtranslate("package/model.py", cwd=tmp_path).complaint
    assert "pyproject.toml" in complaint
    assert mentions in complaint
