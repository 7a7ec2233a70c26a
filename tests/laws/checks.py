"""The four laws, each for one drawn program. They raise AssertionError with both texts where the law does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from difflib import unified_diff
from typing import Literal

import numpy as np

from tests.laws.modules import needed
from tests.laws.pairs import Pair, RefusedError, draw_inputs, live_pair, source_model, translation
from tests.laws.programs import Program
from tests.laws.sides import Array, TorchSide, state
from tests.laws.tally import Tally
from tests.laws.values import calls
from translator import translate
from translator.catalog.entry import Entry
from translator.catalog.load import load
from translator.catalog.pattern import Call, Lit, Ref
from translator.model import Translation
from translator.verify.leaks import KERAS_BACKEND_LEAKS, KERAS_LAYER_LEAKS, LOOSE, TORCH_LEAKS
from translator.weights.transfer import transfer_weights

Law = Literal["round_trip", "weights", "outputs", "state"]
Check = Callable[[Program, Translation, Entry, Tally], None]

FORWARD = 1e-11
GRADIENT = 1e-9
VISIBLE = 1e-6
"""A limit on state is honest if the state differs by more than this somewhere; rounding stays below 1e-12."""

_LEAKS = {name.replace("_", "") for names in (TORCH_LEAKS, *KERAS_BACKEND_LEAKS.values()) for name in names}


def check(law: Law, program: Program, entry: Entry, tally: Tally) -> None:
    """Try one law on one program. Raises RefusedError where the source library does not take the program."""
    t = translation(program)
    if _declined(program, t):
        tally.declined += 1
        return
    _CHECKS[law](program, t, entry, tally)
    tally.checked += 1
    tally.hits += any(site.entry == entry.name for site in t.coverage.sites)


def leaks(entry: Entry) -> bool:
    """True where one of the entry's operations passes through a float32 constant."""
    found = [call for case in entry.cases for p in (*case.torch, *case.keras) for call in calls(p)]
    names = {name for call in found for name in _names(call)}
    return any(name in KERAS_LAYER_LEAKS or _plain(name) in _LEAKS for name in names)


def _plain(name: str) -> str:
    """A function, its layer and its name as an argument alike: ``hardsigmoid``."""
    return name.rpartition(".")[2].replace("_", "").lower()


def _names(call: Call) -> set[str]:
    """What a call names: its function, an activation, and what a helper calls in its turn."""
    found = (load().helpers[name].text for name in needed({call.api} & set(load().helpers), load()))
    parts = [part.value for _, part in call.args if isinstance(part, Lit) and isinstance(part.value, str)]
    parts += [part.api for _, part in call.args if isinstance(part, Ref)]
    return {call.api, *parts, *(word for text in found for word in re.findall(r"(?:ops|F)\.(\w+)", text))}


def _declined(program: Program, t: Translation) -> bool:
    """Whether the translator left the program alone, as it may where the entry itself excludes the arguments."""
    errors = [d for d in t.diagnostics if d.severity == "error"]
    if not errors:
        return False
    found = "; ".join(f"{d.code} {d.message}" for d in errors)
    _require_valid(program)
    assert {d.code for d in errors} <= {"T102", "T104"}, f"{found}\n{program.source}"
    assert program.excluded, f"declined what the entry covers: {found}\n{program.source}"
    return True


def _require_valid(program: Program) -> None:
    """A decline of what no library takes is no finding."""
    with ExitStack() as stack:
        source_model(stack, program, draw_inputs(program, np.random.default_rng([program.seed, 1])))


def _round_trip(program: Program, t: Translation, entry: Entry, tally: Tally) -> None:
    _require_valid(program)
    layout = program.layout if program.framework == "keras" else None
    back = translate(t.code, to=program.framework, layout=layout)
    again = translate(back.code, to=program.target, layout=t.layout)
    changes = "".join(unified_diff(t.code.splitlines(True), again.code.splitlines(True), "T(x)", "T(B(T(x)))"))
    assert not changes, f"\n{changes}\n--- x\n{program.source}\n--- T(x)\n{t.code}\n--- B(T(x))\n{back.code}"


def _weights(program: Program, t: Translation, entry: Entry, tally: Tally) -> None:
    layout = program.layout if program.framework == "keras" else None
    back = translate(t.code, to=program.framework, layout=layout)
    with live_pair(program, t) as pair, ExitStack() as stack:
        fresh = source_model(stack, program, pair.inputs)[1]
        transfer_weights(pair.target.model, fresh, back)
        before, after = pair.source_state(), state(program.framework, fresh)
        for move in pair.pairing.moves:
            if move.operands[0].combine == "sum":
                # It comes back as one term and zeros.
                terms = [before[path] for path in move.sources]
                zeros = (np.zeros_like(term) for term in terms[1:])
                before.update(zip(move.sources, (sum(terms[1:], start=terms[0]), *zeros), strict=True))
        assert before.keys() == after.keys(), f"{sorted(before)} became {sorted(after)}{pair.explain()}"
        for path, array in before.items():
            assert array.tobytes() == after[path].tobytes(), f"{path} changed on the way there and back{pair.explain()}"


