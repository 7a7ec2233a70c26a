"""Keras' losses where PyTorch has none of the same reductions: one value for each sample, the mean over its last axis.

Definitions are copied into users' files as they stand. Targets come first, as in https://keras.io/api/losses/.
"""

import math

import torch
from torch.nn import functional as F


def over_batch(losses, reduction):
    """The mean, the sum, or all of the losses."""
    if reduction in (None, "none"):
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def mean_squared_error(y_true, y_pred):
    """Squared error of each sample."""
    return torch.square(y_pred - y_true).mean(-1)


def mean_absolute_error(y_true, y_pred):
    """Absolute error of each sample."""
    return torch.abs(y_pred - y_true).mean(-1)


def mean_squared_logarithmic_error(y_true, y_pred):
    """Squared error of the logarithms of each sample."""
    logs = [torch.log(torch.clamp(y, min=1e-7) + 1) for y in (y_pred, y_true)]
    return torch.square(logs[0] - logs[1]).mean(-1)


def huber(y_true, y_pred, delta=1.0):
    """Squared error that is linear above delta, of each sample."""
    error = torch.abs(y_pred - y_true)
    return torch.where(error <= delta, 0.5 * error * error, delta * error - 0.5 * delta * delta).mean(-1)


def kl_divergence(y_true, y_pred):
    """Kullback-Leibler divergence of each sample."""
    y_true, y_pred = (torch.clamp(y, 1e-7, 1.0) for y in (y_true, y_pred))
    return (y_true * torch.log(y_true / y_pred)).sum(-1)


def signed_labels(y_true):
    """Labels 0 and 1 as -1 and 1; others as they are."""
    binary = torch.all((y_true == 0) | (y_true == 1))
    return torch.where(binary, 2 * y_true - 1, y_true)


def hinge(y_true, y_pred):
    """Hinge loss of each sample."""
    return torch.clamp(1 - signed_labels(y_true) * y_pred, min=0).mean(-1)


def squared_hinge(y_true, y_pred):
    """Squared hinge loss of each sample."""
    return torch.square(torch.clamp(1 - signed_labels(y_true) * y_pred, min=0)).mean(-1)


def categorical_hinge(y_true, y_pred):
    """Hinge between the true class and the highest other one of each sample."""
    highest = ((1 - y_true) * y_pred).amax(-1)
    return torch.clamp(highest - (y_true * y_pred).sum(-1) + 1, min=0)


def log_cosh(y_true, y_pred):
    """Logarithm of the hyperbolic cosine of the error, of each sample."""
    error = y_pred - y_true
    return (error + F.softplus(-2 * error) - math.log(2)).mean(-1)


def poisson(y_true, y_pred):
    """Negative log likelihood of counts, of each sample."""
    return (y_pred - y_true * torch.log(y_pred + 1e-7)).mean(-1)


def binary_crossentropy(y_true, y_pred, label_smoothing=0.0):
    """Binary cross entropy of logits, of each sample."""
    y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return F.binary_cross_entropy_with_logits(y_pred, y_true, reduction="none").mean(-1)


def categorical_crossentropy(y_true, y_pred, label_smoothing=0.0):
    """Cross entropy of logits with probabilities, of each sample."""
    y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[-1]
    losses = -(y_true * torch.log_softmax(y_pred.detach(), -1)).sum(-1)
    # TensorFlow's gradient takes it that the probabilities sum to 1, also where they do not.
    slope = torch.logsumexp(y_pred, -1) - (y_true.detach() * y_pred).sum(-1)
    return losses + slope - slope.detach()


def sparse_categorical_crossentropy(y_true, y_pred):
    """Cross entropy of logits with classes, of each sample."""
    return -torch.log_softmax(y_pred, -1).gather(-1, y_true.long().unsqueeze(-1)).squeeze(-1)
