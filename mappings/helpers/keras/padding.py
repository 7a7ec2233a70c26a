"""PyTorch's padding modes, of which Keras' ops.pad has only some; see
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html.
"""

import keras
import numpy as np
from keras import ops


def pad_spatial(x, padding, mode="constant", value=0.0, data_format="channels_last"):
    """Pad as torch.nn.functional.pad: amounts from the last spatial axis on, negative ones crop; an int goes around."""
    rank = len(x.shape)
    amounts = [padding] * (2 * (rank - 2)) if isinstance(padding, int) else list(padding)
    stored = [0, rank - 1, *range(1, rank - 1)] if data_format == "channels_last" else list(range(rank))
    for before, after, axis in zip(amounts[::2], amounts[1::2], stored[::-1]):
        if mode in ("replicate", "circular"):
            size = x.shape[axis]
            index = np.arange(-before, size + after)
            x = ops.take(x, np.clip(index, 0, size - 1) if mode == "replicate" else index % size, axis=axis)
            continue
        x = x[(slice(None),) * axis + (slice(max(-before, 0), min(after, 0) or None),)]
        pads = [(0, 0)] * rank
        pads[axis] = (max(before, 0), max(after, 0))
        x = ops.pad(x, pads, mode, **({"constant_values": value} if mode == "constant" else {}))
    return x


class SpatialPadding(keras.layers.Layer):
    """Pad as torch.nn.ConstantPad2d, ReflectionPad2d, ReplicationPad2d and CircularPad2d, with any number of axes."""

    def __init__(self, padding, mode="constant", value=0.0, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.padding = padding
        self.mode = mode
        self.value = value
        self.data_format = data_format

    def call(self, x):
        return pad_spatial(x, self.padding, self.mode, self.value, self.data_format)

    def get_config(self):
        config = {"padding": self.padding, "mode": self.mode, "value": self.value, "data_format": self.data_format}
        return super().get_config() | config


class SpatialPadding1D(SpatialPadding):
    """Padding of one axis."""


class SpatialPadding2D(SpatialPadding):
    """Padding of two axes."""


class SpatialPadding3D(SpatialPadding):
    """Padding of three axes."""
