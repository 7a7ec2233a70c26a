"""The examples of codes and topics are what the translator does."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from translator import Translation, translate
from translator.catalog.explain import blocks, lookup, plain, topics
from translator.catalog.explain.find import index
from translator.catalog.explain.pages import CodePage, Example, TopicPage
from translator.codes import CODES
from translator.model import Framework

HEADERS: dict[Framework, str] = {
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n",
    "keras": "import keras\nfrom keras import layers, ops\n\n\n",
}
FOLDER = resources.files("translator.catalog.explain")
ROWS: dict[str, Any] = tomllib.loads((FOLDER / "examples.toml").read_text("utf-8"))
TOPICS: dict[str, Any] = tomllib.loads((FOLDER / "topics.toml").read_text("utf-8"))
REWRITERS = Path(__file__).parents[2] / "translator" / "apply" / "rewriters"
EXAMPLES = [
    pytest.param(example, side, id=f"{name}-{number}-from-{side}")
    for name, page in topics.load().items()
    for number, example in enumerate(page.examples)
    for side in ("torch", "keras")
    if example.direction in ("both", "to_keras" if side == "torch" else "to_torch")
]


def side_of(text: str) -> Framework:
    return "keras" if "keras." in text or "layers." in text.replace("self.layers.", "") else "torch"


def translated(text: str, side: Framework) -> Translation:
    return translate(f"{HEADERS[side]}{text.strip()}\n", to="keras" if side == "torch" else "torch", from_=side)


def body(t: Translation) -> str:
    """The translation without its imports."""
    lines = t.code.splitlines()
    start = next(i for i, line in enumerate(lines) if line and not line.startswith(("import ", "from ")))
    return "\n".join(lines[start:]).strip()


def test_every_code_but_that_of_a_mistake_of_the_translator_has_an_example() -> None:
    shown = {code for code in CODES if isinstance(page := lookup(code), CodePage) and page.before}
    assert set(CODES) - shown <= {"T110", "T201", "T202"}
    assert set(ROWS) <= set(CODES)


@pytest.mark.parametrize("code", [code for code, row in ROWS.items() if not row.get("silent")])
def test_the_example_of_a_code_is_reported_with_it(code: str) -> None:
    before = ROWS[code]["before"]
    assert code in {one.code for one in translated(before, side_of(before)).diagnostics}


@pytest.mark.parametrize("code", [code for code, row in ROWS.items() if row.get("after")])
def test_what_to_write_instead_is_translated_and_what_is_written_is_shown(code: str) -> None:
    before, after = ROWS[code]["before"], ROWS[code]["after"].strip()
    if CODES[code].severity == "error":
        found = {one.code for one in translated(after, side_of(before)).diagnostics if one.severity == "error"}
        assert found == set()
    else:
        assert body(translated(before, side_of(before))) == after


@pytest.mark.parametrize(("example", "side"), EXAMPLES)
def test_the_example_of_a_topic_is_what_is_written(example: Example, side: Framework) -> None:
    source, target = (example.torch, example.keras) if side == "torch" else (example.keras, example.torch)
    assert body(translated(source, side)) == target


def test_every_rewriter_is_explained_by_a_topic() -> None:
    modules = {path.stem for path in REWRITERS.glob("*.py")} - {"__init__"}
    assert modules <= {rewriter for page in topics.load().values() for rewriter in page.rewriters}


def test_topics_name_rewriters_and_codes_that_exist() -> None:
    modules = {path.stem for path in REWRITERS.glob("*.py")}
    for page in topics.load().values():
        assert set(page.rewriters) <= modules, page.name
        assert set(page.codes) <= set(CODES), page.name


def test_no_topic_hides_an_api() -> None:
    assert not set(TOPICS) & {name for name in index().last if name.islower()}
    for name in TOPICS:
        assert isinstance(lookup(name), TopicPage)


@pytest.mark.parametrize("name", sorted({*CODES, *topics.load()}))
def test_every_code_and_topic_reads_as_plain_text(name: str) -> None:
    text = plain(blocks(lookup(name)))
    assert "`" not in text
    assert "```" not in text
    assert text.endswith("\n")
