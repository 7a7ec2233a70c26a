"""Keras' padding='same' as an operation of its own, for code that comes back from PyTorch."""

import keras
from keras import ops


def same_pad_2d(x, kernel_size, stride=1, dilation=1, data_format="channels_last"):
    """Pad the two spatial axes as padding="same" of a convolution does."""
    kernel_size, stride, dilation = ((v, v) if isinstance(v, int) else v for v in (kernel_size, stride, dilation))
    first = 1 if data_format == "channels_last" else 2
    pads = [(0, 0)] * 4
    for axis, (k, s, d) in enumerate(zip(kernel_size, stride, dilation)):
        size = ops.shape(x)[first + axis]
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        pads[first + axis] = (total // 2, total - total // 2)
    return ops.pad(x, pads)


class SamePad2D(keras.layers.Layer):
    """Pad the two spatial axes as padding="same" of a convolution does, for use inside a Sequential."""

    def __init__(self, kernel_size, stride=1, dilation=1, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation
        self.data_format = data_format

    def call(self, x):
        return same_pad_2d(x, self.kernel_size, self.stride, self.dilation, self.data_format)
