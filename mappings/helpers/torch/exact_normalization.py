"""Batch normalisation whose running statistics are those of Keras.

See https://keras.io/api/layers/normalization_layers/batch_normalization/: the moving variance takes the biased variance
of the batch, with which the batch itself is normalised.
"""

import torch
from torch import nn
from torch.nn import functional as F


def biased_batch_norm(layer, x):
    """Run a BatchNorm layer, and accumulate the biased variance of the batch."""
    if not layer.training:
        return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps)
    with torch.no_grad():
        values = x.to(layer.running_var.dtype)
        variance, mean = torch.var_mean(values, [0, *range(2, x.dim())], correction=0)
        layer.running_mean.lerp_(mean, layer.momentum)
        layer.running_var.lerp_(variance, layer.momentum)
        layer.num_batches_tracked += 1
    return F.batch_norm(x, None, None, layer.weight, layer.bias, training=True, eps=layer.eps)


class BiasedBatchNorm1d(nn.BatchNorm1d):
    """BatchNorm1d that accumulates the biased variance of the batches, as Keras does."""

    def forward(self, x):
        return biased_batch_norm(self, x)


class BiasedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm2d that accumulates the biased variance of the batches, as Keras does."""

    def forward(self, x):
        return biased_batch_norm(self, x)


class BiasedBatchNorm3d(nn.BatchNorm3d):
    """BatchNorm3d that accumulates the biased variance of the batches, as Keras does."""

    def forward(self, x):
        return biased_batch_norm(self, x)


class LazyBiasedBatchNorm1d(nn.LazyBatchNorm1d):
    """LazyBatchNorm1d that accumulates the biased variance of the batches, as Keras does."""

    cls_to_become = None  # it stays what it is, as its forward differs

    def forward(self, x):
        return biased_batch_norm(self, x)


class LazyBiasedBatchNorm2d(nn.LazyBatchNorm2d):
    """LazyBatchNorm2d that accumulates the biased variance of the batches, as Keras does."""

    cls_to_become = None  # it stays what it is, as its forward differs

    def forward(self, x):
        return biased_batch_norm(self, x)


class LazyBiasedBatchNorm3d(nn.LazyBatchNorm3d):
    """LazyBatchNorm3d that accumulates the biased variance of the batches, as Keras does."""

    cls_to_become = None  # it stays what it is, as its forward differs

    def forward(self, x):
        return biased_batch_norm(self, x)
