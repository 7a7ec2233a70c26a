"""``fwtranslate explain NAME``: what a diagnostic means, what becomes of an API, or how a construct is translated."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from translator.cli import options
from translator.cli.terminal import style_for, write_text

if TYPE_CHECKING:
    from translator.catalog.explain import Answer


@click.command(context_settings=options.CONTEXT)
@click.argument("name", metavar="CODE-OR-API")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown", "json")),
    default="text",
    show_default=True,
    help="How to write the explanation.",
)
def command(name: str, form: str) -> int:
    """Explain a code such as T104, an API such as nn.Conv2d, x.view or Dense, or a topic such as containers."""
    # The database is read only where something is explained.
    from translator.catalog.explain import lookup

    page = lookup(name)
    if page.kind == "unknown":
        raise click.ClickException(_written(page, "text").rstrip("\n"))
    write_text(sys.stdout, _written(page, form))
    return 0


def _written(page: Answer, form: str) -> str:
    from translator.catalog.explain import as_json, blocks, markdown, plain

    if form == "json":
        return json.dumps(as_json(page), indent=2, ensure_ascii=False) + "\n"
    if form == "markdown":
        return markdown(blocks(page))
    return plain(blocks(page), style_for(sys.stdout).bold)
