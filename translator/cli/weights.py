"""``fwtranslate weights``: convert a checkpoint file for the other framework's model."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from translator.cli import options
from translator.cli.config import apply_config
from translator.cli.progress import status
from translator.cli.terminal import write_text
from translator.cli.verification import check_what_runs, require_frameworks
from translator.cli.verify import derive, read_text
from translator.errors import WeightError

if TYPE_CHECKING:
    from translator.verify.checkpoint import Converted, Files, Options

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NAMED: Final = 5

_EPILOG = """\b
CHECKPOINT belongs to either model: .pt, .pth and .safetensors to that of the PyTorch file,
.weights.h5 and .keras to that of the Keras file. OUT is for the other one. Pickled code in a
checkpoint is never run; the models' own code runs in a process of its own.

\b
Exit codes: 0 written; 1 the weights do not correspond, or a model cannot be built; 2 bad usage or an
unreadable checkpoint. OUT is written as a whole or not at all.
"""


@click.command(context_settings=options.CONTEXT, epilog=_EPILOG)
@click.argument("checkpoint", type=_FILE)
@click.option("--source", type=_FILE, required=True, help="The model file that was translated.")
@click.option("--translated", type=_FILE, required=True, help="Its translation.")
@click.option(
    "--model",
    "models",  # several in a configured list are for other commands
    multiple=True,
    required=True,
    metavar="SRC[=TGT]",
    help="Expression that builds the model, as Net(3); TGT follows from SRC.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The checkpoint to write.")
@click.option("--key", metavar="KEY", help="Where in a .pt file the weights are, as ema.state_dict.")
@options.inputs
@options.timeout
@options.memory
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:
    """Convert CHECKPOINT for the model on the other side of a translation."""
    given = context.params
    configured = apply_config(context, [str(given["source"])], ["translator.cli.translate", "translator.cli.verify"])
    require_frameworks()
    if len(given["models"]) != 1:
        raise click.UsageError("a checkpoint is of one model: give one --model")
    check_what_runs(given["models"], configured["inputs"])

    from translator.verify.checkpoint import Files, Options

    files = Files(
        read_text(given["source"]),
        given["source"],
        read_text(given["translated"]),
        given["translated"],
        given["checkpoint"],
        given["output"],
    )
    with status(f"converting {files.checkpoint}") as on_progress:
        limits = Options(configured["inputs"], given["key"], configured["timeout"], configured["memory"], on_progress)
        return _convert(files, given["models"][0], limits)


def _convert(files: Files, model: str, limits: Options) -> int:
    from translator.project.files import replacing
    from translator.verify.bench import InconclusiveError, LayoutError, SideError
    from translator.verify.checkpoint import convert_checkpoint, direction

    translation = derive(files.source, files.translated, str(files.source_path))
    direction(files.checkpoint, files.output, translation)
    try:
        # Beside the output, since there must be room for it there anyway.
        with (
            replacing(files.output) as target,
            tempfile.TemporaryDirectory(prefix=".fwtranslate-", dir=target.parent) as folder,
        ):
            converted = convert_checkpoint(files, model, translation, target, Path(folder), limits)
    except (WeightError, SideError, InconclusiveError, LayoutError) as error:
        write_text(sys.stderr, f"fwtranslate: error: {error}\n")
        return 1
    write_text(sys.stdout, "".join(f"{line}\n" for line in _lines(files, converted)))
    return 0


def _lines(files: Files, converted: Converted) -> list[str]:
    summary = converted.summary
    lines = [f"{files.output}: {summary.tensors} tensors with {summary.elements:,} values from {files.checkpoint}"]
    lines += [f"note: {note}" for note in converted.notes]
    if converted.built_with:
        lines.append(f"note: weights that exist only after a call were created with {converted.built_with}")
    if summary.created:
        lines.append(f"note: only this side has {_some(summary.created)}; set to what a new model has")
    if summary.kept:
        lines.append(f"note: no checkpoint holds {_some(summary.kept)}; taken from a new model")
    if summary.rounded:
        lines.append(f"note: rounded to the model's dtype: {_some(summary.rounded)}")
    return lines


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
