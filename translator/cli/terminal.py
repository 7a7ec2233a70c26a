"""Standard streams: colour where a person looks, bytes where a file's encoding must survive."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from translator.report.style import Style


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def style_for(stream: TextIO) -> Style:
    """Colour on a terminal, unless NO_COLOR is set and not empty (https://no-color.org)."""
    return Style(is_terminal(stream) and not os.environ.get("NO_COLOR"))


def write_text(stream: TextIO, text: str) -> None:
    """UTF-8 whatever the locale; what no encoding holds (undecodable file names) is written as an escape."""
    write_bytes(stream, text.encode("utf-8", "backslashreplace"))


def write_bytes(stream: TextIO, data: bytes) -> None:
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def read_stdin() -> bytes:
    return sys.stdin.buffer.read()
