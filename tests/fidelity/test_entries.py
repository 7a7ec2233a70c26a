"""Exact forms in mapping files: what is read from them, and that mistakes name their line."""

from __future__ import annotations

import pytest

from translator.catalog.entry import ExactForm
from translator.catalog.load import load
from translator.catalog.pattern import Call
from translator.catalog.schema import read_entries
from translator.catalog.signatures import Signature, Signatures, read_lock
from translator.errors import CatalogError

ENTRY = """\
[linear]
torch   = "torch.nn.Linear(in_features, out_features, bias)"
keras   = "keras.layers.Dense(units=out_features, use_bias=bias)"
inputs  = { x = "float[n, in_features]" }
limit   = [{ affects = "initial", what = "weight", why = "because", fidelity_exact = { keras = "FORM" } }]
"""


@pytest.fixture(scope="module")
def lock() -> Signatures:
    found = read_lock()
    helpers = {
        "helpers.keras.OtherDense": Signature("class", ((),)),
        "helpers.keras.around": Signature("function", ((),)),
    }
    return Signatures({**found.table, **helpers}, found.same_as)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("helpers.keras.OtherDense", ExactForm("helpers.keras.OtherDense")),
        ("helpers.keras.around(SELF)", ExactForm("helpers.keras.around", around=True)),
    ],
)
def test_a_form_is_a_class_or_a_function_around_the_layer(text: str, form: ExactForm, lock: Signatures) -> None:
    (entry,) = read_entries(ENTRY.replace("FORM", text), "good.toml", lock)
    assert entry.limits[0].fidelity_exact == {"keras": form}


@pytest.mark.parametrize(
    "text",
    [
        "helpers.torch.OtherDense",
        "keras.layers.Dense",
        "helpers.keras.around(SELF, 1)",
        "helpers.keras.around()",
        "helpers.keras.Missing",
        "",
    ],
)
def test_any_other_form_is_an_error_of_the_catalog(text: str, lock: Signatures) -> None:
    with pytest.raises(CatalogError) as caught:
        read_entries(ENTRY.replace("FORM", text), "bad.toml", lock)
    assert (caught.value.path, caught.value.line) == ("bad.toml", 5)


def test_a_form_for_a_side_that_is_none_is_an_error(lock: Signatures) -> None:
    with pytest.raises(CatalogError, match="jax"):
        read_entries(ENTRY.replace('keras = "FORM"', 'jax = "helpers.jax.around(SELF)"'), "bad.toml", lock)


def test_a_helper_class_is_read_by_an_entry_without_the_limit() -> None:
    entry = load().entry("batch_norm_2d_exact_keras")
    base = load().entry("batch_norm_2d")
    assert entry.limits == ()
    assert entry.weights == base.weights
    (case,) = entry.cases
    assert isinstance(case.keras[0], Call)
    assert isinstance(base.cases[0].keras[0], Call)
    assert case.keras[0].args == base.cases[0].keras[0].args
    assert case.only == "to_torch"


def test_forms_of_both_sides_are_helpers_that_exist() -> None:
    forms = [form for e in load().entries for limit in e.limits for form in limit.fidelity_exact.values()]
    assert len(forms) > 20
    assert {form.api for form in forms} <= set(load().helpers)
