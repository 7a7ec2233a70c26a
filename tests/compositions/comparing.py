"""A drawn program beside its translation, and the way back: outputs and gradients in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.golden.sides import Array, KerasSide, Result, side
from tests.laws.sides import executed
from translator import translate
from translator.model import Framework, Layout, ModelInfo, Translation
from translator.weights.rearrange import apply_layout
from translator.weights.transfer import transfer_weights

BOUND = 1e-9
"""Of the largest value, at least 1: a wrong meaning is off by much more."""


class NoSuchProgramError(Exception):
    """The source does not run with a batch of these sizes, or has no gradients."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A live model and what it gave for an input."""

    code: str
    model: Any
    input: Array
    cotangents: Mapping[str, Array]
    result: Result


def _outputs(arrays: Mapping[str, Array], info: ModelInfo) -> dict[str, Array]:
    """What belongs to each output, in the axis order of a translation."""
    return {path: _moved(array, info.outputs.get(path)) for path, array in arrays.items()}


def run_source(source: str, shape: tuple[int, ...], seed: int) -> Ran:
    """Run the drawn PyTorch program. Raises NoSuchProgramError."""
    rng = np.random.default_rng(seed)
    with executed(source) as module:
        try:
            one = side("torch", module.Net(), source)
            one.randomise(rng)
            given = rng.normal(size=shape)
            result = one.run([given], _cotangent)
            cotangents = {path: _cotangent(path, array.shape) for path, array in result.outputs.items()}
            return Ran(source, one.model, given, cotangents, result)
        except Exception as error:
            raise NoSuchProgramError(str(error)) from error


def translated(code: str, to: Framework, layout: Layout | None) -> Translation | None:
    """The translation, None where the translator does not vouch for it."""
    t = translate(code, to=to, layout=layout)
    return t if t.exact else None


def compare(before: Ran, t: Translation) -> Ran:
    """Run a translation and hold it against what it came from. Raises AssertionError with both texts."""
    info = t.models["Net"]
    given, cotangents = _moved(before.input, info.inputs["x"]), _outputs(before.cotangents, info)
    try:
        with executed(t.code) as module:
            one = side(t.to, module.Net(), t.code)
            if isinstance(one, KerasSide):
                one.model(_symbol(given))  # which needs no kernels, as channels_first would in float64
            else:
                one.build([given])
            transfer_weights(before.model, one.model, t)
            result = one.run([given], lambda path, _: cotangents[path])
    except Exception as error:  # whatever the translated program raises is the finding
        raise AssertionError(f"the translation does not run: {error}{_texts(before, t)}") from error
    outputs = _outputs(before.result.outputs, info)
    assert result.outputs.keys() == outputs.keys(), f"other outputs{_texts(before, t)}"
    for path, wanted in outputs.items():
        _agree(f"output {path!r}", wanted, result.outputs[path], before, t)
    _agree("the gradient", _moved(before.result.inputs[0], info.inputs["x"]), result.inputs[0], before, t)
    return Ran(t.code, one.model, given, cotangents, result)


def _symbol(given: Array) -> Any:
    import keras

    return keras.Input(batch_shape=given.shape, dtype="float64")


def _cotangent(path: str, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng([len(path), *shape]).normal(size=shape)


def _moved(array: Array, rule: str | None) -> Array:
    return np.ascontiguousarray(apply_layout(array, rule))


def _agree(what: str, wanted: Array, actual: Array, before: Ran, t: Translation) -> None:
    assert wanted.shape == actual.shape, f"{what} has shape {actual.shape}, not {wanted.shape}{_texts(before, t)}"
    same = (wanted == actual) | (np.isnan(wanted) & np.isnan(actual))
    difference = float(np.max(np.where(same, 0.0, np.abs(wanted - actual)), initial=0.0))
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0, where=np.isfinite(wanted))))
    assert difference <= BOUND * scale, f"{what} is off by {difference:.3g}{_texts(before, t)}"


def _texts(before: Ran, t: Translation) -> str:
    rules: Mapping[str, object] = {"inputs": t.models["Net"].inputs, "outputs": t.models["Net"].outputs}
    return f"\ninput {before.input.shape}, layout={t.layout!r}, {rules}\n{before.code}\n--- became\n{t.code}"
