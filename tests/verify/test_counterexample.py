"""The script that a failing verification leaves behind shows the difference by itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from translator import translate
from translator.model import ModelVerdict
from translator.verify.api import verify
from translator.verify.client import WorkerPool

pytestmark = pytest.mark.frameworks

SOURCE = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        return self.fc(self.drop(x.mean(dim=(2, 3))))
"""


def failing(pool: WorkerPool, filename: Path, argument: str, wrong: str) -> ModelVerdict:
    t = translate(SOURCE, to="keras", filename=str(filename))
    code, count = re.subn(rf"{argument}=[^,)]+", f"{argument}={wrong}", t.code)
    assert count == 1
    t = replace(t, code=code)
    [found] = verify(SOURCE, t.code, translation=t, filename=str(filename), pool=pool).models
    assert found.verdict == "different"
    return found


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "counterexample.py"
    path.write_text(script)
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={"PYTHONPATH": str(root), "PATH": "", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)},
    )


@pytest.mark.parametrize(
    ("argument", "wrong", "says"),
    [
        ("epsilon", "1e-2", "evaluation mode\n  output 0"),
        ("momentum", "0.5", "after one training step on both sides\n  output 0"),
    ],
    ids=["outputs", "state"],
)
def test_the_script_shows_the_difference(
    pool: WorkerPool, tmp_path: Path, argument: str, wrong: str, says: str
) -> None:
    found = failing(pool, tmp_path / "model.py", argument, wrong)
    done = run(found.counterexample, tmp_path)
    assert done.stderr.count("Traceback") == 0, done.stderr
    assert done.returncode == 1, done.stdout
    assert says in done.stdout


def test_a_failing_input_is_shrunk(pool: WorkerPool, tmp_path: Path) -> None:
    found = failing(pool, tmp_path / "model.py", "epsilon", "1e-2")
    assert re.search(r"rng\.standard_normal\(\([12], 3, 1, 1\)\),  # x", found.counterexample)


def test_the_script_reads_the_source_from_its_file_where_that_is_unchanged(pool: WorkerPool, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    script = failing(pool, file, "momentum", "0.5").counterexample
    assert SOURCE in script
    file.write_text(SOURCE)
    script = failing(pool, file, "momentum", "0.5").counterexample
    assert SOURCE not in script
    assert f"Path({str(file)!r}).read_text" in script
    ast.parse(script)
