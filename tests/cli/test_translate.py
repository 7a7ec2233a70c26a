"""Where translations and reports go, and how a run ends."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import DECLINED, ENVIRONMENT, PLAIN, TORCH, fwtranslate


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(TORCH)
    return path


def test_one_file_goes_to_standard_output_and_its_report_to_standard_error(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", cwd=model.parent)
    assert done.code == 0
    assert "layers.Dense(8)  # widen" in done.out
    assert "model.py: torch -> keras, channels_last, exact" in done.err
    assert model.read_text() == TORCH


def test_a_dash_reads_standard_input(tmp_path: Path) -> None:
    done = fwtranslate("-", "--to", "keras", cwd=tmp_path, stdin=TORCH.encode())
    assert done.code == 0
    assert "layers.Dense(8)" in done.out
    assert "<stdin>" in done.err


def test_standard_input_can_go_to_a_file(tmp_path: Path) -> None:
    done = fwtranslate("-", "--to", "keras", "-o", "out.py", cwd=tmp_path, stdin=TORCH.encode())
    assert done.code == 0
    assert "layers.Dense(8)" in (tmp_path / "out.py").read_text()


def test_an_output_that_ends_in_py_is_a_file(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", "-o", "new/keras_model.py", cwd=model.parent)
    assert done.code == 0
    assert "layers.Dense(8)" in (model.parent / "new/keras_model.py").read_text()
    assert "model.py: torch -> keras" in done.out
    assert done.err == ""


def test_any_other_output_is_a_folder(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", "-o", "out", cwd=model.parent)
    assert done.code == 0
    assert "layers.Dense(8)" in (model.parent / "out/model.py").read_text()


def test_in_place_replaces_the_file_and_keeps_its_permissions(model: Path) -> None:
    model.chmod(0o750)
    done = fwtranslate("model.py", "--to", "keras", "--in-place", cwd=model.parent)
    assert (done.code, done.out) == (0, "")
    assert "layers.Dense(8)" in model.read_text()
    assert stat.S_IMODE(model.stat().st_mode) == 0o750


def test_in_place_writes_through_a_link(model: Path) -> None:
    link = model.with_name("link.py")
    link.symlink_to(model)
    assert fwtranslate("link.py", "--to", "keras", "--in-place", cwd=model.parent).code == 0
    assert link.is_symlink()
    assert "layers.Dense(8)" in model.read_text()


def test_a_new_file_gets_the_permissions_of_its_source(model: Path) -> None:
    model.chmod(0o755)
    fwtranslate("model.py", "--to", "keras", "-o", "out.py", cwd=model.parent)
    assert stat.S_IMODE((model.parent / "out.py").stat().st_mode) == 0o755


@pytest.mark.parametrize(("source", "code"), [(TORCH, 0), (DECLINED, 1), (PLAIN, 0), ("def broken(:\n", 2)])
def test_check_writes_nothing_and_exits_as_a_real_run(tmp_path: Path, source: str, code: int) -> None:
    (tmp_path / "model.py").write_text(source)
    checked = fwtranslate("model.py", "--to", "keras", "--check", cwd=tmp_path)
    assert (checked.code, checked.out) == (code, "")
    assert [path.name for path in tmp_path.iterdir()] == ["model.py"]
    assert fwtranslate("model.py", "--to", "keras", "-o", "out.py", cwd=tmp_path).code == code


def test_check_with_an_output_writes_nothing_either(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", "--check", "-o", "out", cwd=model.parent)
    assert done.code == 0
    assert not (model.parent / "out").exists()
    assert "torch -> keras" in done.out


def test_a_declined_call_ends_in_one_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(DECLINED)
    done = fwtranslate("model.py", "--to", "keras", cwd=tmp_path)
    assert done.code == 1
    assert "torch.linalg.lu_factor_ex(a)" in done.out
    assert "model.py:5:12: error T101" in done.err


def test_a_diff_can_be_applied(model: Path) -> None:
    model.write_bytes(TORCH.replace("Two layers.", "Zwei Schichten, grün.").rstrip("\n").encode())
    done = fwtranslate("model.py", "--to", "keras", "--diff", cwd=model.parent)
    plain = fwtranslate("model.py", "--to", "keras", cwd=model.parent)
    assert done.code == 0
    subprocess.run(["git", "apply", "-p0", "-"], cwd=model.parent, input=done.stdout, check=True)
    assert model.read_bytes() == plain.stdout


def test_a_diff_of_an_unchanged_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    assert fwtranslate("plain.py", "--to", "keras", "--diff", cwd=tmp_path).stdout == b""


def test_a_report_in_another_format_goes_to_standard_error_without_an_output(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", "--format", "json", cwd=model.parent)
    assert "layers.Dense" in done.out
    assert json.loads(done.err)["files"][0]["path"] == "model.py"


def test_a_report_in_another_format_goes_to_standard_output_with_an_output(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", "--format", "json", "-o", "out.py", cwd=model.parent)
    assert json.loads(done.out)["exit_code"] == 0
    assert done.err == ""


def test_the_layout_can_be_chosen(tmp_path: Path) -> None:
    source = "import torch.nn as nn\n\n\nlayer = nn.Conv2d(3, 8, 3)\n"
    done = fwtranslate("-", "--to", "keras", "--layout", "channels_first", cwd=tmp_path, stdin=source.encode())
    assert "channels_first" in done.out


def test_translating_the_output_again_changes_nothing(model: Path) -> None:
    once = fwtranslate("model.py", "--to", "keras", cwd=model.parent)
    twice = fwtranslate("-", "--to", "keras", cwd=model.parent, stdin=once.stdout)
    assert (twice.code, twice.stdout) == (0, once.stdout)


def test_a_command_name_wins_over_a_path(tmp_path: Path) -> None:
    (tmp_path / "verify").write_text(TORCH)
    assert "verify --help" in fwtranslate("verify", "--to", "keras", cwd=tmp_path).complaint
    done = fwtranslate("./verify", "--to", "keras", cwd=tmp_path)
    assert (done.code, "layers.Dense(8)" in done.out) == (0, True)


def test_a_reader_that_leaves_early_is_no_error_message(model: Path) -> None:
    model.write_text(TORCH + "\n".join(f"VALUE_{number} = {number}" for number in range(20_000)))
    done = subprocess.run(
        f"{sys.executable} -m translator model.py --to keras | head -n 1",
        shell=True,
        env=ENVIRONMENT,
        cwd=model.parent,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_a_full_disk_is_one_line(model: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "translator", "model.py", "--to", "keras"],
            cwd=model.parent,
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "fwtranslate: error: standard output: No space left on device\n")


def test_colour_needs_a_terminal(model: Path) -> None:
    done = fwtranslate("model.py", "--to", "keras", cwd=model.parent, environment={"TERM": "xterm"})
    assert b"\x1b" not in done.stdout + done.stderr
