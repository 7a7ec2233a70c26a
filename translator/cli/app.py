"""Which command is meant, and what becomes of everything that can end one early."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from translator.errors import CatalogError, FwtranslateError

COMMANDS: Final = ("verify", "weights", "explain", "coverage", "lsp")
"""Their modules have these names. A path of such a name is written ``./verify``."""

BAD_USAGE: Final = 2
INTERRUPTED: Final = 130


def run(arguments: Sequence[str]) -> int:
    """Run the command that the first argument names, or translate. Never raises."""
    first = arguments[0] if arguments else ""
    name, rest = (first, arguments[1:]) if first in COMMANDS else ("translate", arguments)
    try:
        # KeyboardInterrupt can come at any moment, while modules are imported too.
        command: click.Command = import_module(f"translator.cli.{name}").command
        full_name = "fwtranslate" if name == "translate" else f"fwtranslate {name}"
        with command.make_context(full_name, list(rest)) as context:
            code: int = command.invoke(context)
        sys.stdout.flush()
        return code
    except click.exceptions.Exit as done:  # --help and --version
        return done.exit_code
    except click.UsageError as error:
        help_command = error.ctx.command_path if error.ctx is not None else "fwtranslate"
        return _complain(f"{error.format_message().rstrip('.')} (see {help_command} --help)")
    except click.ClickException as error:
        return _complain(error.format_message())
    except CatalogError as error:
        return _complain(f"the mappings of this installation are broken: {error}")
    except FwtranslateError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # the terminal shows ^C where the cursor stood
        _say("interrupted; no file was left half-written")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader is gone, as in `fwtranslate ... | head`; the interpreter must not complain of it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # standard output on a full disk, a working folder that has gone
        return _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")


def _complain(reason: str) -> int:
    _say(f"error: {reason}")
    return BAD_USAGE


def _say(line: str) -> None:
    sys.stderr.write(f"fwtranslate: {' '.join(line.split())}\n")
