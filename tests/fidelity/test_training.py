"""Translations with ``--fidelity exact`` train as the original does: parameters and running statistics, step by step.

Both sides take the same steps of gradient descent in float64 on the same batches. Then the trained source is carried
over into a fresh copy of the target, and every variable is compared with the one that the target has reached itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from tests.laws.sides import Array, executed, float64, side, state
from translator import transfer_weights, translate
from translator.model import Fidelity, Framework, Layout
from translator.weights.rearrange import apply_layout

pytestmark = pytest.mark.frameworks

STEPS = 4
GATE = 1e-9
"""Rounding stays below 1e-12 in these steps."""
SEEN = 1e-4
"""What the biased variance of batches of some ten values differs by, at least."""

TORCH = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.{first}
        self.norm = nn.{norm}

    def forward(self, x):
        return torch.tanh(self.norm(self.first(x)))
"""

KERAS = """\
import keras
from keras import layers, ops


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.{first}
        self.norm = layers.{norm}

    def call(self, x):
        return ops.tanh(self.norm(self.first(x)))
"""

FROM_TORCH = {
    "vectors": ("Linear(5, 4)", "BatchNorm1d(4)", (3, 5)),
    "sequences": ("Conv1d(3, 4, 2)", "BatchNorm1d(4, momentum=0.3)", (2, 3, 6)),
    "images": ("Conv2d(3, 4, 3, stride=2)", "BatchNorm2d(4, eps=1e-2)", (2, 3, 6, 6)),
    "images without scale and shift": ("Conv2d(3, 4, 3)", "BatchNorm2d(4, affine=False)", (2, 3, 5, 5)),
    "volumes": ("Conv3d(2, 4, 2)", "BatchNorm3d(4)", (2, 2, 3, 3, 3)),
    "images of unknown channels": ("LazyConv2d(4, 3)", "LazyBatchNorm2d()", (2, 3, 5, 5)),
}
FROM_KERAS = {
    "vectors": ("Flatten()", "BatchNormalization()", (3, 5)),
    "sequences": ("Conv1D(4, 2)", "BatchNormalization(momentum=0.7)", (2, 6, 3)),
    "images": ("Conv2D(4, 3, strides=2)", "BatchNormalization(epsilon=1e-2)", (2, 6, 6, 3)),
    "images without scale and shift": ("Conv2D(4, 3)", "BatchNormalization(scale=False, center=False)", (2, 5, 5, 3)),
    "volumes": ("Conv3D(4, 2)", "BatchNormalization(momentum=0.9)", (2, 3, 3, 3, 2)),
    "images of unknown channels": ("MaxPooling2D(2)", "BatchNormalization(momentum=0.5)", (2, 6, 6, 3)),
    "sequences of unknown channels": ("MaxPooling1D(2)", "BatchNormalization(momentum=0.5)", (2, 8, 3)),
    "volumes of unknown channels": ("MaxPooling3D(1)", "BatchNormalization(momentum=0.5)", (2, 2, 2, 2, 3)),
}


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    with float64():
        yield


@pytest.mark.parametrize("what", FROM_TORCH)
def test_keras_trains_as_torch_does(what: str) -> None:
    first, norm, shape = FROM_TORCH[what]
    source = TORCH.format(first=first, norm=norm)
    assert furthest(source, "torch", shape, "exact") <= GATE
    assert furthest(source, "torch", shape, "idiomatic") >= SEEN


@pytest.mark.parametrize("what", FROM_KERAS)
def test_torch_trains_as_keras_does(what: str) -> None:
    first, norm, shape = FROM_KERAS[what]
    source = KERAS.format(first=first, norm=norm)
    assert furthest(source, "keras", shape, "exact") <= GATE
    assert furthest(source, "keras", shape, "idiomatic") >= SEEN


def test_keras_trains_as_torch_does_with_every_axis_kept() -> None:
    source = TORCH.format(first="MaxPool2d(1)", norm="BatchNorm2d(3)")
    assert furthest(source, "torch", (2, 3, 4, 4), "exact", "channels_first") <= GATE


