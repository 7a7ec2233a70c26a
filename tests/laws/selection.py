"""Which entries a run of the law tests takes: all of them take hours."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Collection
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]

SAMPLE = 40
"""How many entries a run takes besides the changed ones, the same each time: some two minutes on one core."""

SEED = 20


def chosen(names: Collection[str]) -> set[str]:
    """The entries that have changed since the commit before, or since ``LAWS_BASE``, and a sample of the others."""
    ordered = sorted(names)
    sample = set(ordered if len(ordered) <= SAMPLE else Random(SEED).sample(ordered, SAMPLE))
    return sample | (changed(os.environ.get("LAWS_BASE", "HEAD~1")) & set(names))


def changed(base: str) -> set[str]:
    """Entries whose tables differ from those of a commit; none where that cannot be told, as outside of a clone."""
    found: set[str] = set()
    for path in sorted((ROOT / "mappings").glob("*.toml")):
        if path.name != "libraries.toml":
            before = _entries(_at(base, path))
            if before is not None:
                now = tomllib.loads(path.read_text("utf-8"))
                found |= {name for name, table in now.items() if before.get(name) != table}
    return found


def _entries(text: str | None) -> dict[str, object] | None:
    return None if text is None else tomllib.loads(text)


def _at(base: str, path: Path) -> str | None:
    """A file as it was in a commit: "" if it was not there, None if there is no such commit."""

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)

    try:
        if git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}").returncode:
            return None
        shown = git("show", f"{base}:{path.relative_to(ROOT).as_posix()}")
    except OSError:
        return None
    return shown.stdout if not shown.returncode else ""
