"""The reductions written into Keras outputs have PyTorch's gradients where values are equal, constant or zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.frameworks

TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Any]] = {
    "largest": (lambda t: t.max(1)[0], lambda h: lambda x: h.max_with_indices(x, 1)[0], TIES),
    "smallest": (lambda t: t.min(0)[0], lambda h: lambda x: h.min_with_indices(x, 0)[0], TIES),
    "deviation of equal values": (lambda t: t.std(1), lambda h: lambda x: h.sample_std(x, 1), TIES),
    "norm at zero": (lambda t: t.norm(dim=0), lambda h: lambda x: h.euclidean_norm(x, 0), np.zeros((3, 2))),
    "median": (lambda t: t.median(), lambda h: lambda x: h.lower_median(x), np.array([4.0, 1.0, 3.0, 2.0])),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_pytorch(name: str) -> None:
    import tensorflow as tf
    import torch

    from mappings.helpers.keras import reduction

    ours, theirs, array = CASES[name]
    source = torch.tensor(array, requires_grad=True)
    expected = ours(source)
    expected.sum().backward()
    target = tf.constant(array)
    with tf.GradientTape() as tape:
        tape.watch(target)
        actual = theirs(reduction)(target)
    assert source.grad is not None
    np.testing.assert_allclose(actual, expected.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(tape.gradient(actual, target), source.grad.numpy(), atol=1e-12)
