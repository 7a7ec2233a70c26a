"""The database read aloud: what a diagnostic code means, and what becomes of an API, argument by argument.

The command ``explain``, hover texts and the reference in ``docs/reference`` all take their text from here. ``lookup``
answers a name with a page of plain data, ``blocks`` lays a page out, and ``markdown`` or ``plain`` write that.
"""

from __future__ import annotations

from translator.catalog.explain.document import markdown, plain
from translator.catalog.explain.find import lookup
from translator.catalog.explain.layout import blocks
from translator.catalog.explain.pages import ApiPage, as_json
from translator.catalog.explain.pages import Page as Answer

__all__ = ["Answer", "as_json", "blocks", "explain_api", "lookup", "markdown", "plain"]


def explain_api(name: str) -> str | None:
    """Markdown on a mapped API in any spelling; None where it is not mapped, or the name has several meanings."""
    page = lookup(name)
    return markdown(blocks(page)) if isinstance(page, ApiPage) else None
