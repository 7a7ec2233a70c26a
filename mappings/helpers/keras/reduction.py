"""Reductions whose results or gradients PyTorch defines in another way than Keras' ops."""

from keras import ops


def max_with_indices(x, axis, keepdims=False):
    """Largest values and where they are, as torch.max: the gradient goes to the first of equal values."""
    indices = ops.argmax(x, axis=axis, keepdims=True)
    values = ops.take_along_axis(x, indices, axis=axis)
    return (values, indices) if keepdims else (ops.squeeze(values, axis), ops.squeeze(indices, axis))


def min_with_indices(x, axis, keepdims=False):
    """Smallest values and where they are, as torch.min: the gradient goes to the first of equal values."""
    indices = ops.argmin(x, axis=axis, keepdims=True)
    values = ops.take_along_axis(x, indices, axis=axis)
    return (values, indices) if keepdims else (ops.squeeze(values, axis), ops.squeeze(indices, axis))


def sample_var(x, axis=None, keepdims=False, correction=1):
    """Variance that divides by the number of values less ``correction``, as torch.var does."""
    variance = ops.var(x, axis=axis, keepdims=keepdims)
    count = ops.cast(ops.size(x) // ops.size(variance), x.dtype)
    return variance * (count / ops.maximum(count - correction, 0))


def sample_std(x, axis=None, keepdims=False, correction=1):
    """Standard deviation as torch.std: its gradient is 0 where all values are equal."""
    variance = sample_var(x, axis, keepdims, correction)
    positive = ops.not_equal(variance, 0)
    return ops.where(positive, ops.sqrt(ops.where(positive, variance, ops.ones_like(variance))), variance)


def euclidean_norm(x, axis=None, keepdims=False):
    """Euclidean norm, over all axes if ``axis`` is None; its gradient is 0 at 0, as torch.linalg.vector_norm's."""
    total = ops.sum(ops.square(x), axis=axis, keepdims=keepdims)
    positive = ops.greater(total, 0)
    return ops.where(positive, ops.sqrt(ops.where(positive, total, ops.ones_like(total))), total)


def lower_median(x):
    """The middle value, of two the smaller one, as torch.median; ops.median takes their mean."""
    values = ops.sort(ops.reshape(x, (-1,)))
    return values[(ops.size(x) - 1) // 2]
