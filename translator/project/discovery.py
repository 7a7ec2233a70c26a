"""Which files a run is about: the paths as given, directories walked in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from translator.dataclass import dataclass
from translator.report.result import Problem

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

STDIN: Final = "-"
_IGNORE_FILE: Final = ".gitignore"


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the run. ``relative`` is its place below an output directory; ``source`` tells Python from the rest."""

    path: Path
    relative: PurePath
    source: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the paths hold, sorted by place; ``problems`` are the paths and folders that cannot be read."""

    files: tuple[Found, ...]
    problems: tuple[tuple[str, Problem], ...] = ()

    @property
    def sources(self) -> tuple[Found, ...]:
        return tuple(found for found in self.files if found.source)

    @property
    def others(self) -> tuple[Found, ...]:
        return tuple(found for found in self.files if not found.source)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Ignore patterns, each list with the folder it counts from; later lists win over earlier ones, as in git."""

    lists: tuple[tuple[Path, GitIgnoreSpec], ...] = ()

    def ignores(self, path: Path, *, folder: bool) -> bool:
        for base, patterns in reversed(self.lists):
            name = path.relative_to(base).as_posix() + ("/" if folder else "")
            verdict = patterns.check_file(name).include
            if verdict is not None:
                return verdict
        return False

    def read(self, folder: Path) -> _Rules:
        """With the folder's own ignore file, if it has a readable one."""
        try:
            lines = (folder / _IGNORE_FILE).read_text("utf-8", "replace").splitlines()
        except OSError:
            return self
        return self.add(folder, lines)

    def add(self, base: Path, lines: Sequence[str]) -> _Rules:
        from pathspec import GitIgnoreSpec  # a third of the start-up time, and only folders need it

        return _Rules((*self.lists, (base, GitIgnoreSpec.from_lines(lines))))


def discover(paths: Sequence[Path], *, exclude: Sequence[str] = (), output: Path | None = None) -> Inventory:
    """Every file that ``paths`` name or hold, each once.

    A file given by name counts as Python source whatever it is called. In a folder ``*.py`` is source; hidden folders,
    ``__pycache__``, virtual environments, what ``.gitignore`` or an ``exclude`` pattern names, and the ``output``
    folder are left out. Links to folders are followed, but never into a folder that is being walked.
    """
    root = _common_root(paths)
    found: dict[str, Found] = {}
    problems: list[tuple[str, Problem]] = []
    for path in paths:
        if path.is_dir():
            for file in _walk(path, exclude, output, problems):
                found.setdefault(os.path.abspath(file), Found(file, _below(file, root), file.suffix == ".py"))
        elif path.exists():
            found[os.path.abspath(path)] = Found(path, _below(path, root), source=True)
        else:
            problems.append((str(path), Problem("no such file or folder")))
    ordered = sorted(found.values(), key=lambda one: one.relative.as_posix())
    return Inventory(tuple(ordered), tuple(problems))


def _common_root(paths: Sequence[Path]) -> Path:
    """The folder whose tree an output folder mirrors: a single folder itself, else what all paths have in common."""
    if len(paths) == 1:
        only = Path(os.path.abspath(paths[0]))
        return only if paths[0].is_dir() else only.parent
    return Path(os.path.commonpath([str(Path(os.path.abspath(path)).parent) for path in paths]))


def _below(path: Path, root: Path) -> PurePath:
    return Path(os.path.abspath(path)).relative_to(root)


def _walk(
    top: Path, exclude: Sequence[str], output: Path | None, problems: list[tuple[str, Problem]]
) -> Iterator[Path]:
    rules = _inherited(Path(os.path.abspath(top)))
    if exclude:
        rules = rules.add(Path(os.path.abspath(top)), exclude)
    pending = [(top, rules, frozenset[tuple[int, int]]())]
    while pending:
        folder, rules, trail = pending.pop()
        try:
            identity = _identity(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            problems.append((str(folder), Problem(f"cannot be read: {error.strerror}")))
            continue
        if identity in trail or (folder != top and any(entry.name == "pyvenv.cfg" for entry in entries)):
            continue
        rules = rules.read(Path(os.path.abspath(folder)))
        for entry in entries:
            path = folder / entry.name
            kind = _kind(path)
            if kind is None or rules.ignores(Path(os.path.abspath(path)), folder=kind == "folder"):
                continue
            if kind == "file":
                yield path
            elif not _is_left_out(path, output):
                pending.append((path, rules, trail | {identity}))


def _kind(path: Path) -> str | None:
    """Sockets, pipes and devices would block a reader, and a broken link has nothing to read."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else None


def _is_left_out(folder: Path, output: Path | None) -> bool:
    if folder.name.startswith(".") or folder.name == "__pycache__":
        return True
    return output is not None and output.exists() and output.samefile(folder)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _inherited(top: Path) -> _Rules:
    """The ignore files from the repository's root down to ``top``, unless they ignore ``top``: it was asked for."""
    parents = list(top.parents)
    repository = next((place for place, parent in enumerate(parents) if (parent / ".git").exists()), None)
    if repository is None or (top / ".git").exists():
        return _Rules()
    rules = _Rules()
    for parent in reversed(parents[: repository + 1]):
        rules = rules.read(parent)
    chain = [top, *parents[:repository]]
    return _Rules() if any(rules.ignores(folder, folder=True) for folder in chain) else rules
