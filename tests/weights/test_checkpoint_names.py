"""What the tensors of a model are called in a checkpoint, without any file."""

from __future__ import annotations

import pytest

from tests.weights.pairs import plan
from translator import WeightError
from translator.model import ClassPlan, SitePlan, WeightPlan
from translator.weights.convert import reversed_plan
from translator.weights.formats import Stored
from translator.weights.names import check_names, state_names, with_shapes
from translator.weights.tree import ModuleTree, TensorInfo

WEIGHT = TensorInfo((4, 3), "float32", True)
TREE = ModuleTree(
    "Net",
    children={
        "a": ModuleTree("torch.nn.Linear", "a", tensors={"weight": WEIGHT}),
        "b": ModuleTree("torch.nn.Linear", "b", aliases={"weight": "a.weight"}),
        "c": ModuleTree("torch.nn.Linear", "c", alias="a"),
    },
    tensors={"table": TensorInfo((3,), "float32", False, optional=True), "lazy": TensorInfo(None, "float32", True)},
)


def test_a_shared_tensor_has_a_key_for_each_of_its_places() -> None:
    names = state_names(TREE)
    assert [name for name, path in names.items() if path == "a.weight"] == ["a.weight", "b.weight", "c.weight"]


def test_non_persistent_buffers_have_no_key() -> None:
    assert "table" not in state_names(TREE)


def test_one_place_of_a_shared_tensor_is_enough() -> None:
    stored = {"b.weight": Stored((4, 3), "float32"), "lazy": Stored((2,), "float32")}
    check_names(state_names(TREE), TREE.tensor_paths(), {"a.weight", "lazy"}, stored)


def test_missing_surplus_and_misshapen_names_are_listed_together() -> None:
    stored = {"b.weight": Stored((4, 2), "float32"), "other": Stored((), "int64")}
    with pytest.raises(WeightError) as caught:
        check_names(state_names(TREE), TREE.tensor_paths(), {"a.weight", "lazy"}, stored)
    assert caught.value.missing == ("lazy",)
    assert caught.value.surplus == ("other",)
    assert caught.value.misshapen == ("b.weight (a.weight): (4, 2) in the checkpoint, (4, 3) in the model",)


def test_lazy_modules_take_their_shapes_from_the_checkpoint() -> None:
    shapes = with_shapes(TREE, {"lazy": (7,), "a.weight": (9, 9)}).tensor_paths()
    assert (shapes["lazy"].shape, shapes["a.weight"].shape) == ((7,), (4, 3))


def test_a_plan_turned_round_twice_is_the_plan() -> None:
    there = WeightPlan(
        "torch",
        "keras",
        {"Net": ClassPlan("Net", "NetLayer", {"loss": "loss_"})},
        (SitePlan("Net", "c", "conv", "conv_2d"),),
    )
    back = reversed_plan(there)
    assert back.classes["NetLayer"] == ClassPlan("NetLayer", "Net", {"loss_": "loss"})
    assert back.sites[0] == SitePlan("NetLayer", "conv", "c", "conv_2d")
    assert reversed_plan(back) == there
    assert reversed_plan(plan("keras")) == plan("torch")
