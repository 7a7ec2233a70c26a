"""Checkpoints from the command line: real files, both directions, and nothing written where something does not fit."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.cli.run import ENVIRONMENT, Outcome, fwtranslate
from tests.cli.test_interrupt import MESSAGE, interrupted

pytestmark = pytest.mark.frameworks

TORCH = """\
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, channels=4):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(channels)
        self.again = self.bn
        self.fc = nn.Linear(channels, 2)

    def forward(self, x):
        x = self.again(torch.relu(self.bn(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
"""

KERAS = """\
import keras
from keras import layers, ops


class Net(keras.Model):
    def __init__(self, channels=4):
        super().__init__()
        self.conv = layers.Conv2D(channels, 3, padding="same")
        self.bn = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.again = self.bn
        self.fc = layers.Dense(2)

    def call(self, x, training=False):
        x = self.again(ops.relu(self.bn(self.conv(x), training=training)), training=training)
        return self.fc(ops.mean(x, axis=(1, 2)))
"""


@dataclass(frozen=True)
class Project:
    """A PyTorch file, its translation, and trained-looking weights of the first."""

    folder: Path
    state: dict[str, Any]

    def convert(self, checkpoint: str, output: str, *more: str, model: str = "Net()") -> Outcome:
        files = ("--source", "model.py", "--translated", "keras_model.py")
        return fwtranslate("weights", checkpoint, *files, "--model", model, "-o", output, *more, cwd=self.folder)

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"weights_of_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Project:
    import torch

    (tmp_path / "model.py").write_text(TORCH)
    assert fwtranslate("model.py", "--to", "keras", "-o", "keras_model.py", cwd=tmp_path).code == 0
    model = imported(tmp_path / "model.py").Net()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in (*model.parameters(), model.bn.running_mean, model.bn.running_var):
            tensor.add_(torch.rand(tensor.shape, generator=generator))
    state = model.state_dict()
    torch.save(state, tmp_path / "net.pt")
    return Project(tmp_path, state)


def outputs(project: Project, load: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """What both models give for the same images; ``load`` makes the Keras one from the class and an input."""
    import torch

    images = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype("float32")
    source = imported(project.folder / "model.py").Net().eval()
    source.load_state_dict(project.state)
    with torch.no_grad():
        expected = source(torch.from_numpy(images)).numpy()
    placed = images.transpose(0, 2, 3, 1)
    target = load(imported(project.folder / "keras_model.py").Net, placed)
    return expected, np.asarray(target(placed, training=False))


def test_weights_load_into_the_translated_model_and_come_back_unchanged(project: Project) -> None:
    from safetensors.torch import load_file

    there = project.convert("net.pt", "net.weights.h5")
    assert (there.code, there.err) == (0, "")
    # conv and fc have 2 tensors each, bn has 4; the counter of batches has no place in Keras.
    assert there.out.splitlines()[0] == "net.weights.h5: 8 tensors with 138 values from net.pt"

    def loaded(cls: Any, images: Any) -> Any:
        model = cls()
        model(images)
        model.load_weights(project.folder / "net.weights.h5")
        return model

    expected, actual = outputs(project, loaded)
    assert np.abs(actual - expected).max() < 1e-5
    back = project.convert("net.weights.h5", "back.safetensors")
    assert (back.code, back.err) == (0, "")
    found = load_file(project.folder / "back.safetensors")
    assert found.keys() == project.state.keys()
    assert all((found[name] == value).all() for name, value in project.state.items())


def test_a_wrapped_checkpoint_becomes_a_keras_archive_that_loads_as_a_model(project: Project) -> None:
    import keras
    import torch

    wrapped = {f"module.{name}": value for name, value in project.state.items()}
    torch.save({"epoch": 7, "model_state_dict": wrapped}, project.folder / "run.pth")
    done = project.convert("run.pth", "net.keras", "--input", "float32[2,3,8,8]")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1:] == [
        "note: weights taken from the key 'model_state_dict'; left out: epoch",
        "note: the prefix 'module.' of all names was removed",
        "note: weights that exist only after a call were created with x=float32[2,3,8,8]",
    ]
    path = project.folder / "net.keras"
    expected, actual = outputs(
        project, lambda cls, _: keras.saving.load_model(path, custom_objects={"Net": cls}, compile=False)
    )
    assert np.abs(actual - expected).max() < 1e-5


def test_a_trained_keras_model_converts_without_its_optimizer(tmp_path: Path) -> None:
    import torch

    (tmp_path / "keras_model.py").write_text(KERAS)
    assert fwtranslate("keras_model.py", "--to", "torch", "-o", "model.py", cwd=tmp_path).code == 0
    model = imported(tmp_path / "keras_model.py").Net()
    model.compile("adam", "mse", metrics=["mae"])
    images = np.random.default_rng(0).standard_normal((4, 8, 8, 3)).astype("float32")
    model.fit(images, np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "net.keras")
    files = ("--source", "keras_model.py", "--translated", "model.py", "--model", "Net()")
    done = fwtranslate("weights", "net.keras", *files, "-o", "net.pt", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "note: left out: optimizer" in done.out.splitlines()
    target = imported(tmp_path / "model.py").Net().eval()
    target.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True), strict=True)
    with torch.no_grad():
        actual = target(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    assert np.abs(actual - np.asarray(model(images, training=False))).max() < 1e-5


def test_everything_that_does_not_fit_is_listed_and_nothing_is_written(project: Project) -> None:
    import torch

    state = {**project.state, "bn.running_mean": torch.zeros(5), "head.weight": torch.zeros(1)}
    del state["fc.bias"], state["bn.bias"]
    torch.save(state, project.folder / "other.pt")
    (project.folder / "net.weights.h5").write_bytes(b"kept")
    before = project.names()
    done = project.convert("other.pt", "net.weights.h5")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "fwtranslate: error: the checkpoint is not one of this model",
        "  missing: fc.bias",
        "  surplus: head.weight",
        "  misshapen: bn.running_mean: (5,) in the checkpoint, (4,) in the model",
    ]
    assert project.names() == before
    assert (project.folder / "net.weights.h5").read_bytes() == b"kept"


def test_names_of_one_tensor_must_agree(project: Project) -> None:
    import torch

    torch.save({**project.state, "again.bias": torch.zeros(4)}, project.folder / "other.pt")
    done = project.convert("other.pt", "net.weights.h5")
    assert done.code == 1
    assert "again.bias: differs from bn.bias, with which the model shares it" in done.err
    assert "net.weights.h5" not in project.names()


def test_pickled_code_is_refused_in_one_line(project: Project) -> None:
    import torch

    torch.save(torch.nn.Linear(2, 2), project.folder / "whole.pt")
    before = project.names()
    done = project.convert("whole.pt", "net.weights.h5")
    assert "holds pickled code (torch.nn.modules.linear.Linear), which is never run" in done.complaint
    assert project.names() == before


def test_a_value_that_no_checkpoint_holds_comes_from_the_constructor(tmp_path: Path) -> None:
    import h5py
    import torch

    buffer = '        self.register_buffer("table", torch.arange(2.0), persistent=False)\n'
    (tmp_path / "model.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        f"        super().__init__()\n        self.fc = nn.Linear(3, 2)\n{buffer}\n"
        "    def forward(self, x):\n        return self.fc(x) * self.table\n"
    )
    (tmp_path / "keras_model.py").write_text(
        "import keras\nfrom keras import layers\n\n\nclass Net(keras.Model):\n    def __init__(self):\n"
        "        super().__init__()\n        self.fc = layers.Dense(2)\n"
        '        self.table = self.add_weight(shape=(2,), initializer="ones", trainable=False, name="table")\n\n'
        "    def call(self, x):\n        return self.fc(x) * self.table\n"
    )
    torch.save({"fc.weight": torch.ones(2, 3).double() / 3, "fc.bias": torch.ones(2)}, tmp_path / "net.pt")
    done = Project(tmp_path, {}).convert("net.pt", "net.weights.h5")
    assert (done.code, done.err) == (0, "")
    notes = done.out.splitlines()
    assert "note: no checkpoint holds table; taken from a new model" in notes
    assert "note: rounded to the model's dtype: fc.kernel" in notes
    with h5py.File(tmp_path / "net.weights.h5") as file:
        assert file["vars/0"][()].tolist() == [0.0, 1.0]


BROKEN = {
    "raises": ("raise RuntimeError('no luck')", [], "the source model failed: RuntimeError: no luck"),
    "loops for ever": ("while True: pass", ["--timeout", "1"], "no answer within 1 s"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_cannot_be_built_is_a_finding(project: Project, name: str) -> None:
    statement, limits, mentions = BROKEN[name]
    model = project.folder / "model.py"
    model.write_text(TORCH.replace("        super()", f"        {statement}\n        super()"))
    before = project.names()
    done = project.convert("net.pt", "net.weights.h5", *limits)
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert mentions in done.err
    assert project.names() == before


def test_an_interrupt_leaves_the_old_checkpoint_and_nothing_else(project: Project) -> None:
    model = project.folder / "model.py"
    pipe = str(project.folder / "pipe")
    model.write_text(TORCH.replace("        super()", f"        open({pipe!r}, 'rb').read()\n        super()"))
    (project.folder / "net.keras").write_bytes(b"kept")
    before = project.names()
    files = ("--source", "model.py", "--translated", "keras_model.py", "--model", "Net()")
    done = interrupted("weights", "net.pt", *files, "-o", "net.keras", cwd=project.folder)
    assert done == (130, "", MESSAGE)
    assert project.names() == {*before, "pipe"}
    assert (project.folder / "net.keras").read_bytes() == b"kept"


@pytest.mark.parametrize("output", ["net.weights.h5", "net.keras"])
def test_a_full_disk_leaves_nothing_behind(project: Project, output: str) -> None:
    import torch

    wide = imported(project.folder / "model.py").Net(4000)
    torch.save(wide.state_dict(), project.folder / "wide.pt")
    before = project.names()
    command = ["weights", "wide.pt", "--source", "model.py", "--translated", "keras_model.py"]
    run = f"ulimit -f 200; exec {shlex.join([sys.executable, '-m', 'translator', *command])} --model 'Net(4000)'"
    done = subprocess.run(
        ["bash", "-c", f"{run} -o {output}"], cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 2, done
    assert done.stderr.startswith(f"fwtranslate: error: {output}: cannot be written: ")
    assert len(done.stderr.splitlines()) == 1
    assert project.names() == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("net.pt", "out.npz"), "out.npz: not the name of a checkpoint"),
        (("net.pt", "out.safetensors"), "must end in .weights.h5, .keras"),
        (("net.pt", "out.keras", "--input", "x=float33[2]"), "unknown dtype"),
        (("net.pt", "out.keras", "--model", "Net(8)"), "give one --model"),
    ],
)
def test_bad_usage_is_refused_before_anything_runs(
    project: Project, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in project.convert(*arguments).complaint
