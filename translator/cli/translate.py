"""``fwtranslate PATH... --to keras|torch``: the default command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from translator import __version__
from translator.cli import options
from translator.cli.config import apply_config, given
from translator.cli.output import Mode, Writer, diff
from translator.cli.progress import bar
from translator.cli.reporting import write_report
from translator.cli.terminal import read_stdin, write_bytes
from translator.cli.verification import Limits, check_what_runs, models_of, require_frameworks, run_verification
from translator.dataclass import dataclass
from translator.model import Fidelity, Framework, Layout
from translator.project.batch import translate_files
from translator.project.destination import DestinationError, is_file_name
from translator.project.discovery import STDIN, Found, Inventory, discover
from translator.project.job import Done, Job, Options
from translator.report.result import FileResult, RunResult

_EPILOG = """Other commands: verify, weights, explain, coverage, lsp (see fwtranslate
COMMAND --help). A command's name wins over a path of that name: write
./verify for the path.

Exit codes: 0 translated; 1 something was declined, or --verify found a
difference, was inconclusive or had nothing to run; 2 bad usage or unreadable
input. Defaults for all options can stand in [tool.fwtranslate] of the nearest
pyproject.toml, with the long options as keys.
"""

_DESTINATIONS = ("output", "in_place", "diff", "check")


@dataclass(frozen=True, slots=True)
class Settings:
    """The command line after the configured defaults; field names are the parameters' names."""

    paths: tuple[str, ...]
    to: Framework | None
    from_: Framework | Literal["auto"]
    output: Path | None
    in_place: bool
    layout: Layout | None
    fidelity: Fidelity
    verify: bool
    models: tuple[str, ...]
    inputs: tuple[str, ...]
    timeout: float
    memory: int
    diff: bool
    check: bool
    form: str
    exclude: tuple[str, ...]

    @property
    def from_stdin(self) -> bool:
        return STDIN in self.paths

    @property
    def has_folder(self) -> bool:
        return any(path != STDIN and Path(path).is_dir() for path in self.paths)

    @property
    def mode(self) -> Mode:
        if self.check or self.diff:
            return "none"
        if self.in_place:
            return "in_place"
        if self.output is not None:
            return "file" if is_file_name(self.output) else "tree"
        return "stdout"


@click.command(context_settings=options.CONTEXT, epilog=_EPILOG)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--to",
    type=options.FrameworkChoice(["keras", "torch"], case_sensitive=False),
    help="The framework to write; always needed.",
)
@click.option(
    "--from",
    "from_",
    type=options.FrameworkChoice(["auto", "torch", "keras"], case_sensitive=False),
    default="auto",
    show_default=True,
    help="The framework to read; keras includes tensorflow.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Where to write: X.py is a file, anything else a folder that mirrors the input. - reads standard input.",
)
@click.option("--in-place", is_flag=True, help="Replace the inputs.")
@click.option(
    "--layout",
    type=click.Choice(["channels_last", "channels_first"]),
    help="Axis order of images in the output.  [default: the target framework's own]",
)
@click.option(
    "--fidelity",
    type=click.Choice(["idiomatic", "exact"]),
    default="idiomatic",
    show_default=True,
    help="exact adds helpers so that training follows the original step by step.",
)
@click.option("--verify", is_flag=True, help="Run both versions and compare outputs, gradients and training state.")
@options.verification
@click.option("--diff", is_flag=True, help="Print a unified diff instead of writing.")
@click.option("--check", is_flag=True, help="Write nothing; exit as a real run would.")
@click.option(
    "--format",
    "form",
    type=click.Choice(options.FORMATS),
    default="text",
    show_default=True,
    help="Of the report, which goes to standard output with -o, else to standard error.",
)
@options.exclude
@click.version_option(__version__, message="fwtranslate %(version)s")
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:
    """Translate PyTorch code to Keras 3, or Keras and TensorFlow code to PyTorch.

    One file goes to standard output and its report to standard error. Without --verify, the code is never imported or
    run.
    """
    settings = _settings(context)
    _check_usage(settings, context)
    if settings.verify:
        require_frameworks()
        check_what_runs(settings.models, settings.inputs)
    inventory = _inventory(settings)
    try:
        writer = Writer.plan(settings.mode, settings.output, inventory, folder=settings.has_folder)
    except DestinationError as error:
        raise click.UsageError(str(error)) from None
    done = _translate(settings, inventory)
    run = _finish(settings, inventory, writer, done)
    write_report(run, settings.form, sys.stdout if settings.output is not None else sys.stderr)
    return run.exit_code


