"""Verification from the command line: the verdict decides the exit code, and no model can break the tool."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import DECLINED, PLAIN, TORCH, fwtranslate
from tests.cli.test_interrupt import MESSAGE, interrupted

pytestmark = pytest.mark.frameworks


def with_constructor(statement: str) -> str:
    """TORCH with one more statement in the constructor."""
    return TORCH.replace("        super().__init__()\n", f"        super().__init__()\n        {statement}\n")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(TORCH)
    return path


def test_a_correct_translation_ends_with_a_verified_verdict(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", "--verify", cwd=model.parent)
    assert done.code == 0, done.err
    assert "layers.Dense(8)" in done.out
    assert done.err.splitlines()[-1].startswith("verified: Net via Net() (float64 forward ")


def test_a_difference_fails_the_verify_command_and_is_located(model: Path) -> None:
    translated = model.with_name("keras_model.py")
    assert fwtranslate("model.py", "--to", "keras", "-o", translated.name, cwd=model.parent).code == 0
    same = fwtranslate("verify", "model.py", translated.name, cwd=model.parent)
    assert (same.code, same.out.splitlines()[-1].split(":")[0]) == (0, "verified")
    translated.write_text(translated.read_text().replace("ops.relu", "ops.tanh"))
    other = fwtranslate("verify", "model.py", translated.name, "--format", "json", cwd=model.parent)
    (verdict,) = json.loads(other.out)["models"]
    assert (other.code, verdict["verdict"]) == (1, "different")
    assert verdict["counterexample"]


BROKEN = {
    "raises": ("raise RuntimeError('no luck')", [], "no luck"),
    "loops for ever": ("while True: pass", ["--timeout", "1"], "no answer within 1 s"),
    "exhausts memory": ("self.big = bytearray(2**33)", ["--memory", "1024"], "MemoryError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_constructor_that_fails_is_a_finding(tmp_path: Path, name: str) -> None:
    statement, limits, mentions = BROKEN[name]
    (tmp_path / "model.py").write_text(with_constructor(statement))
    done = fwtranslate("model.py", "--to", "keras", "-o", "out.py", "--verify", *limits, cwd=tmp_path)
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert done.out.splitlines()[-1].startswith("failed: Net via Net(): ")
    assert mentions in done.out
    assert "layers.Dense(8)" in (tmp_path / "out.py").read_text()


@pytest.mark.parametrize("source", [PLAIN, DECLINED])
def test_nothing_to_run_fails_and_says_so(tmp_path: Path, source: str) -> None:
    (tmp_path / "model.py").write_text(source)
    done = fwtranslate("model.py", "--to", "keras", "--verify", cwd=tmp_path)
    assert done.code == 1
    assert "no model to run" in done.err.splitlines()[-1]


def test_files_without_models_do_not_fail_a_folder(model: Path) -> None:
    model.with_name("plain.py").write_text(PLAIN)
    done = fwtranslate(".", "--to", "keras", "--check", "--verify", cwd=model.parent)
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1].startswith("verified: Net")


@pytest.mark.parametrize("option", [["--input", "x=float33[2]"], ["--model", "Net(", "--input", "x=float32[2,3]"]])
def test_what_to_run_must_be_readable(model: Path, option: list[str]) -> None:
    done = fwtranslate("model.py", "--to", "keras", "--check", "--verify", *option, cwd=model.parent)
    assert done.complaint.startswith("fwtranslate: error: --")


def test_an_interrupted_verification_keeps_the_whole_translation(tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    model.write_text(with_constructor(f"open({str(tmp_path / 'pipe')!r}, 'rb').read()"))
    done = interrupted("model.py", "--to", "keras", "-o", "out.py", "--verify", cwd=tmp_path)
    assert done == (130, "", MESSAGE)
    assert (tmp_path / "out.py").read_text().endswith("self.fc2(ops.relu(self.fc1(x)))\n")
