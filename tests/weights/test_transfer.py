"""Live models, so these need the frameworks; every class here exists once per framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.weights.pairs import NOWHERE, plan, rules, translation
from translator import WeightError
from translator.model import Framework, ModelInfo
from translator.weights.describe_keras import describe_keras
from translator.weights.describe_torch import describe_torch
from translator.weights.transfer import transfer_weights

pytestmark = pytest.mark.frameworks


@dataclass(frozen=True)
class Pair:
    """The same model in both frameworks."""

    torch: type
    keras: type


@pytest.fixture(scope="module")
def pair() -> Pair:
    import keras
    import torch
    from keras import layers, ops
    from torch import nn

    class Net(nn.Module):  # type: ignore[misc]  # torch is not followed by mypy
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 8, 3, padding=1, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
            )
            self.blocks = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
            self.tied = self.blocks[0]
            self.mha = nn.MultiheadAttention(8, 2, batch_first=True)
            self.lstm = nn.LSTM(8, 4, batch_first=True)
            self.gru = nn.GRU(4, 5, batch_first=True)
            self.scale = nn.Parameter(torch.randn(8, 1, 1))
            self.fc = nn.Linear(5, 2)

        def forward(self, x: Any) -> Any:
            x = (self.body(x) * self.scale).flatten(2).transpose(1, 2)
            for block in self.blocks:
                x = block(x)
            x = self.mha(x, x, x)[0]
            return self.fc(self.gru(self.lstm(x)[0])[0])

    class NetLayer(keras.Model):  # type: ignore[misc]  # keras is not followed by mypy
        def __init__(self) -> None:
            super().__init__()
            self.body = keras.Sequential(
                [
                    keras.Sequential([layers.ZeroPadding2D(1), layers.Conv2D(8, 3, strides=2)]),
                    layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
                    layers.ReLU(),
                    layers.MaxPooling2D(2),
                ]
            )
            self.blocks = [layers.Dense(8), layers.Dense(8)]
            self.tied = self.blocks[0]
            self.mha = layers.MultiHeadAttention(2, 4)
            self.lstm = layers.LSTM(4, return_sequences=True)
            self.gru = layers.GRU(5, return_sequences=True)
            self.scale = self.add_weight(shape=(8,), name="scale")
            self.drop = layers.Dropout(0.5)
            self.fc = layers.Dense(2)

        def call(self, x: Any) -> Any:
            x = ops.reshape(self.body(x) * self.scale, (x.shape[0], -1, 8))
            for block in self.blocks:
                x = block(x)
            return self.fc(self.drop(self.gru(self.lstm(self.mha(x, x)))))

    return Pair(Net, NetLayer)


def info(rule: str) -> dict[str, ModelInfo]:
    return {"Net": ModelInfo("Net", "NetLayer", "class", NOWHERE, inputs={"x": rule}, outputs={"": None})}


TO_KERAS = translation("", "", info("n c h w -> n h w c"))
TO_TORCH = translation("", "", info("n h w c -> n c h w"), from_="keras")


def images(seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal((2, 3, 8, 8)).astype("float32")


def run(model: Any, framework: Framework, x: Any) -> Any:
    import torch

    if framework == "keras":
        return np.asarray(model(x.transpose(0, 2, 3, 1), training=False))
    with torch.no_grad():
        return model.eval()(torch.from_numpy(x)).numpy()


def shaken(model: Any) -> Any:
    import torch

    with torch.no_grad():
        for tensor in [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]:
            tensor.add_(0.2 * torch.rand_like(tensor))
    return model


def test_weights_go_there_and_back(pair: Pair) -> None:
    source, target, again = shaken(pair.torch()), pair.keras(), pair.torch()
    transfer_weights(source, target, TO_KERAS, images(), rules=rules)
    expected = run(source, "torch", images(1))
    assert np.abs(run(target, "keras", images(1)) - expected).max() < 1e-5
    transfer_weights(target, again, TO_TORCH, rules=rules)
    assert np.abs(run(again, "torch", images(1)) - expected).max() < 1e-6


@pytest.mark.parametrize("form", ["array", "tuple", "list", "dict", "tensor"])
def test_an_unbuilt_target_is_built_from_an_example_call(pair: Pair, form: str) -> None:
    import torch

    forms = {
        "array": images(),
        "tuple": (images(),),
        "list": [images()],
        "dict": {"x": images()},
        "tensor": torch.from_numpy(images()),
    }
    source, target = pair.torch().train(), pair.keras()
    transfer_weights(source, target, TO_KERAS, forms[form], rules=rules)
    assert np.array_equal(target.fc.kernel, source.fc.weight.detach().numpy().T)
    assert source.training


def test_an_unbuilt_target_without_an_example_call_is_an_error(pair: Pair) -> None:
    with pytest.raises(WeightError, match="pass inputs= that reach them") as caught:
        transfer_weights(pair.torch(), pair.keras(), TO_KERAS, rules=rules)
    assert "fc.weight" in caught.value.surplus


def test_lazy_modules_of_the_target_are_initialised_by_the_example_call() -> None:
    import keras
    from torch import nn

    source = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    target = nn.Sequential(nn.LazyLinear(4))
    t = translation("", "", {}, from_="keras")
    transfer_weights(source, target, t, np.zeros((2, 6), "float32"), rules=rules)
    assert np.array_equal(target[0].weight.detach().numpy().T, source.layers[0].kernel)


def test_nothing_changes_where_the_weights_do_not_fit() -> None:
    import keras
    from torch import nn

    source = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
    target = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(6)])
    before = [np.array(value) for value in target.get_weights()]
    with pytest.raises(WeightError) as caught:
        transfer_weights(source, target, translation("", "", {}), rules=rules)
    assert caught.value.misshapen == (
        "1.kernel: (4, 6), but 1.weight (5, 4) gives (4, 5)",
        "1.bias: (6,), but 1.bias (5,) gives (5,)",
    )
    assert all(np.array_equal(one, other) for one, other in zip(before, target.get_weights(), strict=True))


def test_the_target_keeps_its_dtypes() -> None:
    import keras
    import torch
    from torch import nn

    source = nn.Sequential(nn.Linear(3, 4)).double()
    target = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    transfer_weights(source, target, translation("", "", {}), rules=rules)
    assert target.layers[0].kernel.dtype == "float32"
    half = nn.Sequential(nn.Linear(3, 4)).to(torch.bfloat16)
    transfer_weights(target, half, translation("", "", {}, from_="keras"), rules=rules)
    assert half[0].weight.dtype == torch.bfloat16
    transfer_weights(half, target, translation("", "", {}), rules=rules)
    assert np.array_equal(target.layers[0].kernel, half[0].weight.detach().float().numpy().T)


def test_every_variable_of_a_keras_model_is_described_once(pair: Pair) -> None:
    import keras

    model = pair.keras()
    model(images().transpose(0, 2, 3, 1))
    tree, variables, _ = describe_keras(model)
    state = {id(v) for layer in model._flatten_layers() for v in layer.weights}
    seeds = {id(v) for v in model.non_trainable_variables if "seed_generator" in v.path}
    assert {id(v) for v in variables.values()} == state - seeds
    assert len(variables) == len(state - seeds)
    assert tree.children["tied"].alias == "blocks.0"
    assert "mha._query_dense.kernel" in variables
    assert isinstance(variables["scale"], keras.Variable)


def test_tied_tensors_of_a_torch_model_are_described_once() -> None:
    from torch import nn

    model = nn.ModuleDict({"embedding": nn.Embedding(5, 3), "head": nn.Linear(3, 5, bias=False)})
    model["head"].weight = model["embedding"].weight
    tree, tensors, _ = describe_torch(model)
    assert list(tensors) == ["embedding.weight"]
    assert tree.children["head"].aliases == {"weight": "embedding.weight"}


def test_variables_in_lists_dicts_and_tuples_have_paths() -> None:
    import keras

    class Holder(keras.layers.Layer):  # type: ignore[misc]  # keras is not followed by mypy
        def __init__(self) -> None:
            super().__init__()
            self.many = [self.add_weight(shape=(1,), name="w")]
            self.named = {"a": keras.layers.Dense(1), "b": [keras.layers.Dense(1)]}
            self.fixed = (keras.layers.Dense(1),)
            self._hidden = self.add_weight(shape=(1,), name="hidden")
            self.other = self.add_weight(shape=(1,), name="anything", trainable=False)

    holder = Holder()
    for layer in holder._flatten_layers(include_self=False):
        layer.build((None, 2))
    _, variables, _ = describe_keras(holder)
    kernels = {"named.a.kernel", "named.b.0.kernel", "fixed.0.kernel"}
    assert set(variables) == {"many.0", "hidden", "other"} | kernels | {k.replace("kernel", "bias") for k in kernels}


def test_renames_of_the_plan_hold_for_live_models(pair: Pair) -> None:
    import keras
    from torch import nn

    class Head(nn.Module):  # type: ignore[misc]  # torch is not followed by mypy
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(3, 4)

    class HeadLayer(keras.layers.Layer):  # type: ignore[misc]  # keras is not followed by mypy
        def __init__(self) -> None:
            super().__init__()
            self.output_ = keras.layers.Dense(4)

    target = HeadLayer()
    target.output_.build((None, 3))
    source = Head()
    HeadLayer.__name__ = "Head"
    t = translation("", "", {}, weight_plan=plan(renames={"Head": {"output": "output_"}}))
    transfer_weights(source, target, t, rules=rules)
    assert np.array_equal(target.output_.bias, source.output.bias.detach().numpy())
