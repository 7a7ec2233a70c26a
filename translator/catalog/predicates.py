"""Named conditions on bound literals, three-valued: True, False, or None where a symbolic argument decides."""

from __future__ import annotations

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
    return None if UNKNOWN in values else all(v == 1 for v in values)


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


DOUBTFUL: Mapping[str, Callable[..., bool | None]] = {"strided_and_dilated": any_above_one}
"""For a ``reject`` that cannot be decided: whether a literal argument already half fulfils it.

Where none does, the target library itself refuses the values that are given when the program runs."""

PREDICATES: Mapping[str, Callable[..., bool | None]] = {
    "pads_like_same": pads_like_same,
    "strided_and_dilated": strided_and_dilated,
    "is_zero": is_zero,
    "is_one": is_one,
    "any_above_one": any_above_one,
    "pad_beyond_half": pad_beyond_half,
    "is_str": is_str,
    "is_int": is_int,
}
