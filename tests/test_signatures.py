"""The signature locks: facts that mappings rely on, the form of every row, agreement with the installed libraries."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "mappings" / "signatures"
LIBRARIES = ("torch", "keras", "tensorflow")
KINDS = {"class", "function", "method", "property", "constant"}


@cache
def lock(library: str) -> Any:
    return json.loads((FOLDER / f"{library}.json").read_text(encoding="utf-8"))


def row(name: str) -> Any:
    library = {"tf": "tensorflow"}.get(name.partition(".")[0], name.partition(".")[0])
    return lock(library)["apis"][name]


def defaults(name: str, overload: int = 0) -> dict[str, str | None]:
    """Parameter name -> default text, None where required, in the order of the overload."""
    return {each[0]: each[1] if len(each) > 1 else None for each in row(name)["overloads"][overload]}


@pytest.mark.frameworks
@pytest.mark.timeout(300)
@pytest.mark.parametrize("library", LIBRARIES)
def test_committed_lock_is_what_the_installed_library_gives(library: str) -> None:
    command = [sys.executable, "-m", "mappings.signatures", "--check", "--library", library]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONHASHSEED": "7"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_reports_what_changed_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mappings.signatures.__main__ import report_difference

    path = tmp_path / "torch.json"
    path.write_text('"torch.relu": old\n"torch.same": row\n', encoding="utf-8")
    assert report_difference(path, '"torch.relu": new\n"torch.same": row\n')
    printed = capsys.readouterr().out
    assert '-"torch.relu": old' in printed
    assert '+"torch.relu": new' in printed
    assert "torch.same" not in printed
    assert not report_difference(path, path.read_text(encoding="utf-8"))


def test_check_counts_a_missing_file_as_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mappings.signatures.__main__ import report_difference

    assert report_difference(tmp_path / "keras.json", "{}\n")
    assert "+{}" in capsys.readouterr().out


@pytest.mark.parametrize("library", LIBRARIES)
def test_lock_names_its_version_and_the_minor_series_it_holds_for(library: str) -> None:
    head = lock(library)
    major, minor = (int(part) for part in head["version"].split(".")[:2])
    assert head["library"] == library
    assert "+" not in head["version"]
    assert head["holds_for"] == f">={major}.{minor},<{major}.{minor + 1}"
    assert head["generated_by"] == "python -m mappings.signatures"


@pytest.mark.parametrize("library", LIBRARIES)
def test_lock_has_one_sorted_api_per_line(library: str) -> None:
    lines = (FOLDER / f"{library}.json").read_text(encoding="utf-8").splitlines()
    names = [line.split('"')[1] for line in lines[lines.index('"apis": {') + 1 : -2]]
    assert names == sorted(lock(library)["apis"])


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_default_is_a_literal_or_marked_as_none(library: str) -> None:
    for name, each in lock(library)["apis"].items():
        for overload in each.get("overloads", []):
            for parameter in overload:
                if len(parameter) > 1 and parameter[1] is not None and not parameter[1].startswith("!"):
                    assert ast.literal_eval(parameter[1]) is not ..., (name, parameter)


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_default_depends_on_the_machine_or_the_run(library: str) -> None:
    text = (FOLDER / f"{library}.json").read_text(encoding="utf-8")
    assert " at 0x" not in text
    assert "site-packages" not in text
    assert ".py'" not in text


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_row_is_well_formed(library: str) -> None:
    for name, each in lock(library)["apis"].items():
        assert each["kind"] in KINDS, name
        assert set(each) <= {"kind", "overloads", "aliases", "same_as"}, name
        assert ("overloads" in each) == (each["kind"] in {"class", "function", "method"}), name
        for overload in each.get("overloads", []):
            assert_overload_is_well_formed(name, each["kind"], overload)


def assert_overload_is_well_formed(name: str, kind: str, overload: list[list[str | None]]) -> None:
    names = [parameter[0] for parameter in overload]
    assert len(set(names)) == len(names), name
    markers = [parameter[2] if len(parameter) == 3 else "" for parameter in overload]
    order = {"pos": 0, "": 1, "*": 2, "kw": 3, "**": 4}
    assert [order[str(marker)] for marker in markers] == sorted(order[str(marker)] for marker in markers), name
    assert markers.count("*") <= 1, name
    assert markers.count("**") <= 1, name
    assert all(isinstance(each, str) and each for each in names), name
    if kind == "method":
        assert names[0] == "self", name
    for parameter, marker in zip(overload, markers, strict=True):
        assert marker not in ("*", "**") or parameter[1] is None, name


@pytest.mark.parametrize("library", LIBRARIES)
def test_aliases_stand_for_parameters_and_never_hide_one(library: str) -> None:
    for name, each in lock(library)["apis"].items():
        parameters = {parameter[0] for overload in each.get("overloads", []) for parameter in overload}
        for alias, parameter in each.get("aliases", {}).items():
            assert parameter in parameters, name
            assert alias not in parameters, name


@pytest.mark.parametrize("library", LIBRARIES)
def test_secondary_names_point_at_a_primary_row_of_the_same_form(library: str) -> None:
    apis = lock(library)["apis"]
    secondary = {name: each for name, each in apis.items() if "same_as" in each}
    assert secondary
    for name, each in secondary.items():
        primary = apis[each["same_as"]]
        assert "same_as" not in primary, name
        assert primary.get("overloads") == each.get("overloads"), name


def test_conv2d_has_torch_defaults() -> None:
    assert defaults("torch.nn.Conv2d") == {
        "in_channels": None,
        "out_channels": None,
        "kernel_size": None,
        "stride": "1",
        "padding": "0",
        "dilation": "1",
        "groups": "1",
        "bias": "True",
        "padding_mode": "'zeros'",
        "device": "None",
        "dtype": "None",
    }


def test_batch_normalization_has_keras_defaults() -> None:
    found = defaults("keras.layers.BatchNormalization")
    assert (found["axis"], found["epsilon"], found["momentum"]) == ("-1", "0.001", "0.99")


def test_batch_norm_2d_has_torch_defaults() -> None:
    found = defaults("torch.nn.BatchNorm2d")
    assert (found["eps"], found["momentum"], found["track_running_stats"]) == ("1e-05", "0.1", "True")


def test_dense_requires_units_and_takes_other_keywords() -> None:
    assert defaults("keras.layers.Dense")["units"] is None
    assert row("keras.layers.Dense")["overloads"][0][-1] == ["kwargs", None, "**"]


def test_view_takes_a_dtype_a_size_or_any_number_of_sizes() -> None:
    assert row("torch.Tensor.view")["overloads"] == [
        [["self"], ["dtype"]],
        [["self"], ["size"]],
        [["self"], ["size", None, "*"]],
    ]


def test_flatten_starts_at_axis_0_as_a_function_and_at_axis_1_as_a_module() -> None:
    assert defaults("torch.flatten") == {"input": None, "start_dim": "0", "end_dim": "-1"}
    assert defaults("torch.nn.Flatten") == {"start_dim": "1", "end_dim": "-1"}


def test_dispatched_pooling_has_the_signature_of_its_default_branch() -> None:
    assert list(defaults("torch.nn.functional.max_pool2d").items()) == [
        ("input", None),
        ("kernel_size", None),
        ("stride", "None"),
        ("padding", "0"),
        ("dilation", "1"),
        ("ceil_mode", "False"),
        ("return_indices", "False"),
    ]


def test_modules_without_a_constructor_take_no_arguments() -> None:
    assert row("torch.nn.Tanh")["overloads"] == [[]]


def test_lstm_has_its_declared_parameters_rather_than_anything() -> None:
    assert list(defaults("torch.nn.LSTM"))[:3] == ["input_size", "hidden_size", "num_layers"]


def test_model_takes_functional_arguments_or_those_of_a_layer() -> None:
    first, second = row("keras.Model")["overloads"]
    assert first[:2] == [["inputs"], ["outputs"]]
    assert ["name", "None", "kw"] in second


@pytest.mark.parametrize(
    ("name", "parameter", "default"),
    [
        ("torch.nn.functional.pad", "mode", "'constant'"),
        ("torch.nn.functional.softplus", "threshold", "20"),
        ("torch.nn.functional.gelu", "approximate", "'none'"),
    ],
)
def test_defaults_that_the_stubs_leave_out_come_from_the_schema(name: str, parameter: str, default: str) -> None:
    assert defaults(name)[parameter] == default


def test_names_that_the_stubs_have_wrong_are_those_that_torch_takes() -> None:
    assert list(defaults("torch.nn.functional.one_hot")) == ["input", "num_classes"]
    assert defaults("torch.linspace")["steps"] is None
    assert ["scale", "None", "kw"] in row("torch.nn.functional.scaled_dot_product_attention")["overloads"][0]


@pytest.mark.parametrize(
    ("name", "alias", "parameter"),
    [
        ("torch.cat", "axis", "dim"),
        ("torch.sum", "keepdims", "keepdim"),
        ("torch.Tensor.mean", "axis", "dim"),
        ("torch.add", "x2", "other"),
        ("torch.relu", "x", "input"),
    ],
)
def test_numpy_keywords_are_aliases_of_compiled_functions(name: str, alias: str, parameter: str) -> None:
    assert row(name)["aliases"][alias] == parameter


def test_the_dtype_of_a_new_tensor_is_keyword_only() -> None:
    assert row("torch.tensor")["overloads"][0][:2] == [["data"], ["dtype", "None", "kw"]]
    assert ["dim", "-1"] in row("torch.sort")["overloads"][1]


def test_deprecated_argument_orders_stay_positional() -> None:
    assert row("torch.add")["overloads"][1][:3] == [["self"], ["alpha"], ["other"]]


def test_functions_written_in_python_have_no_aliases() -> None:
    assert "aliases" not in row("torch.nn.functional.softmax")
    assert "aliases" not in row("keras.ops.sum")


@pytest.mark.parametrize(
    ("secondary", "primary"),
    [
        ("keras.layers.MaxPool2D", "keras.layers.MaxPooling2D"),
        ("keras.layers.Input", "keras.Input"),
        ("keras.Layer", "keras.layers.Layer"),
        ("keras.ops.nn.relu", "keras.ops.relu"),
        ("torch.conv2d", "torch.nn.functional.conv2d"),
        ("torch.float", "torch.float32"),
        ("tf.math.abs", "tf.abs"),
    ],
)
def test_secondary_names_lead_to_the_primary_one(secondary: str, primary: str) -> None:
    assert row(secondary)["same_as"] == primary


@pytest.mark.parametrize("name", ["torch.float32", "torch.channels_last", "torch.inf"])
def test_dtypes_and_the_like_are_constants(name: str) -> None:
    assert row(name) == {"kind": "constant"}


def test_shape_is_a_property_and_size_a_method() -> None:
    assert row("torch.Tensor.shape")["kind"] == "property"
    assert row("torch.Tensor.size")["kind"] == "method"
