from __future__ import annotations

import pytest

from tests.weights.pairs import plan, rules
from translator.errors import WeightError
from translator.model import Framework, SitePlan, WeightPlan
from translator.weights.pair import Pairing, pair
from translator.weights.tree import ModuleTree, TensorInfo, join, tree_from_json, tree_to_json


def tensor(*shape: int, trainable: bool = True) -> TensorInfo:
    return TensorInfo(shape, "float32", trainable)


def node(type_: str, /, name: str = "", alias: str | None = None, **members: ModuleTree | TensorInfo) -> ModuleTree:
    """A tree whose paths are filled in by :func:`root`."""
    children = {key.lstrip("_"): m for key, m in members.items() if isinstance(m, ModuleTree)}
    tensors = {key: m for key, m in members.items() if isinstance(m, TensorInfo)}
    return ModuleTree(type_, "", (), children, tensors, name=name, alias=alias)


def root(tree: ModuleTree, path: str = "") -> ModuleTree:
    children = {name: root(child, join(path, name)) for name, child in tree.children.items()}
    return ModuleTree(tree.type, path, (), children, tree.tensors, name=tree.name, alias=tree.alias)


def linear(o: int, i: int) -> ModuleTree:
    return node("torch.nn.Linear", weight=tensor(o, i), bias=tensor(o))


def dense(o: int, i: int) -> ModuleTree:
    return node("keras.layers.Dense", kernel=tensor(i, o), bias=tensor(o))


def conv() -> ModuleTree:
    return node("torch.nn.Conv2d", weight=tensor(4, 3, 2, 2))


def conv_layer() -> ModuleTree:
    return node("keras.layers.Conv2D", kernel=tensor(2, 2, 3, 4))


def moved(pairing: Pairing) -> dict[str, str]:
    return {", ".join(m.targets): ", ".join(m.sources) for m in pairing.moves}


def paired(
    source: ModuleTree, target: ModuleTree, origin: Framework = "torch", weight_plan: WeightPlan | None = None
) -> dict[str, str]:
    return moved(pair(root(source), root(target), weight_plan or plan(origin), rules))


def test_attributes_pair_by_name() -> None:
    assert paired(node("Net", fc=linear(4, 3)), node("Net", fc=dense(4, 3))) == {
        "fc.kernel": "fc.weight",
        "fc.bias": "fc.bias",
    }


def test_renamed_attributes_pair_by_the_plan() -> None:
    weight_plan = plan(renames={"Net": {"loss": "loss_"}})
    found = paired(node("Net", loss=conv()), node("Net", loss_=conv_layer()), weight_plan=weight_plan)
    assert found == {"loss_.kernel": "loss.weight"}


def test_a_site_of_the_plan_can_point_elsewhere() -> None:
    weight_plan = WeightPlan("torch", "keras", sites=(SitePlan("Net", "c", "conv", "conv_2d"),))
    assert paired(node("Net", c=conv()), node("Net", conv=conv_layer()), weight_plan=weight_plan)


def test_layers_without_weights_are_skipped_on_either_side() -> None:
    source = node(
        "torch.nn.Sequential",
        _0=conv(),
        _1=node("torch.nn.ReLU"),
        _2=node("torch.nn.Conv2d", weight=tensor(4, 4, 1, 1)),
    )
    target = node(
        "keras.Sequential",
        _0=node("keras.layers.ZeroPadding2D"),
        _1=conv_layer(),
        _2=node("keras.layers.Conv2D", kernel=tensor(1, 1, 4, 4)),
    )
    assert paired(source, target) == {"1.kernel": "0.weight", "2.kernel": "2.weight"}


def test_a_wrapped_layer_is_found_inside_its_wrapper() -> None:
    wrapped = node("keras.Sequential", _0=node("keras.layers.ZeroPadding2D"), _1=conv_layer())
    assert paired(node("Net", c=conv()), node("Net", c=wrapped)) == {"c.1.kernel": "c.weight"}
    fused = node("torch.nn.Sequential", _0=conv(), _1=node("torch.nn.ReLU"))
    assert paired(node("Net", c=conv_layer()), node("Net", c=fused), "keras") == {"c.0.weight": "c.kernel"}


def test_nested_containers_open_where_the_numbers_differ() -> None:
    source = node("torch.nn.Sequential", _0=node("torch.nn.Sequential", _0=conv(), _1=linear(2, 2)), _1=linear(3, 2))
    target = node("keras.Sequential", _0=conv_layer(), _1=dense(2, 2), _2=dense(3, 2))
    assert paired(source, target)["2.kernel"] == "1.weight"


def test_a_shared_module_pairs_once() -> None:
    source = node("Net", a=linear(2, 2), b=node("torch.nn.Linear", alias="a"))
    target = node("Net", a=dense(2, 2), b=node("keras.layers.Dense", alias="a"))
    assert paired(source, target) == {"a.kernel": "a.weight", "a.bias": "a.bias"}


