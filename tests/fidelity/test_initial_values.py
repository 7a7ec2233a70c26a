"""Translations with ``--fidelity exact`` draw initial values from the distributions of the original.

The bounds come from the documentation of the two libraries. So many values are drawn that the largest of them comes
close to the bound, and that the mean and the deviation are those of the uniform distribution.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

from tests.laws.sides import Array, executed
from translator import translate
from translator.model import Fidelity, Framework
from translator.weights.rearrange import apply_layout

pytestmark = pytest.mark.frameworks

NEAR = 0.06
"""Relative, six times the error of a standard deviation that is found from 2,000 values."""

TORCH = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.{layer}

    def forward(self, x):
        return self.layer(x)
"""

KERAS = """\
import keras
from keras import layers


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.layer = layers.{layer}

    def call(self, x):
        return self.layer(x)
"""

FROM_TORCH = {
    "Linear(24, 2000)": ((2, 24), 24),
    "LazyLinear(2000)": ((2, 24), 24),
    "Conv1d(8, 2000, 3)": ((2, 8, 4), 8 * 3),
    "Conv2d(8, 2000, (2, 3), groups=4)": ((2, 8, 4, 4), 2 * 2 * 3),
    "Conv2d(8, 2000, 3, padding=2, padding_mode='reflect')": ((2, 8, 4, 4), 8 * 9),
    "LazyConv2d(2000, 3)": ((2, 8, 4, 4), 8 * 9),
    "Conv3d(2, 2000, 2)": ((2, 2, 3, 3, 3), 2 * 8),
    "Conv2d(2000, 2000, 3, groups=2000)": ((1, 2000, 3, 3), 9),
    "ConvTranspose2d(3, 2000, 2)": ((1, 3, 2, 2), 2000 * 4),
}
"""The layer, the shape of its input and its fan_in:
https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html, ...Conv2d.html, ...ConvTranspose2d.html."""

FROM_KERAS = {
    "Dense(2000)": ((2, 24), 24, 2000),
    "Conv1D(2000, 3)": ((2, 4, 8), 8 * 3, 2000 * 3),
    "Conv2D(2000, (2, 3), groups=4)": ((2, 4, 4, 8), 2 * 6, 2000 * 6),
    "Conv2D(2000, 3, strides=2, padding='same')": ((2, 4, 4, 8), 8 * 9, 2000 * 9),
    "Conv3D(2000, 2)": ((2, 3, 3, 3, 2), 2 * 8, 2000 * 8),
    "Conv2DTranspose(2000, 2)": ((1, 2, 2, 3), 2000 * 4, 3 * 4),
    "Conv2DTranspose(2000, 2, padding='same')": ((1, 2, 2, 3), 2000 * 4, 3 * 4),
    "DepthwiseConv2D(3)": ((1, 3, 3, 2000), 2000 * 9, 9),
    "DepthwiseConv2D(3, depth_multiplier=4)": ((1, 3, 3, 500), 500 * 9, 4 * 9),
}
"""The layer, the shape of its input, fan_in and fan_out: https://keras.io/api/layers/initializers/#glorotuniform-class"""

SEPARABLE = "SeparableConv2D(2000, 3, depth_multiplier=2)"


@pytest.mark.parametrize("layer", FROM_TORCH)
def test_keras_draws_as_torch_does(layer: str) -> None:
    shape, fan_in = FROM_TORCH[layer]
    kernel, bias = drawn(TORCH.format(layer=layer), "keras", shape, "exact").values()
    assert_uniform(kernel, 1 / math.sqrt(fan_in))
    assert_uniform(bias, 1 / math.sqrt(fan_in))


@pytest.mark.parametrize("layer", FROM_KERAS)
def test_torch_draws_as_keras_does(layer: str) -> None:
    shape, fan_in, fan_out = FROM_KERAS[layer]
    kernel, bias = drawn(keras_source(layer, shape), "torch", shape, "exact").values()
    assert_uniform(kernel, math.sqrt(6 / (fan_in + fan_out)))
    assert not bias.any()


def test_torch_draws_both_kernels_of_a_separable_convolution_as_keras_does() -> None:
    shape = (1, 3, 3, 500)
    weights = drawn(keras_source(SEPARABLE, shape), "torch", shape, "exact")
    assert_uniform(weights["depthwise.weight"], math.sqrt(6 / ((500 + 2) * 9)))
    assert_uniform(weights["pointwise.weight"], math.sqrt(6 / (1000 + 2000)))
    assert not weights["pointwise.bias"].any()


def test_keras_draws_both_kernels_of_a_separable_convolution_as_torch_does() -> None:
    shape = (1, 500, 3, 3)
    source = translate(keras_source(SEPARABLE, (1, 3, 3, 500)), to="torch").code
    weights = drawn(source, "keras", shape, "exact")
    assert_uniform(weights["depthwise_kernel"], 1 / 3)
    assert_uniform(weights["pointwise_kernel"], 1 / math.sqrt(1000))
    assert_uniform(weights["bias"], 1 / math.sqrt(1000))


