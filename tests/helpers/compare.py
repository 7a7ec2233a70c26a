"""The same computation in PyTorch and in Keras on TensorFlow, in float64: outputs and gradients have to agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

DATA_FORMATS = ("channels_last", "channels_first")
# Relative to the largest element: rounding in float64 stays below 1e-14, a wrong window or divisor far above.
GATE = 1e-12

Array = Any


def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 2**16)


def images(seed: int, height: int, width: int, *, ties: bool = False) -> Array:
    """Two random images, shape (2, 3, height, width); with ``ties`` small whole numbers, so that many are equal."""
    values = np.random.default_rng(seed).standard_normal((2, 3, height, width))
    return np.round(values) if ties else values


def stored(x: Array, data_format: str) -> Array:
    """An array of shape (n, c, h, w) in the axis order of ``data_format``."""
    return np.moveaxis(x, 1, -1) if data_format == "channels_last" else x


def assert_close(actual: Array, expected: Array) -> None:
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert np.abs(actual - expected).max() <= GATE * np.abs(expected).max()


def assert_same(
    torch_function: Callable[[Any], Any], keras_function: Callable[[Any], Any], x: Array, data_format: str
) -> None:
    """Both give the same output for ``x``, of shape (n, c, h, w), and the same gradient of a weighted sum of it."""
    import tensorflow as tf
    import torch

    source = torch.tensor(x, requires_grad=True)
    expected = torch_function(source)
    weights = np.cos(np.arange(expected.numel())).reshape(expected.shape)
    expected.backward(torch.from_numpy(weights))

    translated = tf.constant(stored(x, data_format))
    with tf.GradientTape() as tape:
        tape.watch(translated)
        actual = keras_function(translated)
    gradient = tape.gradient(actual, translated, stored(weights, data_format))

    assert_close(actual.numpy(), stored(expected.detach().numpy(), data_format))
    assert_close(gradient.numpy(), stored(source.grad.numpy(), data_format))
