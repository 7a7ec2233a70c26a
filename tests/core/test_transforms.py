"""Every value transform is invertible wherever it applies, on literals and on code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.catalog.transforms import NOT_APPLICABLE, TRANSFORMS, backward, forward
from translator.catalog.unify import same_value

NO_PARAMS: Mapping[str, object] = {}
SMALL = st.integers(-3, 9)
# Six decimals are more than anybody writes for a momentum; binary floats in between are not what a source file holds.
DECIMALS = st.integers(0, 10**6).map(lambda number: number / 10**6)
REDUCTION = {"mean": "sum_over_batch_size", "sum": "sum", "none": None}
FLAGS = {"same": 1, "valid": True}
SWAPPED = st.sampled_from([None, -1, 0, 1, True, "same", (1, 1)])
PAIRS = st.tuples(SMALL, SMALL)
NOT_POSITIVE = st.integers(-9, 0)
NOT_NEGATIVE = st.integers(0, 9)
AXES = st.permutations([1, 2, 3]).map(tuple)


Case: TypeAlias = tuple[st.SearchStrategy[Any], st.SearchStrategy[Any], list[Mapping[str, object]]]


def cases(name: str) -> Case:
    """What a transform takes, what it gives, and parameters for it."""
    table: dict[str, Case] = {
        "one_minus": (DECIMALS | SMALL, DECIMALS | SMALL, [NO_PARAMS]),
        "swap": (SWAPPED, SWAPPED, [{"0": None, "1": -1}, {"0": 0, "1": 1}, {"0": 1, "1": True}]),
        "choice": (st.sampled_from(["mean", "sum", "none"]), st.sampled_from(list(REDUCTION.values())), [REDUCTION]),
        "not_": (st.booleans(), st.booleans(), [NO_PARAMS]),
        "layer_axes": (AXES.map(lambda axes: (0, *axes)), AXES, [NO_PARAMS]),
        "pair": (SMALL | PAIRS, PAIRS, [NO_PARAMS]),
        "zero_pad": (SMALL | st.tuples(SMALL, SMALL, SMALL, SMALL), SMALL | st.tuples(PAIRS, PAIRS), [NO_PARAMS]),
        "crop": (
            NOT_POSITIVE | st.tuples(NOT_POSITIVE, NOT_POSITIVE, NOT_POSITIVE, NOT_POSITIVE),
            NOT_NEGATIVE | st.tuples(NOT_NEGATIVE, NOT_NEGATIVE),
            [NO_PARAMS],
        ),
        "single": (SMALL | st.tuples(SMALL), SMALL, [NO_PARAMS]),
    }
    return table[name]


WRITTEN = {
    "times": ((3, 4), NO_PARAMS, 12),
    "half_difference": (((4, 5), 2), NO_PARAMS, (1, 1)),
    "flat_spatial_pads": ((1, 2), {"0": 2}, (2, 2, 1, 1)),
    "cropping": (((1, 2), (0, 1)), {"0": 2}, ((1, 1), (2, 1))),
    "tail_axes": ((8, 8), NO_PARAMS, [-2, -1]),
    "cuts": ((2, 3, 4), NO_PARAMS, [2, 5]),
    "as_float": (2, NO_PARAMS, 2.0),
    "dtype_of": ("x", NO_PARAMS, NOT_APPLICABLE),
}
"""Those that only compute what is written, with an example; a value that was computed so is never read back."""
INVERTIBLE = [name for name in TRANSFORMS if name not in WRITTEN]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_only_written_is_never_read_back(name: str) -> None:
    value, params, there = WRITTEN[name]
    assert same_value(forward(name, value, params), there)
    assert backward(name, there, params) is NOT_APPLICABLE


@pytest.mark.parametrize("name", INVERTIBLE)
@given(data=st.data())
def test_back_after_there_is_the_value(name: str, data: st.DataObject) -> None:
    takes, _, params = cases(name)
    value, given_params = data.draw(takes), data.draw(st.sampled_from(params))
    there = forward(name, value, given_params)
    assert there is not NOT_APPLICABLE
    assert same_value(backward(name, there, given_params), value)


@pytest.mark.parametrize("name", INVERTIBLE)
@given(data=st.data())
def test_there_after_back_is_the_value(name: str, data: st.DataObject) -> None:
    _, gives, params = cases(name)
    value, given_params = data.draw(gives), data.draw(st.sampled_from(params))
    back = backward(name, value, given_params)
    assert back is not NOT_APPLICABLE
    assert same_value(forward(name, back, given_params), value)


@pytest.mark.parametrize("name", ["one_minus", "not_", "pair", "zero_pad", "layer_axes", "choice"])
@pytest.mark.parametrize("value", [None, "word", 1.5j, (1, 2, 3)])
def test_what_a_transform_cannot_take_does_not_match(name: str, value: object) -> None:
    there = forward(name, value, REDUCTION)
    assert there is NOT_APPLICABLE or same_value(backward(name, there, REDUCTION), value)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("value", [True, False])
def test_booleans_are_no_numbers(name: str, value: bool) -> None:
    """``backward`` reads a call; what it accepts must have an image that comes back."""
    back = backward(name, value, {"0": 0, "1": 1})
    assert back is NOT_APPLICABLE or same_value(forward(name, back, {"0": 0, "1": 1}), value)


@given(DECIMALS)
def test_one_minus_reads_as_people_write_it(value: float) -> None:
    result = forward("one_minus", value, {})
    assert isinstance(result, float)
    assert len(repr(result)) <= len("0.000001") or "e" in repr(result)


@pytest.mark.parametrize("value", [None, "0.1", True, (0.1,)])
def test_one_minus_does_not_apply_to_what_is_no_number(value: object) -> None:
    assert forward("one_minus", value, {}) is NOT_APPLICABLE


@pytest.mark.parametrize(("name", "value"), [("one_minus", 0.25), ("one_minus", 3), ("not_", True), ("zero_pad", 3)])
def test_the_template_for_code_computes_what_literals_do(name: str, value: object) -> None:
    there = forward(name, value, {})
    assert eval(TRANSFORMS[name].code.format("v"), {"v": value}) == there  # noqa: S307  # a template of the program
