"""Indexing as PyTorch does it, where tensors of Keras have no brackets for it."""

from keras import ops


def take_at(x, indices, axis=0):
    """``x[i, j]``: tensors of integers that pick together, one for each axis from ``axis`` on."""
    shape = ops.shape(x)
    place = 0
    for size, index in zip(shape[axis:], indices):
        index = ops.convert_to_tensor(index)
        place = ops.add(ops.multiply(place, size), ops.where(index < 0, ops.add(index, size), index))
    flat = ops.reshape(x, (*shape[:axis], -1, *shape[axis + len(indices) :]))
    return ops.take(flat, place, axis=axis)


def pick(x, index, axis=0):
    """``x[index]`` along ``axis``: the items where booleans hold, or those that integers name."""
    if ops.dtype(index) == "bool":
        shape = ops.shape(x)
        x = ops.reshape(x, (*shape[:axis], -1, *shape[axis + len(index.shape) :]))
        index = ops.nonzero(ops.reshape(index, (-1,)))[0]
    return ops.take(x, index, axis=axis)


def set_items(x, index, values):
    """``x`` with ``values`` at ``x[index]``, for an index of numbers, slices, None and Ellipsis."""
    shape = ops.shape(x)
    places = ops.reshape(ops.arange(ops.size(x)), shape)[index]
    values = ops.broadcast_to(ops.convert_to_tensor(values, dtype=x.dtype), ops.shape(places))
    flat = ops.scatter_update(ops.reshape(x, (-1,)), ops.reshape(places, (-1, 1)), ops.reshape(values, (-1,)))
    return ops.reshape(flat, shape)


def slice_update(x, start_indices, updates):
    """``x`` with ``updates`` from ``start_indices`` on; unlike ops.slice_update it has a gradient on TensorFlow."""
    places = zip(start_indices, updates.shape)
    return set_items(x, tuple(slice(start, start + size) for start, size in places), updates)


def fill_masked(x, mask, value):
    """``x`` with ``value`` where ``mask`` holds, which may lack axes behind its own."""
    missing = (1,) * (len(x.shape) - len(mask.shape))
    return ops.where(ops.reshape(mask, (*ops.shape(mask), *missing)), value, x)


def gather(x, axis, index):
    """``torch.gather``: an index that is smaller than ``x`` along other axes leaves the rest of these out."""
    axis = axis % len(x.shape)
    bounds = [slice(None) if i == axis else slice(size) for i, size in enumerate(ops.shape(index))]
    return ops.take_along_axis(x[tuple(bounds)], index, axis=axis)


def scatter(x, axis, index, values, reduction=None):
    """``x`` with ``values`` put (``reduction`` None) or added where ``index`` says, along ``axis``."""
    axis = axis % len(x.shape)
    shape = ops.shape(index)
    places = ops.meshgrid(*[ops.arange(size, dtype=index.dtype) for size in shape], indexing="ij")
    places[axis] = index
    values = ops.broadcast_to(ops.convert_to_tensor(values, dtype=x.dtype), ops.shape(values) or shape)
    values = values[tuple(slice(size) for size in shape)]
    rows = ops.reshape(ops.stack(places, axis=-1), (-1, len(x.shape)))
    return ops.scatter_update(x, rows, ops.reshape(values, (-1,)), reduction=reduction)


def scatter_rows(x, axis, index, values, reduction=None):
    """``x`` with the slices of ``values`` put or added at the places in ``index`` along ``axis``."""
    rows = ops.scatter_update(
        ops.moveaxis(x, axis, 0), ops.expand_dims(index, -1), ops.moveaxis(values, axis, 0), reduction=reduction
    )
    return ops.moveaxis(rows, 0, axis)


def masked_select(x, mask):
    """``torch.masked_select``: the items of ``x`` where ``mask`` holds, one after the other."""
    shape = ops.shape(ops.logical_or(mask, ops.zeros_like(x, dtype="bool")))
    kept = ops.nonzero(ops.reshape(ops.broadcast_to(mask, shape), (-1,)))[0]
    return ops.take(ops.reshape(ops.broadcast_to(x, shape), (-1,)), kept)
