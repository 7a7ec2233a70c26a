"""Where each file of a run is written, and what is refused before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from translator.errors import FwtranslateError
from translator.project.discovery import Found


class DestinationError(FwtranslateError):
    """The output cannot be meant as it was asked for; nothing has been written."""


def is_file_name(output: Path) -> bool:
    """``X.py`` is a file, any other output a folder."""
    return output.suffix == ".py"


def file_target(output: Path, files: Sequence[Found], *, folder: bool) -> Mapping[Path, Path]:
    """The one file's target. ``folder`` tells that a folder was given. Raises DestinationError."""
    if output.is_dir():
        raise DestinationError(f"{output} is a folder; give a file name after -o, or a folder that does not end in .py")
    if folder or len(files) > 1:
        raise DestinationError(f"-o {output} names one file, but the input is a folder or several files; give a folder")
    targets = {found.path: output for found in files}
    _refuse_inputs(targets)
    return targets


def tree_targets(output: Path, files: Sequence[Found]) -> Mapping[Path, Path]:
    """Each file's place in the mirrored tree. Raises DestinationError."""
    if output.exists() and not output.is_dir():
        raise DestinationError(f"{output} is a file; a folder is meant unless the name after -o ends in .py")
    targets = {found.path: output / found.relative for found in files}
    _refuse_inputs(targets)
    return targets


def _refuse_inputs(targets: Mapping[Path, Path]) -> None:
    inputs = {_identity(path) for path in targets if path.exists()}  # standard input is no file
    for target in targets.values():
        if target.exists() and _identity(target) in inputs:
            raise DestinationError(f"{target} is an input; use --in-place to replace inputs, or give another -o")


def _identity(path: Path) -> tuple[int, int]:
    """What stays the same through links, other spellings of the path, and file systems that ignore case."""
    status = path.stat()
    return status.st_dev, status.st_ino
