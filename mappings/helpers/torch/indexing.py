"""Indexing as Keras does it, where PyTorch has no single operation for it."""

import torch


def set_items(x, index, values):
    """A copy of ``x`` with ``values`` at ``x[index]``."""
    x = x.clone()
    x[index] = values
    return x


def fill_masked(x, mask, value):
    """``x`` with ``value`` where ``mask`` holds, which may lack axes behind its own."""
    missing = (None,) * (x.dim() - mask.dim())
    return torch.where(mask[(..., *missing)], value, x)


def slice_update(x, start_indices, updates):
    """A copy of ``x`` with ``updates`` from ``start_indices`` on."""
    x = x.clone()
    x[tuple(slice(start, start + size) for start, size in zip(start_indices, updates.shape))] = updates
    return x


def slice_of(x, start_indices, shape):
    """The part of ``x`` that begins at ``start_indices`` and has a shape, where -1 stands for all that is left."""
    sizes = zip(start_indices, shape)
    return x[tuple(slice(start, None if size == -1 else start + size) for start, size in sizes)]
