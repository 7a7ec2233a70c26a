"""The golden fixtures: where they are, their direction, and the ``# run:`` lines at their ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from translator import Translation, translate
from translator.model import Framework, Layout

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
GOLDEN = FIXTURES / "golden"
LAYOUTS: tuple[Layout, ...] = ("channels_last", "channels_first")

_RUN = re.compile(r"# run: (.+)")
_ARGUMENT = re.compile(r" ([A-Za-z_]\w*(?:\.\d+)?)=([a-z]+\d+)\[([\d,]*)\]$")


@dataclass(frozen=True, slots=True)
class Input:
    """One tensor of a run line. ``name`` is an argument, or ``argument.position`` for an element of a list."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def argument(self) -> str:
        return self.name.partition(".")[0]

    @property
    def listed(self) -> bool:
        return "." in self.name


@dataclass(frozen=True, slots=True)
class Run:
    """One ``# run:`` line: an expression of the module, and the tensors to call its value with."""

    expression: str
    inputs: tuple[Input, ...]

    @property
    def model(self) -> str:
        """The first name of the expression, which is the key of ``Translation.models``."""
        found = re.match(r"\w+", self.expression)
        assert found, self.expression
        return found[0]


@dataclass(frozen=True, slots=True)
class Golden:
    """One golden file, named by its path below ``fixtures/golden``."""

    name: str

    @property
    def from_(self) -> Framework:
        return "torch" if self.name.endswith("torch_version.py") else "keras"

    @property
    def to(self) -> Framework:
        return other(self.from_)

    @property
    def default_layout(self) -> Layout:
        return "channels_last" if self.to == "keras" else "channels_first"

    @property
    def kept_layout(self) -> Layout:
        """The layout that leaves every axis of a usual file of this framework where it was."""
        return "channels_first" if self.to == "keras" else "channels_last"

    @property
    def source(self) -> str:
        return (GOLDEN / self.name).read_bytes().decode("utf-8")

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(parse_run(line) for line in _RUN.findall(self.source))

    def __str__(self) -> str:
        return self.name.removesuffix("_version.py")


def goldens() -> list[Golden]:
    """Every golden file, in the order of the paths."""
    return [Golden(path.relative_to(GOLDEN).as_posix()) for path in sorted(GOLDEN.rglob("*_version.py"))]


def other(framework: Framework) -> Framework:
    return "keras" if framework == "torch" else "torch"


def parse_run(text: str) -> Run:
    """Split ``Net(3, b=4) x=float32[2,3] y.0=float32[2]``: arguments are taken off the end."""
    inputs: list[Input] = []
    rest = text.rstrip()
    while found := _ARGUMENT.search(rest):
        inputs.insert(0, Input(found[1], found[2], tuple(int(size) for size in found[3].split(",") if size)))
        rest = rest[: found.start()]
    assert inputs, f"no tensors in {text!r}"
    return Run(rest.strip(), tuple(inputs))


@cache
def translated(source: str, to: Framework, layout: Layout | None = None) -> Translation:
    """Translate once per text, direction and layout; several tests look at the same outcome."""
    return translate(source, to=to, layout=layout)
