"""Weights that code fills are drawn from the same distributions on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from translator import translate

pytestmark = pytest.mark.frameworks

LAYERS = {
    "nn.Linear(64, 256)": (3, 64),
    "nn.Conv2d(16, 64, 3, groups=2)": (1, 16, 4, 4),
    "nn.ConvTranspose2d(64, 32, 3)": (1, 64, 3, 3),
}
FILLS = (
    'kaiming_normal_({}, mode="fan_out", nonlinearity="relu")',
    "kaiming_uniform_({}, a=0.3)",
    "xavier_uniform_({})",
    "xavier_normal_({}, gain=2.0)",
    "trunc_normal_({}, std=0.02)",
    "trunc_normal_({}, std=0.5, a=-1.0, b=1.0)",
    "uniform_({}, -1.0, 3.0)",
    "orthogonal_({}, gain=2)",
)
SOURCE = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = {layer}
        nn.init.{fill}

    def forward(self, x):
        return self.layer(x)
"""


@pytest.mark.parametrize("fill", FILLS, ids=lambda fill: fill.partition("(")[0])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.partition("(")[0])
def test_the_weights_of_a_layer_are_drawn_alike(layer: str, fill: str) -> None:
    import keras
    import numpy as np
    import torch

    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    source = SOURCE.format(layer=layer, fill=fill.format("self.layer.weight"))
    result = translate(source, to="keras")
    assert result.exact
    torch_names: dict[str, Any] = {}
    keras_names: dict[str, Any] = {}
    exec(source, torch_names)  # noqa: S102  # the source above
    exec(result.code, keras_names)  # noqa: S102  # and its translation
    built = keras_names["Net"]()
    shape = LAYERS[layer]
    built(np.zeros((shape[0], *shape[2:], shape[1]), "float32"))
    drawn, expected = keras.ops.convert_to_numpy(built.layer.kernel), torch_names["Net"]().layer.weight.detach().numpy()
    # Some ten thousand values: their moments are known to a few per cent.
    assert drawn.std() == pytest.approx(float(expected.std()), rel=0.05)
    assert drawn.mean() == pytest.approx(float(expected.mean()), abs=float(0.05 * expected.std()))
