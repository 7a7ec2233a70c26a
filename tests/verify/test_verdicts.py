"""What the verifier says of models that are unusual but honest."""

from __future__ import annotations

import pytest

from tests.verify.models import TO_FIRST, linear_keras, linear_torch, simple
from tests.weights.pairs import NOWHERE, rules, translation
from translator.model import Framework, ModelInfo, ModelVerdict
from translator.verify.api import verify
from translator.verify.client import WorkerPool

pytestmark = pytest.mark.frameworks


def verdict(pool: WorkerPool, source: str, code: str, from_: Framework = "torch", **options: object) -> ModelVerdict:
    t = simple(source, code, from_=from_)
    [found] = verify(source, code, translation=t, rules=rules, pool=pool, **options).models  # type: ignore[arg-type]  # options are verify's own
    return found


def test_requests_for_float32_are_lifted_and_reported(pool: WorkerPool) -> None:
    source = linear_torch("return self.fc(x.float() + torch.zeros(8, dtype=torch.float32))")
    code = linear_keras("return self.fc(ops.cast(x, 'float32') + ops.zeros((8,), dtype='float32'))")
    found = verdict(pool, source, code)
    assert found.verdict == "verified"
    assert found.lifted == (
        "source: .float() (line 12)",
        "source: zeros(torch.float32) (line 12)",
        "translated: cast(dtype=float32) (line 12)",
        "translated: zeros(dtype=float32) (line 12)",
    )


def test_a_layer_with_its_own_dtype_is_lifted(pool: WorkerPool) -> None:
    code = linear_keras().replace("layers.Dense(4)", "layers.Dense(4, dtype='float32')")
    found = verdict(pool, linear_torch(), code)
    assert found.verdict == "verified"
    assert found.lifted == ("translated: a layer with dtype=float32",)


def test_an_operation_that_leaks_float32_loosens_the_gate_by_name(pool: WorkerPool) -> None:
    source = linear_torch("return torch.nn.functional.gelu(self.fc(x), approximate='tanh')")
    found = verdict(pool, source, linear_keras("return ops.gelu(self.fc(x))"))
    assert found.verdict == "verified"
    assert found.loosened == ("translated: keras.ops.gelu",)
    # The looser gate does not hide that tanh and erf are two functions.
    source = linear_torch("return torch.nn.functional.gelu(self.fc(x))")
    assert verdict(pool, source, linear_keras("return ops.gelu(self.fc(x))")).verdict == "different"


def test_a_missing_float64_kernel_leaves_float32(pool: WorkerPool) -> None:
    source = linear_torch(
        "return self.fc(torch.nn.functional.max_pool3d(x[:, None, None, None], (1, 1, 2)).flatten(1))"
    )
    code = linear_keras("return self.fc(ops.max_pool(x[:, None, None, :, None], (1, 1, 2))[:, 0, 0, :, 0])")
    source = source.replace("nn.Linear(8, 4)", "nn.Linear(4, 4)")
    found = verdict(pool, source, code, inputs=["float32[2,8]"])
    assert found.verdict == "verified_float32"
    assert "compared in float32 only" in found.message
    assert {c.dtype for c in found.comparisons} == {"float32"}


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        ("return torch.ones(3)", "does not change when the inputs change"),
        ("return x * 2", "does not change when the weights change"),
        ("return self.fc(x) + torch.rand(1)", "random even in evaluation mode"),
        ("return self.fc(x) > 0", "no floating-point tensor"),
        ("return self.fc(x) / 0", "infinities or NaN"),
        ("raise ValueError('never')", "inputs tried; pass --input; each gives ValueError: never"),
        ("return self.fc(x.view(7, 8, 11))", "inputs tried; pass --input; x=float32[2,8]: RuntimeError: "),
    ],
)
def test_what_proves_nothing_is_inconclusive(pool: WorkerPool, forward: str, reason: str) -> None:
    call = "return self.fc(x) > 0" if ">" in forward else "return self.fc(x)"
    found = verdict(pool, linear_torch(forward), linear_keras(call))
    assert found.verdict == "inconclusive"
    assert reason in found.message


def test_a_model_that_is_random_in_training_is_compared_in_evaluation_only(pool: WorkerPool) -> None:
    source = linear_torch("return self.fc(x) + (torch.rand(1) if self.training else 0)")
    found = verdict(pool, source, linear_keras())
    assert found.verdict == "verified"
    assert "beyond dropout, the source model is random" in found.message
    assert {c.mode for c in found.comparisons} == {"eval"}


def test_lines_that_never_ran_are_named(pool: WorkerPool) -> None:
    source = linear_torch("if x.shape[0] > 100:\n            x = torch.relu(x)\n        return self.fc(x)")
    found = verdict(pool, source, linear_keras())
    assert found.verdict == "verified"
    assert found.missed_lines == (13,)
    assert found.executed_lines == found.model_lines - 1


def test_nested_outputs_are_compared_leaf_by_leaf(pool: WorkerPool) -> None:
    source = linear_torch("y = self.fc(x)\n        return {'b': (y, y * 2), 'a': [y + 1, None, 3]}")
    code = linear_keras("y = self.fc(x)\n        return {'a': [y + 1, None, 3], 'b': (y, y * 2)}")
    assert verdict(pool, source, code).verdict == "verified"
    found = verdict(pool, source, code.replace("y * 2", "y * 3"))
    assert found.verdict == "different"
    assert found.message.startswith("output b.1 differs")
    found = verdict(pool, source, code.replace("(y, y * 2)", "(y,)"))
    assert "b.1: only the source has it" in found.message


