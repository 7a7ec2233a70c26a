"""Converting a checkpoint file: the peak of memory, all processes together, as a ratio to the checkpoint's own size."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep
from typing import Final

from benchmarks.row import Row

BUDGET: Final = 2.5
_DEPTH: Final = 16
_WIDTH: Final = 4096  # sixteen square matrices of it are 1 GiB in float32

_MODEL: Final = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, depth={depth}, width={width}):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])

    def forward(self, x):
        for block in self.blocks:
            x = torch.relu(block(x))
        return x
"""

_SAVE: Final = "import torch, model; torch.save(model.Net().state_dict(), 'net.pt')"
_STEPS: Final = (("net.pt", "net.weights.h5"), ("net.weights.h5", "net.safetensors"), ("net.safetensors", "net.keras"))


def measure(*, smoke: bool) -> Iterator[Row]:
    """There and back through every format; Linux only, where ``/proc`` tells what a process holds."""
    if not Path("/proc/self/task").is_dir():
        return
    width = 64 if smoke else _WIDTH
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.py").write_text(_MODEL.format(depth=_DEPTH, width=width), "utf-8")
        translate = [sys.executable, "-m", "translator", "model.py", "--to", "keras", "-o", "keras_model.py"]
        for command in (translate, [sys.executable, "-c", _SAVE]):
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        files = ["--source", "model.py", "--translated", "keras_model.py", "--model", "Net()"]
        for checkpoint, output in _STEPS:
            size = (folder / checkpoint).stat().st_size
            peak = _peak(["-m", "translator", "weights", checkpoint, *files, "-o", output], folder)
            what = f"convert {checkpoint} to {output}"
            yield Row(what, peak, size, "the checkpoint", None if smoke else BUDGET, unit="MiB")
            (folder / checkpoint).unlink()


def _peak(arguments: Sequence[str], folder: Path) -> float:
    """Bytes that a ``python ...`` command and all its children hold at the worst of many moments."""
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        sleep(0.01)
    if process.returncode != 0:
        assert process.stderr is not None
        raise RuntimeError(process.stderr.read().decode("utf-8", "replace"))
    return float(peak)


def _resident(pid: int) -> int:
    """Resident bytes of a process and its children; a page that several of them map counts for each."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended in the meantime
    own = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own + sum(_resident(int(child)) for child in children)
