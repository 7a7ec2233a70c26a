"""Values from the dtype of one side to the dtype of the other, and what is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translator.weights.rearrange import Array


class UnfitValuesError(ValueError):
    """The values cannot be held, not even rounded, by the dtype that they must have."""


def numpy_dtype(name: str) -> Any:
    """The numpy dtype of that name; the names that numpy lacks come from ml_dtypes, on which Keras depends.

    https://github.com/jax-ml/ml_dtypes. Raises ``ValueError`` for a name that neither knows.
    """
    import numpy as np

    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        found = getattr(ml_dtypes, name, None)
        if found is None:
            raise ValueError(f"numpy has no dtype {name}") from None
        return np.dtype(found)


def cast(array: Array, dtype: str) -> tuple[Array, bool]:
    """The array in the dtype of that name, and whether values were rounded.

    Raises :class:`UnfitValuesError` where a finite value would become infinite, or an integer another integer.
    """
    import numpy as np

    wanted = numpy_dtype(dtype)
    if array.dtype == wanted:
        return array, False
    with np.errstate(over="ignore", invalid="ignore"):
        result = array.astype(wanted)
        back = result.astype(array.dtype)
    inexact = array.dtype.kind in "fc"
    if np.array_equal(back, array, equal_nan=inexact):
        return result, False
    if not inexact or "float" not in wanted.name:
        raise UnfitValuesError(f"its {array.dtype.name} values do not fit {wanted.name}")
    if not np.array_equal(np.isfinite(back), np.isfinite(array)):
        raise UnfitValuesError(f"some of its {array.dtype.name} values are too large for {wanted.name}")
    return result, True
