"""``--version``, ``--help``, ``explain`` and ``coverage``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import DECLINED, PLAIN, TORCH, fwtranslate
from translator import __version__
from translator.codes import CODES


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    done = fwtranslate("--version", cwd=tmp_path)
    assert (done.code, done.out) == (0, f"fwtranslate {__version__}\n")


@pytest.mark.parametrize("command", [(), ("verify",), ("weights",), ("explain",), ("coverage",), ("lsp",)])
def test_every_command_has_help(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = fwtranslate(*command, "--help", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(" ".join(["Usage: fwtranslate", *command]))


@pytest.mark.parametrize("code", ["T101", "t101"])
def test_a_code_is_explained(tmp_path: Path, code: str) -> None:
    done = fwtranslate("explain", code, cwd=tmp_path)
    info = CODES["T101"]
    assert done.code == 0
    assert all(text in done.out for text in (info.title, info.what, info.why, info.todo))


def test_coverage_counts_what_was_not_understood(tmp_path: Path) -> None:
    for name, text in {"model.py": TORCH, "declined.py": DECLINED, "plain.py": PLAIN}.items():
        (tmp_path / name).write_text(text)
    done = fwtranslate("coverage", ".", "--format", "json", cwd=tmp_path)
    figures = json.loads(done.out)["coverage"]
    assert done.code == 0
    assert figures["declined"] + figures["unresolved"] >= 1
    assert figures["total"] == sum(figures[outcome] for outcome in figures if outcome not in ("total", "ratio"))
    assert figures["ratio"] < 1


def test_coverage_names_the_reasons_and_the_apis(tmp_path: Path) -> None:
    (tmp_path / "declined.py").write_text(DECLINED)
    done = fwtranslate("coverage", "declined.py", cwd=tmp_path)
    assert "T101" in done.out
    assert "torch.linalg.lu_factor_ex" in done.out


def test_coverage_of_an_unreadable_file_says_so_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def broken(:\n")
    (tmp_path / "model.py").write_text(TORCH)
    done = fwtranslate("coverage", ".", cwd=tmp_path)
    assert done.code == 2
    assert "bad.py:1:12: error: syntax error" in done.out
    assert "model.py" in done.out
