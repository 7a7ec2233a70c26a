"""Gradients of a Keras model on the TensorFlow backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def gradients(
    loss: Callable[[Mapping[str, Any]], Any], variables: Mapping[str, Any], inputs: Mapping[str, Any], model: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Gradients of ``loss(inputs)`` with respect to ``variables`` and ``inputs``; zeros where nothing depends on one.

    Gradients of embeddings come as ``IndexedSlices`` and are made dense, see
    https://www.tensorflow.org/api_docs/python/tf/IndexedSlices.
    """
    import tensorflow as tf

    values = {path: variable.value for path, variable in variables.items()}
    with tf.GradientTape() as tape:
        for tensor in inputs.values():
            tape.watch(tensor)
        total = loss(inputs)
    found = tape.gradient(total, [*values.values(), *inputs.values()], unconnected_gradients="zero")
    dense = [tf.convert_to_tensor(gradient) for gradient in found]
    count = len(values)
    return dict(zip(values, dense[:count], strict=True)), dict(zip(inputs, dense[count:], strict=True))
