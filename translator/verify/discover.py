"""Find inputs that a model accepts: guesses from its first layers, confirmed by running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any, TypeAlias

from translator.model import Framework, ModelInfo
from translator.verify.inputs import InputSpec

Specs: TypeAlias = tuple[InputSpec, ...]
Accepts: TypeAlias = Callable[[Sequence[Specs]], int | None]
"""Runs the candidates in turn and tells the index of the first that works."""

BATCH = 2
_SPATIAL = (32, 28, 64, 33, 96, 128, 224, 227, 299, 16, 8)
_LENGTHS = (12, 32, 64, 128, 5)
_CONVOLUTIONS = {"1": 3, "2": 4, "3": 5}
_SEQUENCE = ("LSTM", "GRU", "RNN", "SimpleRNN", "Multihead", "MultiHead", "Transformer")


@dataclass(frozen=True, slots=True)
class Hints:
    """What the live source model tells: its call arguments (name, required) and its layers in order."""

    framework: Framework
    arguments: tuple[tuple[str, bool], ...]
    as_list: bool
    layers: tuple[Mapping[str, Any], ...]


def candidates(hints: Hints, info: ModelInfo) -> list[Specs]:
    """Calls worth trying, best guess first."""
    required = [name for name, needed in hints.arguments if needed] or [name for name, _ in hints.arguments[:1]]
    symbolic = [layer for layer in hints.layers if layer["type"] == "Input"]
    if symbolic:
        return list(_symbolic(required, symbolic))
    if not required:
        return []
    rank = info.ranks.get(required[0])
    guesses = list(_first_argument(hints, required[0]))
    fitting = [spec for spec in guesses if rank is None or len(spec.shape) == rank] or guesses
    result: list[Specs] = []
    for first in dict.fromkeys(fitting):
        others = [replace(first, name=name) for name in required[1:]]
        ranked = [_of_rank(other, info.ranks.get(other.name)) for other in others]
        result += dict.fromkeys([(first, *ranked), (first, *others)])
    return result


def _symbolic(required: Sequence[str], inputs: Sequence[Mapping[str, Any]]) -> Iterator[Specs]:
    """Keras inputs state their shapes; only open sizes are to be tried."""
    for size in _SPATIAL:
        yield tuple(
            InputSpec(name, layer["dtype"], (BATCH, *(length or size for length in layer["shape"])), 2)
            if not layer["dtype"].startswith("float")
            else InputSpec(name, "float32", (BATCH, *(length or size for length in layer["shape"])))
            for name, layer in zip(required, inputs, strict=True)
        )


def _first_argument(hints: Hints, name: str) -> Iterator[InputSpec]:
    seen: set[str] = set()
    for layer in hints.layers:
        key = str(sorted(layer.items()))
        if key not in seen and len(seen) < 6:
            guesses = list(_for_layer(layer, hints.framework, name))
            if guesses:
                seen.add(key)
            yield from guesses
    for channels in (3, 1):
        yield from _images(name, channels, 4, hints.framework)
    yield InputSpec(name, "float32", (BATCH, 16))
    yield InputSpec(name, "float32", (BATCH, 12, 16))


def _for_layer(layer: Mapping[str, Any], framework: Framework, name: str) -> Iterator[InputSpec]:
    kind = str(layer["type"]).removeprefix("Lazy")
    if "Conv" in kind or kind.startswith(("BatchNorm", "SeparableConv")):
        rank = next((rank for digit, rank in _CONVOLUTIONS.items() if f"{digit}d" in kind.lower()), None)
        known = layer.get("in_channels") or layer.get("num_features")
        if rank is not None:
            for channels in [known] if known else (3, 1, 4, 16):
                yield from _images(name, channels, rank, framework)
    elif kind == "Embedding":
        for length in _LENGTHS:
            yield InputSpec(name, "int64", (BATCH, length), layer.get("num_embeddings") or 10)
    elif kind.startswith(_SEQUENCE):
        features = layer.get("input_size") or layer.get("embed_dim") or layer.get("d_model") or 16
        for length in _LENGTHS:
            yield InputSpec(name, "float32", (BATCH, length, features))
    elif kind in ("Linear", "Dense"):
        features = layer.get("in_features") or 16
        yield InputSpec(name, "float32", (BATCH, features))
        yield InputSpec(name, "float32", (BATCH, 12, features))
        for channels in (1, 3):
            side = isqrt(features // channels)
            if channels * side * side == features:
                yield InputSpec(name, "float32", _placed(BATCH, channels, (side, side), framework))


def _images(name: str, channels: int, rank: int, framework: Framework) -> Iterator[InputSpec]:
    for size in _SPATIAL if rank < 5 else (8, 16, 32):
        yield InputSpec(name, "float32", _placed(BATCH, channels, (size,) * (rank - 2), framework))


def _placed(batch: int, channels: int, spatial: tuple[int, ...], framework: Framework) -> tuple[int, ...]:
    return (batch, channels, *spatial) if framework == "torch" else (batch, *spatial, channels)


def _of_rank(spec: InputSpec, rank: int | None) -> InputSpec:
    if rank is None or rank == len(spec.shape):
        return spec
    shape = spec.shape[:rank] + (16,) * (rank - len(spec.shape))
    return replace(spec, shape=shape)


def variations(base: Specs, framework: Framework, *, spatial: bool = True) -> list[Specs]:
    """Other sizes for a second case, the most different first: another batch size and odd, unequal spatial sizes."""
    more = tuple(_resized(spec, 0, 1) for spec in base)
    if not spatial:
        return [more]
    grown = [
        tuple(_grown(spec, framework, steps, last) for spec in more)
        for steps in ((1, 3), (1, 1), (2, 2))
        for last in (False, True)
    ]
    plain = tuple(_grown(spec, framework, (1, 1), False) for spec in base)
    return [specs for specs in dict.fromkeys([*grown, more, plain]) if specs != base]


def with_batch(specs: Specs, size: int) -> Specs:
    """The same call with another length of the first axis."""
    return tuple(replace(spec, shape=(size, *spec.shape[1:])) if spec.shape else spec for spec in specs)


def _resized(spec: InputSpec, axis: int, step: int) -> InputSpec:
    if axis >= len(spec.shape):
        return spec
    shape = list(spec.shape)
    shape[axis] += step
    return replace(spec, shape=tuple(shape))


def _grown(spec: InputSpec, framework: Framework, steps: tuple[int, int], last: bool) -> InputSpec:
    """Larger along the spatial axes. With three axes the middle one is time, unless the model is convolutional and
    keeps its channels there; ``last`` takes the other guess, and running the model tells which is right."""
    rank = len(spec.shape)
    if rank >= 4:
        axes = list(range(2, rank)) if framework == "torch" else list(range(1, rank - 1))
    elif rank == 3:
        axes = [2] if last else [1]
    else:
        axes = [1] if rank == 2 and not spec.dtype.startswith("float") else []
    for index, axis in enumerate(axes):
        spec = _resized(spec, axis, steps[min(index, 1)])
    return spec
