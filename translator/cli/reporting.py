"""Which report format is written, and where."""

from __future__ import annotations

from typing import TextIO

from translator.cli.terminal import style_for, write_text
from translator.report.result import RunResult


def write_report(run: RunResult, form: str, stream: TextIO) -> None:
    """Write the report in one of the formats of `options.FORMATS`; only the one in use is imported."""
    write_text(stream, _render(run, form, stream))


def _render(run: RunResult, form: str, stream: TextIO) -> str:
    if form == "json":
        from translator.report.json_ import render as render_json

        return render_json(run)
    if form == "sarif":
        from translator.report.sarif import render as render_sarif

        return render_sarif(run)
    if form == "github":
        from translator.report.github import render as render_github

        return render_github(run)
    from translator.report.text import render as render_text

    return render_text(run, style_for(stream))
