"""What becomes of translated bytes: standard output, files, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Literal

from translator.cli.terminal import write_bytes
from translator.dataclass import dataclass
from translator.project.destination import file_target, tree_targets
from translator.project.discovery import Found, Inventory
from translator.project.files import copy_atomically, write_atomically
from translator.project.job import Done
from translator.report.result import FileResult, Problem

Mode = Literal["stdout", "file", "tree", "in_place", "none"]


@dataclass(frozen=True, slots=True)
class Writer:
    """Knows each file's destination before anything is translated, so that a bad one costs nothing."""

    mode: Mode
    inventory: Inventory
    targets: Mapping[Path, Path] = field(default_factory=dict)

    @classmethod
    def plan(cls, mode: Mode, output: Path | None, inventory: Inventory, *, folder: bool) -> Writer:
        """Raises DestinationError if the output cannot be meant so."""
        if output is None:
            return cls(mode, inventory)
        if output.suffix == ".py":
            return cls(mode, inventory, file_target(output, inventory.files, folder=folder))
        return cls(mode, inventory, tree_targets(output, inventory.files))

    def write(self, found: Found, done: Done) -> FileResult:
        """Put one translation where it belongs. What cannot be written becomes the result's problem."""
        if self.mode == "none":
            return done.result
        if self.mode == "stdout":
            write_bytes(sys.stdout, done.after)
            return done.result
        target = found.path if self.mode == "in_place" else self.targets[found.path]
        try:
            if done.result.problem is None:
                if self.mode != "in_place" or done.after != done.before:
                    write_atomically(target, done.after, like=found.path)
            elif self.mode == "tree" and found.path.is_file():
                # The mirrored tree stays whole; the report says that this file is as it was.
                copy_atomically(found.path, target)
        except OSError as error:
            return replace(done.result, problem=_unwritable(target, error))
        return done.result

    def copy_others(self) -> tuple[int, list[tuple[str, Problem]]]:
        """Copy what is not Python source into a mirrored tree: how many, and what could not be copied."""
        if self.mode != "tree":
            return 0, []
        lost = []
        for found in self.inventory.others:
            target = self.targets[found.path]
            try:
                copy_atomically(found.path, target)
            except OSError as error:
                lost.append((str(found.path), _unwritable(target, error)))
        return len(self.inventory.others) - len(lost), lost


def _unwritable(target: Path, error: OSError) -> Problem:
    return Problem(f"cannot write {target}: {error.strerror or error}", "Choose another place with -o.")


def diff(done: Done) -> bytes:
    """A unified diff of the bytes as they are and would be, so that ``patch`` applies it in any encoding."""
    import difflib  # only --diff needs it

    path = done.result.path.encode("utf-8", "surrogateescape")
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(done.before), _lines(done.after), path, path, lineterm=b"\n"
    )
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [line for line in data.split(b"\n")[-1:] if line]