def test_the_given_input_and_model_are_used(pool: WorkerPool) -> None:
    source = (
        linear_torch()
        .replace("def __init__(self)", "def __init__(self, features)")
        .replace("Linear(8", "Linear(features")
    )
    code = linear_keras().replace("def __init__(self)", "def __init__(self, features)")
    t = simple(source, code, construct=None)
    report = verify(source, code, translation=t, rules=rules, pool=pool)
    assert report.models == ()
    assert not report.passed
    assert report.message == "the constructor arguments of Net are not known; pass --model 'Net(...)'"
    report = verify(
        source,
        code,
        translation=t,
        rules=rules,
        pool=pool,
        models=["Net(6)", "Net(features=7)=Net(features=7)"],
        inputs=["float32[4,6]"],
    )
    first, second = report.models
    assert (first.verdict, first.expression) == ("verified", "Net(6)")
    assert first.inputs == {"x": "float32[4,6], float32[5,6]"}
    assert second.verdict == "inconclusive"
    assert "the source model does not accept the given input" in second.message
    assert not report.passed


def test_integer_inputs_stay_below_the_size_of_the_embedding(pool: WorkerPool) -> None:
    source = linear_torch("return self.fc(x).sum(1)").replace("nn.Linear(8, 4)", "nn.Embedding(7, 4)")
    code = linear_keras("return ops.sum(self.fc(x), axis=1)").replace("layers.Dense(4)", "layers.Embedding(7, 4)")
    found = verdict(pool, source, code)
    assert found.verdict == "verified"
    assert found.inputs["x"].startswith("int64[2,12]<7")


FUNCTIONAL = """\
import keras
from keras import layers


def build(units=4):
    a = keras.Input((8,), name="a")
    b = keras.Input((6,), name="b")
    x = layers.Add()([layers.Dense(5, activation="relu", name="left")(a), layers.Dense(5, name="right")(b)])
    return keras.Model([a, b], layers.Dense(units)(x))
"""

FUNCTIONAL_TORCH = """\
import torch
from torch import nn


class Build(nn.Module):
    def __init__(self, units=4):
        super().__init__()
        self.left = nn.Linear(8, 5)
        self.right = nn.Linear(6, 5)
        self.dense = nn.Linear(5, units)

    def forward(self, a, b=None):
        a, b = a if b is None else (a, b)
        return self.dense(torch.relu(self.left(a)) + self.right(b))


def build(units=4):
    return Build(units)
"""


def test_a_functional_model_is_called_with_the_list_of_its_inputs(pool: WorkerPool) -> None:
    models = {
        "build": ModelInfo(
            "build", "Build", "builder", NOWHERE, inputs={"a": None, "b": None}, outputs={"": None}, construct="build()"
        )
    }
    t = translation(FUNCTIONAL, FUNCTIONAL_TORCH, models, from_="keras")
    # The builder's own name constructs both sides; its class is not part of the expression.
    [found] = verify(
        FUNCTIONAL, FUNCTIONAL_TORCH, translation=t, rules=rules, pool=pool, models=["build(3)=build(3)"]
    ).models
    assert (found.verdict, found.message) == ("verified", "")
    assert found.inputs["b"] == "float32[2,6], float32[3,6], float32[8,6]"


def test_classes_without_a_run_of_their_own_are_verified_through_a_root(pool: WorkerPool) -> None:
    source = linear_torch("return self.block(x)", "self.block = Block(); del self.fc", "")
    source = source.replace(
        "class Net", "class Block(nn.Linear):\n    def __init__(self):\n        super().__init__(8, 4)\n\n\nclass Net"
    )
    code = linear_keras("return self.block(x)", "self.block = layers.Dense(4); del self.fc")
    net = simple(source, code).models["Net"]
    block = ModelInfo("Block", "Dense", "class", NOWHERE, root=False)
    other = ModelInfo("Other", "Other", "class", NOWHERE)
    t = translation(source, code, {"Net": net, "Block": block, "Other": other})
    report = verify(source, code, translation=t, rules=rules, pool=pool)
    assert [(m.name, m.verdict) for m in report.models] == [("Net", "verified"), ("Other", "not_run")]
    assert report.through == {"Block": "Net"}
    assert not report.passed


def test_automatic_input_names_pair_with_the_arguments_by_position(pool: WorkerPool) -> None:
    source = "import keras\nfrom keras import layers\n\n\ndef build():\n    return keras.Sequential(\n"
    source += "        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)]\n    )\n"
    code = """\
from torch import nn


class Build(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(3, 4, 3)
        self.dense = nn.Linear(144, 2)

    def forward(self, x):
        return self.dense(self.conv2d(x).permute(0, 2, 3, 1).flatten(1))


def build():
    return Build()
"""
    info = ModelInfo("build", "build", "builder", NOWHERE, {"x": TO_FIRST}, {"": None}, construct="build()")
    t = translation(source, code, {"build": info}, from_="keras")
    [found] = verify(source, code, translation=t, rules=rules, pool=pool).models
    assert (found.verdict, found.message) == ("verified", "")
    assert {c.where for c in found.comparisons if c.aspect == "gradients"}


@pytest.mark.parametrize("filename", ["<stdin>", "model.txt"])
def test_any_file_name_and_any_declared_encoding_will_do(pool: WorkerPool, filename: str) -> None:
    before = "# -*- coding: latin-1 -*-\nNAME = '\u00e9'\nassert len(NAME) == 1 and ord(NAME) == 233\n"
    source, code = linear_torch(before=before), linear_keras(before=before)
    t = simple(source, code, filename=filename)
    report = verify(source, code, translation=t, filename=filename, rules=rules, pool=pool)
    assert [m.message for m in report.models] == [""]
    assert report.passed
