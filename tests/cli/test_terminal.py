"""What a person at a terminal sees: colour, unless it is not wanted."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.run import DECLINED, ENVIRONMENT


def on_terminal(*arguments: str, cwd: Path, environment: Mapping[str, str]) -> bytes:
    """Standard error of a run whose standard error is a terminal."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "translator", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=child,
        env={**ENVIRONMENT, "TERM": "xterm", **environment},
    )
    os.close(child)
    seen = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # what Linux says once the last writer has closed a terminal
            break
        if not part:
            break
        seen += part
    os.close(parent)
    process.wait()
    return seen


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": "", "TERM": "dumb"}, False)],
)
def test_colour_on_a_terminal_unless_it_is_refused(
    tmp_path: Path, environment: Mapping[str, str], coloured: bool
) -> None:
    (tmp_path / "model.py").write_text(DECLINED)
    seen = on_terminal("model.py", "--to", "keras", cwd=tmp_path, environment=environment)
    assert b"T101" in seen
    assert (b"\x1b[31m" in seen) is coloured


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(tmp_path: Path) -> None:
    name = "model\x1b[2J.py"
    (tmp_path / name).write_text(DECLINED)
    seen = on_terminal(name, "--to", "keras", cwd=tmp_path, environment={"NO_COLOR": "1"})
    assert b"T101" in seen
    assert b"\x1b[2J" not in seen
