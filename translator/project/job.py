"""One file from bytes to bytes: what a worker process is asked for and what it answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, Literal

from translator.dataclass import dataclass
from translator.errors import CatalogError, SourceError
from translator.model import Fidelity, Framework, Layout
from translator.project.direction import opposite
from translator.report.result import FileResult, Problem

DEBUG: Final = "FWTRANSLATE_DEBUG"
"""Environment variable: show the traceback of an internal error."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to translate; the same for every file of a run. ``to`` None: to the framework that a file does not use."""

    to: Framework | None
    from_: Framework | Literal["auto"] = "auto"
    layout: Layout | None = None
    fidelity: Fidelity = "idiomatic"


@dataclass(frozen=True, slots=True)
class Job:
    """``shown`` is the name in reports. ``data`` is the content if it was read already (standard input)."""

    path: Path
    shown: str
    options: Options
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """``before`` and ``after`` are the file's bytes, both empty where there is a problem."""

    result: FileResult
    before: bytes = b""
    after: bytes = b""


def failed(job: Job, problem: Problem) -> Done:
    return Done(FileResult(job.shown, problem=problem))


def translate_file(job: Job) -> Done:
    """Read and translate one file. Every failure is a value, so that one bad file never stops a run."""
    try:
        return _translate(job)
    except SourceError as error:
        return failed(job, Problem.of(error))
    except CatalogError as error:
        return failed(job, Problem(f"the mappings of this installation are broken: {error}", "Install it again."))
    except OSError as error:
        return failed(job, Problem(f"cannot be read: {error.strerror or error}"))
    except MemoryError:
        return failed(job, Problem("out of memory", "Split the file, or translate it on a larger machine."))
    except Exception as error:  # noqa: BLE001 - the boundary of a worker: a bug met in one file must not cost the others
        return failed(job, _internal(error))


def _translate(job: Job) -> Done:
    from translator import parse  # brings libcst, which --version and bad usage must not pay for
    from translator.pipeline import translate

    before = job.path.read_bytes() if job.data is None else job.data
    source = parse.read_source(before, job.shown)
    options = job.options
    to = options.to or opposite(source.text)
    translation = translate(
        source.text,
        to=to,
        from_=options.from_,
        filename=job.shown,
        layout=options.layout,
        fidelity=options.fidelity,
    )
    unchanged = translation.code == source.text
    after = before if unchanged else parse.encode_source(translation.code, source)
    return Done(FileResult(job.shown, translation), before, after)


def _internal(error: Exception) -> Problem:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return Problem(
        f"internal error: {what[:300]}",
        f"This is a bug in fwtranslate; the file was left alone. Set {DEBUG}=1 to see the traceback, and report it.",
    )