def test_torch_draws_a_depthwise_kernel_as_keras_does_once_it_knows_the_channels() -> None:
    kernel, bias = drawn(KERAS.format(layer="DepthwiseConv2D(3)"), "torch", (1, 3, 3, 2000), "exact").values()
    assert_uniform(kernel, math.sqrt(6 / (2000 * 9 + 9)))
    assert not bias.any()


def test_embeddings_are_drawn_as_in_the_original() -> None:
    import torch

    source = "from torch import nn\n\nlayer = nn.Embedding(100, 50)\n"
    with executed(translate(source, to="keras", fidelity="exact").code) as module:
        module.layer.build((2, 3))
        normal = module.layer.embeddings.numpy()
    assert abs(normal.std() - 1) <= NEAR
    assert np.abs(normal).max() > 3
    assert abs(normal.mean()) <= NEAR
    source = "from keras import layers\n\nlayer = layers.Embedding(100, 50)\n"
    with executed(translate(source, to="torch", fidelity="exact").code) as module:
        assert isinstance(module.layer, torch.nn.Embedding)
        assert_uniform(module.layer.weight.detach().numpy(), 0.05)


def keras_source(layer: str, shape: tuple[int, ...]) -> str:
    """A model with the layer; the one before it tells the number of channels, which PyTorch's layers have to know."""
    source = KERAS.format(layer=layer)
    if len(shape) != 4:
        return source
    source = source.replace("self.layer = ", f"self.first = layers.Conv2D({shape[-1]}, 1)\n        self.layer = ")
    return source.replace("self.layer(x)", "self.layer(self.first(x))")


def test_without_it_the_target_draws_its_own() -> None:
    shape, fan_in = FROM_TORCH["Linear(24, 2000)"]
    kernel, bias = drawn(TORCH.format(layer="Linear(24, 2000)"), "keras", shape, "idiomatic").values()
    assert_uniform(kernel, math.sqrt(6 / (fan_in + 2000)))
    assert not bias.any()


@pytest.mark.parametrize("layer", ["Linear(24, 10, bias=False)", "Conv2d(3, 4, 2, bias=False)"])
def test_a_layer_without_bias_draws_its_kernel(layer: str) -> None:
    shape = (2, 24) if layer.startswith("Linear") else (2, 3, 4, 4)
    (kernel,) = drawn(TORCH.format(layer=layer), "keras", shape, "exact").values()
    assert kernel.any()


def test_kernel_and_bias_are_drawn_apart_and_each_time_anew() -> None:
    one, two = (drawn(TORCH.format(layer="Linear(4, 4)"), "keras", (2, 4), "exact") for _ in range(2))
    assert not np.isin(one["bias"], one["kernel"]).any()
    assert not np.array_equal(one["kernel"], two["kernel"])


def test_a_built_keras_layer_can_be_made_again_from_its_configuration() -> None:
    import keras

    with executed(translate(TORCH.format(layer="Linear(24, 2000)"), to="keras", fidelity="exact").code) as module:
        layer = module.Net().layer
        layer.build((2, 24))
        with keras.saving.custom_object_scope({"FanInUniform": module.FanInUniform}):
            again = type(layer).from_config(layer.get_config())
        again.build((2, 24))
    assert_uniform(again.bias.numpy(), 1 / math.sqrt(24))


def test_a_lazy_layer_keeps_the_weights_that_are_loaded_into_it() -> None:
    import torch

    with executed(translate(KERAS.format(layer="Dense(5)"), to="torch", fidelity="exact").code) as module:
        model, copied = module.Net(), copy.deepcopy(module.Net())
        model(torch.ones(2, 3))
        copied.load_state_dict(model.state_dict())
        expected, actual = model(torch.ones(2, 3)), copied(torch.ones(2, 3))
    assert torch.equal(expected, actual)


def drawn(source: str, to: Framework, shape: tuple[int, ...], fidelity: Fidelity) -> dict[str, Array]:
    """What the parameters of the translated ``layer`` begin with, by path."""
    t = translate(source, to=to, fidelity=fidelity)
    assert t.exact, [(d.code, d.message) for d in t.diagnostics]
    assert ("T003" in {d.code for d in t.diagnostics}) == (fidelity == "idiomatic")
    rule = next(iter(t.models["Net"].inputs.values()))
    example = np.array(apply_layout(np.zeros(shape, "float32"), rule))
    with executed(t.code) as module:
        return _torch_arrays(module.Net(), example) if to == "torch" else _keras_arrays(module.Net(), example)


def _torch_arrays(model: Any, example: Array) -> dict[str, Array]:
    import torch

    model(torch.from_numpy(example))
    return {path: parameter.detach().numpy() for path, parameter in model.layer.named_parameters()}


def _keras_arrays(model: Any, example: Array) -> dict[str, Array]:
    model(example)
    return {variable.name: variable.numpy() for variable in model.layer.trainable_variables}


def assert_uniform(values: Array, bound: float) -> None:
    """Uniform between -bound and bound."""
    assert values.size >= 2000
    assert np.abs(values).max() <= bound * (1 + 1e-6)
    assert np.abs(values).max() >= bound * (1 - NEAR)
    assert abs(values.mean()) <= 5 * bound / math.sqrt(3 * values.size)
    assert abs(values.std() / (bound / math.sqrt(3)) - 1) <= NEAR
