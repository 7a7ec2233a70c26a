"""Keras' loss objects as modules that are called in Keras' argument order.

Definitions are copied into users' files as they stand; they call the functions of ``losses.py``.
"""

from torch import nn

from mappings.helpers.torch.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    over_batch,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)


class MeanSquaredError(nn.Module):
    """``mean_squared_error`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(mean_squared_error(y_true, y_pred), self.reduction)


class MeanAbsoluteError(nn.Module):
    """``mean_absolute_error`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(mean_absolute_error(y_true, y_pred), self.reduction)


class MeanSquaredLogarithmicError(nn.Module):
    """``mean_squared_logarithmic_error`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(mean_squared_logarithmic_error(y_true, y_pred), self.reduction)


class Huber(nn.Module):
    """``huber`` as a module."""

    def __init__(self, *, delta=1.0, reduction="sum_over_batch_size"):
        super().__init__()
        self.delta = delta
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(huber(y_true, y_pred, self.delta), self.reduction)


class KLDivergence(nn.Module):
    """``kl_divergence`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(kl_divergence(y_true, y_pred), self.reduction)


class Hinge(nn.Module):
    """``hinge`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(hinge(y_true, y_pred), self.reduction)


class SquaredHinge(nn.Module):
    """``squared_hinge`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(squared_hinge(y_true, y_pred), self.reduction)


class CategoricalHinge(nn.Module):
    """``categorical_hinge`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(categorical_hinge(y_true, y_pred), self.reduction)


class LogCosh(nn.Module):
    """``log_cosh`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(log_cosh(y_true, y_pred), self.reduction)


class Poisson(nn.Module):
    """``poisson`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(poisson(y_true, y_pred), self.reduction)


class BinaryCrossentropy(nn.Module):
    """``binary_crossentropy`` as a module."""

    def __init__(self, *, label_smoothing=0.0, reduction="sum_over_batch_size"):
        super().__init__()
        self.label_smoothing = label_smoothing
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(binary_crossentropy(y_true, y_pred, self.label_smoothing), self.reduction)


class CategoricalCrossentropy(nn.Module):
    """``categorical_crossentropy`` as a module."""

    def __init__(self, *, label_smoothing=0.0, reduction="sum_over_batch_size"):
        super().__init__()
        self.label_smoothing = label_smoothing
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(categorical_crossentropy(y_true, y_pred, self.label_smoothing), self.reduction)


class SparseCategoricalCrossentropy(nn.Module):
    """``sparse_categorical_crossentropy`` as a module."""

    def __init__(self, *, reduction="sum_over_batch_size"):
        super().__init__()
        self.reduction = reduction

    def forward(self, y_true, y_pred):
        return over_batch(sparse_categorical_crossentropy(y_true, y_pred), self.reduction)
