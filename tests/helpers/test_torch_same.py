"""The PyTorch modules written for Keras' padding="same" compute what the Keras layers do, gradients included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.compare import assert_close, assert_same, images, seeds

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def same() -> Any:
    from mappings.helpers.torch import same

    return same


def pairs(largest: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(1, largest), st.integers(1, largest))


def numbers(largest: int) -> st.SearchStrategy[Any]:
    """An int or a pair, as both libraries accept them."""
    return st.one_of(st.integers(1, largest), pairs(largest))


@given(pairs(9), numbers(4), st.one_of(st.none(), numbers(4)), seeds(), st.booleans())
def test_max_pooling_agrees(same: Any, size: tuple[int, int], kernel: Any, stride: Any, seed: int, ties: bool) -> None:
    import keras

    layer = keras.layers.MaxPooling2D(kernel, stride, padding="same", data_format="channels_last", dtype="float64")
    assert_same(same.MaxPool2dSame(kernel, stride), layer, images(seed, *size, ties=ties), "channels_last")


@given(pairs(9), numbers(4), st.one_of(st.none(), numbers(4)), seeds())
def test_average_pooling_agrees(same: Any, size: tuple[int, int], kernel: Any, stride: Any, seed: int) -> None:
    import keras

    layer = keras.layers.AveragePooling2D(kernel, stride, padding="same", data_format="channels_last", dtype="float64")
    assert_same(same.AvgPool2dSame(kernel, stride), layer, images(seed, *size), "channels_last")


# Keras refuses strides together with dilation.
@given(
    pairs(9),
    numbers(4),
    st.one_of(numbers(4).map(lambda s: {"stride": s}), numbers(3).map(lambda d: {"dilation": d})),
    st.sampled_from([1, 3]),
    st.booleans(),
    seeds(),
)
def test_convolution_agrees(
    same: Any, size: tuple[int, int], kernel: Any, spacing: dict[str, Any], groups: int, bias: bool, seed: int
) -> None:
    import keras
    import tensorflow as tf
    import torch

    module = same.Conv2dSame(3, 6, kernel, groups=groups, bias=bias, dtype=torch.float64, **spacing)
    layer = keras.layers.Conv2D(
        6,
        kernel,
        strides=spacing.get("stride", 1),
        dilation_rate=spacing.get("dilation", 1),
        padding="same",
        data_format="channels_last",
        groups=groups,
        use_bias=bias,
        dtype="float64",
    )
    layer.build((None, *size, 3))
    layer.set_weights([_to_keras(one) for one in module.parameters()])
    x = images(seed, *size)
    assert_same(module, layer, x, "channels_last")

    module.zero_grad()
    module(torch.from_numpy(x)).square().sum().backward()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(tf.constant(np.moveaxis(x, 1, -1)))))
    gradients = tape.gradient(loss, [one.value for one in layer.trainable_variables])
    for one, other in zip(gradients, module.parameters(), strict=True):
        assert_close(one.numpy(), _to_keras(other.grad))


def _to_keras(parameter: Any) -> Any:
    """A kernel (out, in, height, width) as Keras stores it, (height, width, in, out); a bias as it is."""
    array = parameter.detach().numpy()
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