def test_sharing_that_only_the_target_has_is_refused() -> None:
    source = node("Net", a=linear(2, 2), b=linear(2, 2))
    target = node("Net", a=dense(2, 2), b=node("keras.layers.Dense", alias="a"))
    with pytest.raises(WeightError) as caught:
        paired(source, target)
    assert caught.value.misshapen == (
        "b.weight: a.kernel is already filled from a.weight",
        "b.bias: a.bias is already filled from a.bias",
    )
    assert caught.value.surplus == ("b.weight", "b.bias")


def test_parameters_of_the_module_itself_pair_by_name() -> None:
    assert paired(node("Net", scale=tensor(3, 1, 1)), node("Net", scale=tensor(3))) == {"scale": "scale"}


def test_a_keras_variable_may_carry_the_name_instead_of_the_attribute() -> None:
    target = ModuleTree("Net", tensors={"s": TensorInfo((3,), "float32", True, name="scale")})
    assert moved(pair(root(node("Net", scale=tensor(3))), target, plan(), rules)) == {"s": "scale"}


def test_what_only_one_side_needs_is_created_or_left_out() -> None:
    source = node(
        "torch.nn.BatchNorm2d",
        weight=tensor(2),
        bias=tensor(2),
        running_mean=tensor(2),
        running_var=tensor(2),
        num_batches_tracked=tensor(),
    )
    target = node(
        "keras.layers.BatchNormalization",
        gamma=tensor(2),
        beta=tensor(2),
        moving_mean=tensor(2),
        moving_variance=tensor(2),
    )
    assert set(paired(source, target)) == {"gamma", "beta", "moving_mean", "moving_variance"}
    assert paired(target, source, "keras")["num_batches_tracked"] == ""


def test_every_tensor_without_a_place_is_listed() -> None:
    source = node("Net", fc=linear(4, 3), extra=linear(2, 2), buffer=TensorInfo((3,), "float32", False))
    target = node("Net", fc=dense(5, 3), more=dense(2, 2))
    with pytest.raises(WeightError) as caught:
        paired(source, target)
    assert caught.value.surplus == ("buffer", "extra.weight", "extra.bias")
    assert caught.value.missing == ("more.kernel", "more.bias")
    assert caught.value.misshapen == (
        "fc.kernel: (3, 5), but fc.weight (4, 3) gives (3, 4)",
        "fc.bias: (5,), but fc.bias (4,) gives (4,)",
    )
    assert "  missing: more.kernel" in str(caught.value)


def test_a_module_missing_from_a_container_is_named_alone() -> None:
    source = node("torch.nn.Sequential", _0=conv(), _1=linear(2, 2), _2=linear(3, 2))
    target = node("keras.Sequential", _0=conv_layer(), _1=dense(2, 2))
    with pytest.raises(WeightError) as caught:
        paired(source, target)
    assert caught.value.surplus == ("2.weight", "2.bias")
    assert caught.value.missing == caught.value.misshapen == ()


def test_non_persistent_buffers_need_no_counterpart() -> None:
    index = TensorInfo((3,), "int64", False, optional=True)
    assert paired(node("Net", fc=conv(), index=index), node("Net", fc=conv_layer()))


def test_a_class_that_the_plan_does_not_expect_is_refused() -> None:
    weight_plan = plan(renames={"Block": {}})
    with pytest.raises(WeightError, match="b: class Block becomes Block, found Other"):
        paired(
            node("Net", b=node("Block", w=tensor(1))),
            node("Net", b=node("Other", w=tensor(1))),
            weight_plan=weight_plan,
        )


def test_functional_models_pair_by_layer_name_and_then_by_order() -> None:
    functional = node(
        "keras.src.models.functional.Functional",
        _0=node("keras.layers.Dense", name="head", kernel=tensor(2, 3), bias=tensor(3)),
        _1=node("keras.layers.Dense", name="dense_7", kernel=tensor(3, 3), bias=tensor(3)),
    )
    target = node("Net", dense=linear(3, 3), head=linear(3, 2))
    assert paired(functional, target, "keras") == {
        "head.weight": "0.kernel",
        "head.bias": "0.bias",
        "dense.weight": "1.kernel",
        "dense.bias": "1.bias",
    }


def test_a_container_that_became_a_class_pairs_in_order() -> None:
    sequential = node("keras.Sequential", _0=conv_layer(), _1=node("keras.layers.Flatten"), _2=dense(2, 2))
    found = paired(sequential, node("Build", first=conv(), second=linear(2, 2)), "keras")
    assert found == {"first.weight": "0.kernel", "second.weight": "2.kernel", "second.bias": "2.bias"}


def test_a_wrapped_block_of_the_user_is_found_inside_its_wrapper() -> None:
    block, other = node("Block", c=conv()), node("Block", c=conv_layer())
    wrapped = node("keras.Sequential", _0=node("keras.layers.ZeroPadding2D"), _1=other)
    assert paired(node("Net", b=block), node("Net", b=wrapped)) == {"b.1.c.kernel": "b.c.weight"}


def test_trees_survive_json() -> None:
    tree = root(node("Net", fc=linear(4, 3), b=node("torch.nn.Linear", alias="fc")))
    assert tree_from_json(tree_to_json(tree)) == tree
