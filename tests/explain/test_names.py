"""From a name as people write it to what is explained."""

from __future__ import annotations

import pytest

from translator.catalog.explain import lookup
from translator.catalog.explain.pages import ApiPage, Choice, CodePage, TopicPage, Unknown

SPELLINGS = {
    "nn.Conv2d": "torch.nn.Conv2d",
    "torch.nn.Conv2d": "torch.nn.Conv2d",
    "torch.nn.modules.conv.Conv2d": "torch.nn.Conv2d",
    "F.relu": "torch.nn.functional.relu",
    "F.relu(x)": "torch.nn.functional.relu",
    "keras.layers.Dense": "keras.layers.Dense",
    "tf.keras.layers.Dense": "keras.layers.Dense",
    "tensorflow.keras.layers.Dense": "keras.layers.Dense",
    "layers.Dense": "keras.layers.Dense",
    "ops.reshape": "keras.ops.reshape",
    "torch.Tensor.view": "torch.Tensor.view",
    "Tensor.view": "torch.Tensor.view",
    "x.view": "torch.Tensor.view",
    "self.weight.view(-1)": "torch.Tensor.view",
    "Dense": "keras.layers.Dense",
    "dense": "keras.layers.Dense",
    "AvgPool2D": "keras.layers.AveragePooling2D",
    "`torch.cat`": "torch.cat",
    "torch.concat": "torch.cat",
}


@pytest.mark.parametrize(("spelling", "name"), SPELLINGS.items())
def test_any_spelling_finds_the_api(spelling: str, name: str) -> None:
    page = lookup(spelling)
    assert isinstance(page, ApiPage)
    assert page.name == name


def test_a_bare_name_of_several_apis_gives_a_choice_of_names_that_are_found() -> None:
    page = lookup("relu")
    assert isinstance(page, Choice)
    names = dict(page.options)
    assert {"torch.nn.functional.relu", "keras.ops.relu"} <= set(names)
    assert names["torch.nn.functional.relu"] == "keras.ops.relu"
    assert all(isinstance(lookup(name), ApiPage) for name in names)


def test_case_decides_where_both_cases_exist() -> None:
    page = lookup("ReLU")
    assert isinstance(page, Choice)
    assert {name for name, _ in page.options} == {"torch.nn.ReLU", "keras.layers.ReLU"}


def test_a_helper_is_found_by_its_name() -> None:
    page = lookup("PaddedEmbedding")
    assert isinstance(page, ApiPage)
    assert page.becomes == ("torch.nn.Embedding",)


@pytest.mark.parametrize("name", ["T104", "t104", " T104 "])
def test_a_code_is_found_in_any_case(name: str) -> None:
    page = lookup(name)
    assert isinstance(page, CodePage)
    assert page.name == "T104"


@pytest.mark.parametrize("name", ["containers", "Containers", "nn.Sequential", "torch.nn.ModuleList"])
def test_constructs_are_explained_as_topics(name: str) -> None:
    page = lookup(name)
    assert isinstance(page, TopicPage)
    assert page.name == "containers"


@pytest.mark.parametrize("name", ["torch.optim.SGD", "keras.optimizers.Adam", "tf.data.Dataset"])
def test_what_no_entry_can_cover_is_explained_by_the_topic_that_speaks_of_it(name: str) -> None:
    page = lookup(name)
    assert isinstance(page, TopicPage)
    assert page.name == "loops"


@pytest.mark.parametrize(
    ("asked", "close"),
    [
        ("nn.Conv2dd", "torch.nn.Conv2d"),
        ("BatchNormalisation", "keras.layers.BatchNormalization"),
        ("contaners", "containers"),
        ("T1011", "T101"),
    ],
)
def test_close_names_are_suggested(asked: str, close: str) -> None:
    page = lookup(asked)
    assert isinstance(page, Unknown)
    assert close in page.close


def test_matches_of_the_same_library_come_first() -> None:
    page = lookup("keras.layers.Conv2d_")
    assert isinstance(page, Unknown)
    assert page.close[0].startswith("keras.")


def test_a_name_that_a_library_has_but_no_entry_reads_is_told_apart() -> None:
    page = lookup("torch.lu_solve")
    assert isinstance(page, Unknown)
    assert page.framework == "PyTorch"
    other = lookup("torch.no_such_function")
    assert isinstance(other, Unknown)
    assert other.framework == ""


@pytest.mark.parametrize("name", ["", ".", "x[0]", "()", "nn", "torch", "a b", "🙂"])
def test_what_is_no_name_is_unknown(name: str) -> None:
    assert isinstance(lookup(name), Unknown)
