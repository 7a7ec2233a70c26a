"""Imports between the rooms run one way, the core is light, and files stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("translator", "lsp_server", "mappings")
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "numpy"}
LONGEST = 450

# Each room and the rooms it may import, from the table of the design: later rows import earlier ones.
# ``mappings`` is data that the catalog reads; it belongs to nobody else.
BASE = {"dataclass", "model", "errors", "codes"}
PARSED = BASE | {"parse", "spans", "syntax"}
MAY_IMPORT: dict[str, set[str]] = {
    "dataclass": set(),
    "spans": {"dataclass"},
    "model": set(),
    "errors": set(),
    "codes": {"dataclass", "model"},
    "parse": {"dataclass", "errors", "model"},
    "syntax": BASE | {"parse", "spans"},
    "catalog": PARSED | {"mappings"},
    "resolve": PARSED | {"catalog"},
    "infer": PARSED | {"catalog", "resolve"},
    # emit is the vocabulary of edits and imports; it knows nothing of who writes them.
    "emit": PARSED | {"catalog", "resolve", "infer"},
    "apply": PARSED | {"catalog", "resolve", "infer", "emit"},
    "report": BASE,
    "pipeline": PARSED | {"catalog", "resolve", "infer", "apply", "emit", "report"},
    "weights": PARSED | {"catalog", "pipeline", "report"},
    "verify": PARSED | {"catalog", "pipeline", "report", "weights"},
    "project": PARSED | {"catalog", "pipeline", "report", "weights", "verify"},
    "cli": PARSED | {"catalog", "pipeline", "report", "weights", "verify", "project"},
    "lsp_server": PARSED | {"catalog", "pipeline", "report", "weights", "verify", "project", "mappings"},
    "mappings": set(),
}
# The public names of the package and its entry point stand above the rooms and import on demand.
ABOVE = {"__init__", "__main__"}
# Where frameworks may be imported, and whether only inside functions. What a worker of verify imports, the process that
# starts it must not: the test that loads verify's interface holds it to that.
FRAMEWORK_ROOMS = {
    "mappings/signatures": False,
    "mappings/helpers": False,
    "translator/verify": False,
    "translator/weights": True,
}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def room(path: Path) -> str:
    """``apply`` for translator/apply/engine.py, ``lsp_server`` for anything of the server."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "translator" else parts[0]


def imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Each module imported at run time: its full name, the line, and whether the import stands at module level."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    top = set(map(id, _module_level(tree.body)))
    typing_only = {id(inner) for node in ast.walk(tree) if _for_type_checkers(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # ``from translator import parse`` imports a room, ``from translator.parse import x`` a name of one.
            for alias in node.names:
                yield (f"{module}.{alias.name}" if module in PACKAGES else module), node.lineno, id(node) in top


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run at import, those of branches too."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _module_level(statement.body + statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from _module_level(statement.body + statement.orelse + statement.finalbody)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_imports_only_the_rooms_before_it(package: str) -> None:
    wrong = []
    for path in sources(package):
        own = room(path)
        if own in ABOVE:
            continue
        assert own in MAY_IMPORT, f"{path.relative_to(ROOT)}: the room {own!r} is missing from the table"
        for module, line, _ in imports(path):
            package_name, _, rest = module.partition(".")
            if package_name in PACKAGES:
                target = rest.partition(".")[0] if package_name == "translator" else package_name
                allowed = MAY_IMPORT[own] | {own, "__version__", ""}
                if target not in allowed:
                    wrong.append(f"{path.relative_to(ROOT)}:{line}: {own} imports {target}")
    assert wrong == []


def test_the_table_of_rooms_has_no_cycle() -> None:
    settled: set[str] = set()
    waiting = dict(MAY_IMPORT)
    while ready := [name for name, allowed in waiting.items() if allowed <= settled]:
        settled.update(ready)
        waiting = {name: allowed for name, allowed in waiting.items() if name not in settled}
    assert waiting == {}


def test_frameworks_are_imported_only_where_code_is_run() -> None:
    wrong = []
    for package in PACKAGES:
        for path in sources(package):
            place = path.relative_to(ROOT).as_posix()
            lazily = next((lazy for prefix, lazy in FRAMEWORK_ROOMS.items() if place.startswith(prefix)), None)
            for module, line, at_import in imports(path):
                if module.partition(".")[0] not in FRAMEWORKS:
                    continue
                if lazily is None or (lazily and at_import):
                    wrong.append(f"{place}:{line}: imports {module}")
    assert wrong == []


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh process has loaded after running ``code``."""
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_core_loads_no_framework_and_no_matchers() -> None:
    source = "import torch.nn as nn\\nlayer = nn.Linear(2, 3)\\n"
    loaded = loaded_after(f"import translator\ntranslator.translate('{source}', to='keras')")
    assert "translator.pipeline" in loaded
    assert loaded & (FRAMEWORKS | {"libcst.matchers", "libcst.codemod"}) == set()


def test_the_interface_of_verify_leaves_frameworks_to_its_workers() -> None:
    loaded = loaded_after("from translator.verify.api import verify")
    assert "translator.verify.api" in loaded
    # numpy carries the arrays between the processes; it belongs to the same extra.
    assert loaded & (FRAMEWORKS - {"numpy"}) == set()


def test_the_version_loads_nothing_that_takes_time() -> None:
    loaded = loaded_after("from translator.cli import main\nmain(['--version'])")
    assert "translator" in loaded
    assert loaded & (FRAMEWORKS | {"libcst", "click", "rich", "pathspec", "translator.model"}) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_grows_beyond_what_one_concept_needs(package: str) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in sources(package)
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