def _settings(context: click.Context) -> Settings:
    parameters = apply_config(context, context.params["paths"], ["translator.cli.verify"])
    # A destination on the command line replaces the configured one instead of contradicting it.
    if given(context, *_DESTINATIONS):
        for name in _DESTINATIONS:
            parameters[name] = context.params[name]
    return Settings(**parameters)


def _check_usage(settings: Settings, context: click.Context) -> None:
    """Raises click.UsageError for options that are missing or contradict each other."""
    if settings.to is None:
        raise click.UsageError("--to is missing: give --to keras or --to torch")
    if settings.from_ == settings.to:
        raise click.UsageError(f"--from and --to are both {settings.to}")
    if settings.in_place and settings.output is not None:
        raise click.UsageError("-o and --in-place contradict each other")
    if settings.diff and (settings.in_place or settings.output is not None):
        raise click.UsageError("--diff writes nothing, so it goes without -o and --in-place")
    if not settings.verify and given(context, "models", "inputs", "timeout", "memory"):
        raise click.UsageError("--model, --input, --timeout and --memory go with --verify")
    if settings.from_stdin:
        _check_stdin(settings)
    elif settings.mode == "stdout" and (len(settings.paths) > 1 or settings.has_folder):
        what = "several paths need" if len(settings.paths) > 1 else f"{settings.paths[0]} is a folder, which needs"
        raise click.UsageError(f"{what} -o OUT, --in-place, --check or --diff")


def _check_stdin(settings: Settings) -> None:
    if len(settings.paths) > 1:
        raise click.UsageError("- (standard input) goes without other paths")
    if settings.in_place:
        raise click.UsageError("--in-place cannot replace standard input")
    if settings.mode == "tree":
        raise click.UsageError(f"standard input has no name to use in {settings.output}; give a file name after -o")


def _inventory(settings: Settings) -> Inventory:
    if settings.from_stdin:
        return Inventory((Found(Path("<stdin>"), Path("stdin.py"), source=True),))
    output = settings.output
    inventory = discover([Path(path) for path in settings.paths], exclude=settings.exclude, output=output)
    return replace(inventory, files=_once_each(inventory.files)) if settings.in_place else inventory


def _once_each(files: Sequence[Found]) -> tuple[Found, ...]:
    """Two links to one file must not be replaced twice, by the translation of a translation."""
    first: dict[str, Found] = {}
    for found in files:
        first.setdefault(os.path.realpath(found.path), found)
    return tuple(first.values())


def _translate(settings: Settings, inventory: Inventory) -> list[Done]:
    how = Options(settings.to, settings.from_, settings.layout, settings.fidelity)
    data = read_stdin() if settings.from_stdin else None
    jobs = [Job(found.path, str(found.path), how, data) for found in inventory.sources]
    with bar("translating", len(jobs), worth=len(jobs) > 1) as step:
        return translate_files(jobs, on_done=lambda _: step())


def _finish(settings: Settings, inventory: Inventory, writer: Writer, done: list[Done]) -> RunResult:
    """Write, show or drop the translations, then verify them: whoever interrupts that keeps what was written."""
    if settings.diff:
        write_bytes(sys.stdout, b"".join(diff(one) for one in done))
    results = [writer.write(found, one) for found, one in zip(inventory.sources, done, strict=True)]
    copied, lost = writer.copy_others()
    if settings.verify:
        results = _verify(settings, results)
    missing = [FileResult(path, problem=problem) for path, problem in (*inventory.problems, *lost)]
    return RunResult((*missing, *results), copied, settings.verify)


def _verify(settings: Settings, results: list[FileResult]) -> list[FileResult]:
    limits = Limits(settings.models, settings.inputs, settings.timeout, settings.memory)
    verified = []
    for result in results:
        translation = result.translation
        if translation is not None and translation.code != translation.source:
            own = limits if len(results) == 1 else replace(limits, models=models_of(translation, settings.models))
            if own.models or (translation.models and not settings.models):
                report = run_verification(translation.source, translation.code, translation, own)
                verified.append(replace(result, verification=report))
                continue
        verified.append(result)
    return verified
