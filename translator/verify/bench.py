"""Both models in one dtype, each in its worker, ready to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from translator.model import Translation
from translator.verify.client import Deadline, Dtype, Worker, WorkerError, WorkerPool
from translator.verify.discover import Hints, Specs
from translator.verify.inputs import spec_to_json
from translator.verify.protocol import Array, Arrays
from translator.verify.roots import Root
from translator.verify.side import Mode
from translator.weights.move import pullback
from translator.weights.pair import Pairing
from translator.weights.rearrange import apply_layout, reverse_layout
from translator.weights.transfer import convert_argument
from translator.weights.tree import ModuleTree, tree_from_json

Which = Literal["source", "translated"]


class SideError(Exception):
    """One of the two models failed; ``which`` says whose code, ``failure`` how."""

    def __init__(self, which: Which, failure: WorkerError) -> None:
        self.which = which
        self.failure = failure
        super().__init__(f"the {which} model failed: {failure}")


class InconclusiveError(Exception):
    """Nothing can be said about the pair; the message says why."""


class NoInputError(InconclusiveError):
    """No input was found that the source model accepts."""


class LayoutError(Exception):
    """The axis rules of the translation do not fit the model's inputs or outputs."""


@dataclass(frozen=True, slots=True)
class Code:
    """The two files as the workers read them, and the names that ``__file__`` has in them; one name does for both."""

    source: Path
    translated: Path
    filename: str
    translated_filename: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One call of the model: arrays by argument in source axis order."""

    name: str
    arrays: Arrays
    positional: int
    as_list: bool
    specs: Specs = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outputs:
    """Output leaves by path: the source's in its own axis order (``own``) and in that of the translation."""

    own: Arrays
    source: Arrays
    translated: Arrays


@dataclass(frozen=True, slots=True)
class Gradients:
    """Gradients in the source's names and axes: of parameters, and of inputs under ``"input NAME"``."""

    source: Arrays
    translated: Arrays


@dataclass(frozen=True, slots=True)
class Events:
    """What the workers noted while running; the names say on which side."""

    lifted: tuple[str, ...]
    leaks: tuple[str, ...]
    dropouts: Mapping[Which, tuple[float, ...]]


