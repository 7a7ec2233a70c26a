"""Ctrl-C ends a run with one line and whole files only. A pipe as input holds the run at a known place."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.cli.run import ENVIRONMENT, TORCH

MESSAGE: Final = "fwtranslate: interrupted; no file was left half-written\n"


def interrupted(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Run with a pipe named ``pipe`` as one input; interrupt as a terminal does once the run has begun to read it."""
    os.mkfifo(cwd / "pipe")
    process = subprocess.Popen(
        [sys.executable, "-m", "translator", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    writer = opened_by_reader(cwd / "pipe", process)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    os.close(writer)
    return process.returncode, out, err


def opened_by_reader(pipe: Path, process: subprocess.Popen[str]) -> int:
    """The writing end, as soon as something has opened the other one. Fails if the process ends before."""
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
            pytest.fail(f"ended before it read its input: {process.communicate()}")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_an_interrupted_run_writes_nothing(tmp_path: Path) -> None:
    assert interrupted("pipe", "--to", "keras", "-o", "out.py", cwd=tmp_path) == (130, "", MESSAGE)
    assert files(tmp_path) == set()


def test_an_interrupted_run_leaves_the_old_output(tmp_path: Path) -> None:
    (tmp_path / "out.py").write_text("precious\n")
    assert interrupted("pipe", "--to", "keras", "-o", "out.py", cwd=tmp_path) == (130, "", MESSAGE)
    assert (tmp_path / "out.py").read_text() == "precious\n"
    assert files(tmp_path) == {"out.py"}


def test_an_interrupt_stops_the_worker_processes_too(tmp_path: Path) -> None:
    padding = "\n".join(f"VALUE_{number} = {number}" for number in range(6000))
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(f"{TORCH}\n\n{padding}\n")
    outcome = interrupted("pipe", "one.py", "two.py", "--to", "keras", "-o", "out", cwd=tmp_path)
    assert outcome == (130, "", MESSAGE)
    assert files(tmp_path) == {"one.py", "two.py"}
