"""The report as SARIF 2.1.0, with the edits as fixes, so that code scanning can show and apply them.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from translator import __version__
from translator.codes import CODES
from translator.model import Diagnostic, Severity, Span, TextEdit, Translation
from translator.report.json_ import dumps
from translator.report.result import FileResult, RunResult
from translator.report.verification import verdict_line

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
REWRITTEN: Final = "T000"
"""A change that no diagnostic speaks of: there is nothing to say, but there is a fix to carry."""
_ROOT: Final = "%SRCROOT%"
NOT_VERIFIED: Final = "V000"
"""A model that ran and was not found equal."""


def render(run: RunResult) -> str:
    """A SARIF log with one run, as JSON text ending in a newline."""
    results = [result for file in run.files for result in _file_results(file)]
    used = sorted({result["ruleId"] for result in results})
    index = {code: position for position, code in enumerate(used)}
    for result in results:
        result["ruleIndex"] = index[result["ruleId"]]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fwtranslate",
                        "semanticVersion": __version__,
                        "rules": [_rule(code) for code in used],
                    }
                },
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {_ROOT: {"uri": Path.cwd().as_uri().rstrip("/") + "/"}},
                "invocations": [_invocation(run)],
                "results": results,
            }
        ],
    }
    return dumps(log)


def _rule(code: str) -> dict[str, Any]:
    if code == NOT_VERIFIED:
        title = "Running both sides did not show that they are equal"
        return {"id": code, "shortDescription": {"text": title}, "defaultConfiguration": {"level": "error"}}
    info = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": f"{info.what} {info.why}".strip()},
        "help": {"text": info.todo},
        "defaultConfiguration": {"level": info.severity},
    }


def _invocation(run: RunResult) -> dict[str, Any]:
    notifications = []
    for file in run.files:
        if file.problem is not None:
            location: dict[str, Any] = {"artifactLocation": _artifact(file.path)}
            if file.problem.line is not None:
                location["region"] = {"startLine": max(1, file.problem.line)}
            text = f"{file.problem.message} {file.problem.hint}".strip()
            notifications.append(
                {"level": "error", "message": {"text": text}, "locations": [{"physicalLocation": location}]}
            )
    invocation: dict[str, Any] = {"executionSuccessful": not notifications, "exitCode": run.exit_code}
    return invocation | ({"toolExecutionNotifications": notifications} if notifications else {})


def _file_results(file: FileResult) -> Iterator[dict[str, Any]]:
    if file.translation is None:
        return
    translation = file.translation
    changes = translation.changes
    spoken_of: set[int] = set()
    for diagnostic in translation.diagnostics:
        covering = [place for place, change in enumerate(changes) if _covers(change, diagnostic)]
        spoken_of.update(covering)
        text = diagnostic.message if not diagnostic.hint else f"{diagnostic.message} {diagnostic.hint}"
        yield _result(
            file.path,
            translation,
            diagnostic.code,
            diagnostic.severity,
            text,
            diagnostic.span,
            [changes[place] for place in covering],
        )
    for place, change in enumerate(changes):
        if place not in spoken_of:
            text = f"Written for {translation.to}."
            yield _result(file.path, translation, REWRITTEN, "note", text, change.span, [change])
    yield from _verdicts(file, translation)


def _verdicts(file: FileResult, translation: Translation) -> Iterator[dict[str, Any]]:
    if file.verification is None:
        return
    for model in file.verification.models:
        if model.verdict not in ("verified", "verified_float32"):
            info = translation.models.get(model.name)
            span = info.span if info else Span(1, 0, 1, 0, 0, 0)
            level: Severity = "error" if model.verdict in ("different", "failed") else "warning"
            yield _result(file.path, translation, NOT_VERIFIED, level, verdict_line(model), span, [])


def _covers(change: TextEdit, diagnostic: Diagnostic) -> bool:
    return change.span.start <= diagnostic.span.start and diagnostic.span.end <= change.span.end


def _result(
    path: str,
    translation: Translation,
    code: str,
    severity: Severity,
    text: str,
    span: Span,
    fixes: Sequence[TextEdit],
) -> dict[str, Any]:
    physical = {"artifactLocation": _artifact(path), "region": region(translation.source, span)}
    result: dict[str, Any] = {
        "ruleId": code,
        "level": severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": physical}],
    }
    if fixes:
        replacements = [
            {"deletedRegion": region(translation.source, fix.span), "insertedContent": {"text": fix.text}}
            for fix in fixes
        ]
        change = {"artifactLocation": _artifact(path), "replacements": replacements}
        description = f"Write this statement for {translation.to}"
        result["fixes"] = [{"description": {"text": description}, "artifactChanges": [change]}]
    return result


def region(source: str, span: Span) -> dict[str, int]:
    """The span as 1-based lines and 1-based UTF-16 columns; the end column is one past the last character."""
    return {
        "startLine": span.line,
        "startColumn": _utf16(source, span.start - span.column, span.start) + 1,
        "endLine": span.end_line,
        "endColumn": _utf16(source, span.end - span.end_column, span.end) + 1,
    }


def _utf16(source: str, line_start: int, end: int) -> int:
    return sum(2 if ord(char) > 0xFFFF else 1 for char in source[line_start:end])


def _artifact(path: str) -> dict[str, str]:
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(os.fsencode(Path(path).as_posix())), "uriBaseId": _ROOT}
