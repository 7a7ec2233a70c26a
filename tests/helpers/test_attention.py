"""The attention helpers of both sides against what they stand for: outputs, weights and gradients, with all masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from tests.helpers.test_recurrent import (
    carry,
    check_gradients,
    fill_keras,
    moved,
    run_keras,
    run_torch,
)

pytestmark = pytest.mark.frameworks

Array = Any
OUTPUT_GATE = 1e-11
GRADIENT_GATE = 1e-9
# Keras' own layer takes its scale through float32 unless it is a power of two; this one is.
KERAS_KEY_DIM = 4


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    from tests.laws.sides import float64

    with float64():
        yield


def close(actual: Array, expected: Array, gate: float) -> None:
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= gate * max(1.0, float(np.abs(expected).max()))


def torch_masks(masks: Mapping[str, object]) -> dict[str, Any]:
    import torch

    return {name: torch.tensor(mask) if isinstance(mask, np.ndarray) else mask for name, mask in masks.items()}


def keras_masks(masks: Mapping[str, object]) -> dict[str, Any]:
    import tensorflow as tf

    return {name: tf.constant(mask) if isinstance(mask, np.ndarray) else mask for name, mask in masks.items()}


def allowed(rng: np.random.Generator, *shape: int) -> Array:
    """A random boolean mask that is true at least once in every row."""
    mask = rng.random(shape) < 0.5
    mask[..., 0] = True
    return mask


def compare(torch_call: Any, keras_call: Any, arrays: list[Array], first: Any, second: Any) -> None:
    """Same outputs and input gradients, and weights' gradients where ``moved`` pairs the layers."""
    rng = np.random.default_rng(1)
    moves = moved(first, second, "torch")
    values = {name: rng.standard_normal(tuple(p.shape)) for name, p in first.named_parameters()}
    import torch

    first.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    fill_keras(second, carry(moves, values))
    outputs, gradients, inputs = run_torch(first, arrays, torch_call)
    others, found, found_inputs = run_keras(second, arrays, keras_call)
    assert len(outputs) == len(others)
    for one, other in zip(outputs, others, strict=True):
        close(other, one, OUTPUT_GATE)
    for one, other in zip(inputs, found_inputs, strict=True):
        close(other, one, GRADIENT_GATE)
    check_gradients(moves, gradients, found)


FUNCTION_CASES = ("plain", "boolean", "all_masked", "additive", "infinite", "causal", "scale")


@pytest.mark.parametrize("case", FUNCTION_CASES)
def test_scaled_dot_product_attention_is_that_of_pytorch(case: str) -> None:
    import keras
    import torch
    import torch.nn.functional as F  # its usual name

    from mappings.helpers.keras.attention import scaled_dot_product_attention

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((2, 3, 4, 6), (2, 3, 5, 6), (2, 3, 5, 7))]
    masked = allowed(rng, 2, 1, 4, 5)
    infinite = np.where(allowed(rng, 4, 5), 0.5, -np.inf)
    hidden = masked.copy()
    hidden[0, 0, 1] = False
    infinite[2] = -np.inf
    masks: dict[str, object] = {
        "plain": {},
        "boolean": {"attn_mask": masked},
        "all_masked": {"attn_mask": hidden},
        "additive": {"attn_mask": rng.standard_normal((4, 5))},
        "infinite": {"attn_mask": infinite},
        "causal": {"is_causal": True},
        "scale": {"scale": 0.3},
    }
    given = masks[case]
    assert isinstance(given, dict)
    compare(
        lambda _, tensors: F.scaled_dot_product_attention(*tensors, **torch_masks(given)),
        lambda _, tensors: scaled_dot_product_attention(*tensors, **keras_masks(given)),
        arrays,
        torch.nn.Identity(),
        keras.layers.Identity(),
    )


