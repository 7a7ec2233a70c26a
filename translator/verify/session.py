"""Run one root model on both sides and say what that showed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isinf
from time import monotonic

from translator.errors import WeightError
from translator.model import Comparison, ModelVerdict, Translation, Verdict
from translator.verify.bench import Bench, Case, Code, InconclusiveError, LayoutError, NoInputError, SideError
from translator.verify.cases import SEED, find_cases, shapes_by_argument, text
from translator.verify.client import Dtype, WorkerPool
from translator.verify.compare import FLOAT32, FLOAT64, Gate, compare_values, loosened
from translator.verify.counterexample import counterexample
from translator.verify.discover import Specs
from translator.verify.inputs import InputSpec, draw_all
from translator.verify.judge import Judge
from translator.verify.localise import first_divergence
from translator.verify.roots import Root
from translator.verify.shrink import shrunk
from translator.verify.subject import Subject, guard, prepare
from translator.weights.pair import RulesLookup


@dataclass(frozen=True, slots=True)
class Plan:
    """What a session needs to know beside the root."""

    translation: Translation
    code: Code
    rules: RulesLookup
    inputs: tuple[InputSpec, ...] = ()
    timeout: float = 300.0
    on_progress: Callable[[str], None] = lambda _: None


@dataclass
class _Findings:
    """The fields of a :class:`ModelVerdict` as they become known."""

    comparisons: tuple[Comparison, ...] = ()
    notes: list[str] = field(default_factory=list)
    loosened: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    ran: int = 0
    lines: int = 0
    missed: tuple[int, ...] = ()
    divergence: str = ""
    script: str = ""


class Session:
    """One root, from construction to verdict. ``classes`` are the classes of the source model that it exercised."""

    def __init__(self, pool: WorkerPool, plan: Plan, root: Root) -> None:
        self.pool = pool
        self.plan = plan
        self.root = root
        self.classes: frozenset[str] = frozenset()
        self._found = _Findings()

    def run(self) -> ModelVerdict:
        """The verdict on this root; nothing that the user's code does makes this raise."""
        began = monotonic()
        try:
            verdict, message = self._in_either_dtype()
        except SideError as failure:
            verdict, message = "failed", str(failure)
        except InconclusiveError as reason:
            verdict, message = "inconclusive", str(reason)
        except (WeightError, LayoutError) as difference:
            verdict, message = "different", str(difference)
        found = self._found
        return ModelVerdict(
            name=self.root.name,
            expression=self.root.expression,
            verdict=verdict,
            message="; ".join(filter(None, [message, *found.notes])),
            comparisons=found.comparisons,
            inputs=found.inputs,
            lifted=found.lifted,
            loosened=found.loosened,
            executed_lines=found.ran,
            model_lines=found.lines,
            missed_lines=found.missed,
            first_divergence=found.divergence,
            counterexample=found.script,
            seconds=monotonic() - began,
        )

    def _in_either_dtype(self) -> tuple[Verdict, str]:
        """Judge in float64; in float32 alone where a model runs only in that.

        TensorFlow has no float64 kernel for some operations, Keras' ``argmax`` does not take it, and constants that
        user code makes in float32 do not mix with it: what the model raises then says nothing about the translation.
        """
        try:
            return self._judge("float64", FLOAT64)
        except SideError as error:
            if error.failure.kind != "raised" or error.failure.command in ("load", "build"):
                raise
            reason = str(error)
        except NoInputError as error:
            reason = str(error)
        self._found = _Findings(notes=[f"compared in float32 only, since in float64 {reason}"])
        try:
            return self._judge("float32", FLOAT32)
        except (SideError, InconclusiveError):
            self._found.notes.clear()  # it does not run in float32 either, and that is what to report
            raise

    def _judge(self, dtype: Dtype, gate: Gate) -> tuple[Verdict, str]:
        translation = self.plan.translation
        bench = self._bench(dtype)
        self._say(f"constructing both in {dtype}")
        bench.start(SEED)
        cases = find_cases(bench, self.root.info, self.plan.inputs)
        self._found.inputs = shapes_by_argument(cases)
        self._say("carrying the weights over")
        subject = prepare(bench, cases, translation.plan, self.plan.rules)
        self.classes = frozenset(node.type for node in subject.trees[0].walk())
        if dtype == "float64":
            self._bench("float32")  # its processes start while these work
        guard(subject)
        judge = Judge(subject, gate, translation.diagnostics)
        self._say(f"comparing outputs and gradients in {dtype}")
        exact = judge.evaluation()
        self._say(f"comparing a training step in {dtype}")
        judge.training()
        judge.allow_leaks()
        if judge.failed is None and dtype == "float64":
            self._say("comparing outputs in float32")
            judge.float32(self._float32(subject), exact)
        self._collect(subject, judge)
        if judge.failed is not None:
            self._explain(subject, judge.failed, gate)
            return "different", _described(judge.failed)
        return ("verified" if dtype == "float64" else "verified_float32"), ""

    def _bench(self, dtype: Dtype) -> Bench:
        return Bench(self.pool, dtype, self.plan.translation, self.plan.code, self.root, self.plan.timeout)

    def _float32(self, subject: Subject) -> Bench:
        """Both models in float32 with the weights of ``subject``."""
        bench = self._bench("float32")
        bench.start(SEED)
        bench.forward(subject.cases.evaluation[0], "eval")
        return subject.on(bench).bench

    def _say(self, what: str) -> None:
        self.plan.on_progress(f"{self.root.name}: {what}")

    def _collect(self, subject: Subject, judge: Judge) -> None:
        found = self._found
        found.comparisons = tuple(judge.comparisons)
        found.notes += [*subject.notes, *judge.notes]
        found.loosened = judge.loosened
        found.lifted = subject.bench.events().lifted
        lines = subject.bench.lines()
        found.ran = sum(len(ran) for ran, _ in lines.values())
        found.lines = sum(len(every) for _, every in lines.values())
        missed = set(lines["source"][1]) - set(lines["source"][0])
        framework = {site.span.line for site in self.plan.translation.coverage.sites}
        found.missed = tuple(sorted(missed & framework if framework else missed))

    def _explain(self, subject: Subject, failed: Comparison, gate: Gate) -> None:
        """Where the difference begins, and a script that shows it on as small an input as possible."""
        case = subject.cases.named(failed.case)
        try:
            subject.bench.restore()
            if (failed.aspect, failed.mode, failed.dtype) == ("outputs", "eval", gate.dtype) and not self.plan.inputs:
                self._say("shrinking the failing input")
                case = _smallest(subject.bench, case, gate)
            self._found.divergence = first_divergence(subject, case)
        except SideError as failure:
            self._found.notes.append(f"the difference was not traced further: {failure}")
        backend = self.pool.options.backend
        self._found.script = counterexample(self.plan.translation, self.root, case, failed, SEED, backend)


