"""``fwtranslate lsp``: the language server, which this version does not have yet."""

from __future__ import annotations

import click

from translator.cli import options


@click.command(context_settings=options.CONTEXT)
def command() -> int:
    """Start the language server on standard input and output."""
    raise click.ClickException("the language server arrives in a later version; until then use fwtranslate --check")
