"""Verifying the ResNet pair, as a ratio to importing both frameworks in one process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.row import Row
from benchmarks.timing import interleaved_processes

_MODEL: Final = Path(__file__).parent.parent / "fixtures/golden/models/resnet/torch_version.py"


def measure(*, smoke: bool) -> Iterator[Row]:
    """Whole processes, translating included; the verdict must be `verified`, or the command fails."""
    del smoke  # it takes long enough to be run once in any case
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.py")
        command = ["-m", "translator", str(_MODEL), "--to", "keras", "-o", out, "--verify"]
        subject, floor = interleaved_processes(command, ["-c", "import torch, keras"], 1)
    yield Row("translate and verify ResNet-18", subject, floor, "import torch, keras")
