"""Topics: what is translated as a whole rather than call by call. The texts stand in topics.toml beside this file.

A rewriter without a topic of its own is one all the same, with what its docstrings say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from translator.catalog.explain.pages import Example, TopicPage


@lru_cache(maxsize=1)
def load() -> Mapping[str, TopicPage]:
    """All topics by name."""
    import tomllib  # only where something is explained

    text = (resources.files(__package__) / "topics.toml").read_text("utf-8")
    pages = {name: _page(name, row) for name, row in tomllib.loads(text).items()}
    spoken_for = {rewriter for page in pages.values() for rewriter in page.rewriters}
    pages |= {name: page for name, page in _from_rewriters(spoken_for) if name not in pages}
    return dict(sorted(pages.items()))


def _page(name: str, row: Mapping[str, Any]) -> TopicPage:
    return TopicPage(
        name=name,
        title=row["title"],
        what=" ".join(row.get("what", "").split()),
        rules=tuple(row.get("rules", ())),
        limits=tuple(row.get("limits", ())),
        examples=tuple(
            Example(one["torch"].strip("\n"), one["keras"].strip("\n"), one.get("direction", "both"))
            for one in row.get("example", ())
        ),
        apis=tuple(row.get("apis", ())),
        codes=tuple(row.get("codes", ())),
        rewriters=tuple(row.get("rewriters", ())),
    )


def _from_rewriters(spoken_for: set[str]) -> Iterator[tuple[str, TopicPage]]:
    """A topic for every rewriter that no other names, read from its docstrings."""
    folder = resources.files("translator.apply") / "rewriters"
    for item in sorted(folder.iterdir(), key=lambda i: i.name):
        name = item.name.removesuffix(".py")
        if not item.name.endswith(".py") or name.startswith("_") or name in spoken_for:
            continue
        tree = ast.parse(item.read_text("utf-8"))
        says = [ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef)]
        rules = tuple(" ".join(text.split()) for text in says if text)
        what = " ".join((ast.get_docstring(tree) or "").split())
        yield name, TopicPage(name, name.replace("_", " ").capitalize(), what, rules, (), (), (), (), (name,))
