"""Running the command line as users do: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENVIRONMENT: Final = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
"""Runs the checkout under test, whatever is installed."""

TORCH: Final = """\
import torch
import torch.nn as nn


class Net(nn.Module):
    \"\"\"Two layers.\"\"\"

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 8)  # widen
        self.fc2 = nn.Linear(8, 4)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
"""
"""A file that translates without a remark."""

DECLINED: Final = """\
import torch


def cross(a, b):
    return torch.linalg.lu_factor_ex(a), b
"""
"""A file with an API that has no mapping."""

PLAIN: Final = "import os\n\n\ndef home():\n    return os.environ['HOME']\n"
"""A file without any framework code."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished process left behind."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8")

    @property
    def complaint(self) -> str:
        """The one line of a refused run. Fails unless it is one line, exit code 2, and nothing else was printed."""
        assert self.code == 2, self
        assert self.stdout == b"", self
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


def fwtranslate(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> Outcome:
    """Run ``fwtranslate`` with these arguments in ``cwd``."""
    done = subprocess.run(
        [sys.executable, "-m", "translator", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env={**ENVIRONMENT, **(environment or {})},
        capture_output=True,
        check=False,
        timeout=240,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
