"""The PyTorch modules written for Keras' padding="same" compute what the Keras layers do, gradients included."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.compare import assert_close, assert_same, images, seeds, stored

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
    st.booleans(),
    seeds(),
)
def test_convolution_agrees(
    same: Any, size: tuple[int, int], kernel: Any, spacing: dict[str, Any], bias: bool, seed: int
) -> None:
    assert_convolution_agrees(same, images(seed, *size), kernel, bias=bias, **spacing)


# Few sizes: Keras compiles a grouped convolution anew for each shape.
@pytest.mark.parametrize("size", [(6, 7), (9, 4)], ids=str)
def test_convolution_in_groups_agrees(same: Any, size: tuple[int, int]) -> None:
    assert_convolution_agrees(same, images(0, *size), 3, stride=2, groups=3)


def assert_convolution_agrees(
    same: Any, x: Any, kernel: Any, *, stride: Any = 1, dilation: Any = 1, groups: int = 1, bias: bool = True
) -> None:
    """Outputs and the gradients of the input, the kernel and the bias."""
    import keras
    import tensorflow as tf
    import torch

    module = torch.nn.Sequential(
        same.SamePad(kernel, stride, dilation),
        torch.nn.Conv2d(3, 6, kernel, stride, dilation=dilation, groups=groups, bias=bias, dtype=torch.float64),
    )
    layer = keras.layers.Conv2D(
        6,
        kernel,
        strides=stride,
        dilation_rate=dilation,
        groups=groups,
        padding="same",
        data_format="channels_last",
        use_bias=bias,
        dtype="float64",
    )
    stored_x = tf.constant(stored(x, "channels_last"))
    layer.build(tuple(stored_x.shape))
    layer.set_weights([to_keras(one) for one in module.parameters()])
    assert_same(module, layer, x, "channels_last")

    module.zero_grad()
    module(torch.from_numpy(x)).square().sum().backward()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(stored_x)))
    gradients = tape.gradient(loss, [one.value for one in layer.trainable_variables])
    for one, other in zip(gradients, module.parameters(), strict=True):
        assert_close(one.numpy(), to_keras(other.grad))


def to_keras(parameter: Any) -> Any:
    """A kernel (out, in, height, width) as Keras stores it, (height, width, in, out); a bias as it is."""
    array = parameter.detach().numpy()
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