def _smallest(bench: Bench, case: Case, gate: Gate) -> Case:
    """A smaller input on which the outputs still differ."""

    def at(specs: Specs) -> Case:
        return replace(case, name=text(specs), arrays=draw_all(specs, SEED), specs=specs)

    def differs(specs: Specs) -> bool:
        try:
            outputs = bench.forward(at(specs), "eval")
        except SideError as failure:
            if failure.failure.kind != "raised":
                raise
            return False  # too small for the model
        return not loosened(compare_values("outputs", outputs.source, outputs.translated, gate, "eval"), gate).passed

    specs = shrunk(case.specs, differs)
    return case if specs == case.specs else at(specs)


def _described(failed: Comparison) -> str:
    """One sentence on the first comparison that did not pass."""
    mode = "training" if failed.mode == "train" else "evaluation"
    if isinf(failed.error) and failed.where:
        return f"{failed.where} ({failed.aspect}, {mode} mode, {failed.dtype})"
    what = {
        "outputs": f"output {failed.where}" if failed.where else "the output",
        "gradients": f"the gradient of {failed.where}",
        "state": f"after one training step {failed.where}",
        "initial": f"the initial value of {failed.where}",
    }[failed.aspect]
    return f"{what} differs by {failed.error:.1e}, allowed {failed.bound:.1e} ({mode} mode, {failed.dtype})"
