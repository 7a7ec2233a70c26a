"""A progress bar on standard error, for people who would otherwise wait without a sign."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from translator.cli.terminal import is_terminal


@contextmanager
def bar(title: str, total: int, *, worth: bool = True) -> Iterator[Callable[[], None]]:
    """Gives a function to call after each of ``total`` steps. Shows nothing off a terminal or if not ``worth`` it."""
    if not worth or not is_terminal(sys.stderr):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def status(title: str) -> Iterator[Callable[[str], None]]:
    """Gives a function that says what is being done now. Shows nothing off a terminal."""
    if not is_terminal(sys.stderr):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(title)) as spinner:
        yield lambda step: spinner.update(escape(f"{title}: {step}"))