def _outputs(program: Program, t: Translation, entry: Entry, tally: Tally) -> None:
    with live_pair(program, t) as pair:
        expected = pair.source.run(pair.inputs)
        actual = pair.target.run(pair.target_inputs)
        wanted = pair.to_target(expected)
        assert wanted.shape == actual.shape, f"output {actual.shape}, not {wanted.shape}{pair.explain()}"
        if _is_random(pair, entry):
            tally.random += 1
            return
        assert wanted.dtype.kind == actual.dtype.kind, f"output {actual.dtype}, not {wanted.dtype}{pair.explain()}"
        if not np.issubdtype(expected.dtype, np.floating):
            assert np.array_equal(wanted, actual), f"the output differs{pair.explain()}"
            return
        gate = LOOSE if leaks(entry) else FORWARD
        tally.forward = max(tally.forward, _compare("the output", wanted, actual, gate, 1.0, pair))
        cotangent = np.random.default_rng([program.seed, 1]).normal(size=expected.shape).astype(expected.dtype)
        tally.gradient = max(tally.gradient, _compare_gradients(pair, cotangent, entry, training=False))


def _state(program: Program, t: Translation, entry: Entry, tally: Tally) -> None:
    with live_pair(program, t) as pair:
        if _is_random(pair, entry, training=True):
            tally.random += 1
            return
        shape = pair.source.run(pair.inputs).shape
        cotangent = np.random.default_rng([program.seed, 1]).normal(size=shape)
        _compare_gradients(pair, cotangent, entry, training=True, step=True)
        expected, actual = pair.carried(pair.source_state()), pair.target_state()
        allowed = _allowed(pair, entry)
        for path, wanted in expected.items():
            if path in allowed:
                difference = _distance(wanted, actual[path])
                what = allowed[path]
                tally.limits[what] = max(difference, tally.limits.get(what, 0.0))
            elif np.issubdtype(wanted.dtype, np.floating):
                gate = LOOSE if leaks(entry) else GRADIENT
                _compare(f"{path} after a step", wanted, actual[path], gate, 1.0, pair)


def _compare_gradients(pair: Pair, cotangent: Array, entry: Entry, *, training: bool, step: bool = False) -> float:
    by_input, by_path = _in_source(pair, cotangent, training)
    target_inputs, target_paths = pair.target.gradients(
        pair.target_inputs, pair.to_target(cotangent), training=training
    )
    carried = pair.carried_gradients(by_path)
    wanted = {f"input {i}": g for i, g in enumerate(pair.inputs_to_target(by_input))}
    actual: dict[str, Array] = {f"input {i}": g for i, g in enumerate(target_inputs)}
    wanted |= {path: carried[path] for path in target_paths if path in carried}
    actual |= target_paths
    assert wanted.keys() == actual.keys(), f"gradients {sorted(actual)}, not {sorted(wanted)}{pair.explain()}"
    largest = max((_largest(g) for g in wanted.values()), default=0.0)
    gate = LOOSE if leaks(entry) else GRADIENT
    # Relative to the largest gradient: one whose true value is zero is nothing but rounding.
    errors = [_compare(f"the gradient of {n}", w, actual[n], gate, 0.0, pair, largest) for n, w in wanted.items()]
    if step:
        pair.source.step(by_path)
        pair.target.step(target_paths)
    return max(errors, default=0.0)


def _in_source(pair: Pair, cotangent: Array, training: bool) -> tuple[list[Array], dict[str, Array]]:
    try:
        return pair.source.gradients(pair.inputs, cotangent, training=training)
    except Exception as error:  # such as one value per channel in training mode
        raise RefusedError(f"{type(error).__name__}: {error}") from error


def _is_random(pair: Pair, entry: Entry, *, training: bool = False) -> bool:
    """Whether the outputs are random: the PyTorch side draws numbers, and no rate of 0 makes them irrelevant."""
    rates = [value for name, value in pair.program.values.items() if entry.kind(name) == "float"]
    if rates and not any(rates):
        return False
    from_torch = isinstance(pair.source, TorchSide)
    torch_side, inputs = (pair.source, pair.inputs) if from_torch else (pair.target, pair.target_inputs)
    assert isinstance(torch_side, TorchSide)
    try:
        return torch_side.uses_random_numbers(inputs, training=training)
    except ValueError as error:  # such as one value per channel in training mode
        raise RefusedError(f"{type(error).__name__}: {error}") from error


def _allowed(pair: Pair, entry: Entry) -> dict[str, str]:
    """The target's tensors that a limit on state names, with what the limit calls them."""
    result: dict[str, str] = {}
    names = {name.strip() for limit in entry.limits if limit.affects == "state" for name in limit.what.split(",")}
    for move in pair.pairing.moves:
        for path in (*move.sources, *move.targets):
            if path.rpartition(".")[2] in names:
                result.update(dict.fromkeys(move.targets, path.rpartition(".")[2]))
    return result


def _compare(
    what: str, wanted: Array, actual: Array, gate: float, floor: float, pair: Pair, scale: float | None = None
) -> float:
    """The error relative to the scale (by default the largest value, at least ``floor``)."""
    assert wanted.shape == actual.shape, f"{what}: shape {actual.shape}, not {wanted.shape}{pair.explain()}"
    measure = max(floor, _largest(wanted)) if scale is None else scale
    distance = _distance(wanted, actual)
    assert distance <= gate * measure, f"{what} is off by {distance:.3g} of {measure:.3g}{pair.explain()}"
    return distance / measure if measure else 0.0


def _distance(wanted: Array, actual: Array) -> float:
    """The largest difference; infinities and NaNs agree only with their like."""
    with np.errstate(invalid="ignore"):
        same = (wanted == actual) | (np.isnan(wanted) & np.isnan(actual))
        difference = np.where(same, 0.0, np.abs(wanted - actual))
    return float(np.max(np.where(np.isnan(difference), np.inf, difference), initial=0.0))


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))


_CHECKS: Mapping[Law, Check] = {"round_trip": _round_trip, "weights": _weights, "outputs": _outputs, "state": _state}
