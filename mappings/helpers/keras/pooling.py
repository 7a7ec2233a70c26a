"""Pooling with PyTorch's windows where Keras' layers lack padding, dilation, ceil_mode, counting or adaptive sizes.

Definitions are copied into users' files as they stand, so each needs only the imports and the public definitions that
it names. Inputs are floating-point tensors of rank 3, 4 or 5; sizes are ints or one for each spatial axis. Windows and
divisors are those of https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html,
https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html and
https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html.
"""

import keras
import numpy as np
from keras import ops


def pool_output_size(size, kernel, stride, padding, dilation, ceil_mode):
    """Number of PyTorch's pooling windows along one axis, whose size must be known."""
    if size is None:
        raise ValueError("pooling with ceil_mode or count_include_pad=False needs known spatial sizes")
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = 1 + (-(-room // stride) if ceil_mode else room // stride)
    # A window that would start in the right padding is dropped.
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def pad_for_pooling(x, kernel, stride, padding, dilation, ceil_mode, value, data_format):
    """Pad the spatial axes so that pooling without padding sees PyTorch's windows."""
    first = 1 if data_format == "channels_last" else 2
    pads = [(0, 0)] * len(x.shape)
    for i in range(len(kernel)):
        extra = 0
        if ceil_mode:
            size = x.shape[first + i]
            count = pool_output_size(size, kernel[i], stride[i], padding[i], dilation[i], ceil_mode)
            end = (count - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1
            extra = max(0, end - size - 2 * padding[i])
        pads[first + i] = (padding[i], padding[i] + extra)
    return ops.pad(x, pads, constant_values=value) if any(map(any, pads)) else x


def max_pool(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, data_format="channels_last", axes=2):
    """Max pooling with the windows of PyTorch's max_pool1d, max_pool2d and max_pool3d."""
    kernel, padding, dilation = (np.broadcast_to(value, axes).tolist() for value in (kernel_size, padding, dilation))
    stride = kernel if stride is None else np.broadcast_to(stride, axes).tolist()
    x = pad_for_pooling(x, kernel, stride, padding, dilation, ceil_mode, float("-inf"), data_format)
    if set(dilation) == {1}:
        return ops.max_pool(x, kernel, stride, data_format=data_format)
    first = 1 if data_format == "channels_last" else 2
    # Along the last axis first, and the earlier of equal elements, so that the gradient goes where PyTorch sends it.
    for i in reversed(range(axes)):
        span = dilation[i] * (kernel[i] - 1)
        parts = [
            x[(slice(None),) * (first + i) + (slice(offset, offset - span or None, stride[i]),)]
            for offset in range(0, span + 1, dilation[i])
        ]
        x = parts[0]
        for part in parts[1:]:
            x = ops.where(ops.logical_or(x >= part, ops.isnan(x)), x, part)
    return x


def avg_pool_counts(size, kernel, stride, padding, ceil_mode, count_include_pad):
    """Number of elements that PyTorch divides by in each window along one axis."""
    start = np.arange(pool_output_size(size, kernel, stride, padding, 1, ceil_mode)) * stride - padding
    stop = np.minimum(start + kernel, size + padding)
    return stop - start if count_include_pad else np.minimum(stop, size) - np.maximum(start, 0)


def avg_pool(
    x,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
    data_format="channels_last",
    axes=2,
):
    """Average pooling with the windows and divisors of PyTorch's avg_pool1d, avg_pool2d and avg_pool3d."""
    kernel, padding = (np.broadcast_to(value, axes).tolist() for value in (kernel_size, padding))
    stride = kernel if stride is None else np.broadcast_to(stride, axes).tolist()
    padded = pad_for_pooling(x, kernel, stride, padding, [1] * axes, ceil_mode, 0.0, data_format)
    mean = ops.average_pool(padded, kernel, stride, data_format=data_format)
    if divisor_override is not None:
        return mean * (float(np.prod(kernel)) / divisor_override)
    if not ceil_mode and (count_include_pad or not any(padding)):
        return mean
    first = 1 if data_format == "channels_last" else 2
    counts = [
        avg_pool_counts(x.shape[first + i], kernel[i], stride[i], padding[i], ceil_mode, count_include_pad)
        for i in range(axes)
    ]
    scale = np.prod(kernel) / np.prod(np.stack(np.meshgrid(*counts, indexing="ij")), axis=0)
    if data_format == "channels_last":
        scale = scale[..., None]
    return mean * ops.convert_to_tensor(scale, dtype=mean.dtype)


def adaptive_sizes(x, output_size, data_format, axes):
    """Size and wanted size of every spatial axis; None keeps the size of an axis."""
    sizes = list(x.shape[1:-1] if data_format == "channels_last" else x.shape[2:])
    if None in sizes:
        raise ValueError(f"adaptive pooling needs known spatial sizes, got the shape {tuple(x.shape)}")
    wanted = np.broadcast_to(np.array(output_size, dtype=object), axes).tolist()
    return [(size, size if count is None else count) for size, count in zip(sizes, wanted)]


def averaging_matrix(size, output_size):
    """Matrix (output_size, size) whose rows average the windows of PyTorch's adaptive pooling along one axis."""
    window = np.arange(output_size)[:, None]
    start, stop = window * size // output_size, -(-(window + 1) * size // output_size)
    inside = (start <= np.arange(size)) & (np.arange(size) < stop)
    return inside / inside.sum(axis=1, keepdims=True)


def adaptive_avg_pool(x, output_size, data_format="channels_last", axes=2):
    """Average pooling as PyTorch's adaptive_avg_pool1d, 2d and 3d; None keeps the size of an axis."""
    sizes = adaptive_sizes(x, output_size, data_format, axes)
    if all(size % count == 0 for size, count in sizes):
        return ops.average_pool(x, [size // count for size, count in sizes], data_format=data_format)
    first = 1 if data_format == "channels_last" else 2
    for axis, (size, count) in enumerate(sizes, first):
        matrix = ops.convert_to_tensor(averaging_matrix(size, count), dtype=x.dtype)
        x = ops.moveaxis(ops.tensordot(x, matrix, axes=[[axis], [1]]), -1, axis)
    return x


def adaptive_max_pool(x, output_size, data_format="channels_last", axes=2):
    """Max pooling as PyTorch's adaptive_max_pool1d, 2d and 3d; None keeps the size of an axis."""
    sizes = adaptive_sizes(x, output_size, data_format, axes)
    if all(size % count == 0 for size, count in sizes):
        return ops.max_pool(x, [size // count for size, count in sizes], data_format=data_format)
    first = 1 if data_format == "channels_last" else 2
    # Along the last axis first, and the earlier of equal elements, so that the gradient goes where PyTorch sends it.
    for axis, (size, count) in reversed(list(enumerate(sizes, first))):
        window = np.arange(count)[:, None]
        start, stop = window * size // count, -(-(window + 1) * size // count)
        largest = None
        for offset in range(int((stop - start).max())):
            part = ops.take(x, np.minimum(start + offset, stop - 1)[:, 0], axis=axis)
            keep = None if largest is None else ops.logical_or(largest >= part, ops.isnan(largest))
            largest = part if largest is None else ops.where(keep, largest, part)
        x = largest
    return x


class MaxPool(keras.layers.Layer):
    """Max pooling with the windows of torch.nn.MaxPool1d, MaxPool2d and MaxPool3d."""

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        dilation=1,
        ceil_mode=False,
        data_format="channels_last",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.ceil_mode = ceil_mode
        self.data_format = data_format

    def call(self, x):
        axes = len(x.shape) - 2
        return max_pool(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.data_format, axes
        )

    def get_config(self):
        return super().get_config() | {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "ceil_mode": self.ceil_mode,
            "data_format": self.data_format,
        }


class AvgPool(keras.layers.Layer):
    """Average pooling with the windows and divisors of torch.nn.AvgPool1d, AvgPool2d and AvgPool3d."""

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=True,
        divisor_override=None,
        data_format="channels_last",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override
        self.data_format = data_format

    def call(self, x):
        return avg_pool(
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
            self.data_format,
            len(x.shape) - 2,
        )

    def get_config(self):
        return super().get_config() | {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "ceil_mode": self.ceil_mode,
            "count_include_pad": self.count_include_pad,
            "divisor_override": self.divisor_override,
            "data_format": self.data_format,
        }


class AdaptiveAvgPool(keras.layers.Layer):
    """Average pooling to a given size as torch.nn.AdaptiveAvgPool1d, 2d and 3d."""

    def __init__(self, output_size, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.output_size = output_size
        self.data_format = data_format

    def call(self, x):
        return adaptive_avg_pool(x, self.output_size, self.data_format, len(x.shape) - 2)

    def get_config(self):
        return super().get_config() | {"output_size": self.output_size, "data_format": self.data_format}


class AdaptiveMaxPool(keras.layers.Layer):
    """Max pooling to a given size as torch.nn.AdaptiveMaxPool1d, 2d and 3d."""

    def __init__(self, output_size, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.output_size = output_size
        self.data_format = data_format

    def call(self, x):
        return adaptive_max_pool(x, self.output_size, self.data_format, len(x.shape) - 2)

    def get_config(self):
        return super().get_config() | {"output_size": self.output_size, "data_format": self.data_format}


class MinusInfinityPadding(keras.layers.Layer):
    """Pad the spatial axes with minus infinity, as max pooling in PyTorch does."""

    def __init__(self, padding, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.padding = padding
        self.data_format = data_format

    def call(self, x):
        spatial = [(p, p) for p in np.broadcast_to(self.padding, len(x.shape) - 2).tolist()]
        pads = [(0, 0), *spatial, (0, 0)] if self.data_format == "channels_last" else [(0, 0), (0, 0), *spatial]
        return ops.pad(x, pads, constant_values=float("-inf"))

    def get_config(self):
        return super().get_config() | {"padding": self.padding, "data_format": self.data_format}


class MaxPool1D(MaxPool):
    """Max pooling over one axis as torch.nn.MaxPool1d."""


class MaxPool2D(MaxPool):
    """Max pooling over two axes as torch.nn.MaxPool2d."""


class MaxPool3D(MaxPool):
    """Max pooling over three axes as torch.nn.MaxPool3d."""


class AvgPool1D(AvgPool):
    """Average pooling over one axis as torch.nn.AvgPool1d."""


class AvgPool2D(AvgPool):
    """Average pooling over two axes as torch.nn.AvgPool2d."""


class AvgPool3D(AvgPool):
    """Average pooling over three axes as torch.nn.AvgPool3d."""


class AdaptiveAvgPool1D(AdaptiveAvgPool):
    """Adaptive average pooling over one axis as torch.nn.AdaptiveAvgPool1d."""


class AdaptiveAvgPool2D(AdaptiveAvgPool):
    """Adaptive average pooling over two axes as torch.nn.AdaptiveAvgPool2d."""


class AdaptiveAvgPool3D(AdaptiveAvgPool):
    """Adaptive average pooling over three axes as torch.nn.AdaptiveAvgPool3d."""


class AdaptiveMaxPool1D(AdaptiveMaxPool):
    """Adaptive max pooling over one axis as torch.nn.AdaptiveMaxPool1d."""


class AdaptiveMaxPool2D(AdaptiveMaxPool):
    """Adaptive max pooling over two axes as torch.nn.AdaptiveMaxPool2d."""


class AdaptiveMaxPool3D(AdaptiveMaxPool):
    """Adaptive max pooling over three axes as torch.nn.AdaptiveMaxPool3d."""


class MinusInfinityPadding1D(MinusInfinityPadding):
    """Padding of one axis with minus infinity."""


class MinusInfinityPadding2D(MinusInfinityPadding):
    """Padding of two axes with minus infinity."""


class MinusInfinityPadding3D(MinusInfinityPadding):
    """Padding of three axes with minus infinity."""
