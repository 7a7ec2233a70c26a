"""Keras' padding='same': right and bottom first, by an amount that depends on the input's size."""

from torch import nn
from torch.nn import functional as F


def same_pad_2d(x, kernel_size, stride=1, dilation=1):
    """Pad as Keras' padding="same" does: the odd element on the right and at the bottom."""
    kernel_size, stride, dilation = ((v, v) if isinstance(v, int) else v for v in (kernel_size, stride, dilation))
    pads = []
    for size, k, s, d in reversed(list(zip(x.shape[2:], kernel_size, stride, dilation))):
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


class SamePad2d(nn.Module):
    """Pad as Keras' padding="same" does, for use inside a Sequential."""

    def __init__(self, kernel_size, stride=1, dilation=1):
        super().__init__()
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation

    def forward(self, x):
        return same_pad_2d(x, self.kernel_size, self.stride, self.dilation)


def max_pool_2d_same(x, kernel_size, stride=None):
    """max_pool2d padded as Keras' padding="same" pads."""
    stride = kernel_size if stride is None else stride
    kernel_size, stride = ((v, v) if isinstance(v, int) else tuple(v) for v in (kernel_size, stride))
    pads = []
    for size, k, s in reversed(list(zip(x.shape[2:], kernel_size, stride))):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.max_pool2d(F.pad(x, pads, value=float("-inf")), kernel_size, stride)


def avg_pool_2d_same(x, kernel_size, stride=None):
    """avg_pool2d padded as Keras' padding="same" pads; the padding does not count."""
    stride = kernel_size if stride is None else stride
    kernel_size, stride = ((v, v) if isinstance(v, int) else tuple(v) for v in (kernel_size, stride))
    pads = []
    for size, k, s in reversed(list(zip(x.shape[2:], kernel_size, stride))):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    counts = F.avg_pool2d(F.pad(x.new_ones(x.shape), pads), kernel_size, stride)
    return F.avg_pool2d(F.pad(x, pads), kernel_size, stride) / counts


class MaxPool2dSame(nn.Module):
    """MaxPool2d padded as Keras' padding="same" pads."""

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x):
        return max_pool_2d_same(x, self.kernel_size, self.stride)


class AvgPool2dSame(nn.Module):
    """AvgPool2d padded as Keras' padding="same" pads; the padding does not count."""

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x):
        return avg_pool_2d_same(x, self.kernel_size, self.stride)
