"""Weights of Lazy modules that are filled once they have a size."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mappings.helpers.torch.lazy import fill_lazily  # noqa: E402  # imports torch

pytestmark = pytest.mark.frameworks


def test_a_known_weight_is_filled_at_once() -> None:
    layer = torch.nn.Linear(3, 2)
    fill_lazily(layer, "bias", torch.nn.init.constant_, 0.25)
    assert layer.bias.tolist() == [0.25, 0.25]


def test_an_unknown_weight_is_filled_at_the_first_call() -> None:
    layer = torch.nn.LazyLinear(2)
    fill_lazily(layer, "weight", torch.nn.init.constant_, 0.5)
    fill_lazily(layer, "bias", torch.nn.init.constant_, 0.25)
    assert layer(torch.ones(1, 4)).tolist() == [[2.25, 2.25]]


def test_later_calls_leave_the_weight_alone() -> None:
    layer = torch.nn.LazyLinear(2)
    fill_lazily(layer, "weight", torch.nn.init.zeros_)
    layer(torch.ones(1, 4))
    with torch.no_grad():
        layer.weight.fill_(1.0)
    layer(torch.ones(1, 4))
    assert layer.weight.tolist() == [[1.0] * 4] * 2


def test_loaded_weights_are_not_drawn_anew() -> None:
    layer = torch.nn.LazyLinear(2)
    fill_lazily(layer, "weight", torch.nn.init.zeros_)
    layer.load_state_dict({"weight": torch.ones(2, 3), "bias": torch.ones(2)})
    assert layer(torch.ones(1, 3)).tolist() == [[4.0, 4.0]]