class Bench:
    """Drives the two workers of one dtype in step: each command goes to both before either answer is awaited."""

    def __init__(
        self, pool: WorkerPool, dtype: Dtype, translation: Translation, code: Code, root: Root, timeout: float
    ) -> None:
        self.dtype: Dtype = dtype
        self.root = root
        self._code = code
        self._workers: dict[Which, Worker] = {
            "source": pool.get(translation.from_, dtype),
            "translated": pool.get(translation.to, dtype),
        }
        self._timeout = timeout
        self._deadline = Deadline(timeout)
        self._events: dict[Which, dict[str, Any]] = {"source": {}, "translated": {}}

    def start(self, seed: int) -> None:
        """Import both files and construct both models."""
        for which in self._workers:
            try:
                self._workers[which].wait_until_ready()
            except WorkerError as failure:
                raise SideError(which, failure) from None
        self._deadline = Deadline(self._timeout)
        files: dict[Which, Path] = {"source": self._code.source, "translated": self._code.translated}
        self.both("load", **{w: {"code": str(path), "filename": self._code.filename} for w, path in files.items()})
        self.both(
            "build",
            source={"expression": self.root.expression, "seed": seed},
            translated={"expression": self.root.target, "seed": seed},
        )

    def open(self, which: Which, seed: int) -> None:
        """Import one side's file and construct its model."""
        try:
            self._workers[which].wait_until_ready()
        except WorkerError as failure:
            raise SideError(which, failure) from None
        self._deadline = Deadline(self._timeout)
        code = self._code
        path, filename = code.source, code.filename
        if which == "translated":
            path, filename = code.translated, code.translated_filename or code.filename
        self.ask(which, "load", code=str(path), filename=filename)
        self.construct(which, seed)

    def construct(self, which: Which, seed: int) -> None:
        """Construct one side's model anew, just as the user's code makes it."""
        expression = self.root.expression if which == "source" else self.root.target
        self.ask(which, "build", expression=expression, seed=seed, as_is=True)

    def close(self, which: Which) -> None:
        """End one side's process."""
        self._workers[which].close()

    def ask(self, which: Which, command: str, **fields: Any) -> dict[str, Any]:
        """One command to one side; raises :class:`SideError`."""
        try:
            return self._workers[which].ask(self._deadline, command, **fields)
        except WorkerError as failure:
            raise SideError(which, failure) from None

    def both(self, command: str, **fields: Mapping[str, Any]) -> dict[Which, dict[str, Any]]:
        """One command to both sides at once; the source's failure counts first."""
        answers: dict[Which, dict[str, Any]] = {}
        failures: list[SideError] = []
        for which, worker in self._workers.items():
            worker.send(command, **fields.get(which, {}))
        for which, worker in self._workers.items():
            try:
                answers[which] = worker.receive(self._deadline)
            except WorkerError as failure:
                failures.append(SideError(which, failure))
        if failures:
            raise failures[0]
        return answers

    def hints(self) -> Hints:
        answer = self.ask("source", "hints")
        arguments = tuple((name, needed) for name, needed in answer["arguments"])
        return Hints(self._workers["source"].framework, arguments, answer["as_list"], tuple(answer["layers"]))

    def probe(self, candidates: Sequence[Specs], positional: int, as_list: bool) -> tuple[int | None, str]:
        """The first call that the source model accepts, else ``None`` and its complaint about the first."""
        specs = [[spec_to_json(spec) for spec in candidate] for candidate in candidates]
        answer = self.ask("source", "probe", candidates=specs, positional=positional, as_list=as_list)
        return answer["index"], answer["complaint"]

    def trees(self) -> tuple[ModuleTree, ModuleTree]:
        answers = self.both("describe")
        return tree_from_json(answers["source"]["tree"]), tree_from_json(answers["translated"]["tree"])

    def read(self, which: Which, paths: Sequence[str] | None = None) -> Arrays:
        """The tensors by path, or only those of ``paths``."""
        return self._workers[which].get(self.ask(which, "read", paths=paths)["arrays"])

    def write(self, which: Which, arrays: Arrays) -> None:
        self.ask(which, "write", arrays=self._workers[which].put(arrays))

    def save(self) -> None:
        """Let both sides remember their tensors, for :meth:`restore`."""
        self.both("save")

    def restore(self) -> None:
        """Give both models their weights again, after a run in training mode changed them."""
        self.both("restore")

    def calibrate(self, case: Case) -> None:
        self.ask("source", "calibrate", **self._call("source", case))

    def forward_source(self, case: Case, mode: Mode = "eval") -> Arrays:
        """Outputs of the source alone, in its own axis order."""
        answer = self.ask("source", "forward", mode=mode, **self._call("source", case))
        return self._workers["source"].get(answer["outputs"])

    def run(self, which: Which, case: Case) -> None:
        """One call in evaluation mode of one side alone."""
        answer = self.ask(which, "forward", mode="eval", **self._call(which, case))
        self._workers[which].get(answer["outputs"])

    def forward(self, case: Case, mode: Mode, *, trace: bool = False) -> Outputs:
        """Outputs of both sides."""
        fields = {which: {"mode": mode, "trace": trace, **self._call(which, case)} for which in self._workers}
        answers = self.both("forward", **fields)
        self._note(answers)
        own = self._workers["source"].get(answers["source"]["outputs"])
        translated = self._workers["translated"].get(answers["translated"]["outputs"])
        return Outputs(own, {path: self._placed(path, array) for path, array in own.items()}, translated)

    def gradients(
        self, case: Case, mode: Mode, cotangents: Arrays, pairing: Pairing, *, step: bool = False
    ) -> tuple[Gradients, Arrays, Arrays]:
        """Gradients of both sides, and with ``step`` the tensors of both after a step of gradient descent.

        ``cotangents`` weigh the outputs, in the source's axis order.
        """
        fields: dict[str, dict[str, Any]] = {}
        for which, worker in self._workers.items():
            weights = {
                path: self._placed(path, array) if which == "translated" else array
                for path, array in cotangents.items()
            }
            fields[which] = {
                "mode": mode,
                "step": step,
                "cotangents": worker.put(weights),
                **self._call(which, case),
            }
        answers = self.both("gradients", **fields)
        self._note(answers)
        found = {
            which: {key: self._workers[which].get(answers[which][key]) for key in ("parameters", "inputs")}
            for which in self._workers
        }
        gradients = self._aligned(found["source"], found["translated"], pairing, list(case.arrays))
        if not step:
            return gradients, {}, {}
        states = {which: self._workers[which].get(answers[which]["state"]) for which in self._workers}
        return gradients, states["source"], states["translated"]

    def source_gradients(self, case: Case, mode: Mode, cotangents: Arrays) -> Arrays:
        """The source's gradients alone, named as in :class:`Gradients`."""
        worker = self._workers["source"]
        weights = worker.put(cotangents)
        answer = self.ask(
            "source", "gradients", mode=mode, step=False, cotangents=weights, **self._call("source", case)
        )
        inputs = {f"input {name}": array for name, array in worker.get(answer["inputs"]).items()}
        return {**worker.get(answer["parameters"]), **inputs}

    def captures(self, case: Case) -> dict[Which, list[tuple[str, Arrays, Arrays]]]:
        """Path, inputs and outputs of every submodule of both sides, in the order in which they finish."""
        answers = self.both("capture", **{which: self._call(which, case) for which in self._workers})
        return {
            which: [
                (c["path"], self._workers[which].get(c["inputs"]), self._workers[which].get(c["outputs"]))
                for c in answer["captures"]
            ]
            for which, answer in answers.items()
        }

    def lines(self) -> dict[Which, tuple[list[int], list[int]]]:
        """Lines of the model's classes that ran, and all of them, for both files."""
        return {which: (answer["ran"], answer["every"]) for which, answer in self.both("lines").items()}

    def events(self) -> Events:
        """What has been noted so far; dropout of the latest run only."""
        both: tuple[Which, Which] = ("source", "translated")
        return Events(
            tuple(f"{which}: {what}" for which in both for what in self._events[which].get("lifted", ())),
            tuple(f"{which}: {what}" for which in both for what in self._events[which].get("leaks", ())),
            {which: tuple(self._events[which].get("dropouts", ())) for which in both},
        )

    def _note(self, answers: Mapping[Which, dict[str, Any]]) -> None:
        for which, answer in answers.items():
            self._events[which] = {key: answer[key] for key in ("lifted", "leaks", "dropouts")}

    def _call(self, which: Which, case: Case) -> dict[str, Any]:
        arrays = case.arrays
        if which == "translated":
            try:
                arrays = {
                    name: convert_argument(array, known, self.root.info)
                    for (name, array), known in zip(arrays.items(), self._known(arrays), strict=True)
                }
            except ValueError as error:
                raise LayoutError(str(error)) from None
        return {
            "inputs": self._workers[which].put(arrays),
            "positional": case.positional,
            "as_list": case.as_list,
            "seed": case.seed,
        }

    def _known(self, names: Iterable[str]) -> list[str]:
        """The arguments as the translation names them: by name, else by position.

        The inputs of a Keras Functional or Sequential model have automatic names, which nobody can refer to.
        """
        known = list(self.root.info.inputs)
        return [known[index] if name not in known and index < len(known) else name for index, name in enumerate(names)]

    def _placed(self, path: str, array: Array) -> Array:
        """An output of the source in the axis order of the translation."""
        try:
            return apply_layout(array, self.root.info.outputs.get(path))
        except ValueError as error:
            raise LayoutError(f"output {path}: {error}" if path else str(error)) from None

    def _aligned(
        self, source: Mapping[str, Arrays], translated: Mapping[str, Arrays], pairing: Pairing, names: Sequence[str]
    ) -> Gradients:
        """The translation's gradients in the source's names and axes; ``names`` are all arguments in order."""
        expected = dict(source["parameters"])
        actual: Arrays = {}
        for move in pairing.moves:
            if move.sources and all(path in translated["parameters"] for path in move.targets):
                values = pullback(move, [translated["parameters"][path] for path in move.targets])
                actual.update(zip(move.sources, values, strict=True))
        for name, array in source["inputs"].items():
            expected[f"input {name}"] = array
        known = dict(zip(names, self._known(names), strict=True))
        for name, array in translated["inputs"].items():
            rule = self.root.info.inputs.get(known[name])
            actual[f"input {name}"] = apply_layout(array, reverse_layout(rule))
        return Gradients(expected, actual)
