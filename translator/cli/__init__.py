"""The command line. Nothing is imported here that ``--version`` does not need."""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; prints one line and never a traceback for what a user can cause."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments == ["--version"]:
        from translator import __version__

        sys.stdout.write(f"fwtranslate {__version__}\n")
        return 0
    # What is imported from here on stays to the end: the cyclic collector would walk through it again and again.
    gc.set_threshold(100_000)
    from translator.cli.app import run

    return run(arguments)