@pytest.mark.parametrize(
    ("source", "to", "shape"),
    [
        (TORCH.format(first="MaxPool2d(1)", norm="BatchNorm2d(3)"), "keras", (2, 4, 4, 3)),
        (KERAS.format(first="MaxPooling2D(1)", norm="BatchNormalization()"), "torch", (2, 3, 4, 4)),
    ],
)
def test_statistics_rest_outside_of_training(source: str, to: Framework, shape: tuple[int, ...]) -> None:
    batch = np.random.default_rng(0).standard_normal(shape)
    with executed(translate(source, to=to, fidelity="exact").code) as module:
        model = module.Net()
        one = side(to, model)
        one.run([batch], training=True)
        before = state(to, model)
        one.run([batch])
        after = state(to, model)
    assert all(np.array_equal(before[path], after[path]) for path in before)
    assert not all(np.isin(array, (0, 1)).all() for array in before.values())


def test_statistics_are_the_same_in_a_graph_of_any_batch_size() -> None:
    import tensorflow as tf

    source = TORCH.format(first="MaxPool2d(1)", norm="BatchNorm2d(3)")
    batch = np.random.default_rng(0).standard_normal((3, 4, 4, 3))
    with executed(translate(source, to="keras", fidelity="exact").code) as module:
        eager, graph = module.Net(), module.Net()
        for model in (eager, graph):
            side("keras", model).run([batch])
        run = tf.function(lambda x: graph(x, training=True), [tf.TensorSpec((None, None, None, 3), tf.float64)])
        for size in (3, 2):
            eager(tf.constant(batch[:size]), training=True)
            run(tf.constant(batch[:size]))
        assert distance(state("keras", eager), state("keras", graph)) <= GATE
        assert not np.array_equal(eager.norm.moving_variance.numpy(), np.ones(3))


def furthest(
    source: str, framework: Framework, shape: tuple[int, ...], fidelity: Fidelity, layout: Layout | None = None
) -> float:
    """The largest difference of any variable and of the output after the steps, between the target and the source."""
    to: Framework = "keras" if framework == "torch" else "torch"
    t = translate(source, to=to, layout=layout, fidelity=fidelity)
    assert t.exact, [(d.code, d.message) for d in t.diagnostics]
    assert {"T002", "T003"}.isdisjoint(d.code for d in t.diagnostics) == (fidelity == "exact")
    info = t.models["Net"]
    enter, leave = next(iter(info.inputs.values())), info.outputs[""]
    rng = np.random.default_rng(0)
    batches = [rng.standard_normal(shape) * 2 + 1 for _ in range(STEPS)]
    with ExitStack() as modules:
        one, two = (modules.enter_context(executed(code)) for code in (source, t.code))
        start, trained, fresh = one.Net(), two.Net(), two.Net()
        transfer_weights(start, trained, t, batches[0])
        transfer_weights(start, fresh, t, batches[0])
        ones, twos = side(framework, start), side(to, trained)
        for batch in batches:
            cotangent = np.random.default_rng(1).standard_normal(ones.run([batch]).shape)
            moved = [np.array(apply_layout(array, rule)) for array, rule in ((batch, enter), (cotangent, leave))]
            ones.step(ones.gradients([batch], cotangent, training=True)[1])
            twos.step(twos.gradients([moved[0]], moved[1], training=True)[1])
        transfer_weights(start, fresh, t)
        evaluated = [np.array(apply_layout(ones.run([batch]), leave)), twos.run([moved[0]])]
        reached = distance(state(to, trained), state(to, fresh))
        return max(reached, float(np.abs(evaluated[0] - evaluated[1]).max()))


def distance(left: dict[str, Array], right: dict[str, Array]) -> float:
    assert set(left) == set(right)
    paths = [path for path in left if not path.endswith("num_batches_tracked")]
    assert paths
    return max(float(np.abs(left[path] - right[path]).max(initial=0.0)) for path in paths)
