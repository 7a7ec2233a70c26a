"""Axis patterns on shapes and numpy arrays: ``"(c m) 1 h w -> h w c m"``."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from translator.catalog.weights import Axes, Factor, parse_pattern

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.generic]


def solve(shape: tuple[int, ...], axes: Axes, known: Mapping[str, int]) -> dict[str, int]:
    """The length of every factor of ``axes`` in an array of ``shape``.

    ``known`` gives lengths by axis name. Raises ``ValueError`` where the shape does not fit or a length stays open.
    """
    if len(shape) != len(axes):
        raise ValueError(f"has {len(shape)} axes where {len(axes)} are expected")
    sizes = dict(known)
    for length, axis in zip(shape, axes, strict=True):
        _solve_axis(length, axis, sizes)
    return sizes


def _solve_axis(length: int, axis: tuple[Factor, ...], sizes: dict[str, int]) -> None:
    lengths = [factor.size if factor.size is not None else sizes.get(factor.key) for factor in axis]
    open_ = [factor for factor, size in zip(axis, lengths, strict=True) if size is None]
    product = prod(size for size in lengths if size is not None)
    if len(open_) > 1:
        raise ValueError(f"leaves the lengths of {', '.join(factor.key for factor in open_)} undetermined")
    if open_:
        if product == 0 or length % product:
            raise ValueError(f"has an axis of length {length}, not divisible by {product}")
        sizes[open_[0].key] = length // product
    elif product != length:
        raise ValueError(f"has an axis of length {length} where {product} is expected")


def lengths(axes: Axes, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of an array with these axes."""
    return tuple(prod(_size(factor, sizes) for factor in axis) for axis in axes)


def _size(factor: Factor, sizes: Mapping[str, int]) -> int:
    return factor.size if factor.size is not None else sizes[factor.key]


def rearrange(array: Array, before: Axes, after: Axes, sizes: Mapping[str, int]) -> Array:
    """The array with its axes taken from ``before`` to ``after``; a pure permutation of its elements.

    ``sizes`` holds the lengths of the named factors, as :func:`solve` finds them.
    """
    sources = [factor for axis in before for factor in axis]
    targets = [factor for axis in after for factor in axis]
    result: Any = array.reshape([_size(factor, sizes) for factor in sources])
    kept = [index for index, factor in enumerate(sources) if factor.key]
    result = result.reshape([result.shape[index] for index in kept])
    order = {sources[index].key: position for position, index in enumerate(kept)}
    result = result.transpose([order[factor.key] for factor in targets if factor.key])
    labels = {factor.key: factor.labels for factor in sources if factor.labels}
    for position, factor in enumerate(factor for factor in targets if factor.key):
        if factor.labels:
            blocks = [labels[factor.key].index(label) for label in factor.labels]
            result = result.take(blocks, axis=position)
    reshaped: Array = result.reshape(lengths(after, sizes))
    return reshaped


def apply_layout(array: Array, rule: str | None) -> Array:
    """The array with its axes reordered by a rule such as ``"n c h w -> n h w c"``; unchanged for ``None``.

    Raises ``ValueError`` where the array does not have the axes that the rule names.
    """
    if rule is None:
        return array
    before, after = parse_pattern(rule, where="layout")
    try:
        sizes = solve(tuple(array.shape), before, {})
    except ValueError as error:
        raise ValueError(f"the axis rule {rule!r} does not fit an array of shape {array.shape}: it {error}") from None
    return rearrange(array, before, after, sizes)


def reverse_layout(rule: str | None) -> str | None:
    """The rule that undoes ``rule``."""
    if rule is None:
        return None
    before, _, after = rule.partition("->")
    return f"{after.strip()} -> {before.strip()}"


def permutation(rule: str | None) -> tuple[int, ...] | None:
    """The rule as the axes argument of ``numpy.transpose``; ``None`` for no rule."""
    if rule is None:
        return None
    before, after = parse_pattern(rule, where="layout")
    return tuple(before.index(axis) for axis in after)
