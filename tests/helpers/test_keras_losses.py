"""PyTorch's losses written for Keras: arguments that no mapping law draws, such as class weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.helpers.compare import assert_close

pytestmark = pytest.mark.frameworks

Array = Any
REDUCTIONS = ("mean", "sum", "none")
WEIGHTS = np.array([0.5, 2.0, 1.5])
LABELS = np.array([0, 2, 1, -1, 2])


def logits() -> Array:
    return np.random.default_rng(0).standard_normal((5, 3))


def probabilities(*shape: int) -> Array:
    return np.random.default_rng(1).uniform(0.05, 0.95, shape)


def check(name: str, inputs: Mapping[str, Array], others: Mapping[str, Array], **settings: Any) -> None:
    """Both functions give the same loss and the same gradients of ``inputs``; ``others`` need none."""
    import tensorflow as tf
    import torch

    from mappings.helpers.keras import losses

    there = {key: torch.tensor(value, requires_grad=True) for key, value in inputs.items()}
    fixed = {key: torch.tensor(value) for key, value in others.items()}
    function: Callable[..., Any] = getattr(torch.nn.functional, name)
    expected = function(**there, **fixed, **settings)
    expected.sum().backward()

    here = {key: tf.constant(value) for key, value in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(list(here.values()))
        given = here | {key: tf.constant(value) for key, value in others.items()} | settings
        actual = getattr(losses, name)(**{"x" if key == "input" else key: value for key, value in given.items()})
        total = tf.reduce_sum(actual)
    assert_close(actual.numpy(), expected.detach().numpy())
    for key, gradient in zip(here, tape.gradient(total, list(here.values())), strict=True):
        assert_close(np.asarray(gradient), there[key].grad.numpy())


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_classes_have_weights_and_some_are_ignored(name: str, reduction: str, smoothing: float) -> None:
    settings = {"label_smoothing": smoothing} if name == "cross_entropy" else {}
    others = {"target": LABELS, "weight": WEIGHTS}
    check(name, {"input": logits()}, others, ignore_index=-1, reduction=reduction, **settings)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_images_have_their_classes_on_axis_1(reduction: str) -> None:
    scores = np.random.default_rng(2).standard_normal((2, 3, 2, 2))
    target = np.array([[[0, 1], [2, 1]], [[1, 1], [0, 2]]])
    check("cross_entropy", {"input": scores}, {"target": target, "weight": WEIGHTS}, reduction=reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_targets_may_be_probabilities(reduction: str, smoothing: float) -> None:
    inputs = {"input": logits(), "target": probabilities(5, 3)}
    check("cross_entropy", inputs, {"weight": WEIGHTS}, label_smoothing=smoothing, reduction=reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_losses_have_weights(reduction: str) -> None:
    others = {"weight": WEIGHTS}
    check(
        "binary_cross_entropy",
        {"input": probabilities(5, 3), "target": probabilities(5, 3)[::-1].copy()},
        others,
        reduction=reduction,
    )
    inputs = {"input": logits(), "target": probabilities(5, 3)}
    pos_weight = {"pos_weight": WEIGHTS[::-1].copy()}
    check("binary_cross_entropy_with_logits", inputs, others | pos_weight, reduction=reduction)


def test_certain_probabilities_give_finite_losses_and_gradients() -> None:
    check("binary_cross_entropy", {"input": np.array([0.0, 1.0, 0.0, 1.0])}, {"target": np.array([0.0, 1.0, 1.0, 0.0])})


@pytest.mark.parametrize("p", [1, 2])
def test_multi_margin_loss_has_weights(p: int) -> None:
    labels = np.array([0, 2, 1, 1, 2])
    check("multi_margin_loss", {"input": logits()}, {"target": labels, "weight": WEIGHTS}, p=p, margin=0.7)


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_div_divides_by_the_batch(log_target: bool) -> None:
    target = probabilities(5, 3)
    target = np.log(target) if log_target else target
    inputs = {"input": np.log(probabilities(5, 3)), "target": target}
    check("kl_div", inputs, {}, reduction="batchmean", log_target=log_target)


def test_a_variance_for_each_sample_is_enough() -> None:
    inputs = {"input": logits(), "target": probabilities(5, 3), "var": probabilities(5)}
    check("gaussian_nll_loss", inputs, {}, full=True, eps=0.3)


def test_the_negative_example_may_be_swapped() -> None:
    drawn = np.random.default_rng(3)
    inputs = {name: drawn.standard_normal((4, 3)) for name in ("anchor", "positive", "negative")}
    for p in (1.0, 2.0, 3.0, float("inf")):
        check("triplet_margin_loss", inputs, {}, p=p, swap=True)


def test_equal_vectors_have_no_gradient() -> None:
    same = np.ones((2, 3))
    check("triplet_margin_loss", {"anchor": same, "positive": same - 0.0, "negative": same * 2}, {}, eps=0.0)


@pytest.mark.parametrize("target", [1, -1])
def test_targets_are_signs(target: int) -> None:
    signs = np.array([target, -target, target, target, -target])
    pair = {"input1": logits()[:, 0], "input2": logits()[:, 1]}
    check("margin_ranking_loss", pair, {"target": signs}, margin=0.3)
    check("hinge_embedding_loss", {"input": logits()}, {"target": np.stack([signs] * 3, 1)}, margin=0.4)
    check("soft_margin_loss", {"input": logits()}, {"target": np.stack([signs] * 3, 1)})
    both = {"input1": logits(), "input2": logits()[::-1].copy()}
    check("cosine_embedding_loss", both, {"target": signs}, margin=0.1)
