"""The report as GitHub Actions workflow commands, which become annotations of a change.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from translator.model import Severity
from translator.report.result import FileResult, RunResult
from translator.report.verification import verdict_line

_COMMANDS: Final[dict[Severity, str]] = {"note": "notice", "warning": "warning", "error": "error"}


def render(run: RunResult) -> str:
    """One command a line; "" where there is nothing to annotate."""
    return "".join(f"{line}\n" for file in run.files for line in _commands(file))


def _commands(file: FileResult) -> Iterator[str]:
    if file.problem is not None:
        problem = file.problem
        column = None if problem.column is None else problem.column + 1
        message = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
        yield _command("error", file.path, problem.line or 1, column, "fwtranslate", message)
    if file.translation is None:
        return
    for diagnostic in file.translation.diagnostics:
        span = diagnostic.span
        message = f"{diagnostic.message}\n{diagnostic.hint}" if diagnostic.hint else diagnostic.message
        command = _COMMANDS[diagnostic.severity]
        yield _command(command, file.path, span.line, span.column + 1, diagnostic.code, message)
    for model in file.verification.models if file.verification is not None else ():
        if model.verdict not in ("verified", "verified_float32"):
            info = file.translation.models.get(model.name)
            line = info.span.line if info is not None else 1
            yield _command("error", file.path, line, None, "verification", verdict_line(model))


def _command(command: str, path: str, line: int, column: int | None, title: str, message: str) -> str:
    where = f"file={_property(path)},line={line}" + ("" if column is None else f",col={column}")
    return f"::{command} {where},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
