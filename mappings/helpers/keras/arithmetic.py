"""Elementwise operations with PyTorch's gradients where elements are equal or zero, or that Keras lacks.

Definitions are copied into users' files as they stand; see https://docs.pytorch.org/docs/stable/torch.html#math-operations.
"""

from keras import ops


def maximum(a, b):
    """The larger element of each pair; equal ones share the gradient."""
    return ops.where(ops.equal(a, b), a / 2 + b / 2, ops.maximum(a, b))


def minimum(a, b):
    """The smaller element of each pair; equal ones share the gradient."""
    return ops.where(ops.equal(a, b), a / 2 + b / 2, ops.minimum(a, b))


def fmod(a, b):
    """The remainder with the sign of the dividend."""
    return a - ops.stop_gradient(ops.trunc(a / b)) * b


def lerp(a, end, weight):
    """The point at ``weight`` on the line from ``a`` to ``end``."""
    return a + weight * (end - a)
