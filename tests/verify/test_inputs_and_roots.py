"""What needs no framework: reading specs, guessing shapes, choosing roots, comparing arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.models import simple
from tests.weights.pairs import NOWHERE, translation
from translator.model import Framework, ModelInfo
from translator.verify.compare import FLOAT32, FLOAT64, compare_gradients, compare_values, loosened
from translator.verify.discover import Hints, candidates, variations
from translator.verify.inputs import InputSpec, draw, parse_input, spec_from_json, spec_to_json
from translator.verify.leaves import flatten
from translator.verify.roots import chosen_roots, own_roots, split_model
from translator.verify.shrink import shrunk

specs = st.builds(
    InputSpec,
    st.sampled_from(["", "x", "input_ids"]),
    st.sampled_from(["int32", "int64", "uint8"]),
    st.lists(st.integers(0, 5), max_size=4).map(tuple),
    st.none() | st.integers(1, 9),
)


@given(specs)
def test_a_spec_is_read_as_it_is_written(spec: InputSpec) -> None:
    assert parse_input(str(spec)) == spec
    assert spec_from_json(spec_to_json(spec)) == spec
    values = draw(spec, 0)
    assert values.shape == spec.shape
    assert values.dtype == np.dtype(spec.dtype)
    assert values.size == 0 or values.max() < (spec.high or 2)


def test_spaces_in_a_spec_do_not_matter() -> None:
    assert parse_input(" x = float32 [2, 3] ") == InputSpec("x", "float32", (2, 3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x=float32", "expected a form such as"),
        ("x=float33[2]", "unknown dtype 'float33'"),
        ("x=float32[2]<3", "'<' bounds integers"),
        ("x=int64[2]<0", "by at least 1"),
        ("x=int64[2,-1]", "expected a form such as"),
        ("", "expected a form such as"),
    ],
)
def test_a_malformed_spec_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_input(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Net(a=1)", ("Net(a=1)", "")),
        ("Net(a=1)=Other(b=[2])", ("Net(a=1)", "Other(b=[2])")),
        ("Net(a == 1) = Net(1)", ("Net(a == 1)", "Net(1)")),
        ("net", ("net", "")),
        ("Net('=')=Net('=')", ("Net('=')", "Net('=')")),
    ],
)
def test_a_model_is_split_at_the_equals_sign_outside_brackets(text: str, parts: tuple[str, str]) -> None:
    assert split_model(text) == parts


@pytest.mark.parametrize("text", ["", "Net(", "import os", "Net(1)=Net("])
def test_a_model_that_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--model"):
        split_model(text)


def info(name: str, **fields: Any) -> ModelInfo:
    return ModelInfo(name, fields.pop("target", name), fields.pop("kind", "class"), NOWHERE, **fields)


def test_the_target_expression_uses_the_names_of_the_translation() -> None:
    models = {"net": info("net", target="net_"), "Net": info("Net", target="NetModule", construct="Net(3)")}
    t = translation("", "", models)
    [root] = own_roots(t)
    assert (root.expression, root.target) == ("Net(3)", "NetModule(3)")
    [root] = chosen_roots(["net.eval()"], t)
    assert (root.name, root.target, root.info) == ("net", "net_.eval()", models["net"])
    [root] = chosen_roots(["Net(1)=make(1)"], t)
    assert root.target == "make(1)"


def test_variables_of_the_script_block_are_no_roots() -> None:
    source = "model = Net()\nif __name__ == '__main__':\n    net = Net()\n    model = Net()\n"
    models = {name: info(name, kind="variable", construct=name) for name in ("model", "net")}
    assert [root.name for root in own_roots(translation(source, "", models))] == ["model"]


def test_a_class_that_others_use_is_no_root() -> None:
    models = {"Block": info("Block", construct="Block()", root=False), "Net": info("Net")}
    assert own_roots(translation("", "", models)) == []


def hints(framework: Framework, *layers: Mapping[str, Any], names: tuple[str, ...] = ("x",)) -> Hints:
    return Hints(framework, tuple((name, True) for name in names), False, layers)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (hints("torch", {"type": "Conv2d", "in_channels": 5}), "x=float32[2,5,32,32]"),
        (hints("keras", {"type": "Conv2D"}), "x=float32[2,32,32,3]"),
        (hints("torch", {"type": "Conv1d", "in_channels": 5}), "x=float32[2,5,32]"),
        (hints("torch", {"type": "Linear", "in_features": 7}), "x=float32[2,7]"),
        (hints("torch", {"type": "Embedding", "num_embeddings": 30}), "x=int64[2,12]<30"),
        (hints("torch", {"type": "LSTM", "input_size": 6}), "x=float32[2,12,6]"),
        (hints("torch", {"type": "ReLU"}, {"type": "Linear", "in_features": 7}), "x=float32[2,7]"),
        (hints("keras", {"type": "Input", "shape": [None, 4], "dtype": "float32"}), "x=float32[2,32,4]"),
        (hints("keras", {"type": "Input", "shape": [9], "dtype": "int32"}), "x=int32[2,9]<2"),
    ],
)
def test_the_first_layers_tell_the_input(found: Hints, expected: str) -> None:
    assert " ".join(map(str, candidates(found, info("Net"))[0])) == expected


def test_an_image_may_be_what_a_linear_layer_flattens() -> None:
    found = candidates(hints("torch", {"type": "Linear", "in_features": 784}), info("Net", ranks={"x": 4}))
    assert str(found[0][0]) == "x=float32[2,1,28,28]"


def test_each_argument_takes_its_inferred_rank() -> None:
    found = candidates(
        hints("torch", {"type": "Conv2d", "in_channels": 3}, names=("x", "t")), info("Net", ranks={"x": 4, "t": 2})
    )
    assert " ".join(map(str, found[0])) == "x=float32[2,3,32,32] t=float32[2,3]"


def test_sizes_vary_without_touching_channels() -> None:
    first = (InputSpec("x", "float32", (2, 3, 32, 32)),)
    assert [spec.shape for [spec] in variations(first, "torch")[:2]] == [(3, 3, 33, 35), (3, 3, 33, 33)]
    first = (InputSpec("x", "float32", (2, 32, 32, 3)),)
    assert variations(first, "keras")[0][0].shape == (3, 33, 35, 3)
    assert [spec.shape for [spec] in variations(first, "keras", spatial=False)] == [(3, 32, 32, 3)]


def test_the_length_of_a_signal_varies_on_the_axis_that_the_model_leaves_free() -> None:
    shapes = [spec.shape for [spec] in variations((InputSpec("x", "float32", (2, 5, 32)),), "torch")]
    assert (3, 6, 32) in shapes
    assert (3, 5, 33) in shapes
    assert (2, 5, 32) not in shapes


def test_a_failing_shape_is_shrunk_while_it_fails() -> None:
    first = (InputSpec("x", "float32", (4, 3, 32, 32)), InputSpec("y", "float32", (4, 7)))
    found = shrunk(first, lambda s: s[0].shape[1] == 3 and s[0].shape[2] >= 5)
    assert [spec.shape for spec in found] == [(1, 3, 5, 5), (1, 1)]
    assert shrunk(first, lambda s: s == first) == first


class Point(NamedTuple):
    x: int
    y: int


def test_outputs_flatten_to_leaf_paths() -> None:
    assert flatten(1) == {"": 1}
    assert flatten((1, [2, None])) == {"0": 1, "1.0": 2}
    assert flatten({"b": 1, "a": (2,)}) == {"a.0": 2, "b": 1}
    assert flatten(Point(1, 2)) == {"x": 1, "y": 2}


def array(*values: float) -> Any:
    return np.array(values, dtype=np.float64)


def test_outputs_are_gated_by_their_largest_value() -> None:
    passing = compare_values("outputs", {"": array(0, 1000)}, {"": array(9e-9, 1000)}, FLOAT64, "eval")
    assert passing.passed
    assert passing.bound == pytest.approx(1e-8)
    assert not compare_values("outputs", {"": array(0, 1000)}, {"": array(2e-8, 1000)}, FLOAT64, "eval").passed
    assert not compare_values("outputs", {"": array(0, 0.1)}, {"": array(2e-6, 0.1)}, FLOAT32, "eval").passed


def test_the_worst_tensor_is_named() -> None:
    found = compare_values("outputs", {"a": array(1), "b": array(1)}, {"a": array(2), "b": array(4)}, FLOAT64, "eval")
    assert (found.where, found.error, found.passed) == ("b", 3, False)


@pytest.mark.parametrize(
    "actual",
    [{"a": array(1, 2)}, {}, {"a": array(1), "b": array(1)}, {"a": array(float("nan"))}, {"a": array(float("inf"))}],
)
def test_structure_and_finiteness_must_agree(actual: dict[str, Any]) -> None:
    found = compare_values("outputs", {"a": array(1)}, actual, FLOAT64, "eval")
    assert (found.error, found.passed) == (float("inf"), False)


def test_equal_infinities_and_nan_agree() -> None:
    values = {"a": array(float("inf"), float("nan"), -1)}
    assert compare_values("outputs", values, {"a": values["a"].copy()}, FLOAT64, "eval").passed


def test_complex_values_are_compared_in_both_parts() -> None:
    one, other = {"a": np.array([1 + 1j])}, {"a": np.array([1 + 1.5j])}
    assert compare_values("outputs", one, one, FLOAT64, "eval").passed
    assert compare_values("outputs", one, other, FLOAT64, "eval").error == pytest.approx(0.5)


def test_integers_must_be_equal() -> None:
    one, other = {"a": np.array([1, 2])}, {"a": np.array([1, 3])}
    assert compare_values("outputs", one, one, FLOAT64, "eval").passed
    assert not compare_values("outputs", one, other, FLOAT64, "eval").passed


def test_gradients_are_gated_by_their_own_size_and_a_share_of_the_largest() -> None:
    expected = {"big": array(1e3), "small": array(1e-6)}
    assert compare_gradients(expected, {"big": array(1e3), "small": array(1e-6 + 5e-13)}, FLOAT64, "eval").passed
    assert not compare_gradients(expected, {"big": array(1e3), "small": array(1e-6 + 5e-12)}, FLOAT64, "eval").passed


def test_noise_excuses_a_vanishing_gradient_but_no_real_one() -> None:
    expected = {"big": array(1.0), "zero": array(0.0)}
    actual = {"big": array(1.0), "zero": array(1e-14)}
    assert not compare_gradients(expected, actual, FLOAT64, "train").passed
    assert compare_gradients(expected, actual, FLOAT64, "train", noise={"zero": 2e-14}).passed
    wrong = {"big": array(1.0), "zero": array(1e-6)}
    assert not compare_gradients(expected, wrong, FLOAT64, "train", noise={"zero": 1e-3}).passed


def test_the_looser_gate_is_a_millionth() -> None:
    strict = compare_values("outputs", {"": array(1)}, {"": array(1 + 1e-8)}, FLOAT64, "eval")
    assert not strict.passed
    assert loosened(strict, FLOAT64).bound == pytest.approx(1e-6)
    assert loosened(strict, FLOAT64).passed
    wrong = compare_values("outputs", {"": array(1)}, {"": array(1.0001)}, FLOAT64, "eval")
    assert not loosened(wrong, FLOAT64).passed


def test_nothing_to_run_is_said_without_starting_anything() -> None:
    from translator.verify.api import verify

    report = verify("", "", translation=translation("", "", {}))
    assert (report.models, report.message) == ((), "there is no model to run in this file")
    report = verify("", "", translation=simple("", "", construct=None))
    assert report.message.endswith("pass --model 'Net(...)'")
    with pytest.raises(ValueError, match="--input"):
        verify("", "", translation=simple("", ""), inputs=["nonsense"])
