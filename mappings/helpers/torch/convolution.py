"""Convolutions of Keras that PyTorch has no module for.

See https://keras.io/api/layers/convolution_layers/convolution2d_transpose/ and
https://keras.io/api/layers/convolution_layers/separable_convolution2d/.
"""

from torch import nn
from torch.nn import functional as F


def crop_same(x, sizes, kernel_size, stride):
    """The part of a full transposed convolution of ``sizes`` that padding="same" keeps: stride times the size."""
    pads = []
    for full, size, k, s in reversed(list(zip(x.shape[2:], sizes, kernel_size, stride))):
        before = max(k - s, 0) // 2
        pads += [-before, size * s - full + before]
    return F.pad(x, pads)


class ConvTranspose1dSame(nn.ConvTranspose1d):
    """Transposed convolution as Keras' Conv1DTranspose with padding="same"."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, bias=True):
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=bias)
        self.output_padding = tuple(max(s - k, 0) for k, s in zip(self.kernel_size, self.stride))

    def forward(self, x):
        return crop_same(super().forward(x), x.shape[2:], self.kernel_size, self.stride)


class ConvTranspose2dSame(nn.ConvTranspose2d):
    """Transposed convolution as Keras' Conv2DTranspose with padding="same"."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, bias=True):
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=bias)
        self.output_padding = tuple(max(s - k, 0) for k, s in zip(self.kernel_size, self.stride))

    def forward(self, x):
        return crop_same(super().forward(x), x.shape[2:], self.kernel_size, self.stride)


class ConvTranspose3dSame(nn.ConvTranspose3d):
    """Transposed convolution as Keras' Conv3DTranspose with padding="same"."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, bias=True):
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=bias)
        self.output_padding = tuple(max(s - k, 0) for k, s in zip(self.kernel_size, self.stride))

    def forward(self, x):
        return crop_same(super().forward(x), x.shape[2:], self.kernel_size, self.stride)


class SeparableConv1d(nn.Module):
    """A depthwise convolution followed by a pointwise one, as Keras' SeparableConv1D."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, dilation=1, depth_multiplier=1, bias=True):
        super().__init__()
        channels = in_channels * depth_multiplier
        self.depthwise = nn.Conv1d(
            in_channels, channels, kernel_size, stride, dilation=dilation, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv1d(channels, out_channels, 1, bias=bias)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class SeparableConv2d(nn.Module):
    """A depthwise convolution followed by a pointwise one, as Keras' SeparableConv2D."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, dilation=1, depth_multiplier=1, bias=True):
        super().__init__()
        channels = in_channels * depth_multiplier
        self.depthwise = nn.Conv2d(
            in_channels, channels, kernel_size, stride, dilation=dilation, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(channels, out_channels, 1, bias=bias)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class LazyDepthwiseConv1d(nn.LazyConv1d):
    """A torch.nn.Conv1d with a group for each channel of its first input."""

    def __init__(self, kernel_size, stride=1, padding=0, dilation=1, depth_multiplier=1, bias=True):
        super().__init__(depth_multiplier, kernel_size, stride, padding, dilation, bias=bias)
        self.depth_multiplier = depth_multiplier

    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.groups = x.shape[1]
            self.out_channels = self.groups * self.depth_multiplier
        super().initialize_parameters(x)


class LazyDepthwiseConv2d(nn.LazyConv2d):
    """A torch.nn.Conv2d with a group for each channel of its first input."""

    def __init__(self, kernel_size, stride=1, padding=0, dilation=1, depth_multiplier=1, bias=True):
        super().__init__(depth_multiplier, kernel_size, stride, padding, dilation, bias=bias)
        self.depth_multiplier = depth_multiplier

    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.groups = x.shape[1]
            self.out_channels = self.groups * self.depth_multiplier
        super().initialize_parameters(x)
