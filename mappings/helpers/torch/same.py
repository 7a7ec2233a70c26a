"""Keras' padding='same': what is missing on the right and bottom first, by an amount that depends on the input's size."""

from torch import nn
from torch.nn import functional as F


class Conv2dSame(nn.Conv2d):
    """Conv2d padded as Keras' padding="same" pads: the odd element on the right and at the bottom."""

    def forward(self, x):
        pads = []
        for size, kernel, stride, dilation in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], self.dilation[::-1]):
            total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads))


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
