"""What a declined call of a framework gives is still the framework's: its methods are reported, wherever it goes."""

from __future__ import annotations

import pytest

from translator import translate


def errors(source: str, to: str) -> list[tuple[int, str]]:
    t = translate(source, to=to)  # type: ignore[arg-type]  # one of the two
    return [(d.span.line, d.code) for d in t.diagnostics if d.severity == "error"]


TORCH = {
    "an optimizer": ("opt = torch.optim.SGD(p, lr=0.1)", "opt.step()", "T106"),
    "an optimizer or none": ("opt = torch.optim.SGD(p, lr=0.1) if p else None", "opt.step()", "T106"),
    "one of two optimizers": ("opt = torch.optim.SGD(p) if p else torch.optim.Adam(p)", "opt.step()", "T106"),
    "a member of an optimizer": ("opt = torch.optim.SGD(p, lr=0.1)", "opt.state.clear()", "T106"),
    "a loss": ("loss = torch.nn.CTCLoss()(p, p, p, p)", "loss.backward()", "T106"),
    "a generator": ("g = torch.Generator()", "g.manual_seed(3)", "T111"),
    "a result": ("y = torch.fft.fft(p)", "y.abs()", "T111"),
    "a result of a result": ("y = torch.fft.fft(p).abs()", "y.sum()", "T111"),
}


@pytest.mark.parametrize("kind", TORCH)
def test_methods_of_what_pytorch_gives_are_reported(kind: str) -> None:
    made, used, code = TORCH[kind]
    found = errors(f"import torch\n\n\ndef run(p):\n    {made}\n    {used}\n", "keras")
    assert (6, code) in found
    assert {line for line, _ in found} == {5, 6}


KERAS = {
    "an optimizer": ("opt = keras.optimizers.SGD(0.1)", "opt.build(p)", "T106"),
    "a variable": ("v = keras.Variable(1.0)", "v.assign(2.0)", "T109"),
    "a context": ("with tf.GradientTape() as tape: pass", "tape.watch(p)", "T106"),
    "a data set": ("d = tf.data.Dataset.from_tensor_slices(p)", "d.batch(3)", "T106"),
}


@pytest.mark.parametrize("kind", KERAS)
def test_methods_of_what_keras_gives_are_reported(kind: str) -> None:
    made, used, code = KERAS[kind]
    found = errors(f"import keras, tensorflow as tf\n\n\ndef run(p):\n    {made}\n    {used}\n", "torch")
    assert (6, code) in found


def test_an_object_is_followed_through_attributes_and_functions() -> None:
    source = """import torch
from torch import nn, optim


def build(p):
    return optim.SGD(p, lr=0.1)


class Trainer:
    def __init__(self, p):
        self.opt = build(p)

    def step(self):
        self.opt.step()
"""
    assert errors(source, "keras") == [(6, "T106"), (14, "T106")]


@pytest.mark.parametrize("call", ["zero_grad()", "load_state_dict({})"])
def test_names_that_only_training_has_are_reported_on_unknown_objects(call: str) -> None:
    source = f"import torch\n\n\ndef run(thing):\n    thing.{call}\n    return torch.zeros(2)\n"
    assert errors(source, "keras") == [(5, "T106")]


@pytest.mark.parametrize("call", ["update()", "step()", "items()", "sort()"])
def test_other_methods_of_unknown_objects_are_not(call: str) -> None:
    source = f"import torch\n\n\ndef run(thing):\n    thing.{call}\n    return torch.zeros(2)\n"
    assert errors(source, "keras") == []


@pytest.mark.parametrize("owner", ["self.fc", "self"])
@pytest.mark.parametrize("hook", ["register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"])
def test_hooks_are_reported_as_such(owner: str, hook: str) -> None:
    source = f"""from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)
        {owner}.{hook}(print)

    def forward(self, x):
        return self.fc(x)
"""
    assert errors(source, "keras") == [(8, "T109")]


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import importlib", "importlib.import_module"),
        ("from importlib import import_module", "import_module"),
        ("import importlib as il", "il.import_module"),
    ],
)
@pytest.mark.parametrize(("module", "found"), [("torch.nn", [(6, "T105")]), ("json", [])])
def test_a_framework_module_imported_by_a_string_is_reported(
    imports: str, call: str, module: str, found: list[tuple[int, str]]
) -> None:
    source = f"import torch\n{imports}\n\n\ndef load():\n    return {call}('{module}')\n\n\nx = torch.zeros(2)\n"
    assert errors(source, "keras") == found
