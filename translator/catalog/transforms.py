"""The closed set of value transforms: each maps a bound value there and back, on literals and on code.

A transform is partial: ``forward`` or ``backward`` returns ``None`` where it does not apply, and then the pattern does
not match.
"There" is from the pattern's operand to the value written in the call, so reading a call goes backward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import accumulate
from math import prod

from translator.dataclass import dataclass

NOT_APPLICABLE = object()
"""Returned by a transform that has no value for its operand."""

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Transform:
    """``forward``/``backward`` work on literals; ``code``/``uncode`` are templates over ``{}`` for symbolic operands.

    ``uncode`` is the template of the inverse; ``""`` where a symbolic operand cannot be transformed.
    """

    forward: Callable[[object, Params], object]
    backward: Callable[[object, Params], object]
    code: str = ""
    uncode: str = ""
    involution: bool = False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_minus(value: object, _: Params) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return NOT_APPLICABLE
    # Decimal arithmetic on the shortest representation: 1 - 0.1 reads 0.9, not 0.90000001.
    result = Decimal(1) - Decimal(repr(value))
    return float(result) if isinstance(value, float) else int(result)


def _swap(value: object, params: Params) -> object:
    left, right = params["0"], params["1"]
    if _equal(value, left):
        return right
    if _equal(value, right):
        return left
    return value


def _choice_forward(value: object, params: Params) -> object:
    return params[value] if isinstance(value, str) and value in params else NOT_APPLICABLE


def _choice_backward(value: object, params: Params) -> object:
    return next((key for key, target in params.items() if _equal(target, value)), NOT_APPLICABLE)


def _not(value: object, _: Params) -> object:
    return (not value) if isinstance(value, bool) else NOT_APPLICABLE


def _pair(value: object, _: Params) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return value if isinstance(value, tuple) and len(value) == 2 else NOT_APPLICABLE


def _unpair(value: object, _: Params) -> object:
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return value[0]
    return value if isinstance(value, int | tuple) and not isinstance(value, bool) else NOT_APPLICABLE


def _zero_pad(value: object, params: Params) -> object:
    """PyTorch's (left, right, top, bottom) to Keras' ((top, bottom), (left, right)); for one axis (left, right)."""
    axes = _dimensions(params)
    if isinstance(value, tuple | list) and len(value) == 2 * axes:
        pairs = [(value[i], value[i + 1]) for i in range(0, 2 * axes, 2)][::-1]
        if axes == 1:
            return pairs[0]
        symmetric = all(before == after for before, after in pairs)
        return tuple(before for before, _ in pairs) if symmetric else tuple(pairs)
    return value if isinstance(value, int) and not isinstance(value, bool) else NOT_APPLICABLE


def _zero_pad_back(value: object, params: Params) -> object:
    axes = _dimensions(params)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, tuple | list):
        return NOT_APPLICABLE
    rows = [value] if axes == 1 else value
    pairs = [(v, v) if isinstance(v, int) else tuple(v) for v in rows]
    flat = tuple(amount for pair in pairs[::-1] for amount in pair)
    if len(pairs) != axes or len(flat) != 2 * axes:
        return NOT_APPLICABLE
    return flat[0] if len(set(flat)) == 1 else flat


def _crop(value: object, params: Params) -> object:
    """PyTorch crops by negative padding."""
    amounts = value if isinstance(value, tuple | list) else (value,)
    if not all(isinstance(a, int) and a <= 0 for a in amounts):
        return NOT_APPLICABLE
    positive = tuple(-a for a in amounts) if isinstance(value, tuple | list) else -amounts[0]
    return _zero_pad(positive, params)


def _crop_back(value: object, params: Params) -> object:
    found = _zero_pad_back(value, params)
    if isinstance(found, tuple):
        return tuple(-a for a in found)
    return -found if isinstance(found, int) else NOT_APPLICABLE


def _dimensions(params: Params) -> int:
    number = params.get("0", 2)
    assert isinstance(number, int)
    return number


def _single(value: object, _: Params) -> object:
    """The amount of the only axis, which PyTorch also takes as a tuple."""
    return value[0] if isinstance(value, tuple | list) and len(value) == 1 else value


def _times(value: object, _: Params) -> object:
    """The product of two operands."""
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        return prod(value)
    return NOT_APPLICABLE


def _half_difference(value: object, _: Params) -> object:
    """(kernel_size - stride) / 2 of each axis: the padding of a transposed convolution that multiplies the size."""
    if not isinstance(value, tuple) or len(value) != 2:
        return NOT_APPLICABLE
    axes = max((len(v) for v in value if isinstance(v, tuple | list)), default=1)
    kernels, strides = (v if isinstance(v, tuple | list) else (v,) * axes for v in value)
    halves = tuple((k - s) // 2 for k, s in zip(kernels, strides, strict=True))
    return halves[0] if len(set(halves)) == 1 else halves


def _flat_spatial_pads(value: object, params: Params) -> object:
    """The amount of each axis as PyTorch's flat list, from the last axis on; one amount stands for all."""
    if isinstance(value, tuple | list) and len(value) == _dimensions(params):
        return tuple(amount for amount in reversed(value) for _ in range(2))
    single = isinstance(value, int) and not isinstance(value, bool)
    return (value,) * (2 * _dimensions(params)) if single else NOT_APPLICABLE


