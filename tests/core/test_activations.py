"""Keras' activations by name, as ``activation=`` arguments give them."""

from __future__ import annotations

import pytest

from translator import translate
from translator.catalog.activations import named
from translator.catalog.load import load
from translator.catalog.predicates import PREDICATES, UNKNOWN

LAYER = "import keras\nlayer = keras.Sequential([keras.layers.Dense(3, activation={})])\n"


@pytest.mark.parametrize(
    "name", ["relu", "gelu", "silu", "swish", "elu", "selu", "leaky_relu", "softplus", "hard_sigmoid"]
)
def test_a_name_has_a_module_and_a_function(name: str) -> None:
    activation = load().activations[name]
    assert activation.module_pattern(-1).api.startswith(("torch.nn.", "helpers.torch."))
    assert activation.function.entry.name != activation.module.entry.name


def test_a_function_is_named_by_what_it_computes_without_arguments() -> None:
    catalog = load()
    assert named(catalog, "keras.activations.gelu") == "gelu"
    assert named(catalog, "keras.ops.gelu") is None, "its default is the approximation by tanh"
    assert named(catalog, catalog.canonical("tf.nn.leaky_relu")) == "leaky_relu"
    assert named(catalog, "keras.activations.linear") == "linear"


@pytest.mark.parametrize(
    ("activation", "module"),
    [("'gelu'", "nn.GELU()"), ("'leaky_relu'", "nn.LeakyReLU(0.2)"), ("keras.activations.silu", "nn.SiLU()")],
)
def test_an_activation_argument_becomes_a_module_of_its_own(activation: str, module: str) -> None:
    t = translate(LAYER.format(activation), to="torch")
    assert module in t.code.replace("negative_slope=", "")


def test_an_activation_that_is_not_known_is_declined() -> None:
    t = translate(LAYER.format("'sparsemax'"), to="torch")
    assert [d.code for d in t.diagnostics if d.severity == "error"] == ["T102"]


@pytest.mark.parametrize(
    ("predicate", "values", "verdict"),
    [
        ("ascending", (0, 1.5), True),
        ("ascending", (2, 1), False),
        ("ascending", (None, 1), False),
        ("ascending", (UNKNOWN, 1), None),
        ("not_below", (1.0, 1.0), True),
        ("not_below", (-1.0, 1.0), False),
        ("not_below", (-1.0, UNKNOWN), None),
        ("not_one_or_two", (2,), False),
        ("not_one_or_two", (3,), True),
        ("is_none", (None,), True),
        ("is_none", (UNKNOWN,), None),
    ],
)
def test_conditions_on_numbers_are_three_valued(
    predicate: str, values: tuple[object, ...], verdict: bool | None
) -> None:
    assert PREDICATES[predicate](*values) is verdict
