"""``fwtranslate explain CODE-OR-API``: what a diagnostic means, or what becomes of an API."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Final

import click

from translator.cli import options
from translator.cli.terminal import style_for, write_text
from translator.codes import CODES, CodeInfo
from translator.report.style import Style

_CATALOG: Final = "translator.catalog.explain"
"""It reads entries aloud; brought in on demand, since it compiles the whole catalog."""


@click.command(context_settings=options.CONTEXT)
@click.argument("name", metavar="CODE-OR-API")
def command(name: str) -> int:
    """Say what, why, what to do by hand, and an example, for a code such as T104 or an API such as torch.cat."""
    info = CODES.get(name.upper())
    text = _code(info, style_for(sys.stdout)) if info is not None else _api(name)
    if text is None:
        raise click.ClickException(_unknown(name))
    write_text(sys.stdout, text.rstrip("\n") + "\n")
    return 0


def _code(info: CodeInfo, style: Style) -> str:
    head = style.severity(info.severity, f"{info.code} ({info.severity})")
    parts = [f"{head}: {style.bold(info.title)}"]
    sections = (("What", info.what), ("Why", info.why), ("What to do", info.todo), ("Example", info.example))
    parts += [f"{style.bold(title)}\n{_indented(text)}" for title, text in sections if text]
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())


def _api(name: str) -> str | None:
    if find_spec(_CATALOG) is None:
        return None
    explain_api: Callable[[str], str | None] = import_module(_CATALOG).explain_api
    return explain_api(name)


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.upper(), CODES, n=3)
    near = f"; did you mean {', '.join(close)}?" if close else ""
    return f"{name} is neither a diagnostic code nor an API that this version translates{near}"
