"""Cold starts: whole processes, as ratios to the smallest process that could do it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.row import Row
from benchmarks.sources import generated
from benchmarks.timing import interleaved_processes


def measure(*, smoke: bool) -> Iterator[Row]:
    """``--version`` against an empty process, and a small file against importing libcst."""
    rounds = 1 if smoke else 15
    with tempfile.TemporaryDirectory() as folder:
        # An installed package is compiled; a checkout may be forbidden to keep what it compiles.
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        version, bare = interleaved_processes(["-m", "translator", "--version"], ["-c", "pass"], rounds, compiled)
        yield Row("fwtranslate --version", version, bare, "python -c pass", 5.0)
        model = Path(folder) / "model.py"
        model.write_text(generated(100), "utf-8")
        translate = ["-m", "translator", str(model), "--to", "keras", "-o", str(Path(folder) / "out.py")]
        file, floor = interleaved_processes(translate, ["-c", "import libcst"], rounds, compiled)
    yield Row("fwtranslate on 100 lines, cold", file, floor, "python -c 'import libcst'", 2.0)
