"""What a worker can do with the model of one framework."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from translator.model import Framework
from translator.verify.coverage import LineTracer, class_lines
from translator.verify.inputs import InputSpec, draw_all
from translator.verify.loading import load_user_module, prepare_path
from translator.verify.protocol import Array, Arrays
from translator.verify.scale import jittered_statistics, randomised
from translator.weights.live import Live
from translator.weights.tree import ModuleTree

Mode = Literal["eval", "train"]
LEARNING_RATE = 0.1


@dataclass
class Events:
    """What happened while a model ran: dtype requests lifted, dropout rates in effect, leaking operations used."""

    lifted: set[str] = field(default_factory=set)
    dropouts: list[float] = field(default_factory=list)
    leaks: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Capture:
    """First input and output leaves of one submodule."""

    path: str
    inputs: Arrays
    outputs: Arrays


@dataclass(frozen=True, slots=True)
class Call:
    """How to call a model: arrays by argument name, how many of them go by position, whether all go into one list."""

    arrays: Mapping[str, Array]
    positional: int = 1
    as_list: bool = False
    seed: int = 0


class Side(ABC):
    """One model of one framework in one dtype. The frameworks are imported by ``start`` of the subclasses."""

    framework: Framework
    live: Live

    def __init__(self, dtype: str, device: str) -> None:
        self.dtype = dtype
        self.device = device
        self.events = Events()
        self.module: ModuleType | None = None
        self.model: Any = None
        self.tracer: LineTracer | None = None
        self._saved: Arrays = {}

    @abstractmethod
    def start(self) -> None:
        """Import the framework, set the dtype and install the recorders, before any user code is imported."""

    @abstractmethod
    def seed(self, seed: int) -> None:
        """Seed every generator of the framework."""

    @abstractmethod
    def check_model(self) -> None:
        """Raise ``TypeError`` unless the model is one of this framework."""

    @abstractmethod
    def finish_build(self) -> None:
        """Bring a freshly constructed model to the worker's dtype and device, and silence its noise."""

    @abstractmethod
    def arguments(self) -> tuple[list[tuple[str, bool]], bool]:
        """Arguments of the call (name, required), and whether they go into one list."""

    @abstractmethod
    def layers(self) -> list[dict[str, Any]]:
        """Framework layers in definition order: ``type`` and the sizes that tell what input fits."""

    @abstractmethod
    def tensor(self, array: Array) -> Any:
        """A framework tensor on the device; floats in the worker's dtype."""

    @abstractmethod
    def array(self, tensor: Any) -> Array | None:
        """An output leaf as numpy; ``None`` for what is no tensor or number."""

    @abstractmethod
    def forward(self, call: Call, mode: Mode) -> Arrays:
        """Output leaves by path, without gradients."""

    @abstractmethod
    def gradients(self, call: Call, mode: Mode, cotangents: Mapping[str, Array], step: bool) -> tuple[Arrays, Arrays]:
        """Gradients of the sum of outputs times cotangents: by parameter path and by input name.

        With ``step`` every trainable parameter takes one step of plain gradient descent.
        """

    @abstractmethod
    def calibrate(self, call: Call) -> None:
        """Make the running statistics of every batch normalisation those of this batch."""

    @abstractmethod
    def capture(self, call: Call) -> list[Capture]:
        """Inputs and outputs of every submodule in the order in which they finish, in evaluation mode."""

    def load(self, code: Path, filename: str) -> None:
        """Import the user's file; raises what it raises."""
        prepare_path(str(Path(filename).resolve().parent))
        self.tracer = LineTracer(str(code))
        self.module = load_user_module(code, filename)

    def build(self, expression: str, seed: int, *, as_is: bool = False) -> None:
        """Evaluate the expression among the names of the user's module; ``as_is`` changes nothing in the result."""
        assert self.module is not None
        self.seed(seed)
        self.events = Events()
        with self.tracing(True):
            self.model = eval(expression, vars(self.module))  # the user's own expression over the user's own code
        self.check_model()
        if not as_is:
            self.finish_build()

    def is_unbuilt(self) -> bool:
        """Whether some weights do not exist before the first call."""
        return self.live.is_unbuilt(self.model)

    def skeleton(self, path: Path) -> list[str]:
        """Save the model with a mark in the place of each variable; the variables' paths in the order of the marks."""
        raise NotImplementedError(f"{self.framework} models need no skeleton")

    def describe(self) -> ModuleTree:
        return self.live.describe(self.model)[0]

    def read(self, paths: Sequence[str] | None = None) -> Arrays:
        """The tensors by path, or only those of ``paths``."""
        tensors = self.live.describe(self.model)[1]
        return {path: self.live.read(tensors[path]) for path in (tensors if paths is None else paths)}

    def write(self, arrays: Mapping[str, Array]) -> None:
        tensors = self.live.describe(self.model)[1]
        for path, array in arrays.items():
            self.live.write(tensors[path], array)

    def save(self) -> None:
        """Remember every tensor, for :meth:`restore`."""
        self._saved = self.read()

    def restore(self) -> None:
        """Give every tensor the value that it had at :meth:`save`."""
        self.write(self._saved)

    def randomise(self, seed: int) -> None:
        """Random parameters of a sensible scale."""
        self.write(randomised(self.describe(), self.read(), self.framework, seed))

    def jitter_statistics(self, seed: int) -> None:
        """Running statistics a little off their present values."""
        self.write(jittered_statistics(self.describe(), self.read(), seed))

    def perturb(self, scale: float, shift: float, seed: int) -> None:
        """Change every float tensor from its saved value: by ``shift``, and by random factors around ``1 + scale``."""
        rng = np.random.default_rng(seed)
        self.write(
            {
                path: array * (1.0 + scale * rng.uniform(0.5, 1.5, array.shape)) + shift
                for path, array in self._saved.items()
                if np.issubdtype(array.dtype, np.floating)
            }
        )

    def probe(
        self, candidates: Sequence[Sequence[InputSpec]], positional: int, as_list: bool
    ) -> tuple[int | None, str]:
        """The first candidate that the model accepts; else ``None`` and the complaint about the first.

        Where all get the same complaint, it is not about any one of them and names none.
        """
        complaints: dict[str, str] = {}
        for index, specs in enumerate(candidates):
            try:
                self.forward(Call(draw_all(specs, 0), positional, as_list), "eval")
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001  # the user's model may raise anything for a shape that it does not take
                complaints.setdefault(f"{type(error).__name__}: {_first_line(error)}", " ".join(map(str, specs)))
            else:
                return index, ""
        for what, shapes in complaints.items():
            same = len(complaints) == 1 and len(candidates) > 1
            return None, f"each gives {what}" if same else f"{shapes}: {what}"
        return None, ""

    def lines(self) -> tuple[list[int], list[int]]:
        """Lines of the model's own classes that ran, and all of them."""
        assert self.tracer is not None
        modules = self.live.describe(self.model)[2].values()
        classes = {base for module in modules for base in type(module).__mro__}
        every = set().union(*(class_lines(cls, self.tracer.path) for cls in classes))
        return sorted(every & self.tracer.lines), sorted(every)

    @contextmanager
    def tracing(self, wanted: bool) -> Iterator[None]:
        with self.tracer.recording() if wanted and self.tracer is not None else nullcontext():
            yield

    def user_line(self) -> str:
        """The innermost line of the user's file on the stack, for reports; "" where there is none."""
        path = self.tracer.path if self.tracer is not None else ""
        frame = sys._getframe()
        while frame is not None:
            if frame.f_code.co_filename == path:
                return f"line {frame.f_lineno}"
            frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
        return ""

    def call_arguments(self, call: Call, tensors: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments of the model."""
        values = list(tensors.values())
        if call.as_list:
            return [values], {}
        return values[: call.positional], dict(list(tensors.items())[call.positional :])

    def tensors(self, call: Call) -> dict[str, Any]:
        return {name: self.tensor(array) for name, array in call.arrays.items()}


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else ""
