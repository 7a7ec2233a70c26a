"""Operations whose float64 form passes through a float32 constant: their results agree to 1e-6 only.

Measured on PyTorch 2.13 and Keras 3.15 with the TensorFlow backend. The root cause is almost always
``tf.cast(python_float, "float64")``, which rounds to float32 first:
https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/core.py. Where one of these ran and the
strict gate fails, the gate is loosened to 1e-6 and the report names the operation.
"""

from __future__ import annotations

TORCH_LEAKS = frozenset({"celu", "hardsigmoid", "softplus", "rrelu"})
"""Names of functions in ``torch.nn.functional``."""

KERAS_BACKEND_LEAKS = {
    "nn": ("leaky_relu", "gelu", "dot_product_attention", "celu", "ctc_loss"),
    "numpy": ("quantile",),
    "image": ("resize",),
}
"""Functions of the Keras backend modules."""

KERAS_LAYER_LEAKS = frozenset(
    f"keras.layers.{name}"
    for name in (
        "UpSampling2D",
        "LeakyReLU",
        "MultiHeadAttention",
        "GroupQueryAttention",
        "Rescaling",
        "Normalization",
        "Resizing",
    )
)

LOOSE = 1e-6
"""The gate, relative to the largest value, where a leak explains the difference."""
