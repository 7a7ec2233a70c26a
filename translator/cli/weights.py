"""``fwtranslate weights``: carry a checkpoint over, which this version does from Python only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from translator.cli import options

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings=options.CONTEXT)
@click.argument("checkpoint", type=_FILE)
@click.option("--source", type=_FILE, required=True, help="The file that defines the model of the checkpoint.")
@click.option("--translated", type=_FILE, required=True, help="Its translation.")
@click.option("--model", required=True, metavar="EXPR", help="Expression that builds the model, as Net(3).")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The checkpoint to write.")
def command(**_: Any) -> int:
    """Convert CHECKPOINT for the translated model."""
    raise click.ClickException(
        "converting checkpoint files is not available yet in this version; use translator.transfer_weights from Python"
    )
