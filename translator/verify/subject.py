"""Both models of one root with the same random weights, and proof that comparing them means something."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from translator.model import WeightPlan
from translator.verify.bench import Bench, InconclusiveError, SideError
from translator.verify.cases import SEED, Cases
from translator.verify.protocol import Array, Arrays
from translator.weights.pair import Pairing, RulesLookup, pair
from translator.weights.transfer import carry
from translator.weights.tree import ModuleTree


@dataclass(frozen=True, slots=True)
class Subject:
    """Both sides hold the same weights and can restore them.

    ``values`` and ``target_values`` are these weights by path, in float64 where they are floats.
    """

    bench: Bench
    cases: Cases
    pairing: Pairing
    trees: tuple[ModuleTree, ModuleTree]
    values: Arrays
    target_values: Arrays
    notes: tuple[str, ...] = ()

    def on(self, bench: Bench) -> Subject:
        """The same weights in the models of another bench, which have been called once."""
        other = replace(self, bench=bench)
        other.write()
        return other

    def write(self) -> None:
        """Send the weights to both sides, and have them remembered there."""
        self.bench.write("source", self.values)
        self.bench.write("translated", self.target_values)
        self.bench.save()


def prepare(bench: Bench, cases: Cases, plan: WeightPlan, rules: RulesLookup) -> Subject:
    """Build both models by a call, pair them, randomise the source and carry its weights over.

    Raises :class:`translator.errors.WeightError` where the models do not correspond.
    """
    bench.forward(cases.evaluation[0], "eval", trace=True)
    trees = bench.trees()
    pairing = pair(*trees, plan, rules)
    bench.ask("source", "randomise", seed=SEED)
    notes: tuple[str, ...] = ()
    try:
        bench.calibrate(cases.training)
    except SideError as failure:
        if failure.failure.kind != "raised":
            raise
        notes = (f"running statistics are not calibrated, training mode fails: {failure.failure}",)
    bench.ask("source", "jitter", seed=SEED)
    values = bench.read("source")
    shapes = {path: info.shape or () for path, info in trees[1].tensor_paths().items()}
    subject = Subject(bench, cases, pairing, trees, values, carry(pairing, values, shapes), notes)
    subject.write()
    return subject


def guard(subject: Subject) -> None:
    """Raise :class:`InconclusiveError` unless the output depends on the input and the weights, and on nothing else."""
    bench, case = subject.bench, subject.cases.evaluation[0]
    outputs = floats(bench.forward_source(case))
    if not outputs:
        raise InconclusiveError("the source model returns no floating-point tensor")
    if any(not np.isfinite(array).all() for array in outputs.values()):
        raise InconclusiveError("the source model returns infinities or NaN for random weights and inputs")
    if moved(outputs, floats(bench.forward_source(replace(case, seed=1)))):
        raise InconclusiveError("the source model is random even in evaluation mode")
    arrays = {name: _nudged(array) for name, array in case.arrays.items()}
    if not moved(outputs, floats(bench.forward_source(replace(case, arrays=arrays)))):
        raise InconclusiveError("the output does not change when the inputs change")
    if floats(subject.values):
        bench.ask("source", "perturb", scale=0.01, shift=0.01, seed=SEED)
        changed = moved(outputs, floats(bench.forward_source(case)))
        bench.ask("source", "restore")
        if not changed:
            raise InconclusiveError("the output does not change when the weights change")


def floats(arrays: Arrays) -> Arrays:
    """The floating-point arrays among ``arrays``."""
    return {path: array for path, array in arrays.items() if np.issubdtype(array.dtype, np.floating)}


def moved(before: Arrays, after: Arrays) -> bool:
    """Whether any array changed beyond rounding."""
    if before.keys() != after.keys():
        return True
    return any(
        one.shape != after[path].shape
        or bool(np.abs(one - after[path]).max(initial=0.0) > 1e-9 * max(1e-300, np.abs(one).max(initial=0.0)))
        for path, one in before.items()
    )


def _nudged(array: Array) -> Array:
    """Other values of the same kind: floats move a little, integers to their neighbour, booleans to their opposite."""
    if np.issubdtype(array.dtype, np.floating):
        return array + 0.1 * np.random.default_rng(SEED).standard_normal(array.shape)
    if array.dtype == np.bool_:
        return np.logical_not(array)
    return np.asarray((array + 1) % (array.max(initial=0) + 1), dtype=array.dtype)
