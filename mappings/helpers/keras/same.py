"""Keras' padding='same' and 'causal' as operations of their own, for code that comes back from PyTorch."""

import keras
import numpy as np
from keras import ops


def same_pad(x, kernel_size, stride=1, dilation=1, data_format="channels_last"):
    """Pad the spatial axes as padding="same" of a convolution does."""
    axes = len(x.shape) - 2
    first = 1 if data_format == "channels_last" else 2
    pads = [(0, 0)] * len(x.shape)
    for axis, (k, s, d) in enumerate(
        zip(*(np.broadcast_to(v, axes).tolist() for v in (kernel_size, stride, dilation)))
    ):
        size = ops.shape(x)[first + axis]
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        pads[first + axis] = (total // 2, total - total // 2)
    return ops.pad(x, pads)


class SamePad(keras.layers.Layer):
    """Pad the spatial axes as padding="same" of a convolution does, for use inside a Sequential."""

    def __init__(self, kernel_size, stride=1, dilation=1, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation
        self.data_format = data_format

    def call(self, x):
        return same_pad(x, self.kernel_size, self.stride, self.dilation, self.data_format)


def causal_pad(x, kernel_size, dilation=1, data_format="channels_last"):
    """Pad the start of the sequence as padding="causal" of a convolution does."""
    (kernel_size,), (dilation,) = np.atleast_1d(kernel_size).tolist(), np.atleast_1d(dilation).tolist()
    pad = (dilation * (kernel_size - 1), 0)
    return ops.pad(x, [(0, 0), pad, (0, 0)] if data_format == "channels_last" else [(0, 0), (0, 0), pad])


class CausalPad(keras.layers.Layer):
    """Pad the start of the sequence as padding="causal" of a convolution does, for use inside a Sequential."""

    def __init__(self, kernel_size, dilation=1, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.dilation = kernel_size, dilation
        self.data_format = data_format

    def call(self, x):
        return causal_pad(x, self.kernel_size, self.dilation, self.data_format)
