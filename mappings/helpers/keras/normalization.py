"""Normalisation as PyTorch's; see https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html."""

import keras
import numpy as np
from keras import ops


class RMSNorm(keras.layers.Layer):
    """Divide by the root mean square of the last axes; without eps by the smallest step of the input's dtype."""

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, **kwargs):
        super().__init__(**kwargs)
        self.normalized_shape = normalized_shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine

    def build(self, input_shape):
        shape = (self.normalized_shape,) if isinstance(self.normalized_shape, int) else tuple(self.normalized_shape)
        self.axes = list(range(-len(shape), 0))
        self.weight = self.add_weight(shape, "ones", name="weight") if self.elementwise_affine else None

    def call(self, x):
        eps = float(np.finfo(keras.backend.standardize_dtype(x.dtype)).eps) if self.eps is None else self.eps
        x = x * ops.rsqrt(ops.mean(ops.square(x), axis=self.axes, keepdims=True) + eps)
        return x if self.weight is None else x * self.weight

    def get_config(self):
        return super().get_config() | {
            "normalized_shape": self.normalized_shape,
            "eps": self.eps,
            "elementwise_affine": self.elementwise_affine,
        }
