"""The verifier is only worth something if it catches every one of these and stays silent on correct pairs."""

from __future__ import annotations

import pytest

from tests.verify.models import CNN_KERAS, CNN_TORCH, TO_FIRST, TO_LAST, simple
from tests.weights.pairs import rules
from translator.model import Framework, ModelVerdict
from translator.verify.api import verify
from translator.verify.client import WorkerPool

pytestmark = pytest.mark.frameworks

IN_KERAS = {
    "epsilon of the batch normalisation": (", epsilon=1e-5", "", "outputs"),
    "axis of the batch normalisation": ("momentum=0.9,", "momentum=0.9, axis=1,", ""),
    "padding 'same' for explicit padding at stride 2": (
        "self.conv1(self.pad(x))",
        "self.conv1(ops.pad(x, ((0, 0), (0, 2), (0, 2), (0, 0))))",
        "outputs",
    ),
    "a square matrix transposed": ("@ self.mix", "@ ops.transpose(self.mix)", "outputs"),
    "the sense of momentum": ("momentum=0.9", "momentum=0.1", "state"),
    "dropout that stays on in evaluation": ("self.drop(x)", "self.drop(x, training=True)", "outputs"),
    "dropout that is never on": ("self.drop(x)", "self.drop(x, training=False)", "outputs"),
    "another dropout rate": ("Dropout(0.3)", "Dropout(0.5)", "outputs"),
    "batch normalisation that is never in training mode": (
        "self.conv1(self.pad(x))))",
        "self.conv1(self.pad(x)), training=False))",
        "outputs",
    ),
    "a missing relu": ("x = ops.relu(self.conv2(x))", "x = self.conv2(x)", "outputs"),
    "the kind of pooling": (
        "x = ops.max_pool(x, 2)\n        x = ops.relu",
        "x = ops.average_pool(x, 2)\n        x = ops.relu",
        "outputs",
    ),
    "the order of a flatten": ("ops.transpose(x, (0, 3, 1, 2))", "x", "outputs"),
    "a gradient that is stopped": ("self.fc(self.drop(x))", "self.fc(self.drop(ops.stop_gradient(x)))", "gradients"),
    "a bias left out of training": (
        "self.fc = layers.Dense(classes)",
        "self.fc = layers.Dense(classes, name='head')\n        self.fc.trainable = False",
        "gradients",
    ),
    "a float32 cast": (
        "self.fc(self.drop(x))",
        "ops.cast(ops.cast(self.fc(self.drop(x)), 'float16'), 'float32')",
        "outputs",
    ),
}

IN_TORCH = {
    "epsilon of the batch normalisation": ("BatchNorm2d(6)", "BatchNorm2d(6, eps=1e-3)", "outputs"),
    "the sense of momentum": ("BatchNorm2d(6)", "BatchNorm2d(6, momentum=0.9)", "state"),
    "the kind of pooling": ("x = F.max_pool2d(x, 2)\n", "x = F.avg_pool2d(x, 2)\n", "outputs"),
    "a missing relu": ("x = F.relu(self.conv2(x))", "x = self.conv2(x)", "outputs"),
    "padding on the wrong side": ("self.conv1(x)", "self.conv1(F.pad(x, (0, 1, 0, 1))[..., 1:, 1:])", "outputs"),
    "the order of a flatten": ("torch.flatten(x, 1)", "torch.flatten(x.permute(0, 2, 3, 1), 1)", "outputs"),
    "functional dropout without the training flag": ("self.drop(x)", "F.dropout(x, 0.3)", "outputs"),
    "a square matrix transposed": ("@ self.mix", "@ self.mix.T", "outputs"),
}


def verdict(
    pool: WorkerPool, source: str, code: str, from_: Framework, rule: str | None, outputs: str | None = None
) -> ModelVerdict:
    t = simple(source, code, from_=from_, rule=rule, outputs={"": outputs})
    [found] = verify(source, code, translation=t, rules=rules, pool=pool).models
    return found


