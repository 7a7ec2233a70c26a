"""Sorting that also tells where the values were."""

from keras import ops


def sort_with_indices(x, axis=-1, descending=False):
    """Sorted values and their former places, as torch.sort."""
    indices = ops.argsort(ops.negative(x) if descending else x, axis=axis)
    return ops.take_along_axis(x, indices, axis=axis), indices
