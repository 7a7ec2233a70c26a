"""A Sequential has no class of the file's own; the translation and the entries say how it takes its input."""

from __future__ import annotations

import pytest

from tests.weights.pairs import NOWHERE, translation
from translator import WeightError
from translator.model import ModelInfo
from translator.weights.anonymous import find_anonymous
from translator.weights.tree import ModuleTree

IMAGES = "n c h w -> n h w c"
LAYOUTS = {
    "torch.nn.Conv2d": frozenset({"spatial"}),
    "torch.nn.Linear": frozenset({"ordered"}),
    "torch.nn.ReLU": frozenset({"free"}),
}


def variable(name: str, rule: str | None, rank: int | None) -> ModelInfo:
    return ModelInfo(name, name, "variable", NOWHERE, {"input": rule}, ranks={"input": rank})


def sequential(*types: str) -> ModuleTree:
    children = {str(index): ModuleTree(type_, str(index)) for index, type_ in enumerate(types)}
    return ModuleTree("torch.nn.Sequential", children=children)


def found(tree: ModuleTree, rank: int, *models: ModelInfo) -> str | None:
    t = translation("", "", {info.name: info for info in models})
    info = find_anonymous(t, tree, rank, lambda api: LAYOUTS.get(api, frozenset()))
    return None if info is None else info.name


BOTH = (variable("images", IMAGES, 4), variable("features", None, None))


def test_two_axes_have_no_order_to_mind() -> None:
    assert found(sequential("Unknown"), 2, *BOTH) is None


def test_the_only_model_of_that_rank_is_meant() -> None:
    assert found(sequential("Unknown"), 3, *BOTH) == "features"


def test_the_entry_of_the_first_layer_that_minds_the_order_decides() -> None:
    assert found(sequential("torch.nn.ReLU", "torch.nn.Conv2d", "torch.nn.Linear"), 4, *BOTH) == "images"
    assert found(sequential("torch.nn.ReLU", "torch.nn.Linear", "torch.nn.Conv2d"), 4, *BOTH) == "features"


@pytest.mark.parametrize("rule", [IMAGES, None])
def test_a_class_of_the_file_decides_by_what_the_translation_says_of_it(rule: str | None) -> None:
    block = ModelInfo("Block", "Block", "class", NOWHERE, {"x": rule}, ranks={"x": 4})
    assert found(sequential("Block"), 4, *BOTH, block) == ("features" if rule is None else "images")


@pytest.mark.parametrize("tree", [sequential("Unknown"), sequential("torch.nn.ReLU"), sequential()])
def test_what_nothing_decides_is_an_error(tree: ModuleTree) -> None:
    with pytest.raises(WeightError, match=r"torch\.nn\.Sequential may be images, features"):
        found(tree, 4, *BOTH)


def test_a_model_that_the_translation_does_not_know_is_an_error() -> None:
    with pytest.raises(WeightError, match="may be none of its models"):
        found(sequential("torch.nn.Linear"), 4, variable("images", IMAGES, 3))
