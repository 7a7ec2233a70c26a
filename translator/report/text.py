"""The report for people: one line per diagnostic, then what became of the run.

The verification table lives in `verification.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, get_args

from translator.model import Coverage, ModelInfo, Outcome, Translation
from translator.report.result import FileResult, FileState, RunResult
from translator.report.style import PLAIN, Style, printable
from translator.report.verification import verification_lines

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
_STATES: Final[tuple[FileState, ...]] = get_args(FileState)


def render(run: RunResult, style: Style = PLAIN) -> str:
    """The whole report, ending in a newline; "" where there is nothing to say."""
    lines: list[str] = []
    for file in run.files:
        lines += _file_lines(file, style)
    lines += _summary(run, style)
    for file in run.files:
        if file.verification is not None:
            lines += verification_lines(printable(file.path), file.verification, style)
    if run.verify and not any(file.verification is not None for file in run.files):
        lines.append(style.verdict("not_run", "not verified: there is no model to run"))
    return "".join(f"{line}\n" for line in lines)


def _file_lines(file: FileResult, style: Style) -> Iterator[str]:
    path = printable(file.path)
    if file.problem is not None:
        yield f"{file.problem.located(path)}: {style.severity('error', 'error:')} {printable(file.problem.message)}"
        if file.problem.hint:
            yield f"    {printable(file.problem.hint)}"
    if file.translation is None:
        return
    for diagnostic in file.translation.diagnostics:
        where = f"{path}:{diagnostic.span.line}:{diagnostic.span.column + 1}"
        label = style.severity(diagnostic.severity, f"{diagnostic.severity} {diagnostic.code}")
        yield f"{where}: {label} {printable(diagnostic.message)}"
        if diagnostic.hint:
            yield f"    {printable(diagnostic.hint)}"


def _summary(run: RunResult, style: Style) -> Iterator[str]:
    for file in run.files:
        if file.translation is not None and file.translation.coverage.total:
            yield from _translation_lines(file.path, file.translation, style)
    if len(run.files) != 1 or run.copied:
        states = ", ".join(f"{run.count(state)} {state}" for state in _STATES if run.count(state))
        copied = f", {plural(run.copied, 'other file')} copied" if run.copied else ""
        yield style.bold(plural(len(run.files), "Python file") + (f": {states}" if states else "") + copied)
        yield f"{coverage_line(run.coverage)}"
    elif (only := run.files[0].translation) is not None and not run.coverage.total:
        what = "unchanged" if run.files[0].state == "unchanged" else "only imports changed"
        yield f"{printable(run.files[0].path)}: no {only.from_} code to translate to {only.to}, {what}"


def _translation_lines(path: str, translation: Translation, style: Style) -> Iterator[str]:
    exact = "exact" if translation.exact else "not exact"
    head = style.bold(f"{printable(path)}: {translation.from_} -> {translation.to}, {translation.layout}, {exact}")
    yield f"{head}: {coverage_line(translation.coverage)}"
    yield from (f"    {line}" for line in _axis_lines(translation.models.values()))


def _axis_lines(models: Iterable[ModelInfo]) -> Iterator[str]:
    """Callers must know which arguments and results changed their axis order. Models called alike share a line."""
    called: dict[tuple[str, str], list[str]] = {}
    for model in models:
        arguments = [(f"argument {name}", rule) for name, rule in model.inputs.items()]
        results = [(f"result {leaf}".rstrip(), rule) for leaf, rule in model.outputs.items()]
        for what, rule in (*arguments, *results):
            if model.root and rule is not None:
                called.setdefault((what, rule), []).append(model.name)
    for (what, rule), names in called.items():
        yield printable(f"{what} of {', '.join(names)}: {rule}")


def coverage_line(coverage: Coverage) -> str:
    """``12 framework uses: 10 exact, 2 declined (83.3 % exact or noted)``."""
    if not coverage.total:
        return "no framework uses"
    counts = ", ".join(f"{coverage.count(outcome)} {outcome}" for outcome in OUTCOMES if coverage.count(outcome))
    return f"{plural(coverage.total, 'framework use')}: {counts} ({100 * coverage.ratio:.1f} % exact or noted)"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
