"""The recurrent helpers of both sides against the layers that they stand for: outputs, states and gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tests.helpers.compare import assert_close
from translator.model import Framework

pytestmark = pytest.mark.frameworks

Array = Any
KINDS = ("LSTM", "GRU", "RNN")
SIZES = {"input_size": 3, "hidden_size": 4}
# Gradients in float64 of a few steps of recurrence.
GATE = 1e-9


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    from tests.laws.sides import float64

    with float64():
        yield


def leaves(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def moved(source: Any, target: Any, origin: Framework) -> Sequence[Any]:
    """The moves of all weights from one live layer to the other."""
    from translator.catalog.load import load
    from translator.model import WeightPlan
    from translator.weights import live
    from translator.weights.pair import pair

    other: Framework = "keras" if origin == "torch" else "torch"
    trees = live.of(origin).describe(source)[0], live.of(other).describe(target)[0]
    return pair(*trees, WeightPlan(origin, other, {}, ()), load().weight_rules).moves


def given(rng: np.random.Generator, *shapes: tuple[int, ...]) -> list[Array]:
    return [rng.standard_normal(shape) for shape in shapes]


def run_torch(layer: Any, arrays: Sequence[Array], call: Any) -> tuple[list[Array], dict[str, Array], list[Array]]:
    """Outputs, gradients by parameter, and gradients of the inputs, all of a weighted sum of the outputs."""
    import torch

    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    outputs = leaves(call(layer, tensors))
    sum((y * torch.cos(torch.arange(y.numel())).reshape(y.shape)).sum() for y in outputs).backward()
    gradients = {name: p.grad.numpy() for name, p in layer.named_parameters() if p.requires_grad}
    return [y.detach().numpy() for y in outputs], gradients, [t.grad.numpy() for t in tensors]


def run_keras(layer: Any, arrays: Sequence[Array], call: Any) -> tuple[list[Array], dict[str, Array], list[Array]]:
    import tensorflow as tf

    from translator.weights.describe_keras import describe_keras

    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        outputs = leaves(call(layer, tensors))
        total = sum(tf.reduce_sum(y * np.cos(np.arange(np.prod(y.shape))).reshape(y.shape)) for y in outputs)
    variables = {path: v.value for path, v in describe_keras(layer)[1].items() if v.trainable}
    found = tape.gradient(total, [*variables.values(), *tensors])
    gradients = dict(zip(variables, (g.numpy() for g in found), strict=False))
    return [y.numpy() for y in outputs], gradients, [g.numpy() for g in found[len(variables) :]]


def carry(moves: Sequence[Any], values: Mapping[str, Array]) -> dict[str, Array]:
    from translator.weights.move import forward

    made: dict[str, Array] = {}
    for move in moves:
        if move.sources:
            made.update(zip(move.targets, forward(move, [values[p] for p in move.sources]), strict=True))
    return made


def check_gradients(moves: Sequence[Any], source: Mapping[str, Array], target: Mapping[str, Array]) -> None:
    from translator.weights.move import pullback

    for move in moves:
        there = [target.get(path) for path in move.targets]
        if not move.sources or there[0] is None:
            continue
        whole = [t if t is not None else np.zeros_like(there[0]) for t in there]
        for path, gradient in zip(move.sources, pullback(move, whole), strict=True):
            if path in source:
                scale = max(1.0, float(np.abs(source[path]).max()))
                assert np.abs(source[path] - gradient).max() <= GATE * scale, path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_layers": 3, "bidirectional": True, "batch_first": True},
        {"num_layers": 2, "bias": False, "dropout": 0.5},
        {"bidirectional": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("with_states", [False, True])
def test_stacked_layers_do_what_those_of_pytorch_do(kind: str, settings: dict[str, Any], with_states: bool) -> None:
    import torch

    from mappings.helpers.keras import recurrent

    rng = np.random.default_rng(0)
    first = getattr(torch.nn, kind)(**SIZES, **settings).eval()
    second = getattr(recurrent, f"Stacked{kind}")(**SIZES, **settings)
    layers = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)
    shape = (2, 5, 3) if settings.get("batch_first") else (5, 2, 3)
    states = ([(layers, 2, 4)] * (2 if kind == "LSTM" else 1)) if with_states else []
    arrays = given(rng, shape, *states)

    def call(layer: Any, tensors: list[Any]) -> Any:
        x, *states = tensors
        return layer(x, tuple(states) if len(states) > 1 else states[0]) if states else layer(x)

    second(np.zeros(shape))
    moves = moved(first, second, "torch")
    values = {name: rng.standard_normal(tuple(p.shape)) for name, p in first.named_parameters()}
    first.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    fill_keras(second, carry(moves, values))
    outputs, gradients, inputs = run_torch(first, arrays, call)
    others, found, found_inputs = run_keras(second, arrays, call)
    assert len(outputs) == len(others)
    for one, other in zip([*outputs, *inputs], [*others, *found_inputs], strict=True):
        assert_close(other, one)
    check_gradients(moves, gradients, found)


def fill_keras(layer: Any, values: Mapping[str, Array]) -> None:
    from translator.weights.describe_keras import describe_keras

    for path, variable in describe_keras(layer)[1].items():
        variable.assign(values[path])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("form", ["forward", "backwards", "with_states", "lazy", "sum", "mul", "ave", "concat"])
def test_one_layer_does_what_that_of_keras_does(kind: str, sequences: bool, state: bool, form: str) -> None:
    import keras
    import torch

    from mappings.helpers.torch import recurrent

    settings = {"return_sequences": sequences, "return_state": state}
    name = "SimpleRNN" if kind == "RNN" else kind
    layer = getattr(keras.layers, name)(4, **settings, go_backwards=form == "backwards")
    if form in ("sum", "mul", "ave", "concat"):
        layer = keras.layers.Bidirectional(layer, merge_mode=form)
        module = getattr(recurrent, f"Bidirectional{kind}")(3, 4, **settings, merge_mode=form)
    elif form == "lazy":
        module = getattr(recurrent, f"LazySequence{kind}")(4, **settings)
    else:
        module = getattr(recurrent, f"Sequence{kind}")(3, 4, **settings, go_backwards=form == "backwards")
    rng = np.random.default_rng(0)
    states = [(2, 4)] * (2 if kind == "LSTM" else 1) if form == "with_states" else []
    arrays = given(rng, (2, 5, 3), *states)
    layer(arrays[0])
    module(torch.tensor(arrays[0]))
    compare_with_keras(layer, module, arrays, rng)


def compare_with_keras(layer: Any, module: Any, arrays: Sequence[Array], rng: np.random.Generator) -> None:
    import torch

    from translator.weights.describe_keras import describe_keras

    def call(one: Any, tensors: list[Any]) -> Any:
        x, *states = tensors
        return one(x, initial_state=states) if states else one(x)

    moves = moved(layer, module, "keras")
    values = {path: rng.standard_normal(tuple(v.shape)) for path, v in describe_keras(layer)[1].items()}
    fill_keras(layer, values)
    module.load_state_dict({name: torch.tensor(value) for name, value in carry(moves, values).items()})
    outputs, gradients, inputs = run_keras(layer, arrays, call)
    others, found, found_inputs = run_torch(module, arrays, call)
    assert len(outputs) == len(others)
    for one, other in zip([*outputs, *inputs], [*others, *found_inputs], strict=True):
        assert_close(other, one)
    check_gradients(moves, gradients, found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("listed", [False, True])
def test_a_cell_takes_and_gives_what_that_of_keras_does(kind: str, listed: bool) -> None:
    import keras
    import torch

    from mappings.helpers.torch import recurrent

    if kind == "LSTM" and not listed:
        return
    rng = np.random.default_rng(0)
    cell = getattr(keras.layers, f"{'SimpleRNN' if kind == 'RNN' else kind}Cell")(4)
    module = getattr(recurrent, f"Output{kind}Cell")(3, 4)
    x, h, c = given(rng, (2, 3), (2, 4), (2, 4))
    states = [h, c] if kind == "LSTM" else [h]
    expected = cell(x, states if listed else h)
    values = {w.name: rng.standard_normal(tuple(w.shape)) for w in cell.weights}
    fill_keras(cell, values)
    expected = cell(x, states if listed else h)
    module.load_state_dict({n: torch.tensor(v) for n, v in carry(moved(cell, module, "keras"), values).items()})
    given_states = [torch.tensor(s) for s in states]
    actual = module(torch.tensor(x), given_states if listed else given_states[0])
    assert isinstance(actual[1], list) == listed
    for one, other in zip(leaves(expected), leaves(actual), strict=True):
        assert_close(other.detach().numpy(), np.asarray(one))
