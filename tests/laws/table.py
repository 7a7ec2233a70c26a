"""Writes docs/laws.md: what the laws showed for every entry.

``python -m tests.laws.table [EXAMPLES] [--workers N] [--only TEXT]``; with 100 examples it takes hours. Rows that were
found already are kept in ``.laws/`` as long as neither the translator nor the mappings change, so that a run which was
interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from tests.laws.running import Subject, conclude, run, subjects
from tests.laws.tally import Tally
from translator.catalog.load import load

ROOT = Path(__file__).parents[2]
DESTINATION = ROOT / "docs" / "laws.md"
FOUND = ROOT / ".laws"
DEFAULT_EXAMPLES = 25

_HEAD = """# The laws of the mapping entries

<!-- Written by `python -m tests.laws.table {examples}`; do not edit. -->

Every entry is tried in each direction on programs drawn from the entry alone, {examples} for each law:

- **round trip**: translating there, back and there again gives the first text;
- **weights**: every parameter and buffer comes back bit by bit;
- **outputs**: outputs and gradients agree in float64, in channels_last and channels_first;
- **state**: parameters and buffers agree after a step in training mode, but for what a documented limit names.

Errors are relative to the largest value, at least 1 for outputs. *Declined* is the share of draws outside of what the
entry covers, which the translator rightly left alone.

| entry | direction | cases | examples | forward error | gradient error | declined | verdict |
|---|---|---:|---:|---:|---:|---:|---|
"""


@dataclass
class Row:
    """One entry in one direction, all its laws together."""

    entry: str
    direction: str
    cases: int
    tally: Tally = field(default_factory=Tally)
    compared: bool = False
    broken: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.entry}-{self.direction}"

    def add(self, subject: Subject, tally: Tally) -> None:
        self.tally.add(tally)
        self.compared |= subject.law == "outputs" and tally.checked > tally.random

    def __str__(self) -> str:
        tally = self.tally
        errors = f"{tally.forward:.0e} | {tally.gradient:.0e}" if self.compared else "- | -"
        verdict = f"**broken**: {', '.join(self.broken)}" if self.broken else "holds"
        limits = "".join(f"; {what} differs by {size:.0e}, as documented" for what, size in tally.limits.items())
        counts = f"{self.cases} | {tally.examples} | {errors} | {tally.declined_share:.0%}"
        return f"| `{self.entry}` | {self.direction.replace('_', ' ')} | {counts} | {verdict}{limits} |"

    def to_json(self) -> str:
        row = asdict(self)
        row["tally"]["refusals"] = sorted(self.tally.refusals)
        return json.dumps(row)

    @classmethod
    def from_json(cls, text: str) -> Row:
        row = json.loads(text)
        tally = Tally(**{**row.pop("tally"), "refusals": set(json.loads(text)["tally"]["refusals"])})
        return cls(tally=tally, **row)


def row_of(entry: str, direction: str, examples: int) -> Row:
    """Run all laws of an entry in one direction."""
    warnings.simplefilter("ignore")  # Keras warns of axes of length 1, which are drawn on purpose
    from tests.laws.sides import float64

    chosen = [s for s in subjects(load()) if (s.entry.name, s.direction) == (entry, direction)]
    quiet = list(HealthCheck)
    profile = settings(deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=quiet)
    row = Row(entry, direction, len(chosen[0].cases()))
    with float64():
        for subject in chosen:
            try:
                tally = run(subject, profile, examples)
                row.add(subject, tally)
                conclude(subject, tally)
            except Exception as error:  # noqa: BLE001  # whatever breaks a law goes into the table
                row.broken.append(subject.law.replace("_", " "))
                row.reasons.append(f"{subject}: {type(error).__name__}: {error}")
    return row


def rows(chosen: Iterable[Subject], examples: int, workers: int) -> Iterator[Row]:
    """The rows of all subjects as they become known, those of an earlier run of the same code first."""
    names = [name for name, _ in groupby((s.entry.name, s.direction) for s in chosen)]
    kept = FOUND / f"{_fingerprint()}-{examples}.jsonl"
    known = {row.name: row for row in map(Row.from_json, _lines(kept))}
    yield from (known[f"{entry}-{direction}"] for entry, direction in names if f"{entry}-{direction}" in known)
    left = [(entry, direction) for entry, direction in names if f"{entry}-{direction}" not in known]
    kept.parent.mkdir(exist_ok=True)
    # Compiled functions pile up in a worker; a few hundred rows take what a process should have.
    with (
        kept.open("a", encoding="utf-8") as log,
        ProcessPoolExecutor(workers, mp_context=get_context("spawn"), max_tasks_per_child=100) as pool,
    ):
        for future in as_completed([pool.submit(row_of, *name, examples) for name in left]):
            row = future.result()
            log.write(row.to_json() + "\n")
            log.flush()
            yield row


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


def _fingerprint() -> str:
    """The code and the mappings that the rows were found with."""
    digest = sha256()
    for folder in ("translator", "mappings", "tests/laws"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml", ".json"):
                digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def main(arguments: list[str]) -> int:
    """Write the table; the exit status is 1 where a law is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.laws.table", description=__doc__)
    parser.add_argument("examples", nargs="?", type=int, default=DEFAULT_EXAMPLES)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="entries whose name holds this text; nothing is written then")
    options = parser.parse_args(arguments)
    for name, value in (("OMP_NUM_THREADS", "1"), ("TF_CPP_MIN_LOG_LEVEL", "3"), ("KERAS_BACKEND", "tensorflow")):
        os.environ.setdefault(name, value)
    chosen = [subject for subject in subjects(load()) if options.only in subject.entry.name]
    found: dict[str, Row] = {}
    for row in rows(chosen, options.examples, options.workers):
        found[row.name] = row
        for reason in row.reasons:
            print(reason, file=sys.stderr)
    ordered = [found[name] for name in dict.fromkeys(f"{s.entry.name}-{s.direction}" for s in chosen)]
    broken = sum(bool(row.broken) for row in ordered)
    body = "".join(f"{row}\n" for row in ordered)
    foot = f"\n{len(ordered) - broken} of {len(ordered)} rows hold every law.\n"
    if options.only:
        print(body + foot)
    else:
        DESTINATION.write_text(_HEAD.format(examples=options.examples) + body + foot, "utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
