"""What running both sides showed, as a table of errors against bounds and one verdict line per model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from translator.model import Aspect, Comparison, ModelVerdict, Verdict, VerifyReport
from translator.report.style import PLAIN, Style, printable

_WORDS: Final[dict[Verdict, str]] = {
    "verified": "verified",
    "verified_float32": "verified in float32 only",
    "different": "different",
    "inconclusive": "inconclusive",
    "failed": "failed",
    "not_run": "not verified",
}
_ASPECTS: Final[dict[Aspect, str]] = {
    "outputs": "forward",
    "gradients": "gradients",
    "state": "state after one step",
    "initial": "initial values",
}


def verification_lines(path: str, report: VerifyReport, style: Style = PLAIN) -> Iterator[str]:
    """The report of one file; its last line is the verdict of the last model, or why nothing ran."""
    for model in report.models:
        yield style.bold(f"{path}: {_subject(model)}")
        yield from (f"    {line}" for line in _details(model))
    for name, root in report.through.items():
        yield f"    {printable(name)}: exercised through {printable(root)}"
    for model in report.models:
        yield verdict_line(model, style)
    if report.message or not report.models:
        yield style.verdict("not_run", f"not verified: {printable(report.message or f'{path} has no model to run')}")


def verdict_line(model: ModelVerdict, style: Style = PLAIN) -> str:
    """``verified: ResNet via resnet18() (float64 forward 3e-15, gradients 1e-12, state after one step 2e-16)``."""
    verified = model.verdict in ("verified", "verified_float32")
    errors = _headline(model) if verified else ""
    reason = f": {printable(' '.join(model.message.split()))}" if model.message and not verified else ""
    return f"{style.verdict(model.verdict, _WORDS[model.verdict])}: {_subject(model)}{errors}{reason}"


def _subject(model: ModelVerdict) -> str:
    name, expression = printable(model.name), printable(model.expression)
    return name if expression in ("", name) else f"{name} via {expression}"


def _headline(model: ModelVerdict) -> str:
    """The largest error of each aspect that was held to a bound, in float64 where that ran."""
    held = [comparison for comparison in model.comparisons if not _is_known_limit(comparison)]
    dtypes = {comparison.dtype for comparison in held}
    dtype = "float64" if "float64" in dtypes else "float32"
    chosen = [comparison for comparison in held if comparison.dtype == dtype]
    parts = []
    for aspect, word in _ASPECTS.items():
        errors = [comparison.error for comparison in chosen if comparison.aspect == aspect]
        if errors:
            parts.append(f"{word} {_brief(max(errors))}")
    return f" ({dtype} {', '.join(parts)})" if parts else ""


def _is_known_limit(comparison: Comparison) -> bool:
    """Whether a note of the translation announces the difference, which then has no bound."""
    return comparison.passed and math.isinf(comparison.bound)


def _brief(error: float) -> str:
    return f"{error:.0e}" if error else "0"


def _details(model: ModelVerdict) -> Iterator[str]:
    if model.inputs:
        yield "inputs: " + ", ".join(printable(f"{name}={spec}") for name, spec in model.inputs.items())
    yield from _table(worst_by_group([one for one in model.comparisons if not _is_known_limit(one)]))
    for comparison in filter(_is_known_limit, model.comparisons):
        where = printable(comparison.where)
        yield f"{_ASPECTS[comparison.aspect]} differs by {comparison.error:.1e}, as a note says: {where}"
    if model.model_lines:
        missed = f"; never ran: lines {_ranges(model.missed_lines)}" if model.missed_lines else ""
        yield f"executed {model.executed_lines} of {model.model_lines} lines of the model on both sides{missed}"
    for what in model.lifted:
        yield f"computed in float64 instead of float32: {printable(what)}"
    for what in model.loosened:
        yield f"gate loosened to 1e-6: {printable(what)}"
    if model.first_divergence:
        yield f"first submodule that differs: {printable(model.first_divergence)}"
    if model.counterexample:
        yield "to see it, run:"
        yield from (f"    {line}" for line in model.counterexample.splitlines())


def worst_by_group(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """For each aspect, dtype and mode the comparison that came closest to its bound, or passed it furthest."""
    worst: dict[tuple[str, str, str], Comparison] = {}
    for comparison in comparisons:
        key = (comparison.dtype, comparison.mode, comparison.aspect)
        if key not in worst or _severity(comparison) > _severity(worst[key]):
            worst[key] = comparison
    return list(worst.values())


def _severity(comparison: Comparison) -> tuple[bool, float]:
    # NaN compares false with everything: a failed comparison must win by its flag, not by its error.
    ratio = comparison.error / comparison.bound if comparison.bound > 0 else float(comparison.error > 0)
    return (not comparison.passed, math.inf if math.isnan(ratio) else ratio)


def _table(comparisons: Sequence[Comparison]) -> Iterator[str]:
    if not comparisons:
        return
    rows = [("aspect", "dtype", "mode", "error", "bound", "", "worst tensor")]
    for comparison in comparisons:
        passed = "ok" if comparison.passed else "FAILS"
        where = printable((comparison.where or "output") + (f" ({comparison.case})" if comparison.case else ""))
        figures = (f"{comparison.error:.1e}", f"{comparison.bound:.1e}", passed, where)
        rows.append((_ASPECTS[comparison.aspect], comparison.dtype, comparison.mode, *figures))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _ranges(lines: Sequence[int]) -> str:
    """``3-5, 9`` for (3, 4, 5, 9)."""
    runs: list[tuple[int, int]] = []
    for line in sorted(set(lines)):
        if runs and line == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], line)
        else:
            runs.append((line, line))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
