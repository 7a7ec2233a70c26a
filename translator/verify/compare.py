"""Compare named arrays of both sides and say by how much, where, and whether that passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from translator.model import Aspect, Comparison
from translator.verify.client import Dtype
from translator.verify.leaks import LOOSE
from translator.verify.protocol import Array
from translator.verify.side import Mode


@dataclass(frozen=True, slots=True)
class Gate:
    """Tolerances of one dtype: relative to the largest value, with the floor of each scale.

    An output may be off by ``forward * max(forward_floor, max|y|)``, a gradient by
    ``gradient * max(max|g|, gradient_floor * max over all gradients)``. The global floor is needed because gradients
    of parameters in front of a normalisation are zero up to rounding.
    """

    dtype: Dtype
    forward: float
    forward_floor: float
    gradient: float
    gradient_floor: float


FLOAT64 = Gate("float64", 1e-11, 1.0, 1e-9, 1e-6)
FLOAT32 = Gate("float32", 1e-5, 0.0, 1e-5, 1.0)


def loosened(comparison: Comparison, gate: Gate) -> Comparison:
    """The same comparison at the gate for operations that leak float32."""
    factor = LOOSE / (gate.gradient if comparison.aspect == "gradients" else gate.forward)
    bound = comparison.bound * max(1.0, factor)
    return replace(comparison, bound=bound, passed=comparison.error <= bound)


def compare_values(
    aspect: Aspect,
    expected: Mapping[str, Array],
    actual: Mapping[str, Array],
    gate: Gate,
    mode: Mode,
    *,
    case: str = "",
    noise: Mapping[str, float] | None = None,
) -> Comparison:
    """Outputs or state by name, each against its own largest value; ``noise`` raises the bound of ill-conditioned
    values to what float32 itself costs on the source side."""
    worst = _Worst()
    for name in _names(expected, actual, worst):
        one, other = expected[name], actual[name]
        scale = _largest(one)
        bound = gate.forward * max(gate.forward_floor, scale)
        if noise is not None:
            bound = max(bound, noise.get(name, 0.0))
        worst.see(name, _distance(one, other), bound if _is_float(one) else 0.0, one, other)
    return worst.result(aspect, gate, mode, case)


def compare_gradients(
    expected: Mapping[str, Array],
    actual: Mapping[str, Array],
    gate: Gate,
    mode: Mode,
    *,
    case: str = "",
    noise: Mapping[str, float] | None = None,
) -> Comparison:
    """Gradients by name, each against its own largest value or a share of the largest of all.

    A gradient whose true value is zero (a bias in front of a normalisation) is nothing but rounding. ``noise``, the
    rounding measured on the source side, then raises its bound, at most to ``gate.gradient`` times the largest of all.
    """
    worst = _Worst()
    largest = max((_largest(array) for array in expected.values()), default=0.0)
    for name in _names(expected, actual, worst):
        one, other = expected[name], actual[name]
        bound = gate.gradient * max(_largest(one), gate.gradient_floor * largest)
        if noise is not None:
            bound = max(bound, min(noise.get(name, 0.0), gate.gradient * largest))
        worst.see(name, _distance(one, other), bound, one, other)
    return worst.result("gradients", gate, mode, case)


class _Worst:
    """The pair that exceeds its bound by most."""

    def __init__(self) -> None:
        self.error = 0.0
        self.bound = 0.0
        self.where = ""
        self._excess = -1.0

    def see(self, name: str, error: float, bound: float, one: Array, other: Array) -> None:
        excess = error / bound if bound > 0 else (float("inf") if error > 0 else 0.0)
        if excess > self._excess:
            self._excess, self.error, self.bound, self.where = excess, error, bound, name
            if one.shape != other.shape:
                self.where = f"{name or 'output'}: shape {one.shape} here, {other.shape} there"

    def absent(self, name: str, side: str) -> None:
        self._excess = self.error = float("inf")
        self.where = f"{name or 'output'}: only the {side} has it"

    def result(self, aspect: Aspect, gate: Gate, mode: Mode, case: str) -> Comparison:
        return Comparison(aspect, gate.dtype, mode, self.error, self.bound, self.where, self._excess <= 1.0, case)


def _names(expected: Mapping[str, Array], actual: Mapping[str, Array], worst: _Worst) -> list[str]:
    for name in expected.keys() - actual.keys():
        worst.absent(name, "source")
    for name in actual.keys() - expected.keys():
        worst.absent(name, "translation")
    return [name for name in expected if name in actual]


def _is_float(array: Array) -> bool:
    return bool(np.issubdtype(array.dtype, np.inexact))


def _wide(array: Array) -> Array:
    return np.asarray(array, dtype=np.complex128 if np.iscomplexobj(array) else np.float64)


def _largest(array: Array) -> float:
    finite = np.abs(_wide(array))
    finite = finite[np.isfinite(finite)]
    return float(finite.max()) if finite.size else 0.0


def _distance(one: Array, other: Array) -> float:
    """The largest difference; infinite where shapes differ or only one side is finite."""
    if one.shape != other.shape:
        return float("inf")
    if one.size == 0:
        return 0.0
    a, b = _wide(one), _wide(other)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if not np.array_equal(np.isfinite(a) | same, np.isfinite(b) | same):
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b)
    return float(np.where(same, 0.0, np.where(np.isfinite(difference), difference, np.inf)).max())
