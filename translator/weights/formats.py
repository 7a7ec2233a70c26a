"""The kinds of checkpoint files, and what a file of each kind looks like to the conversion."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from translator.errors import FwtranslateError
from translator.model import Framework

if TYPE_CHECKING:
    from translator.weights.rearrange import Array

Format = Literal["pt", "safetensors", "h5", "keras"]

SUFFIXES: Final[Mapping[str, Format]] = {
    ".pt": "pt",
    ".pth": "pt",
    ".safetensors": "safetensors",
    ".weights.h5": "h5",
    ".keras": "keras",
}
"""File names end in one of these; a bare ``.h5`` is the format of Keras 2, which has no place for Keras 3 models."""


class CheckpointError(FwtranslateError):
    """A checkpoint file cannot be read, or not without running code that it carries; the message is one line."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor of a checkpoint file: its shape and the name of its dtype (``"float32"``)."""

    shape: tuple[int, ...]
    dtype: str


class Reader(Protocol):
    """An open checkpoint. ``stored`` lists its tensors by the names in the file, without reading any.

    ``notes`` say what was unwrapped and what is not weights. Raises :class:`CheckpointError` for damaged files.
    """

    @property
    def stored(self) -> Mapping[str, Stored]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> Array:
        """One tensor; bfloat16 comes as float32."""
        ...


class Writer(AbstractContextManager["Writer"], Protocol):
    """A checkpoint being written, complete when its ``with`` ends without an exception."""

    def write(self, name: str, array: Array) -> None:
        """Put one tensor, in the dtype that it has in the file."""
        ...


def format_of(path: Path) -> Format:
    """The format that the file's name says; raises :class:`CheckpointError` where it says none."""
    for suffix, found in SUFFIXES.items():
        if path.name.lower().endswith(suffix):
            return found
    raise CheckpointError(f"{path}: not the name of a checkpoint; it must end in {', '.join(SUFFIXES)}")


def framework_of(form: Format) -> Framework:
    """Whose models are kept in files of this format."""
    return "torch" if form in ("pt", "safetensors") else "keras"


def suffixes_of(framework: Framework) -> str:
    """What the names of a framework's checkpoints end in, for messages."""
    return ", ".join(suffix for suffix, form in SUFFIXES.items() if framework_of(form) == framework)
