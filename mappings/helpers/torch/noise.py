"""Noise layers of Keras; see https://keras.io/api/layers/regularization_layers/."""

import torch
from torch import nn


class GaussianNoise(nn.Module):
    """Add normal noise in training mode, as keras.layers.GaussianNoise."""

    def __init__(self, stddev):
        super().__init__()
        self.stddev = stddev

    def forward(self, x):
        return x + self.stddev * torch.randn_like(x) if self.training and self.stddev > 0 else x


class GaussianDropout(nn.Module):
    """Multiply by normal noise of mean 1 in training mode, as keras.layers.GaussianDropout."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate <= 0:
            return x
        return x * (1 + (self.rate / (1 - self.rate)) ** 0.5 * torch.randn_like(x))


class SequenceDropout(nn.Module):
    """Drop whole features of a sequence (n, t, features), as keras.layers.SpatialDropout1D."""

    def __init__(self, p=0.5):
        super().__init__()
        self.dropout = nn.Dropout1d(p)

    def forward(self, x):
        return self.dropout(x.transpose(1, 2)).transpose(1, 2)
