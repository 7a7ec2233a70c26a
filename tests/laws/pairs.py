"""One drawn program beside its translation, both live, with the same weights and inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from tests.laws.programs import Program
from tests.laws.sides import Array, KerasSide, Side, executed, randomise, side, state
from translator import translate
from translator.catalog.load import load
from translator.model import ModelInfo, Translation
from translator.weights import live
from translator.weights.pair import Pairing, pair
from translator.weights.rearrange import apply_layout
from translator.weights.transfer import carry, transfer_weights


class RefusedError(Exception):
    """The source library does not take the program: no case of the translation."""


class BrokenError(AssertionError):
    """The translation of a program that the source library takes does not run."""


@dataclass
class Pair:
    """Source and translated model. Arrays named after the target are in its axis order."""

    program: Program
    t: Translation
    source: Side
    target: Side
    inputs: list[Array]
    info: ModelInfo
    modules: tuple[ModuleType, ModuleType]

    @property
    def target_inputs(self) -> list[Array]:
        return [apply_layout(a, rule) for a, rule in zip(self.inputs, self._input_rules, strict=True)]

    def to_target(self, output: Array) -> Array:
        """An output (or a cotangent) of the source in the target's axis order."""
        return np.array(apply_layout(output, self.info.outputs[""]))

    def inputs_to_target(self, arrays: list[Array]) -> list[Array]:
        """Gradients of the floating-point inputs in the target's axis order."""
        rules = [r for a, r in zip(self.inputs, self._input_rules, strict=True) if np.issubdtype(a.dtype, np.floating)]
        return [np.array(apply_layout(a, rule)) for a, rule in zip(arrays, rules, strict=True)]

    def carried(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """What stands for each of the target's tensors, from one array for each of the source's; absent ones are 0."""
        values = {path: np.asarray(arrays.get(path, np.zeros_like(old))) for path, old in self.source_state().items()}
        shapes = {path: tuple(array.shape) for path, array in self.target_state().items()}
        made = carry(self.pairing, values, shapes)
        filled = {path for move in self.pairing.moves if not move.sources for path in move.targets}
        return {path: np.array(array) for path, array in made.items() if path not in filled}

    def carried_gradients(self, gradients: Mapping[str, Array]) -> dict[str, Array]:
        """The same for gradients: all terms of a sum have that of the sum, which is carried once."""
        values = dict(gradients)
        for move in self.pairing.moves:
            if move.operands[0].combine == "sum":
                values.update({path: np.zeros_like(gradients[path]) for path in move.sources[1:] if path in gradients})
        carried = self.carried(values)
        for move in self.pairing.moves:
            if move.operands[1].combine == "sum":
                carried.update(dict.fromkeys(move.targets[1:], carried[move.targets[0]]))
        return carried

    @cached_property
    def pairing(self) -> Pairing:
        source, target = live.of(self.t.from_), live.of(self.t.to)
        trees = source.describe(self.source.model)[0], target.describe(self.target.model)[0]
        return pair(*trees, self.t.plan, load().weight_rules)

    def source_state(self) -> dict[str, Array]:
        return state(self.t.from_, self.source.model)

    def target_state(self) -> dict[str, Array]:
        return state(self.t.to, self.target.model)

    @property
    def _input_rules(self) -> list[str | None]:
        rules = list(self.info.inputs.values())
        assert len(rules) == len(self.inputs), f"the translation knows the arguments {list(self.info.inputs)}"
        return rules

    def explain(self) -> str:
        shapes = {name: array.shape for name, array in zip(self.program.shapes, self.inputs, strict=True)}
        return f"\ninputs {shapes}, layout={self.t.layout!r}\n{self.program.source}\n--- became\n{self.t.code}"


def translation(program: Program) -> Translation:
    layout = program.target_layout if program.target == "keras" else None
    return translate(program.source, to=program.target, layout=layout)


def draw_inputs(program: Program, rng: np.random.Generator) -> list[Array]:
    return [np.asarray(_drawn(program, name, shape, rng)) for name, shape in program.shapes.items()]


def _drawn(program: Program, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array | float:
    dtype, bound = program.dtypes.get(name, "float"), program.bounds.get(name)
    if dtype == "bool":
        return rng.random(size=shape) < 0.5
    if dtype == "int":
        return rng.integers(0, bound or 4, size=shape)
    return rng.normal(size=shape) if bound is None else rng.uniform(0, bound, size=shape)


@contextmanager
def live_pair(program: Program, t: Translation) -> Iterator[Pair]:
    """Build both sides and give them the same random weights. Raises RefusedError or BrokenError."""
    rng = np.random.default_rng(program.seed)
    inputs = draw_inputs(program, rng)
    with ExitStack() as stack:
        source_module, model = source_model(stack, program, inputs)
        randomise(program.framework, model, rng)
        info = t.models.get(program.model)
        if info is None:
            raise BrokenError(f"the translation knows no model {program.model}\n{program.source}\n--- became\n{t.code}")
        source, pair_ = side(program.framework, model), None
        try:
            target_module = stack.enter_context(executed(t.code))
            target = side(t.to, construct(target_module, program, info))
            pair_ = Pair(program, t, source, target, inputs, info, (source_module, target_module))
            output = target.run(pair_.target_inputs)
            transfer_weights(model, target.model, t)
        except Exception as error:  # whatever the translated program raises is the finding
            where = pair_.explain() if pair_ else f"\n{program.source}\n--- became\n{t.code}"
            raise BrokenError(f"the translation does not run: {type(error).__name__}: {error}{where}") from error
        if _misplaces_bias(source, source.run(inputs)) or _misplaces_bias(target, output):
            raise RefusedError("Keras adds the bias along the wrong axis")
        yield pair_


def _misplaces_bias(one: Side, output: Array) -> bool:
    """Whether Keras on TensorFlow adds a bias in channels_first along the width, as it does where that has its length.

    See ``add`` in https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/numpy.py, which takes
    an operand with one axis longer than 1 for a bias of channels_last first.
    """
    if not isinstance(one, KerasSide) or output.ndim < 3:
        return False
    layers = one.model._flatten_layers()
    biased = any(
        getattr(layer, "data_format", "") == "channels_first" and getattr(layer, "bias", None) is not None
        for layer in layers
    )
    return biased and output.shape[1] == output.shape[-1]


def source_model(stack: ExitStack, program: Program, inputs: list[Array]) -> tuple[ModuleType, Any]:
    """A fresh, built source model in a fresh module. Raises RefusedError."""
    try:
        module = stack.enter_context(executed(program.source))
        model = eval(program.construct, module.__dict__)  # noqa: S307  # "Net()" or "model"
        side(program.framework, model).run(inputs)
    except Exception as error:  # the library says in many ways that it does not take an argument
        raise RefusedError(f"{type(error).__name__}: {error}") from error
    return module, model


def construct(module: ModuleType, program: Program, info: ModelInfo) -> Any:
    made = getattr(module, info.target)
    return made() if program.construct.endswith("()") else made
