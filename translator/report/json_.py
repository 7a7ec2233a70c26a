"""The report as JSON, for programs. Lines and columns are 1-based, columns count code points; ends are exclusive."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any, Final, get_args

from translator.model import Coverage, Diagnostic, ModelInfo, Outcome, Site, Span, TextEdit, VerifyReport
from translator.report.result import FileResult, RunResult

FORMAT_VERSION: Final = 1
"""Raised when a key changes its meaning or goes; new keys do not raise it."""


def render(run: RunResult) -> str:
    """The whole report as one JSON object, indented, ending in a newline."""
    return dumps(run_object(run))


def dumps(value: object) -> str:
    """JSON without the NaN and Infinity that most readers refuse: they become null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def run_object(run: RunResult) -> dict[str, Any]:
    return {
        "version": FORMAT_VERSION,
        "exit_code": run.exit_code,
        "copied": run.copied,
        "coverage": coverage_object(run.coverage),
        "files": [_file(file) for file in run.files],
    }


def coverage_object(coverage: Coverage) -> dict[str, Any]:
    """Counts of framework uses by outcome; ``ratio`` is the share that is exact or noted."""
    counts = {outcome: coverage.count(outcome) for outcome in get_args(Outcome)}
    return {"total": coverage.total, **counts, "ratio": coverage.ratio}


def verification_object(report: VerifyReport) -> dict[str, Any]:
    """Every field of the verify report; an error that is not a number is null."""
    models = []
    for model in report.models:
        fields = {name: getattr(model, name) for name in type(model).__dataclass_fields__}
        fields["comparisons"] = [asdict(comparison) for comparison in model.comparisons]
        fields["inputs"] = dict(model.inputs)
        models.append(fields)
    return {"passed": report.passed, "message": report.message, "through": dict(report.through), "models": models}


def _file(file: FileResult) -> dict[str, Any]:
    found: dict[str, Any] = {"path": file.path, "state": file.state}
    if file.problem is not None:
        column = None if file.problem.column is None else file.problem.column + 1
        position = {"line": file.problem.line, "column": column}
        found["problem"] = {"message": file.problem.message, "hint": file.problem.hint, **position}
    if file.translation is not None:
        translation = file.translation
        found |= {
            "from": translation.from_,
            "to": translation.to,
            "layout": translation.layout,
            "fidelity": translation.fidelity,
            "exact": translation.exact,
            "coverage": coverage_object(translation.coverage),
            "diagnostics": [_diagnostic(diagnostic) for diagnostic in translation.diagnostics],
            "sites": [_site(site) for site in translation.coverage.sites],
            "models": {name: _model(model) for name, model in translation.models.items()},
            "changes": [_change(change) for change in translation.changes],
        }
    if file.verification is not None:
        found["verification"] = verification_object(file.verification)
    return found


def _span(span: Span) -> dict[str, int]:
    return {
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "api": diagnostic.api,
        "span": _span(diagnostic.span),
    }


def _site(site: Site) -> dict[str, Any]:
    return {
        "api": site.api,
        "target": site.target,
        "outcome": site.outcome,
        "entry": site.entry,
        "span": _span(site.span),
    }


def _model(model: ModelInfo) -> dict[str, Any]:
    return {
        "target": model.target,
        "kind": model.kind,
        "inputs": dict(model.inputs),
        "outputs": dict(model.outputs),
        "span": _span(model.span),
    }


def _change(change: TextEdit) -> dict[str, Any]:
    return {"span": _span(change.span), "text": change.text}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
