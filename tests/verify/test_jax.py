"""Keras on JAX is held to the same bounds. These run where JAX is installed: pip install -e '.[dev,verify-jax]'."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.verify.models import CNN_KERAS, CNN_TORCH, TO_FIRST, TO_LAST, simple
from tests.verify.test_counterexample import failing, run
from tests.weights.pairs import rules
from translator.model import Framework, ModelVerdict
from translator.verify.api import verify
from translator.verify.client import WorkerOptions, WorkerPool

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("jax") is None, reason="needs jax"),
]

# On JAX, Keras' pooling functions fail without strides:
# https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/jax/nn.py
ON_JAX = CNN_KERAS.replace("_pool(x, 2)", "_pool(x, 2, 2)").replace(
    "\n\n\nclass", '\n\nassert keras.backend.backend() == "jax"\n\n\nclass', 1
)


@pytest.fixture(scope="module")
def jax_pool() -> Iterator[WorkerPool]:
    with WorkerPool(WorkerOptions(backend="jax")) as workers:
        yield workers


def verdict(pool: WorkerPool, source: str, code: str, from_: Framework = "torch") -> ModelVerdict:
    t = simple(source, code, from_=from_, rule=TO_LAST if from_ == "torch" else TO_FIRST)
    [found] = verify(source, code, translation=t, rules=rules, pool=pool, backend="jax").models
    return found


@pytest.mark.parametrize("from_", ["torch", "keras"])
def test_outputs_gradients_and_state_agree_in_float64(jax_pool: WorkerPool, from_: Framework) -> None:
    source, code = (CNN_TORCH, ON_JAX) if from_ == "torch" else (ON_JAX, CNN_TORCH)
    found = verdict(jax_pool, source, code, from_)
    assert (found.verdict, found.message, found.loosened) == ("verified", "", ())
    compared = {(one.aspect, one.mode) for one in found.comparisons if one.dtype == "float64"}
    assert compared >= {("outputs", "eval"), ("gradients", "eval"), ("outputs", "train"), ("state", "train")}


def test_a_wrong_epsilon_is_found(jax_pool: WorkerPool) -> None:
    found = verdict(jax_pool, CNN_TORCH, ON_JAX.replace("epsilon=1e-5", "epsilon=2e-5"))
    assert found.verdict == "different"
    assert found.first_divergence.startswith("bn1 ")


@pytest.mark.parametrize(
    ("argument", "says"),
    [("epsilon", "evaluation mode\n  output 0"), ("momentum", "after one training step on both sides\n  output 0")],
)
def test_the_script_shows_the_difference_on_jax(jax_pool: WorkerPool, tmp_path: Path, argument: str, says: str) -> None:
    found = failing(jax_pool, tmp_path / "model.py", argument, "0.5")
    done = run(found.counterexample, tmp_path)
    assert done.stderr.count("Traceback") == 0, done.stderr
    assert done.returncode == 1, done.stdout
    assert says in done.stdout
    assert "nan" not in done.stdout
