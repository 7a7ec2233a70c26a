"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_WORDS: Final = {"tensorflow": "keras", "tf": "keras", "tf.keras": "keras", "pytorch": "torch"}
"""What people call the frameworks, and the word that is meant."""


class FrameworkChoice(click.Choice[str]):
    """One of the words for a framework; another name of it is refused with the word to write."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        meant = _WORDS.get(str(value).lower())
        if meant in self.choices:
            self.fail(f"{value!r} is written {meant!r}", param, ctx)
        return super().convert(value, param, ctx)


FORMATS: Final = ("text", "json", "sarif", "github")

model = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="SRC[=TGT]",
    help="Expression that builds a model to verify, as Net(3); TGT follows from SRC. May be repeated.",
)
inputs = click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SPEC",
    help="An argument of the model in source axis order, as x=float32[2,3,32,32] or int64[2,16]<100. May be repeated.",
)
timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one run of a model may take.",
)
memory = click.option(
    "--memory",
    type=click.IntRange(min=256),
    default=8192,
    show_default=True,
    metavar="MIB",
    help="How much memory one run of a model may take.",
)
exclude = click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out what matches, written as in .gitignore, relative to the folder. May be repeated.",
)


def verification(function: Decorated) -> Decorated:
    """The options that say what is run and how far it may go."""
    return model(inputs(timeout(memory(function))))