LAYER_CASES: tuple[dict[str, object], ...] = (
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"attn_mask": "forbidden"},
    {"attn_mask": "forbidden", "need_weights": False},
    {"attn_mask": "additive"},
    {"attn_mask": "by_head"},
    {"key_padding_mask": "padding"},
    {"key_padding_mask": "padding", "attn_mask": "forbidden", "need_weights": False},
    {"attn_mask": "causal", "is_causal": True, "need_weights": False},
)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("case", LAYER_CASES, ids=str)
def test_multihead_attention_is_that_of_pytorch(case: dict[str, object], bias: bool, batch_first: bool) -> None:
    import torch

    from mappings.helpers.keras.attention import MultiheadAttention

    rng = np.random.default_rng(0)
    masks = {
        "forbidden": ~allowed(rng, 4, 5),
        "additive": rng.standard_normal((4, 5)),
        "by_head": ~allowed(rng, 6, 4, 5),
        "padding": ~allowed(rng, 2, 5),
        "causal": ~np.tril(np.ones((4, 5), bool)),
    }
    given = {name: masks.get(str(value), value) for name, value in case.items()}
    settings = {"dropout": 0.3, "bias": bias, "batch_first": batch_first}
    first, second = torch.nn.MultiheadAttention(6, 3, **settings).eval(), MultiheadAttention(6, 3, **settings)
    shapes = [(2, 4, 6), (2, 5, 6), (2, 5, 6)] if batch_first else [(4, 2, 6), (5, 2, 6), (5, 2, 6)]
    arrays = [rng.standard_normal(shape) for shape in shapes]
    second(*arrays)

    def call(layer: Any, tensors: list[Any], masks: Mapping[str, Any]) -> Any:
        results = layer(*tensors, **masks)
        assert isinstance(results, tuple)
        assert (results[1] is None) == (case.get("need_weights") is False)
        return [result for result in results if result is not None]

    compare(
        lambda layer, tensors: call(layer, tensors, torch_masks(given)),
        lambda layer, tensors: call(layer, tensors, keras_masks(given)),
        arrays,
        first,
        second,
    )


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("bias", [False, True])
def test_transformer_stacks_are_those_of_pytorch(
    norm_first: bool, batch_first: bool, activation: str, bias: bool
) -> None:
    import keras
    import torch

    from mappings.helpers.keras import attention

    rng = np.random.default_rng(0)
    settings = {"activation": activation, "norm_first": norm_first, "batch_first": batch_first, "bias": bias}
    ours, theirs = attention, torch.nn
    norms = keras.layers.LayerNormalization(epsilon=1e-5), torch.nn.LayerNorm(6)
    encoders = [
        ours.TransformerEncoder(ours.TransformerEncoderLayer(6, 2, 7, **settings), 2, norms[0]),
        theirs.TransformerEncoder(theirs.TransformerEncoderLayer(6, 2, 7, **settings), 2, norms[1], False),
    ]
    decoders = [
        side.TransformerDecoder(side.TransformerDecoderLayer(6, 2, 7, **settings), 2) for side in (ours, theirs)
    ]

    def ordered(*shape: int) -> tuple[int, ...]:
        return shape if batch_first else (shape[1], shape[0], *shape[2:])

    src, tgt = rng.standard_normal(ordered(3, 5, 6)), rng.standard_normal(ordered(3, 4, 6))
    masks = {"mask": ~allowed(rng, 5, 5), "src_key_padding_mask": ~allowed(rng, 3, 5)}
    encoders[0](src)
    compare(
        lambda layer, tensors: layer(*tensors, **torch_masks(masks)),
        lambda layer, tensors: layer(*tensors, **keras_masks(masks)),
        [src],
        encoders[1].eval(),
        encoders[0],
    )
    masks = {"tgt_mask": ~allowed(rng, 4, 4), "memory_key_padding_mask": ~allowed(rng, 3, 5)}
    decoders[0](tgt, src)
    compare(
        lambda layer, tensors: layer(*tensors, **torch_masks(masks)),
        lambda layer, tensors: layer(*tensors, **keras_masks(masks)),
        [tgt, src],
        decoders[1].eval(),
        decoders[0],
    )


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("case", ["plain", "mask", "mask_by_head", "causal", "causal_and_mask", "all_masked"])
def test_multi_head_attention_is_that_of_keras(case: str, scores: bool, bias: bool, dropout: float, lazy: bool) -> None:
    import keras
    import torch

    from mappings.helpers.torch import attention

    rng = np.random.default_rng(0)
    mask = allowed(rng, 2, 3, 5)
    hidden = mask.copy()
    hidden[1, 2] = False
    masks: dict[str, dict[str, object]] = {
        "plain": {},
        "mask": {"attention_mask": mask},
        "mask_by_head": {"attention_mask": allowed(rng, 2, 2, 3, 5)},
        "causal": {"use_causal_mask": True},
        "causal_and_mask": {"use_causal_mask": True, "attention_mask": mask},
        "all_masked": {"attention_mask": hidden},
    }
    given = {**masks[case], "return_attention_scores": scores}
    settings = {"key_dim": KERAS_KEY_DIM, "value_dim": 3, "dropout": dropout, "use_bias": bias}
    layer = keras.layers.MultiHeadAttention(2, **settings)
    form = attention.LazyMultiHeadAttention if lazy else attention.MultiHeadAttention
    module = form(2, **settings) if lazy else form(6, 2, **settings)
    arrays = [rng.standard_normal(shape) for shape in ((2, 3, 6), (2, 5, 7), (2, 5, 8))]
    layer(*arrays)
    module(*[torch.tensor(array) for array in arrays])
    compare(
        lambda one, tensors: one(*tensors, **torch_masks(given)),
        lambda one, tensors: one(*tensors, **keras_masks(given)),
        arrays,
        module.eval(),
        layer,
    )


def test_stacks_run_in_graph_mode() -> None:
    import keras

    from mappings.helpers.keras.attention import TransformerEncoder, TransformerEncoderLayer

    inputs = keras.Input((None, 6))
    layer = TransformerEncoder(TransformerEncoderLayer(6, 2, 8, batch_first=True), 2)
    model = keras.Model(inputs, layer(inputs))
    x = np.random.default_rng(0).standard_normal((3, 5, 6))
    close(np.asarray(model.predict(x, verbose=0)), np.asarray(model(x)), OUTPUT_GATE)
