"""What the README shows is what the program does."""

from __future__ import annotations

import importlib
import re
import textwrap
from pathlib import Path

import click
import pytest

from translator import translate
from translator.cli.app import COMMANDS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks() -> list[str]:
    """The indented code blocks."""
    found = re.findall(r"(?:^    .*\n(?:\n+(?=    ))?)+", README, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def test_the_example_is_translated_as_shown() -> None:
    [shown] = [block for block in blocks() if "forward(" in block and "call(" in block]
    lines = shown.rstrip("\n").split("\n")
    middle = lines[0].index("import keras")
    before = "".join(f"{line[:middle].rstrip()}\n" for line in lines)
    after = "".join(f"{line[middle:].rstrip()}\n" for line in lines)
    result = translate(before, to="keras")
    assert result.code == after
    assert result.exact


@pytest.mark.parametrize("name", ["translate", *COMMANDS])
def test_the_options_that_are_shown_exist(name: str) -> None:
    command: click.Command = importlib.import_module(f"translator.cli.{name}").command
    known = {option for parameter in command.params for option in parameter.opts}
    [usage] = [block for block in blocks() if block.startswith("fwtranslate PATH...")]
    lines = re.sub(r"\n +", " ", usage).splitlines()
    start = "fwtranslate PATH..." if name == "translate" else f"fwtranslate {name}"
    shown = {
        option for line in lines if line.startswith(start) for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line)
    }
    assert shown <= known
    assert shown or name in ("explain", "lsp", "coverage"), f"{name} is not shown"


def test_the_files_that_are_named_exist() -> None:
    root = Path(__file__).parent.parent
    named = [*re.findall(r"\]\(([\w./-]+)\)", README), *re.findall(r"\b(?:fixtures|docs)/[\w./-]+\b", README)]
    assert [name for name in named if not (root / name).exists()] == []
