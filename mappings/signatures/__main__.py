"""Write the signature locks from the installed libraries, or with ``--check`` compare them with what is committed."""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mappings.signatures.document import render

LIBRARIES = ("torch", "keras", "tensorflow")
FOLDER = Path(__file__).resolve().parent
DIFF_LINES = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 if ``--check`` found a stale file."""
    parser = argparse.ArgumentParser(prog="python -m mappings.signatures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--library", action="append", choices=LIBRARIES, help="only this library (may be repeated)")
    options = parser.parse_args(arguments)
    # Keras' signatures are the same on every backend; its optimizers and variables show the backend's own methods.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    stale = False
    for library in options.library or LIBRARIES:
        path = FOLDER / f"{library}.json"
        fresh = generate(library)
        if options.check:
            stale |= report_difference(path, fresh)
        else:
            path.write_text(fresh, encoding="utf-8", newline="\n")
            print(f"wrote {path.name}")
    return int(stale)


def generate(library: str) -> str:
    """The lock file of one installed library. Raises ModuleNotFoundError if it is not installed."""
    collector = importlib.import_module(f"mappings.signatures.collect_{library}")
    rows = getattr(collector, f"collect_{library}")()
    return render(library, importlib.metadata.version(library), rows)


def report_difference(path: Path, fresh: str) -> bool:
    """Print the head of a unified diff if the file at ``path`` is not ``fresh``; return whether it is stale."""
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    if committed == fresh:
        return False
    names = (f"{path.name} (committed)", f"{path.name} (installed library)")
    lines = list(difflib.unified_diff(committed.splitlines(), fresh.splitlines(), *names, lineterm="", n=0))
    print("\n".join(lines[:DIFF_LINES]))
    if len(lines) > DIFF_LINES:
        print(f"... and {len(lines) - DIFF_LINES} more lines")
    return True


if __name__ == "__main__":
    sys.exit(main())
