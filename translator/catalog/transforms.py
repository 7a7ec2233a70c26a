"""The closed set of value transforms: each maps a bound value there and back, on literals and on code.

A transform is partial: ``forward`` or ``backward`` returns ``None`` where it does not apply, and then the pattern does
not match.
"There" is from the pattern's operand to the value written in the call, so reading a call goes backward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

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


def _zero_pad(value: object, _: Params) -> object:
    """PyTorch's (left, right, top, bottom) to Keras' ((top, bottom), (left, right))."""
    if isinstance(value, tuple | list) and len(value) == 4:
        left, right, top, bottom = value
        return (top, left) if (top, left) == (bottom, right) else ((top, bottom), (left, right))
    return value if isinstance(value, int) and not isinstance(value, bool) else NOT_APPLICABLE


def _zero_pad_back(value: object, _: Params) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, tuple | list) or len(value) != 2:
        return NOT_APPLICABLE
    pairs = [(v, v) if isinstance(v, int) else tuple(v) for v in value]
    flat = (*pairs[1], *pairs[0])
    if len(flat) != 4:
        return NOT_APPLICABLE
    return flat[0] if len(set(flat)) == 1 else flat


def _equal(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right


def _layer_axes(value: object, _: Params) -> object:
    """All axes from 0 to the axes after the batch from 1, as Keras' Permute counts them."""
    if isinstance(value, tuple | list) and value and value[0] == 0 and all(isinstance(v, int) for v in value):
        return tuple(value[1:])
    return NOT_APPLICABLE


def _layer_axes_back(value: object, _: Params) -> object:
    return (0, *value) if isinstance(value, tuple | list) else NOT_APPLICABLE


TRANSFORMS: Mapping[str, Transform] = {
    "one_minus": Transform(_one_minus, _one_minus, "1 - {}", "1 - {}", involution=True),
    "swap": Transform(_swap, _swap),
    "choice": Transform(_choice_forward, _choice_backward),
    "not_": Transform(_not, _not, "not {}", "not {}", involution=True),
    "layer_axes": Transform(_layer_axes, _layer_axes_back),
    "pair": Transform(_pair, _unpair),
    "zero_pad": Transform(_zero_pad, _zero_pad_back, "{}", "{}"),
}

CONTEXTUAL = frozenset({"spatial_pads", "pad_pairs", "flat_pads"})
"""Transforms whose value depends on where the call stands (its rank and axis order).

``apply`` writes them; reading takes the value as it stands.
"""


def forward(name: str, value: object, params: Params) -> object:
    return TRANSFORMS[name].forward(value, params)


def backward(name: str, value: object, params: Params) -> object:
    return TRANSFORMS[name].backward(value, params)
