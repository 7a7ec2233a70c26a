"""The comparisons of one root: outputs, gradients, and state after a training step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from translator.model import Comparison, Diagnostic
from translator.verify.bench import Bench, Case, Gradients, Outputs, SideError
from translator.verify.cases import SEED
from translator.verify.compare import FLOAT32, Gate, compare_gradients, compare_values, loosened
from translator.verify.protocol import Arrays
from translator.verify.side import Mode
from translator.verify.subject import Subject, floats, moved
from translator.weights.move import Move
from translator.weights.pair import Pairing
from translator.weights.transfer import carry

KNOWN_STATE_LIMIT = "T002"
"""The diagnostic that a translation gives where training state differs for a documented reason."""


@dataclass
class Judge:
    """Collects comparisons; ``failed`` is the first that did not pass."""

    subject: Subject
    gate: Gate
    diagnostics: Sequence[Diagnostic]
    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    loosened: tuple[str, ...] = ()

    @property
    def failed(self) -> Comparison | None:
        return next((comparison for comparison in self.comparisons if not comparison.passed), None)

    def evaluation(self) -> list[Arrays]:
        """Compare outputs and gradients of every case in evaluation mode; gives the source's outputs."""
        found = []
        for case in self.subject.cases.evaluation:
            outputs = self.subject.bench.forward(case, "eval")
            found.append(outputs.source)
            if self._outputs("eval", case, outputs):
                cotangents = _cotangents(outputs.own)
                gradients, _, _ = self.subject.bench.gradients(case, "eval", cotangents, self.subject.pairing)
                self._gradients("eval", case, cotangents, gradients)
        return found

    def training(self) -> None:
        """Compare outputs, gradients and state of one step in training mode, where the source can be run in it."""
        bench, case = self.subject.bench, self.subject.cases.training
        try:
            outputs = bench.forward(case, "train", trace=True)
        except SideError as failure:
            if failure.which != "source" or failure.failure.kind != "raised":
                raise
            self.notes.append(f"training mode is not compared, the source model fails in it: {failure.failure}")
            return
        bench.restore()
        if moved(floats(outputs.source), floats(outputs.translated)) and self._is_random(case, outputs.own):
            self.notes.append("training mode is not compared: beyond dropout, the source model is random in it")
        elif self._outputs("train", case, outputs):
            cotangents = _cotangents(outputs.own)
            gradients, source, target = bench.gradients(case, "train", cotangents, self.subject.pairing, step=True)
            bench.restore()
            self._gradients("train", case, cotangents, gradients)
            self._state(source, target, case)

    def float32(self, bench: Bench, exact: Sequence[Arrays]) -> None:
        """Compare outputs in float32, where ``bench`` holds both models in it and ``exact`` are the float64 outputs."""
        for case, reference in zip(self.subject.cases.evaluation, exact, strict=True):
            outputs = bench.forward(case, "eval")
            noise = _ten_times_the_difference(outputs.source, reference)
            result = compare_values(
                "outputs", outputs.source, outputs.translated, FLOAT32, "eval", case=case.name, noise=noise
            )
            self.comparisons.append(result)

    def allow_leaks(self) -> None:
        """Judge what failed by the looser gate where an operation ran that leaks float32, and keep its name."""
        leaks = self.subject.bench.events().leaks
        if not leaks or self.gate is FLOAT32:
            return
        for index, comparison in enumerate(self.comparisons):
            loose = loosened(comparison, self.gate)
            if not comparison.passed and loose.passed:
                self.comparisons[index] = loose
                self.loosened = leaks

    def _outputs(self, mode: Mode, case: Case, outputs: Outputs) -> bool:
        """Compare outputs and the dropouts behind them; tells whether both have the same leaves and shapes."""
        self._dropouts(mode, case)
        result = compare_values("outputs", outputs.source, outputs.translated, self.gate, mode, case=case.name)
        self.comparisons.append(result)
        return _shapes(outputs.source) == _shapes(outputs.translated)

    def _is_random(self, case: Case, outputs: Arrays) -> bool:
        """Whether the source's outputs in training mode depend on the seed."""
        again = self.subject.bench.forward_source(replace(case, seed=1), "train")
        self.subject.bench.restore()
        return moved(floats(outputs), floats(again))

    def _gradients(self, mode: Mode, case: Case, cotangents: Arrays, found: Gradients) -> None:
        """Compare gradients; where that fails, once more with the rounding that the source side itself shows."""
        result = compare_gradients(found.source, found.translated, self.gate, mode, case=case.name)
        if not result.passed:
            noise = self._rounding(mode, case, cotangents, found.source)
            result = compare_gradients(found.source, found.translated, self.gate, mode, case=case.name, noise=noise)
        self.comparisons.append(result)

    def _rounding(self, mode: Mode, case: Case, cotangents: Arrays, gradients: Arrays) -> dict[str, float]:
        """Ten times the change of each source gradient when every weight changes in its last bits."""
        bench = self.subject.bench
        bench.ask("source", "perturb", scale=4.0 * float(np.finfo(self.gate.dtype).eps), shift=0.0, seed=SEED)
        other = bench.source_gradients(case, mode, cotangents)
        bench.restore()
        return _ten_times_the_difference(gradients, other)

    def _state(self, source: Arrays, target: Arrays, case: Case) -> None:
        """Compare every paired tensor after the step; what a documented limit names is reported, not failed."""
        paired = Pairing(tuple(move for move in self.subject.pairing.moves if move.sources), ())
        expected = carry(paired, source, {})
        limited = {
            path
            for move in paired.moves
            for path in move.targets
            if any(self._is_limited(name, move) for name in (*move.sources, *move.targets))
        }
        gate = replace(self.gate, forward=self.gate.gradient)  # parameters have moved by a multiple of a gradient
        for names, is_limit in ((expected.keys() - limited, False), (limited, True)):
            if not names:
                continue
            ours, theirs = ({path: arrays[path] for path in sorted(names)} for arrays in (expected, target))
            result = compare_values("state", ours, theirs, gate, "train", case=case.name)
            if is_limit and not result.passed:
                result = replace(result, passed=True, bound=float("inf"), where=f"{result.where} (known limit)")
            self.comparisons.append(result)

    def _is_limited(self, path: str, move: Move) -> bool:
        """Whether a diagnostic names the tensor; plain words such as "bias" would excuse too much, but for a sum."""
        leaf = path.rpartition(".")[2]
        limits = (diagnostic for diagnostic in self.diagnostics if diagnostic.code == KNOWN_STATE_LIMIT)
        telling = "_" in leaf or any(operand.combine == "sum" for operand in move.operands)
        return telling and any(re.search(rf"\b{re.escape(leaf)}\b", limit.message) for limit in limits)

    def _dropouts(self, mode: Mode, case: Case) -> None:
        """Hold that the same dropouts were in effect; they draw nothing here, so the outputs would not tell."""
        rates = self.subject.bench.events().dropouts
        if rates["source"] != rates["translated"]:
            where = f"dropout rates in effect are {list(rates['source'])} here, {list(rates['translated'])} there"
            failure = Comparison("outputs", self.gate.dtype, mode, float("inf"), 0.0, where, False, case.name)
            self.comparisons.append(failure)


def _shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    return {path: array.shape for path, array in arrays.items()}


def _cotangents(outputs: Arrays) -> Arrays:
    """Fixed random weights for the outputs, such that their weighted sum stays of order one."""
    rng = np.random.default_rng(SEED)
    return {
        path: np.asarray(rng.standard_normal(array.shape) / np.sqrt(max(1, array.size)))
        for path, array in floats(outputs).items()
    }


def _ten_times_the_difference(one: Arrays, other: Arrays) -> dict[str, float]:
    """What rounding may be expected to do, from two runs that differ in nothing else."""
    return {
        path: 10.0 * float(np.abs(np.asarray(array, dtype=np.float64) - other[path]).max(initial=0.0))
        for path, array in one.items()
        if path in other and array.shape == other[path].shape
    }
