"""Interpolation as PyTorch's; see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html.

Keras' own resizing has other nearest neighbours, no aligned corners and another cubic kernel.
"""

import keras
import numpy as np
from keras import ops


def sampling_positions(size, count, scale, align_corners):
    """Where each of ``count`` outputs lies among ``size`` inputs."""
    place = np.arange(count, dtype="float64")
    if align_corners:
        return place * ((size - 1) / (count - 1) if count > 1 else 0.0)
    return (place + 0.5) * scale - 0.5


def sampling_matrix(size, count, scale, mode, align_corners):
    """Matrix (count, size) of the weights with which inputs make outputs along one axis."""
    place = sampling_positions(size, count, scale, align_corners)
    if mode == "cubic":
        low = np.floor(place)
        offsets = np.arange(-1, 3)
        distance = np.abs((place - low)[:, None] - offsets)
        near = (1.25 * distance - 2.25) * distance**2 + 1
        far = ((-0.75 * distance + 3.75) * distance - 6) * distance + 3
        weights = np.where(distance <= 1, near, far)
    else:
        place = np.maximum(place, 0.0)
        low = np.minimum(np.floor(place), size - 1)
        offsets = np.arange(2)
        weights = np.stack([1 - (place - low), place - low], axis=1)
    matrix = np.zeros((count, size))
    for offset, weight in zip(offsets, weights.T):
        np.add.at(matrix, (np.arange(count), np.clip(low + offset, 0, size - 1).astype(int)), weight)
    return matrix


def interpolate(x, size=None, scale_factor=None, mode="nearest", align_corners=None, data_format="channels_last"):
    """Resize the spatial axes, whose sizes must be known, as torch.nn.functional.interpolate."""
    if (size is None) == (scale_factor is None):
        raise ValueError("either size or scale_factor is needed")
    axes, first = len(x.shape) - 2, 1 if data_format == "channels_last" else 2
    if axes != {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}.get(mode, axes):
        raise ValueError(f"mode {mode!r} does not fit the shape {tuple(x.shape)}")
    sizes = [x.shape[first + axis] for axis in range(axes)]
    factors = [None] * axes if scale_factor is None else np.broadcast_to(scale_factor, axes).tolist()
    counts = [int(n * f) for n, f in zip(sizes, factors)] if size is None else np.broadcast_to(size, axes).tolist()
    if min(counts) < 1:
        raise ValueError(f"nothing would be left of the shape {tuple(x.shape)}")
    for axis, (old, new, factor) in enumerate(zip(sizes, counts, factors), first):
        scale = old / new if factor is None else 1 / factor
        if mode in ("nearest", "nearest-exact"):
            # PyTorch computes the indices of "nearest" in float32.
            shift, kind = (0.5, "float64") if mode == "nearest-exact" else (0.0, "float32")
            index = np.floor((np.arange(new, dtype=kind) + np.array(shift, kind)) * np.array(scale, kind))
            x = ops.take(x, np.minimum(index, old - 1).astype("int32"), axis=axis)
            continue
        kernel = "cubic" if mode == "bicubic" else "linear"
        matrix = ops.convert_to_tensor(sampling_matrix(old, new, scale, kernel, align_corners), dtype=x.dtype)
        x = ops.moveaxis(ops.tensordot(x, matrix, axes=[[axis], [1]]), -1, axis)
    return x


class Upsample(keras.layers.Layer):
    """Resize the spatial axes as torch.nn.Upsample."""

    def __init__(
        self, size=None, scale_factor=None, mode="nearest", align_corners=None, data_format="channels_last", **kwargs
    ):
        super().__init__(**kwargs)
        self.size = size
        self.scale_factor = scale_factor or None
        self.mode = mode
        self.align_corners = align_corners
        self.data_format = data_format

    def call(self, x):
        return interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners, self.data_format)

    def get_config(self):
        return super().get_config() | {
            "size": self.size,
            "scale_factor": self.scale_factor,
            "mode": self.mode,
            "align_corners": self.align_corners,
            "data_format": self.data_format,
        }


def pixel_shuffle(x, upscale_factor, data_format="channels_last"):
    """Channels to positions in PyTorch's channel order: torch.nn.functional.pixel_shuffle."""
    r = upscale_factor
    if data_format == "channels_first":
        _, c, h, w = x.shape
        x = ops.reshape(x, (-1, c // r**2, r, r, h, w))
        return ops.reshape(ops.transpose(x, (0, 1, 4, 2, 5, 3)), (-1, c // r**2, h * r, w * r))
    _, h, w, c = x.shape
    x = ops.reshape(x, (-1, h, w, c // r**2, r, r))
    return ops.reshape(ops.transpose(x, (0, 1, 4, 2, 5, 3)), (-1, h * r, w * r, c // r**2))


def pixel_unshuffle(x, downscale_factor, data_format="channels_last"):
    """Positions to channels in PyTorch's channel order: torch.nn.functional.pixel_unshuffle."""
    r = downscale_factor
    if data_format == "channels_first":
        _, c, h, w = x.shape
        x = ops.reshape(x, (-1, c, h // r, r, w // r, r))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 5, 2, 4)), (-1, c * r**2, h // r, w // r))
    _, h, w, c = x.shape
    x = ops.reshape(x, (-1, h // r, r, w // r, r, c))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 5, 2, 4)), (-1, h // r, w // r, c * r**2))


class PixelShuffle(keras.layers.Layer):
    """Channels to positions in PyTorch's channel order: torch.nn.PixelShuffle."""

    def __init__(self, upscale_factor, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.upscale_factor = upscale_factor
        self.data_format = data_format

    def call(self, x):
        return pixel_shuffle(x, self.upscale_factor, self.data_format)

    def get_config(self):
        return super().get_config() | {"upscale_factor": self.upscale_factor, "data_format": self.data_format}


class PixelUnshuffle(keras.layers.Layer):
    """Positions to channels in PyTorch's channel order: torch.nn.PixelUnshuffle."""

    def __init__(self, downscale_factor, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.downscale_factor = downscale_factor
        self.data_format = data_format

    def call(self, x):
        return pixel_unshuffle(x, self.downscale_factor, self.data_format)

    def get_config(self):
        return super().get_config() | {"downscale_factor": self.downscale_factor, "data_format": self.data_format}
