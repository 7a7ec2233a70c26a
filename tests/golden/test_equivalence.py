"""Every run line of every exact golden file: both versions compute the same in float64, there and on the way back.

Compared are the outputs, and the gradients of the inputs and of every trainable tensor, in evaluation mode. Gradients
of parameters are carried to the other side as if they were the weights, so that only the public interface is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from types import ModuleType
from zlib import crc32

import numpy as np
import pytest

from tests.golden.cases import Golden, Run, goldens, translated
from tests.golden.expected import NOT_EXACT
from tests.golden.sides import Arguments, Array, KerasSide, Result, TorchSide, flat, side
from translator import Translation, transfer_weights
from translator.model import Layout, ModelInfo
from translator.verify.leaks import KERAS_BACKEND_LEAKS, LOOSE, TORCH_LEAKS

pytestmark = pytest.mark.frameworks

# Relative to the largest element: rounding in float64 stays below 1e-13, a wrong meaning shows above 1e-6.
FORWARD = 1e-11
GRADIENT = 1e-9

LEAKS = {name.replace("_", "") for names in (TORCH_LEAKS, KERAS_BACKEND_LEAKS["nn"]) for name in names}

EXACT = [golden for golden in goldens() if golden.name not in NOT_EXACT]
RUNS = [(golden, index) for golden in EXACT for index in range(len(golden.runs))]
# XLA compiles for seconds per model; these cover convolutions of every form, pooling, flatten and joins.
COMPILED = (
    "classes/methods conv/dilation_groups conv/padding_forms functional/mnist_net models/lenet names/aliases "
    "pool/global tensor/inception_cat tensor/squeeze_excite tensor/view_forms"
).split()
KEPT = [golden for golden in EXACT if golden.to == "torch" or golden.name.rpartition("/")[0] in COMPILED]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    from tests.laws.sides import float64

    with float64():
        yield


def named(value: object) -> str:
    return str(value)


@pytest.mark.parametrize(("golden", "index"), RUNS, ids=named)
def test_computes_the_same_there_and_back(golden: Golden, index: int) -> None:
    check(golden, golden.runs[index], None, back=True)


@pytest.mark.parametrize("golden", KEPT, ids=named)
def test_computes_the_same_with_every_axis_kept(golden: Golden) -> None:
    check(golden, golden.runs[0], golden.kept_layout, back=False)


@pytest.mark.nightly
@pytest.mark.parametrize(("golden", "index"), [row for row in RUNS if row[0] not in KEPT or row[1] > 0], ids=named)
def test_computes_the_same_with_every_axis_kept_on_all_other_runs(golden: Golden, index: int) -> None:
    check(golden, golden.runs[index], golden.kept_layout, back=False)


def check(golden: Golden, run: Run, layout: Layout | None, *, back: bool) -> None:
    with ExitStack() as modules:
        source = executed(modules, golden.source)
        there = translated(golden.source, golden.to, layout)
        target = executed(modules, there.code)
        one = side(golden.from_, evaluate(run.expression, source), golden.source)
        two = side(golden.to, evaluate(run.expression, target), there.code)
        # A Keras layer has no weights before a call reaches it, so models are built by the call with most arguments.
        widest = max((other for other in golden.runs if other.model == run.model), key=lambda r: len(r.inputs))
        arguments, reaching = drawn(run), drawn(max(run, widest, key=lambda r: len(r.inputs)))
        compare(one, two, there, run.model, arguments, reaching)
        if back:
            moved, reached = (in_target_order(a, there.models[run.model]) for a in (arguments, reaching))
            again = translated(there.code, golden.from_)
            assert again.exact, [(d.code, d.message) for d in again.diagnostics if d.severity != "note"]
            three = side(golden.from_, evaluate(run.expression, executed(modules, again.code)), again.code)
            compare(two, three, again, there.models[run.model].target, moved, reached)


def compare(
    source: TorchSide | KerasSide,
    target: TorchSide | KerasSide,
    t: Translation,
    name: str,
    arguments: Arguments,
    reaching: Arguments,
) -> None:
    info = t.models[name]
    moved = in_target_order(arguments, info)
    source.build(reaching)
    target.build(in_target_order(reaching, info))
    source.randomise(np.random.default_rng(1))
    transfer_weights(source.model, target.model, t)
    expected = source.run(arguments, cotangent)
    actual = target.run(
        moved, lambda path, _: rearranged(cotangent(path, expected.outputs[path].shape), info.outputs.get(path))
    )
    floats = [g for g, array in zip(expected.inputs, flat(arguments), strict=True) if array.dtype.kind == "f"]
    assert not floats or any(np.abs(g).max() > 0 for g in floats), "the output does not depend on the input"
    assert set(actual.outputs) == set(expected.outputs)
    assert set(info.outputs) <= set(expected.outputs)
    forward, backward = (LOOSE, LOOSE) if leaks(t.code) else (FORWARD, GRADIENT)
    for path, output in expected.outputs.items():
        assert_close(actual.outputs[path], rearranged(output, info.outputs.get(path)), forward, f"output {path!r}")
    rules = input_rules(arguments, info)
    for index, (found, gradient, rule) in enumerate(zip(actual.inputs, expected.inputs, rules, strict=True)):
        assert_close(found, rearranged(gradient, rule), backward, f"gradient of input {index}")
    compare_parameters(source, target, t, expected, actual, backward)


def leaks(code: str) -> bool:
    """Whether an operation passes through a float32 constant; both libraries spell these nearly alike."""
    return bool({word.replace("_", "").lower() for word in re.findall(r"\w+", code)} & LEAKS)


def compare_parameters(
    source: TorchSide | KerasSide,
    target: TorchSide | KerasSide,
    t: Translation,
    expected: Result,
    actual: Result,
    gate: float,
) -> None:
    # Of two biases that one of Keras is the sum of, each has the gradient of the sum.
    firsts = {second: second.replace("bias_hh", "bias_ih") for second in source.second_biases()}
    zeros = {second: 0 * expected.parameters[first] for second, first in firsts.items()}
    source.write({**expected.parameters, **zeros})
    transfer_weights(source.model, target.model, t)
    carried = target.read()
    seconds = set(target.second_biases()) & set(carried)
    carried |= {second: carried[second.replace("bias_hh", "bias_ih")] for second in seconds}
    assert set(carried) == set(actual.parameters)
    scale = max((np.abs(gradient).max() for gradient in carried.values()), default=0.0)
    for path, gradient in actual.parameters.items():
        assert_close(gradient, carried[path], gate, f"gradient of {path}", floor=1e-6 * scale)


def assert_close(found: Array, expected: Array, gate: float, what: str, floor: float = 1.0) -> None:
    """``floor`` is the scale below which an array counts as small: gradients that are zero in exact arithmetic."""
    assert found.shape == expected.shape, what
    assert np.isfinite(expected).all(), f"{what} is not finite"
    bound = gate * max(np.abs(expected).max(initial=0.0), floor)
    assert np.abs(found - expected).max(initial=0.0) <= bound, what


def drawn(run: Run) -> Arguments:
    """Random arguments; the elements of a list argument stay together."""
    rng = np.random.default_rng(0)
    arguments: dict[str, Array | list[Array]] = {}
    for tensor in run.inputs:
        # Integers are classes or positions, of which every model has two.
        whole = tensor.dtype.startswith("int")
        array = rng.integers(0, 2, tensor.shape) if whole else rng.standard_normal(tensor.shape)
        if tensor.listed:
            elements = arguments.setdefault(tensor.argument, [])
            assert isinstance(elements, list)
            elements.append(array)
        else:
            arguments[tensor.name] = array
    return list(arguments.values())


def in_target_order(arguments: Arguments, info: ModelInfo) -> Arguments:
    rules = iter(input_rules(arguments, info))
    return [
        [rearranged(element, next(rules)) for element in argument]
        if isinstance(argument, list)
        else rearranged(argument, next(rules))
        for argument in arguments
    ]


def input_rules(arguments: Arguments, info: ModelInfo) -> list[str | None]:
    """The axis rule of every array: by ``argument.position`` for the elements of a list, else by the argument."""
    names = list(dict.fromkeys(key.partition(".")[0] for key in info.inputs))
    assert len(names) >= len(arguments), f"{list(info.inputs)} for {len(arguments)} arguments"
    rules: list[str | None] = []
    for name, argument in zip(names, arguments, strict=False):
        for position, _ in enumerate(flat([argument])):
            keys = [key for key in (f"{name}.{position}", name) if key in info.inputs]
            assert keys, f"no rule for {name!r}"
            rules.append(info.inputs[keys[0]])
    return rules


def cotangent(path: str, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(crc32(path.encode())).standard_normal(shape)


def rearranged(array: Array, rule: str | None) -> Array:
    """Transpose by a rule such as ``"n c h w -> n h w c"``."""
    if rule is None:
        return array
    found = re.fullmatch(r"([\w ]+) -> ([\w ]+)", rule)
    assert found, rule
    before, after = found[1].split(), found[2].split()
    assert sorted(before) == sorted(after), rule
    assert len(before) == array.ndim, f"{rule} for an array of {array.ndim} axes"
    return np.ascontiguousarray(np.transpose(array, [before.index(axis) for axis in after]))


def executed(modules: ExitStack, code: str) -> ModuleType:
    from tests.laws.sides import executed as run

    # A layer that asks for float32 would round in a float64 model; both sides are lifted alike.
    return modules.enter_context(run(code.replace('"float32"', '"float64"')))


def evaluate(expression: str, module: ModuleType) -> object:
    return eval(expression, module.__dict__)  # noqa: S307  # the fixture's own expression