@pytest.mark.parametrize(
    ("source", "code", "from_", "rule"),
    [(CNN_TORCH, CNN_KERAS, "torch", TO_LAST), (CNN_KERAS, CNN_TORCH, "keras", TO_FIRST)],
    ids=["to keras", "to torch"],
)
def test_a_correct_pair_is_verified(pool: WorkerPool, source: str, code: str, from_: Framework, rule: str) -> None:
    found = verdict(pool, source, code, from_, rule)
    assert (found.verdict, found.message) == ("verified", "")
    assert all(comparison.passed for comparison in found.comparisons)
    seen = {(c.aspect, c.dtype, c.mode) for c in found.comparisons}
    assert seen == {
        ("outputs", "float64", "eval"),
        ("gradients", "float64", "eval"),
        ("outputs", "float64", "train"),
        ("gradients", "float64", "train"),
        ("state", "float64", "train"),
        ("outputs", "float32", "eval"),
    }
    assert {c.case for c in found.comparisons} == {
        shape.replace("float32", "x=float32") for shape in found.inputs["x"].split(", ")
    }
    assert found.executed_lines == found.model_lines
    assert found.missed_lines == ()
    assert found.counterexample == found.first_divergence == ""
    limits = [c for c in found.comparisons if "known limit" in c.where]
    assert [c.aspect for c in limits] == ["state"]


@pytest.mark.parametrize("mistake", IN_KERAS)
def test_a_mistake_in_keras_is_caught(pool: WorkerPool, mistake: str) -> None:
    old, new, aspect = IN_KERAS[mistake]
    assert CNN_KERAS.count(old) == 1
    found = verdict(pool, CNN_TORCH, CNN_KERAS.replace(old, new), "torch", TO_LAST)
    assert found.verdict == "different"
    assert found.message
    if aspect:
        assert next(c.aspect for c in found.comparisons if not c.passed) == aspect


@pytest.mark.parametrize("mistake", IN_TORCH)
def test_a_mistake_in_torch_is_caught(pool: WorkerPool, mistake: str) -> None:
    old, new, aspect = IN_TORCH[mistake]
    assert CNN_TORCH.count(old) == 1
    found = verdict(pool, CNN_KERAS, CNN_TORCH.replace(old, new), "keras", TO_FIRST)
    assert found.verdict == "different"
    assert next(c.aspect for c in found.comparisons if not c.passed) == aspect


def test_a_wrong_layout_rule_is_caught(pool: WorkerPool) -> None:
    assert verdict(pool, CNN_TORCH, CNN_KERAS, "torch", "n c h w -> n w h c").verdict == "different"
    assert verdict(pool, CNN_TORCH, CNN_KERAS, "torch", "n c l -> n l c").verdict == "different"
    assert verdict(pool, CNN_TORCH, CNN_KERAS, "torch", TO_LAST, "n k -> k n").verdict == "different"


def test_an_undocumented_state_difference_is_caught(pool: WorkerPool) -> None:
    t = simple(CNN_TORCH, CNN_KERAS, rule=TO_LAST, diagnostics=())
    [found] = verify(CNN_TORCH, CNN_KERAS, translation=t, rules=rules, pool=pool).models
    assert found.verdict == "different"
    assert "bn1.moving_variance" in found.message


def test_weights_that_do_not_correspond_are_a_difference(pool: WorkerPool) -> None:
    code = CNN_KERAS.replace("layers.Dense(classes)", "layers.Dense(classes + 1)")
    found = verdict(pool, CNN_TORCH, code, "torch", TO_LAST)
    assert found.verdict == "different"
    assert "misshapen: fc.kernel" in found.message


def test_the_first_diverging_submodule_is_named(pool: WorkerPool) -> None:
    wrong = CNN_KERAS.replace(", epsilon=1e-5", "")
    found = verdict(pool, CNN_TORCH, wrong, "torch", TO_LAST)
    assert found.first_divergence.startswith("bn1 (BatchNorm2d, BatchNormalization bn1): equal inputs")
    wrong = CNN_KERAS.replace("x = ops.relu(self.conv2(x))", "x = self.conv2(x)")
    found = verdict(pool, CNN_TORCH, wrong, "torch", TO_LAST)
    assert found.first_divergence.endswith("the cause lies before it, after conv2")
