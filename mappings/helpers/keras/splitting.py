"""Splitting by size, and shapes that are given in part, which Keras' ops do not know."""

from keras import ops


def split_by_size(x, size, axis=0):
    """Split as torch.split: parts of ``size`` along an axis, the last one may be smaller."""
    cuts = list(range(size, x.shape[axis], size))
    return ops.split(x, cuts, axis=axis) if cuts else [x]


def expand(x, shape):
    """Broadcast as torch.Tensor.expand: -1 keeps the size of an axis."""
    kept = (1,) * (len(shape) - len(x.shape)) + tuple(ops.shape(x))
    return ops.broadcast_to(x, tuple(old if new == -1 else new for old, new in zip(kept, shape)))


def flatten(x, start_dim=0, end_dim=-1):
    """Join the axes from ``start_dim`` to ``end_dim``, as torch.flatten."""
    shape = list(ops.shape(x))
    start, end = start_dim % len(shape), end_dim % len(shape)
    if start > end:
        raise ValueError("start_dim comes after end_dim")
    return ops.reshape(x, (*shape[:start], -1, *shape[end + 1 :]))


def unflatten(x, axis, sizes):
    """Give one axis several sizes, of which one may be -1, as torch.Tensor.unflatten."""
    shape = list(ops.shape(x))
    axis = axis % len(shape)
    return ops.reshape(x, (*shape[:axis], *sizes, *shape[axis + 1 :]))
