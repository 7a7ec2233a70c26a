"""Named conditions on bound literals, three-valued: True, False, or None where a symbolic argument decides."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

UNKNOWN = object()
"""Stands for an argument that is no literal."""


def _per_axis(value: object, axes: int) -> tuple[object, ...] | None:
    if isinstance(value, tuple | list):
        if len(value) == 1:
            return (value[0],) * axes
        return tuple(value) if len(value) == axes else None
    return (value,) * axes


def _axes(*values: object) -> int:
    return max((len(v) for v in values if isinstance(v, tuple | list)), default=1)


def pads_like_same(kernel_size: object, padding: object, dilation: object) -> bool | None:
    """Symmetric padding that keeps the size at stride 1: odd kernel and padding = dilation * (kernel - 1) / 2."""
    if UNKNOWN in (kernel_size, padding, dilation):
        return None
    axes = _axes(kernel_size, padding, dilation)
    kernels, pads, dilations = (_per_axis(v, axes) for v in (kernel_size, padding, dilation))
    if kernels is None or pads is None or dilations is None:
        return False
    triples = list(zip(kernels, pads, dilations, strict=True))
    if any(UNKNOWN in triple for triple in triples):
        return None
    return all(_keeps_size(*triple) for triple in triples)


def _keeps_size(kernel: object, pad: object, dilation: object) -> bool:
    if not (isinstance(kernel, int) and isinstance(pad, int) and isinstance(dilation, int)):
        return False
    return kernel % 2 == 1 and 2 * pad == dilation * (kernel - 1)


def _axiswise(test: Callable[..., bool], *values: object) -> bool | None:
    """Whether a test holds on every axis; one value stands for all axes."""
    if UNKNOWN in values:
        return None
    axes = _axes(*values)
    rows = [_per_axis(v, axes) for v in values]
    known = [row for row in rows if row is not None]
    if len(known) != len(rows):
        return False
    if any(UNKNOWN in row for row in known):
        return None
    return all(all(isinstance(v, int) for v in one) and test(*one) for one in zip(*known, strict=True))


def none_below(left: object, right: object) -> bool | None:
    """Each size of the first is at least that of the second."""
    return _axiswise(operator.ge, left, right)


def multiplies_size(kernel_size: object, stride: object, padding: object) -> bool | None:
    """A transposed convolution whose output is ``stride`` times its input, cropped alike on both sides."""
    return _axiswise(lambda k, s, p: k - s == 2 * p, kernel_size, stride, padding)


def keeps_size(kernel_size: object, padding: object) -> bool | None:
    """Padding that keeps the size at stride 1, as much on both sides."""
    return _axiswise(lambda k, p: k == 2 * p + 1, kernel_size, padding)


def has_items(value: object) -> bool | None:
    """A sequence of more than one item."""
    return None if value is UNKNOWN else isinstance(value, tuple | list) and len(value) > 1


def any_negative(value: object) -> bool | None:
    if value is UNKNOWN:
        return None
    values = value if isinstance(value, tuple | list) else (value,)
    if any(isinstance(v, int) and v < 0 for v in values):
        return True
    return None if UNKNOWN in values else False


def is_whole(value: object) -> bool | None:
    """A whole number, or several of them."""
    if value is UNKNOWN:
        return None
    values = value if isinstance(value, tuple | list) else (value,)
    return None if UNKNOWN in values else all(isinstance(v, int) and not isinstance(v, bool) for v in values)


def is_sequence(value: object) -> bool | None:
    """Several axes, not one."""
    return None if value is UNKNOWN else isinstance(value, tuple | list)


def is_empty(value: object) -> bool | None:
    return None if value is UNKNOWN else isinstance(value, tuple | list) and not value


def _size_at(sizes: object, axis: object) -> object:
    """The size of a tensor along an axis, UNKNOWN where either is."""
    if not isinstance(sizes, tuple) or not isinstance(axis, int) or not -len(sizes) <= axis < len(sizes):
        return UNKNOWN
    return sizes[axis]


def longer_than_one(sizes: object, axis: object) -> bool | None:
    """The tensor has more than one item along an axis, or along one of several."""
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    found = [_size_at(sizes, one) for one in axes]
    if any(isinstance(size, int) and size != 1 for size in found):
        return True
    return None if UNKNOWN in found else False


def is_float(value: object) -> bool | None:
    return None if value is UNKNOWN else isinstance(value, float)


def is_number(value: object) -> bool | None:
    """A number that is written out; a boolean is none."""
    return None if value is UNKNOWN else isinstance(value, int | float) and not isinstance(value, bool)


def is_false(value: object) -> bool | None:
    return None if value is UNKNOWN else value is False


def is_matrix(sizes: object) -> bool | None:
    return None if not isinstance(sizes, tuple) else len(sizes) == 2


def cut_beyond(sizes: object, axis: object, cuts: object) -> bool | None:
    """A cut lies outside of the tensor, or before the one that precedes it."""
    size = _size_at(sizes, axis)
    if not isinstance(cuts, tuple | list) or UNKNOWN in cuts:
        return None
    places = [cut for cut in cuts if isinstance(cut, int)]
    if len(places) < len(cuts) or places != sorted(places) or any(place < 0 for place in places):
        return True
    return any(place > size for place in places) if isinstance(size, int) else None


def is_no_matrix(sizes: object) -> bool | None:
    return None if not isinstance(sizes, tuple) else len(sizes) != 2


def leaves_rest(sizes: object, axis: object, count: object) -> bool | None:
    """An axis does not fall into so many parts of the same size."""
    size = _size_at(sizes, axis)
    if not isinstance(size, int) or not isinstance(count, int):
        return None
    return count <= 0 or size % count != 0


def is_none(value: object) -> bool | None:
    return None if value is UNKNOWN else value is None


def differ_evenly(kernel_size: object, stride: object) -> bool | None:
    """The kernel reaches beyond the stride by as much on both sides."""
    return _axiswise(lambda k, s: k >= s and (k - s) % 2 == 0, kernel_size, stride)


def any_above_one(value: object) -> bool | None:
    if value is UNKNOWN:
        return None
    values = value if isinstance(value, tuple | list) else (value,)
    if UNKNOWN in values:
        return None
    return any(isinstance(v, int) and v > 1 for v in values)


def strided_and_dilated(stride: object, dilation: object) -> bool | None:
    """Keras' convolutions refuse strides and dilation above 1 together."""
    first, second = any_above_one(stride), any_above_one(dilation)
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def is_zero(value: object) -> bool | None:
    if value is UNKNOWN:
        return None
    values = value if isinstance(value, tuple | list) else (value,)
    return None if UNKNOWN in values else all(v == 0 for v in values)


