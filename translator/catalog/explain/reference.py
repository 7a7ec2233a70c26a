"""The reference in docs/reference: one page for each family of mappings, one for the codes, one for the topics.

Generated from the entries by ``python -m translator.catalog.explain``.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from translator.catalog.entry import Entry
from translator.catalog.explain import topics
from translator.catalog.explain.document import Block, Heading, Links, Paragraph, Table, markdown
from translator.catalog.explain.find import code_page
from translator.catalog.explain.layout import LIBRARY, blocks, mapping, title
from translator.catalog.explain.links import links
from translator.catalog.explain.mapping import entry_facts
from translator.catalog.explain.pages import MappingFacts
from translator.catalog.explain.patterns import names, short
from translator.catalog.load import Catalog, load
from translator.codes import CODES
from translator.model import Framework

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
COMMAND = "python -m translator.catalog.explain"
_MARK = f"<!-- Generated from the mapping files by `{COMMAND}`; do not edit. -->\n\n"
_SIDES: tuple[Framework, ...] = ("torch", "keras")
_DERIVED = re.compile(r"_exact_(?:torch|keras)$")
_DIMENSION = re.compile(r"(?<=[_a-zA-Z])[123](?=[dD]\b|d_|D_|d$)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference. Return 1 if ``--check`` found a page that is missing, stale or left over."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write docs/reference from the mapping files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not what it should be")
    options = parser.parse_args(arguments)
    pages = reference(load())
    stale = stale_pages(pages, FOLDER)
    if options.check:
        print("\n".join(stale))
        return int(bool(stale))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in pages:
            (FOLDER / name).write_text(pages[name], encoding="utf-8", newline="\n")
        else:
            (FOLDER / name).unlink()
    print(f"wrote {len(stale)} of {len(pages)} pages")
    return 0


def stale_pages(pages: Mapping[str, str], folder: Path) -> list[str]:
    """The names of pages in a folder that are missing, differ, or should not be there."""
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")} if folder.is_dir() else {}
    return sorted(name for name in {*pages, *found} if pages.get(name) != found.get(name))


def reference(catalog: Catalog) -> dict[str, str]:
    """All pages by file name."""
    families = _families(catalog)
    pages = {f"{name}.md": markdown(_family(catalog, name, groups)) for name, groups in families.items()}
    pages["codes.md"] = markdown(_codes())
    pages["topics.md"] = markdown(_topics())
    pages["index.md"] = markdown(_index(catalog, families))
    return {name: _MARK + text for name, text in sorted(pages.items())}


def _families(catalog: Catalog) -> dict[str, list[list[Entry]]]:
    """Entries by mapping file; those that one table makes for several dimensions stand together."""
    families: dict[str, dict[tuple[int, str], list[Entry]]] = {}
    for entry in catalog.entries:
        if not _DERIVED.search(entry.name):
            groups = families.setdefault(PurePosixPath(entry.path).stem, {})
            groups.setdefault((entry.line, _DIMENSION.sub("n", entry.name)), []).append(entry)
    return {name: list(groups.values()) for name, groups in sorted(families.items())}


def _family(catalog: Catalog, name: str, groups: Sequence[Sequence[Entry]]) -> Iterator[Block]:
    yield Heading(1, name.capitalize())
    yield Paragraph(f"From `mappings/{name}.toml`. How to read it: `fwtranslate explain` shows the same for one name.")
    for group in groups:
        yield from _group(catalog, group)


def _group(catalog: Catalog, group: Sequence[Entry]) -> Iterator[Block]:
    """One entry of a group in full, and the names of the others."""
    entry = next((one for one in group if "2d" in one.name), group[0])
    yield Heading(2, title(entry.name))
    others = [short(api) for one in group if one is not entry for api in _named(one)]
    if others:
        yield Paragraph(f"Likewise {', '.join(f'`{api}`' for api in others)}.")
    said: set[str] = set()
    for side, other in zip(_SIDES, reversed(_SIDES), strict=True):
        facts = entry_facts(catalog, entry, side)
        if facts is not None:
            yield Heading(3, f"{LIBRARY[side]} to {LIBRARY[other]}")
            yield from mapping(facts, side, 4, said)
            if len(_spellings(entry, side)) > 1:
                yield Paragraph(f"Also read: {', '.join(f'`{short(api)}`' for api in _spellings(entry, side)[1:])}")
    pages = links(_named(entry), catalog.known)
    if pages:
        yield Links(tuple((link.label, link.url) for link in pages))


def _named(entry: Entry) -> list[str]:
    """The API of each side that an entry is about."""
    found = (name for case in entry.cases for pattern in (case.torch[0], case.keras[0]) for name in names(pattern))
    return [name for name in dict.fromkeys(found) if not name.startswith("helpers.")]


def _spellings(entry: Entry, side: Framework) -> list[str]:
    patterns = (pattern for case in entry.cases for pattern in (case.torch if side == "torch" else case.keras))
    return list(dict.fromkeys(name for pattern in patterns for name in list(names(pattern))[:1]))


def _codes() -> Iterator[Block]:
    yield Heading(1, "Diagnostic codes")
    for code in CODES:
        yield from _deeper(blocks(code_page(code)))


def _topics() -> Iterator[Block]:
    yield Heading(1, "Topics")
    yield Paragraph("What is translated as a whole rather than call by call.")
    for name, page in topics.load().items():
        first, *rest = _deeper(blocks(page))
        assert isinstance(first, Heading)
        yield Heading(first.level, f"{first.text} (`{name}`)")
        yield from rest


def _deeper(document: Iterable[Block]) -> Iterator[Block]:
    for block in document:
        yield Heading(block.level + 1, block.text) if isinstance(block, Heading) else block


def _index(catalog: Catalog, families: Mapping[str, Sequence[Sequence[Entry]]]) -> Iterator[Block]:
    yield Heading(1, "Reference")
    yield Paragraph("What becomes of what, as the mapping files say. `fwtranslate explain NAME` explains one name.")
    yield Links((("Diagnostic codes", "codes.md"), ("Topics", "topics.md")))
    for name, groups in families.items():
        yield Heading(2, name.capitalize())
        rows = [_row(catalog, entry) for group in groups for entry in group]
        yield Links(((f"{name.capitalize()} in full", f"{name}.md"),))
        yield Table(("PyTorch", "", "Keras"), tuple(dict.fromkeys(rows)))


def _row(catalog: Catalog, entry: Entry) -> tuple[str, str, str]:
    """Both sides of an entry with an arrow for the directions in which it is read."""
    arrow = {(True, True): "↔", (True, False): "→", (False, True): "←", (False, False): ""}
    facts: list[MappingFacts | None] = [entry_facts(catalog, entry, side) for side in _SIDES]
    sides = [", ".join(f"`{short(api)}`" for api in _sides(entry, side)) for side in _SIDES]
    return sides[0], arrow[facts[0] is not None, facts[1] is not None], sides[1]


def _sides(entry: Entry, side: Framework) -> list[str]:
    found = (next(names(case.torch[0] if side == "torch" else case.keras[0]), "") for case in entry.cases)
    return [name for name in dict.fromkeys(found) if name]
