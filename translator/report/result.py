"""What one run of the command line found, file by file: the input of every report format."""

from __future__ import annotations

from typing import Literal

from translator.dataclass import dataclass
from translator.errors import SourceError
from translator.model import Coverage, Translation, VerifyReport

FileState = Literal["translated", "unchanged", "declined", "failed"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file could not be read or written. ``line`` is 1-based, ``column`` 0-based; ``hint`` says what to do."""

    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None

    @classmethod
    def of(cls, error: SourceError) -> Problem:
        return cls(error.message, line=error.line, column=error.column)

    def located(self, path: str) -> str:
        """``path:line:column`` as far as it is known, the column 1-based as editors count."""
        where = path
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column + 1}"
        return where


@dataclass(frozen=True, slots=True)
class FileResult:
    """One input file. ``translation`` is None if it could not be read, ``problem`` is set if anything failed."""

    path: str
    translation: Translation | None = None
    problem: Problem | None = None
    verification: VerifyReport | None = None

    @property
    def state(self) -> FileState:
        if self.translation is None or self.problem is not None:
            return "failed"
        if any(diagnostic.severity == "error" for diagnostic in self.translation.diagnostics):
            return "declined"
        return "unchanged" if self.translation.code == self.translation.source else "translated"


@dataclass(frozen=True, slots=True)
class RunResult:
    """All files of a run, in the order of their paths. ``copied`` counts the files that are not Python source."""

    files: tuple[FileResult, ...]
    copied: int = 0
    verify: bool = False

    def count(self, state: FileState) -> int:
        return sum(1 for file in self.files if file.state == state)

    @property
    def coverage(self) -> Coverage:
        """Every framework use of every readable file."""
        return Coverage(
            tuple(site for file in self.files if file.translation for site in file.translation.coverage.sites)
        )

    @property
    def verified(self) -> bool:
        """True iff something ran and all that ran is verified; a file without any model has nothing to prove."""
        reports = [file.verification for file in self.files if file.verification is not None]
        return any(report.models for report in reports) and all(report.passed for report in reports)

    @property
    def exit_code(self) -> int:
        """0 translated; 1 something declined or not verified; 2 unreadable input or unwritable output."""
        if self.count("failed"):
            return 2
        return int(bool(self.count("declined")) or (self.verify and not self.verified))