def is_one(value: object) -> bool | None:
    if value is UNKNOWN:
        return None
    values = value if isinstance(value, tuple | list) else (value,)
    return None if UNKNOWN in values else all(v == 1 and not isinstance(v, bool) for v in values)


def pad_within_half(kernel_size: object, padding: object) -> bool | None:
    """PyTorch's pooling demands padding of at most half the kernel."""
    if UNKNOWN in (kernel_size, padding):
        return None
    axes = _axes(kernel_size, padding)
    kernels, pads = _per_axis(kernel_size, axes), _per_axis(padding, axes)
    if kernels is None or pads is None or UNKNOWN in kernels or UNKNOWN in pads:
        return None
    return all(isinstance(k, int) and isinstance(p, int) and 2 * p <= k for k, p in zip(kernels, pads, strict=True))


def pad_beyond_half(kernel_size: object, padding: object) -> bool | None:
    """PyTorch's pooling refuses padding of more than half the kernel."""
    within = pad_within_half(kernel_size, padding)
    return None if within is None else not within


def is_str(value: object) -> bool | None:
    return None if value is UNKNOWN else isinstance(value, str)


def is_int(value: object) -> bool | None:
    return None if value is UNKNOWN else isinstance(value, int) and not isinstance(value, bool)


def ascending(low: object, high: object) -> bool | None:
    """Two numbers, the first not above the second: where bounds cross, the libraries disagree which one holds."""
    if UNKNOWN in (low, high):
        return None
    return isinstance(low, int | float) and isinstance(high, int | float) and low <= high


def not_below(low: object, high: object) -> bool | None:
    if UNKNOWN in (low, high):
        return None
    return isinstance(low, int | float) and isinstance(high, int | float) and low >= high


def not_one_or_two(value: object) -> bool | None:
    return None if value is UNKNOWN else value not in (1, 2)


def may_be_several(value: object) -> bool | None:
    """Not known to be one: ``groups=channels`` of more than one channel; right for one, too, though nobody says so."""
    return value != 1


DOUBTFUL: Mapping[str, Callable[..., bool | None]] = {"strided_and_dilated": any_above_one}
"""For a ``reject`` that cannot be decided: whether a literal argument already half fulfils it.

Where none does, the target library itself refuses the values that are given when the program runs."""

PREDICATES: Mapping[str, Callable[..., bool | None]] = {
    "pads_like_same": pads_like_same,
    "strided_and_dilated": strided_and_dilated,
    "none_below": none_below,
    "multiplies_size": multiplies_size,
    "differ_evenly": differ_evenly,
    "keeps_size": keeps_size,
    "has_items": has_items,
    "any_negative": any_negative,
    "is_whole": is_whole,
    "is_none": is_none,
    "is_sequence": is_sequence,
    "is_empty": is_empty,
    "longer_than_one": longer_than_one,
    "leaves_rest": leaves_rest,
    "is_float": is_float,
    "is_false": is_false,
    "is_matrix": is_matrix,
    "is_number": is_number,
    "cut_beyond": cut_beyond,
    "is_no_matrix": is_no_matrix,
    "is_zero": is_zero,
    "is_one": is_one,
    "any_above_one": any_above_one,
    "pad_beyond_half": pad_beyond_half,
    "is_str": is_str,
    "is_int": is_int,
    "ascending": ascending,
    "not_below": not_below,
    "not_one_or_two": not_one_or_two,
    "may_be_several": may_be_several,
}
