"""Honest figures over many files: framework uses by outcome, and what stands in the way most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from translator.report.result import RunResult
from translator.report.style import PLAIN, Style, printable
from translator.report.text import OUTCOMES, coverage_line, plural


def render(run: RunResult, style: Style = PLAIN, *, most: int = 10) -> str:
    """A table per file, then the ``most`` frequent reasons and APIs that are not exact; ends in a newline."""
    lines = [*_unreadable(run, style), *_table(run, style)]
    lines += _most_common("most frequent reasons", _reasons(run), most, style)
    lines += _most_common("most frequent APIs without a translation", _apis(run), most, style)
    return "".join(f"{line}\n" for line in lines)


def _unreadable(run: RunResult, style: Style) -> Iterator[str]:
    for file in run.files:
        if file.problem is not None:
            where = file.problem.located(printable(file.path))
            yield f"{where}: {style.severity('error', 'error:')} {printable(file.problem.message)}"


def _table(run: RunResult, style: Style) -> Iterator[str]:
    rows = [("uses", *OUTCOMES, "file")]
    for file in run.files:
        if file.translation is not None and file.translation.coverage.total:
            coverage = file.translation.coverage
            counts = (str(coverage.count(outcome)) for outcome in OUTCOMES)
            rows.append((str(coverage.total), *counts, printable(file.path)))
    if len(rows) > 1:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
        for row in rows:
            cells = "  ".join(cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=True))
            yield f"{cells}  {row[-1]}"
    yield style.bold(f"{plural(len(run.files), 'Python file')}: {coverage_line(run.coverage)}")


def _reasons(run: RunResult) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in run.files:
        if file.translation is not None:
            for diagnostic in file.translation.diagnostics:
                if diagnostic.severity != "note":
                    found[f"{diagnostic.code} {printable(diagnostic.message)}"] += 1
    return found


def _apis(run: RunResult) -> Counter[str]:
    return Counter(printable(site.api) for site in run.coverage.sites if site.outcome in ("declined", "unresolved"))


def _most_common(title: str, counts: Counter[str], most: int, style: Style) -> Iterator[str]:
    if counts:
        yield style.bold(title)
        yield from (f"{count:6}  {what}" for what, count in counts.most_common(most))
        if len(counts) > most:
            yield f"        and {len(counts) - most} more"
