"""Documents of a few kinds of blocks, and how they are written: as Markdown, or as plain text for a terminal.

Text in blocks may mark code with backticks; nothing else in it is markup.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from translator.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; an item that begins with a blank belongs to the one before it."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Python that stands on lines of its own, with a caption before it."""

    caption: str
    text: str


@dataclass(frozen=True, slots=True)
class Links:
    """Labels and addresses."""

    pairs: tuple[tuple[str, str], ...]


Block = Heading | Paragraph | Items | Table | Code | Links

_WIDTH = 100
_GAP = "  "
_NARROWEST = 24


def _as_it_is(text: str) -> str:
    return text


def markdown(blocks: Iterable[Block], level: int = 0) -> str:
    """The document as Markdown, its headings ``level`` steps deeper."""
    return "\n\n".join(_marked(block, level) for block in blocks) + "\n"


def plain(blocks: Iterable[Block], strong: Callable[[str], str] = _as_it_is) -> str:
    """The document as text for a terminal; ``strong`` sets headings off where the terminal can."""
    parts: list[str] = []
    previous: Block | None = None
    for block in blocks:
        text = _printed(block, strong)
        under = isinstance(previous, Heading) and previous.level > 1
        tight = previous is None or (under and not isinstance(block, Heading))
        parts.append(text if tight else f"\n{text}")
        previous = block
    return "\n".join(parts) + "\n"


def _marked(block: Block, level: int) -> str:
    match block:
        case Heading(level=own, text=text):
            return f"{'#' * (own + level)} {text}"
        case Paragraph(text=text):
            return text
        case Items(items=items):
            return "\n".join(f"  - {item[1:]}" if item.startswith(" ") else f"- {item}" for item in items)
        case Table(header=header, rows=rows):
            lines = [header, tuple("---" for _ in header), *rows]
            return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
        case Code(caption=caption, text=text):
            return f"{caption}\n\n```python\n{text.strip(chr(10))}\n```" if caption else f"```python\n{text}\n```"
        case Links(pairs=pairs):
            return "\n".join(f"- [{label}]({url})" for label, url in pairs)


def _printed(block: Block, strong: Callable[[str], str]) -> str:
    match block:
        case Heading(text=text):
            return strong(_bare(text))
        case Paragraph(text=text):
            return textwrap.fill(_bare(text), _WIDTH, break_long_words=False, break_on_hyphens=False)
        case Items(items=items):
            return "\n".join(_item(item) for item in items)
        case Table(header=header, rows=rows):
            return "\n".join(_columns([header, *rows], strong))
        case Code(caption=caption, text=text):
            body = textwrap.indent(text.strip("\n"), "    ")
            return f"{_bare(caption)}\n{body}" if caption else body
        case Links(pairs=pairs):
            width = max(len(label) for label, _ in pairs)
            return "\n".join(f"  {label.ljust(width)}{_GAP}{url}" for label, url in pairs)


def _item(text: str) -> str:
    indent = "      " if text.startswith(" ") else "  "
    return textwrap.fill(
        _bare(text.strip()),
        _WIDTH,
        initial_indent=f"{indent}- ",
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _columns(lines: Sequence[Sequence[str]], strong: Callable[[str], str]) -> Iterator[str]:
    """The lines of a table with its last column wrapped."""
    cells = [[_bare(cell) for cell in line] for line in lines]
    widths = [max(len(line[index]) for line in cells) for index in range(len(cells[0]))]
    room = max(_NARROWEST, _WIDTH - sum(widths[:-1]) - len(_GAP) * len(widths))
    for number, line in enumerate(cells):
        *first, last = line
        wrapped = textwrap.wrap(last, room, break_long_words=False) or [""]
        lead = _GAP + "".join(cell.ljust(width) + _GAP for cell, width in zip(first, widths[:-1], strict=True))
        for row, text in enumerate(wrapped):
            written = f"{lead if not row else ' ' * len(lead)}{text}".rstrip()
            yield strong(written) if number == 0 else written


def _bare(text: str) -> str:
    return re.sub(r"`+", "", text)
