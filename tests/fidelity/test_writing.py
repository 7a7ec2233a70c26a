"""What ``--fidelity exact`` writes, what it says of the rest, and that the way back leaves no trace of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import fwtranslate
from translator import translate

TORCH = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1, bias=False),  # stem
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
        )
        self.conv = nn.Conv2d(
            width,
            width,
            kernel_size=3,  # odd
            stride=2,
            padding=1,
        )
        self.fc = nn.Linear(width, 10)

    def forward(self, x):
        x = self.conv(self.features(x))
        return self.fc(x.mean(dim=(2, 3)))
"""

KERAS = """\
import keras
from keras import layers


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(4, 3, activation="relu")
        self.norm = layers.BatchNormalization()
        self.head = keras.Sequential([
            layers.Dense(6, activation="relu"),
            layers.Dense(2),
        ])

    def call(self, x):
        return self.head(self.norm(self.conv(x)))
"""


def codes(source: str, **how: str) -> set[str]:
    return {d.code for d in translate(source, **how).diagnostics}  # type: ignore[arg-type]  # literals of the tests


def test_layers_are_written_in_their_exact_form() -> None:
    code = translate(TORCH, to="keras", fidelity="exact").code
    assert 'torch_initialised(layers.Conv2D(width, 3, padding="same", use_bias=False)),  # stem' in code
    assert "UnbiasedBatchNormalization(momentum=0.9, epsilon=1e-5)," in code
    assert "self.fc = torch_initialised(layers.Dense(10))" in code
    assert code.count("class FanInUniform") == code.count("def torch_initialised") == 1


def test_activations_stand_outside_of_the_helper() -> None:
    code = translate(KERAS, to="torch", fidelity="exact").code
    assert "keras_initialised(nn.LazyConv2d(4, 3))" in code
    assert "BiasedBatchNorm2d(4, eps=0.001, momentum=0.01)" in code
    assert "keras_initialised(nn.Linear(4, 6))" in code
    assert "F.relu(self.conv(x))" in code


@pytest.mark.parametrize(("source", "to"), [(TORCH, "keras"), (KERAS, "torch")])
def test_nothing_is_left_to_say_of_state_and_initial_values(source: str, to: str) -> None:
    assert {"T002", "T003"} <= codes(source, to=to)
    assert {"T002", "T003"}.isdisjoint(codes(source, to=to, fidelity="exact"))


@pytest.mark.parametrize(("source", "to", "back"), [(TORCH, "keras", "torch"), (KERAS, "torch", "keras")])
@pytest.mark.parametrize("fidelity", ["idiomatic", "exact"])
def test_the_way_back_is_that_of_the_idiomatic_form(source: str, to: str, back: str, fidelity: str) -> None:
    exact = translate(source, to=to, fidelity="exact").code  # type: ignore[arg-type]  # literals above
    plain = translate(source, to=to).code  # type: ignore[arg-type]
    again = translate(exact, to=back, fidelity=fidelity)  # type: ignore[arg-type]
    assert again.code == translate(plain, to=back).code  # type: ignore[arg-type]
    assert {"T002", "T003"}.isdisjoint(d.code for d in again.diagnostics)


@pytest.mark.parametrize(
    ("source", "to", "ours", "edit"),
    [
        (TORCH, "keras", "UnbiasedBatchNormalization(", ("(count - 1)", "(count - 2)")),
        (TORCH, "keras", "torch_initialised(", ("layer.kernel_initializer = layer.", "layer.")),
        (
            KERAS,
            "torch",
            "BiasedBatchNorm2d(",
            ("return biased_batch_norm(self, x)", "return biased_batch_norm(self, -x)"),
        ),
        (KERAS, "torch", "keras_initialised(", ("nn.init.zeros_", "nn.init.ones_")),
    ],
)
def test_an_edited_helper_is_not_taken_for_ours(source: str, to: str, ours: str, edit: tuple[str, str]) -> None:
    """Nobody knows what it does now, so the layer is not turned into the library's own."""
    helped = translate(source, to=to, fidelity="exact").code  # type: ignore[arg-type]  # literals above
    assert edit[0] in helped
    back = translate(helped.replace(*edit), to="torch" if to == "keras" else "keras")
    assert back.code.count(ours) > 1
    assert edit[1] in back.code
    assert not back.exact


def test_the_helper_takes_only_a_layer_that_is_made_for_it() -> None:
    helped = translate(TORCH, to="keras", fidelity="exact").code
    t = translate(helped.replace("torch_initialised(layers.Dense(10))", "torch_initialised(make(10))"), to="torch")
    assert "torch_initialised(make(10))" in t.code
    assert not t.exact


def test_a_helper_around_a_layer_that_it_is_not_meant_for_is_declined() -> None:
    helped = translate(TORCH, to="keras", fidelity="exact").code
    t = translate(helped.replace("layers.Dense(10)", "layers.Embedding(3, 10)"), to="torch")
    assert "torch_initialised(layers.Embedding(3, 10))" in t.code
    assert not t.exact


@pytest.mark.parametrize(
    "layer", ['Dense(10, kernel_initializer="he_normal")', 'Conv2D(4, 3, bias_initializer="ones")']
)
def test_initial_values_that_the_author_chose_are_not_replaced(layer: str) -> None:
    source = KERAS.replace('Conv2D(4, 3, activation="relu")', layer)
    t = translate(source, to="torch", fidelity="exact")
    assert "self.conv = nn.Lazy" in t.code
    assert [d.severity for d in t.diagnostics if d.code == "T003"] == ["warning"]


def test_what_has_no_exact_form_is_a_warning() -> None:
    t = translate(
        "from torch import nn\n\nlayer = nn.ConvTranspose2d(4, 4, 2, groups=2)\n", to="keras", fidelity="exact"
    )
    (found,) = (d for d in t.diagnostics if d.code == "T003")
    assert found.severity == "warning"
    assert "no exact form" in found.hint


def test_the_command_line_has_the_flag(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(TORCH)
    exact = fwtranslate("model.py", "--to", "keras", "--fidelity", "exact", cwd=tmp_path)
    plain = fwtranslate("model.py", "--to", "keras", cwd=tmp_path)
    assert exact.code == plain.code == 0
    assert exact.out == translate(TORCH, to="keras", fidelity="exact").code
    assert "T003" in plain.err
    assert "T003" not in exact.err
    assert "T002" not in exact.err
    assert "torch_initialised" not in plain.out


@pytest.mark.frameworks
def test_the_command_line_proves_what_it_writes(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(TORCH)
    done = fwtranslate("model.py", "--to", "keras", "--fidelity", "exact", "-o", "out.py", "--verify", cwd=tmp_path)
    assert done.code == 0, done
    assert "known limit" not in done.out