def _cropping(value: object, params: Params) -> object:
    """Padding and output_padding of a transposed convolution as the amounts that Keras' Cropping layers take off."""
    axes = _dimensions(params)
    if not isinstance(value, tuple) or len(value) != 2:
        return NOT_APPLICABLE
    pads, outputs = (v if isinstance(v, tuple | list) else (v,) * axes for v in value)
    pairs = tuple((p, p - o) for p, o in zip(pads, outputs, strict=True))
    if axes == 1:
        return pairs[0]
    return tuple(p for p, _ in pairs) if all(p == q for p, q in pairs) else pairs


def _not_read(value: object, _: Params) -> object:
    """A computed value is not read back."""
    return NOT_APPLICABLE


def _tail_axes(value: object, _: Params) -> object:
    """The axes that a normalized shape spans."""
    if not isinstance(value, tuple | list):
        return -1
    return list(range(-len(value), 0)) if len(value) > 1 else -1


def _equal(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right


def _layer_axes(value: object, _: Params) -> object:
    """All axes from 0 to the axes after the batch from 1, as Keras' Permute counts them."""
    if isinstance(value, tuple | list) and value and value[0] == 0 and all(isinstance(v, int) for v in value):
        return tuple(value[1:])
    return NOT_APPLICABLE


def _layer_axes_back(value: object, _: Params) -> object:
    return (0, *value) if isinstance(value, tuple | list) else NOT_APPLICABLE


def _cuts(value: object, _: Params) -> object:
    """The sizes of parts as the places where one ends and the next begins."""
    if not isinstance(value, tuple | list) or len(value) < 2 or not all(isinstance(v, int) for v in value):
        return NOT_APPLICABLE
    return list(accumulate(value[:-1]))


def _as_float(value: object, _: Params) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else NOT_APPLICABLE


def _not_written(value: object, _: Params) -> object:
    """Something of code that a literal does not have."""
    return NOT_APPLICABLE


TRANSFORMS: Mapping[str, Transform] = {
    "one_minus": Transform(_one_minus, _one_minus, "1 - {}", "1 - {}", involution=True),
    "swap": Transform(_swap, _swap),
    "choice": Transform(_choice_forward, _choice_backward),
    "not_": Transform(_not, _not, "not {}", "not {}", involution=True),
    "layer_axes": Transform(_layer_axes, _layer_axes_back),
    "pair": Transform(_pair, _unpair),
    "zero_pad": Transform(_zero_pad, _zero_pad_back, "{}", "{}"),
    "crop": Transform(_crop, _crop_back),
    "single": Transform(_single, _single, "{}", "{}"),
    "times": Transform(_times, _not_read, "{} * {}"),
    "half_difference": Transform(_half_difference, _not_read),
    "flat_spatial_pads": Transform(_flat_spatial_pads, _not_read),
    "cropping": Transform(_cropping, _not_read),
    "as_float": Transform(_as_float, _not_read),
    "dtype_of": Transform(_not_written, _not_read, "{}.dtype"),
    "cuts": Transform(_cuts, _not_read),
    "tail_axes": Transform(_tail_axes, _not_read, "-1"),
}

CONTEXTUAL = frozenset({"spatial_pads", "spatial_crops", "pad_pairs", "flat_pads", "all_flat_pads"})
"""Transforms whose value depends on where the call stands (its rank and axis order).

``apply`` writes them; reading takes the value as it stands.
"""


def forward(name: str, value: object, params: Params) -> object:
    return TRANSFORMS[name].forward(value, params)


def backward(name: str, value: object, params: Params) -> object:
    return TRANSFORMS[name].backward(value, params)
