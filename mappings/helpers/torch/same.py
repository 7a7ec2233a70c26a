"""Keras' padding='same' and 'causal': right first, by an amount that depends on the input's size, or at the start."""

from torch import nn
from torch.nn import functional as F


def per_axis(value, axes):
    """One value for each axis."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes


def same_pad(x, kernel_size, stride=1, dilation=1, value=0.0):
    """Pad as Keras' padding="same" does: the odd element on the right and at the bottom."""
    sizes = x.shape[2:]
    pads = []
    for size, k, s, d in reversed(
        list(zip(sizes, *(per_axis(v, len(sizes)) for v in (kernel_size, stride, dilation))))
    ):
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


class SamePad(nn.Module):
    """Pad as Keras' padding="same" does, for use inside a Sequential."""

    def __init__(self, kernel_size, stride=1, dilation=1):
        super().__init__()
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation

    def forward(self, x):
        return same_pad(x, self.kernel_size, self.stride, self.dilation)


def causal_pad(x, kernel_size, dilation=1):
    """Pad the start of the sequence as Keras' padding="causal" does."""
    (kernel_size,), (dilation,) = per_axis(kernel_size, 1), per_axis(dilation, 1)
    return F.pad(x, (dilation * (kernel_size - 1), 0))


class CausalPad(nn.Module):
    """Pad the start of the sequence as Keras' padding="causal" does, for use inside a Sequential."""

    def __init__(self, kernel_size, dilation=1):
        super().__init__()
        self.kernel_size, self.dilation = kernel_size, dilation

    def forward(self, x):
        return causal_pad(x, self.kernel_size, self.dilation)


def max_pool_same(x, kernel_size, stride=None):
    """Max pooling of one, two or three axes, padded as Keras' padding="same" pads."""
    stride = kernel_size if stride is None else stride
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.dim() - 3]
    return pool(same_pad(x, kernel_size, stride, value=float("-inf")), kernel_size, stride)


def avg_pool_same(x, kernel_size, stride=None):
    """Average pooling of one, two or three axes, padded as Keras' padding="same" pads; the padding does not count."""
    stride = kernel_size if stride is None else stride
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]
    counts = pool(same_pad(x.new_ones(x.shape), kernel_size, stride), kernel_size, stride)
    return pool(same_pad(x, kernel_size, stride), kernel_size, stride) / counts


class MaxPoolSame(nn.Module):
    """Max pooling padded as Keras' padding="same" pads."""

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x):
        return max_pool_same(x, self.kernel_size, self.stride)


class AvgPoolSame(nn.Module):
    """Average pooling padded as Keras' padding="same" pads; the padding does not count."""

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x):
        return avg_pool_same(x, self.kernel_size, self.stride)


class MaxPool1dSame(MaxPoolSame):
    """Max pooling over one axis, padded as Keras' padding="same" pads."""


class MaxPool2dSame(MaxPoolSame):
    """Max pooling over two axes, padded as Keras' padding="same" pads."""


class MaxPool3dSame(MaxPoolSame):
    """Max pooling over three axes, padded as Keras' padding="same" pads."""


class AvgPool1dSame(AvgPoolSame):
    """Average pooling over one axis, padded as Keras' padding="same" pads."""


class AvgPool2dSame(AvgPoolSame):
    """Average pooling over two axes, padded as Keras' padding="same" pads."""


class AvgPool3dSame(AvgPoolSame):
    """Average pooling over three axes, padded as Keras' padding="same" pads."""
