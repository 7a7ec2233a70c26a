"""``fwtranslate coverage PATH...``: how much would be translated, and what stands in the way."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from translator.cli import options
from translator.cli.progress import bar
from translator.cli.terminal import read_stdin, style_for, write_text
from translator.model import Framework
from translator.project.batch import translate_files
from translator.project.discovery import STDIN, discover
from translator.project.job import Job, Options
from translator.report.coverage import render
from translator.report.json_ import render as render_json
from translator.report.result import FileResult, RunResult


@click.command(context_settings=options.CONTEXT)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--to",
    type=options.FrameworkChoice(["keras", "torch"], case_sensitive=False),
    help="The framework to write.  [default: for each file the one it does not use]",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of the figures."
)
@options.exclude
def command(paths: tuple[str, ...], to: Framework | None, form: str, exclude: tuple[str, ...]) -> int:
    """Count every framework use in PATH... by what would become of it. Writes nothing."""
    how = Options(to)
    inventory = discover([Path(path) for path in paths if path != STDIN], exclude=exclude)
    jobs = [Job(found.path, str(found.path), how) for found in inventory.sources]
    if STDIN in paths:
        jobs.append(Job(Path("<stdin>"), "<stdin>", how, read_stdin()))
    with bar("reading", len(jobs), worth=len(jobs) > 1) as step:
        done = translate_files(jobs, on_done=lambda _: step())
    missing = [FileResult(path, problem=problem) for path, problem in inventory.problems]
    run = RunResult((*missing, *(one.result for one in done)))
    text = render_json(run) if form == "json" else render(run, style_for(sys.stdout))
    write_text(sys.stdout, text)
    return 2 if run.count("failed") else 0
