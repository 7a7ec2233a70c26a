"""Pooling with PyTorch's windows where Keras' layers lack padding, dilation, ceil_mode, counting or adaptive sizes.

Definitions are copied into users' files as they stand, so each needs only the imports and the public definitions that
it names. Inputs are floating-point tensors of rank 4. Windows and divisors are those of
https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html,
https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html and
https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html.
"""

import keras
import numpy as np
from keras import ops


def pool_output_size(size, kernel, stride, padding, dilation, ceil_mode):
    """Number of PyTorch's pooling windows along one axis, whose size must be known."""
    if size is None:
        raise ValueError("pooling with ceil_mode or count_include_pad=False needs a known height and width")
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = 1 + (-(-room // stride) if ceil_mode else room // stride)
    # A window that would start in the right padding is dropped.
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def pad_for_pooling(x, kernel, stride, padding, dilation, ceil_mode, value, data_format):
    """Pad height and width so that pooling without padding sees PyTorch's windows."""
    first = 1 if data_format == "channels_last" else 2
    pads = [(0, 0)] * 4
    for i in range(2):
        extra = 0
        if ceil_mode:
            size = x.shape[first + i]
            count = pool_output_size(size, kernel[i], stride[i], padding[i], dilation[i], ceil_mode)
            end = (count - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1
            extra = max(0, end - size - 2 * padding[i])
        pads[first + i] = (padding[i], padding[i] + extra)
    return ops.pad(x, pads, constant_values=value) if any(map(any, pads)) else x


def max_pool_2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, data_format="channels_last"):
    """Max pooling with the windows of torch.nn.functional.max_pool2d; sizes are ints or pairs."""
    kernel, padding, dilation = (np.broadcast_to(value, 2).tolist() for value in (kernel_size, padding, dilation))
    stride = kernel if stride is None else np.broadcast_to(stride, 2).tolist()
    x = pad_for_pooling(x, kernel, stride, padding, dilation, ceil_mode, float("-inf"), data_format)
    if dilation == [1, 1]:
        return ops.max_pool(x, kernel, stride, data_format=data_format)
    first = 1 if data_format == "channels_last" else 2
    # Along the width first, and the earlier of equal elements, so that the gradient goes where PyTorch sends it.
    for i in (1, 0):
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


def avg_pool_2d(
    x,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
    data_format="channels_last",
):
    """Average pooling with the windows and divisors of torch.nn.functional.avg_pool2d; sizes are ints or pairs."""
    kernel, padding = (np.broadcast_to(value, 2).tolist() for value in (kernel_size, padding))
    stride = kernel if stride is None else np.broadcast_to(stride, 2).tolist()
    padded = pad_for_pooling(x, kernel, stride, padding, [1, 1], ceil_mode, 0.0, data_format)
    mean = ops.average_pool(padded, kernel, stride, data_format=data_format)
    if divisor_override is not None:
        return mean * (kernel[0] * kernel[1] / divisor_override)
    if not ceil_mode and (count_include_pad or padding == [0, 0]):
        return mean
    first = 1 if data_format == "channels_last" else 2
    rows, columns = (
        avg_pool_counts(x.shape[first + i], kernel[i], stride[i], padding[i], ceil_mode, count_include_pad)
        for i in range(2)
    )
    scale = kernel[0] * kernel[1] / np.outer(rows, columns)
    if data_format == "channels_last":
        scale = scale[:, :, None]
    return mean * ops.convert_to_tensor(scale, dtype=mean.dtype)


def averaging_matrix(size, output_size):
    """Matrix (output_size, size) whose rows average the windows of PyTorch's adaptive pooling along one axis."""
    window = np.arange(output_size)[:, None]
    start, stop = window * size // output_size, -(-(window + 1) * size // output_size)
    inside = (start <= np.arange(size)) & (np.arange(size) < stop)
    return inside / inside.sum(axis=1, keepdims=True)


def adaptive_avg_pool_2d(x, output_size, data_format="channels_last"):
    """Average pooling as torch.nn.functional.adaptive_avg_pool2d; None keeps the size of an axis."""
    first = 1 if data_format == "channels_last" else 2
    height, width = x.shape[first], x.shape[first + 1]
    if height is None or width is None:
        raise ValueError(f"adaptive pooling needs a known height and width, got the shape {tuple(x.shape)}")
    rows, columns = np.broadcast_to(output_size, 2).tolist()
    rows, columns = height if rows is None else rows, width if columns is None else columns
    if height % rows == 0 and width % columns == 0:
        return ops.average_pool(x, (height // rows, width // columns), data_format=data_format)
    matrices = (
        ops.convert_to_tensor(averaging_matrix(*pair), dtype=x.dtype) for pair in ((height, rows), (width, columns))
    )
    return ops.einsum("nhwc,ih,jw->nijc" if data_format == "channels_last" else "nchw,ih,jw->ncij", x, *matrices)


class MaxPool2D(keras.layers.Layer):
    """Max pooling with the windows of torch.nn.MaxPool2d."""

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
        return max_pool_2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.data_format
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


class AvgPool2D(keras.layers.Layer):
    """Average pooling with the windows and divisors of torch.nn.AvgPool2d."""

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
        return avg_pool_2d(
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
            self.data_format,
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


class AdaptiveAvgPool2D(keras.layers.Layer):
    """Average pooling to a given size as torch.nn.AdaptiveAvgPool2d."""

    def __init__(self, output_size, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.output_size = output_size
        self.data_format = data_format

    def call(self, x):
        return adaptive_avg_pool_2d(x, self.output_size, self.data_format)

    def get_config(self):
        return super().get_config() | {"output_size": self.output_size, "data_format": self.data_format}


class MinusInfinityPadding2D(keras.layers.Layer):
    """Pad height and width with minus infinity, as max pooling in PyTorch does; padding is an int or a pair."""

    def __init__(self, padding, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.padding = padding
        self.data_format = data_format

    def call(self, x):
        height, width = np.broadcast_to(self.padding, 2).tolist()
        spatial = [(height, height), (width, width)]
        pads = [(0, 0), *spatial, (0, 0)] if self.data_format == "channels_last" else [(0, 0), (0, 0), *spatial]
        return ops.pad(x, pads, constant_values=float("-inf"))

    def get_config(self):
        return super().get_config() | {"padding": self.padding, "data_format": self.data_format}
