"""Inputs of a model: what a user may write, what is drawn, and which shapes are worth trying."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from translator.verify.protocol import Array

_SPEC = re.compile(
    r"(?:(?P<name>[A-Za-z_]\w*)\s*=\s*)?(?P<dtype>[a-z]+\d*)\s*\[(?P<shape>[\d\s,]*)\]\s*(?:<\s*(?P<high>\d+))?\Z"
)
_DTYPES = frozenset(["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"])


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One tensor argument: its name ("" takes the next position), dtype, shape in source axis order, and for integers
    the exclusive upper bound of its values."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    high: int | None = None

    def __str__(self) -> str:
        name = f"{self.name}=" if self.name else ""
        high = f"<{self.high}" if self.high is not None else ""
        return f"{name}{self.dtype}[{','.join(map(str, self.shape))}]{high}"


def parse_input(text: str) -> InputSpec:
    """Read ``"x=float32[2,3,32,32]"`` or ``"int64[2,16]<100"``; raises ``ValueError`` saying what is wrong."""
    match = _SPEC.match(text.strip())
    if match is None:
        raise ValueError(f"--input {text!r}: expected a form such as x=float32[2,3,32,32] or int64[2,16]<100")
    if match["dtype"] not in _DTYPES:
        raise ValueError(f"--input {text!r}: unknown dtype {match['dtype']!r}")
    shape = tuple(int(size) for size in match["shape"].replace(" ", "").split(",") if size)
    high = int(match["high"]) if match["high"] is not None else None
    if high is not None and (match["dtype"].startswith("float") or high < 1):
        raise ValueError(f"--input {text!r}: '<' bounds integers, from above, by at least 1")
    return InputSpec(match["name"] or "", match["dtype"], shape, high)


def draw(spec: InputSpec, seed: int) -> Array:
    """Values for one argument: standard normal floats (in float64), integers from 0 below the bound, or booleans."""
    rng = np.random.default_rng([seed, *spec.shape])
    if spec.dtype.startswith("float"):
        return np.asarray(rng.standard_normal(spec.shape))
    if spec.dtype == "bool":
        return np.asarray(rng.random(spec.shape) < 0.5)
    return np.asarray(rng.integers(0, spec.high or 2, spec.shape)).astype(spec.dtype)


def draw_all(specs: Sequence[InputSpec], seed: int) -> dict[str, Array]:
    """Values for a call, by argument name."""
    return {spec.name: draw(spec, seed + index) for index, spec in enumerate(specs)}


def spec_to_json(spec: InputSpec) -> dict[str, Any]:
    """A JSON-ready form; :func:`spec_from_json` is its inverse."""
    return {"name": spec.name, "dtype": spec.dtype, "shape": list(spec.shape), "high": spec.high}


def spec_from_json(data: Mapping[str, Any]) -> InputSpec:
    """What :func:`spec_to_json` wrote."""
    return InputSpec(data["name"], data["dtype"], tuple(data["shape"]), data["high"])
