"""Bytes -> text -> top-level statements. Lossless: encoding, byte order mark and newlines come back as they were."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from functools import cached_property

from translator.dataclass import dataclass
from translator.errors import SourceError

_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class SourceText:
    """Decoded source. ``text`` has no byte order mark and keeps its newlines."""

    text: str
    encoding: str = "utf-8"
    bom: bool = False
    filename: str = "<string>"

    @cached_property
    def newline(self) -> str:
        """The newline that generated lines use: the file's first one."""
        found = _NEWLINE.search(self.text)
        return found.group() if found else "\n"


def read_source(data: bytes, filename: str = "<string>") -> SourceText:
    """Decode Python source as Python does (BOM, coding cookie, else UTF-8). Raises SourceError."""
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise SourceError(f"the declared encoding cannot be used: {error}", filename=filename, line=1) from None
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    encoding = "utf-8" if bom else encoding
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"byte 0x{body[error.start]:02x} is not valid {encoding}; save the file as UTF-8 or declare its encoding",
            filename=filename,
            line=line,
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SourceError("the file holds NUL bytes and is no Python source", filename=filename, line=line)
    return SourceText(text, encoding, bom, filename)


def encode_source(text: str, like: SourceText) -> bytes:
    """Encode ``text`` as ``like`` was. Raises SourceError where the encoding lacks a character."""
    try:
        data = text.encode(like.encoding)
    except UnicodeEncodeError as error:
        raise SourceError(
            f"{like.encoding} cannot encode {error.object[error.start]!r}", filename=like.filename
        ) from None
    return codecs.BOM_UTF8 + data if like.bom else data


class LineIndex:
    """Offsets of line starts; converts offsets to 1-based lines and 0-based columns and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]

    def position(self, offset: int) -> tuple[int, int]:
        from bisect import bisect_right

        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1]

    def start(self, line: int) -> int:
        """Offset of the start of a 1-based line; the end of the text for the line after the last."""
        return self.starts[line - 1] if line <= len(self.starts) else len(self.text)


@dataclass(frozen=True)
class Statement:
    """One top-level statement with the comments and blank lines above it, as it stands in the file."""

    index: int
    start: int
    text: str
    tree: ast.stmt | None


def parse_ast(text: str, filename: str) -> ast.Module:
    """Python's own parser: fast, and the judge of what is valid. Raises SourceError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, filename)
    except SyntaxError as error:
        column = max((error.offset or 1) - 1, 0)
        raise SourceError(f"syntax error: {error.msg}", filename=filename, line=error.lineno, column=column) from None
    except (RecursionError, MemoryError):
        raise SourceError("the code is nested more deeply than Python itself parses", filename=filename) from None
    except ValueError as error:
        raise SourceError(str(error), filename=filename) from None


def split_statements(text: str, filename: str) -> tuple[list[Statement], ast.Module]:
    """Cut a file into top-level statements; their texts joined are the file. Raises SourceError."""
    module = parse_ast(text, filename)
    lines = LineIndex(text)
    statements: list[Statement] = []
    start = 0
    body = module.body
    position = 0
    while position < len(body):
        last = position
        end_line = body[position].end_lineno or 0
        # Statements that share a line (semicolons) stay together.
        while last + 1 < len(body) and _first_line(body[last + 1]) <= end_line:
            last += 1
            end_line = max(end_line, body[last].end_lineno or 0)
        end = lines.start(end_line + 1)
        if last + 1 == len(body):
            end = len(text)
        statements.append(Statement(len(statements), start, text[start:end], body[position]))
        start = end
        position = last + 1
    if not body:
        statements.append(Statement(0, 0, text, None))
    return statements, module


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])
