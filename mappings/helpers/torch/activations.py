"""Keras' activations where PyTorch has none, or one with another gradient at a single point.

Definitions are copied into users' files as they stand. Values and gradients are those of Keras 3 on TensorFlow,
https://keras.io/api/layers/activations/.
"""

import torch
from torch import nn
from torch.nn import functional as F


def bounded_relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Keras' relu: zero (or a slope) below the threshold, at most max_value above it."""
    if negative_slope and max_value is None and not threshold:
        return F.leaky_relu(x, negative_slope)
    result = x * (x > threshold) if threshold else torch.relu(x)
    if max_value is not None:
        result = F.relu6(x) if max_value == 6 and not threshold else torch.clamp(result, 0, max_value)
    return result - negative_slope * torch.relu(threshold - x) if negative_slope else result


class BoundedReLU(nn.Module):
    """Keras' ReLU layer: zero (or a slope) below the threshold, at most max_value above it."""

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0):
        super().__init__()
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def forward(self, x):
        return bounded_relu(x, self.negative_slope, self.max_value, self.threshold)


def selu(x):
    """SELU with Keras' gradient at 0, where the positive branch counts."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return torch.where(x >= 0, scale * x, scale * alpha * torch.expm1(torch.clamp(x, max=0.0)))


class SELU(nn.Module):
    """SELU with Keras' gradient at 0."""

    def forward(self, x):
        return selu(x)


def celu(x, alpha=1.0):
    """CELU with Keras' gradient at 0, where both branches count."""
    return torch.clamp(x, min=0.0) + alpha * torch.expm1(torch.clamp(x, max=0.0) / alpha)


class CELU(nn.Module):
    """CELU with Keras' gradient at 0."""

    def forward(self, x):
        return celu(x)


class Clamp(nn.Module):
    """Clip with a gradient at the bounds themselves."""

    def __init__(self, min_value, max_value):
        super().__init__()
        self.min_value, self.max_value = min_value, max_value

    def forward(self, x):
        return torch.clamp(x, self.min_value, self.max_value)


class Exponential(nn.Module):
    """The exponential function as a module."""

    def forward(self, x):
        return torch.exp(x)


def squareplus(x, b=4):
    """A smooth ReLU made of a square root."""
    return (x + torch.sqrt(x * x + b)) / 2
