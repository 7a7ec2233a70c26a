"""Keras' padding='same': what is missing on the right and bottom first, by an amount that depends on the input's size."""

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


class MaxPool2dSame(nn.Module):
    """MaxPool2d padded as Keras' padding="same" pads."""

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        stride = self.kernel_size if stride is None else stride
        self.stride = (stride, stride) if isinstance(stride, int) else tuple(stride)

    def forward(self, x):
        pads = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return F.max_pool2d(F.pad(x, pads, value=float("-inf")), self.kernel_size, self.stride)


class AvgPool2dSame(nn.Module):
    """AvgPool2d padded as Keras' padding="same" pads; the padding does not count."""

    def __init__(self, kernel_size, stride=None):
        super().__init__()
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        stride = self.kernel_size if stride is None else stride
        self.stride = (stride, stride) if isinstance(stride, int) else tuple(stride)

    def forward(self, x):
        pads = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        total = F.avg_pool2d(F.pad(x, pads), self.kernel_size, self.stride)
        return total / F.avg_pool2d(F.pad(x.new_ones(x.shape), pads), self.kernel_size, self.stride)
