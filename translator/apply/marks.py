"""The comment lines that mark declined code: above the innermost statement, recognised and replaced on a rerun."""

from __future__ import annotations

import re

from translator.apply.engine import Scribe
from translator.emit.splice import Edit

PREFIX = "# fwtranslate:"
_OLD = re.compile(r"# fwtranslate: T\d{3}\b")
_IGNORE = re.compile(r"# fwtranslate: ignore(?:\[([\w, ]*)\])?")


def ignored(scribe: Scribe, offset: int, code: str) -> bool:
    """Whether a ``# fwtranslate: ignore[CODE]`` on the statement's lines silences a diagnostic."""
    statement = scribe.tree.innermost(offset)
    if statement is None:
        return False
    start, end = scribe.tree.statement_lines(statement)
    line_end = scribe.text.find("\n", offset)
    end = min(end, line_end if line_end >= 0 else len(scribe.text)) if end - start > 2000 else end
    for comment in scribe.tree.comments:
        if start <= comment.start < end:
            found = _IGNORE.match(comment.text)
            if found and (found[1] is None or code in re.split(r"[,\s]+", found[1])):
                return True
    return False


def forget_old(scribe: Scribe) -> None:
    """Remove the marks of an earlier run; what still holds is written again."""
    for comment in scribe.tree.comments:
        if not _OLD.match(comment.text):
            continue
        start = scribe.tree.line_start(comment.start)
        if scribe.text[start : comment.start].strip():
            continue
        found = re.compile(r"\r\n|\r|\n|$").search(scribe.text, comment.end)
        scribe.add(start, found.end() if found else comment.end, "")


def lost_comments(scribe: Scribe, draft: str) -> list[Edit]:
    """Comments inside rewritten code that have no place in the new text: they move above their statement."""
    counts: dict[str, int] = {}
    for comment in scribe.tree.comments:
        if not _OLD.match(comment.text):
            counts[comment.text] = counts.get(comment.text, 0) + 1
    edits = []
    for comment in scribe.tree.comments:
        text = comment.text
        if text not in counts or draft.count(text) >= counts[text]:
            continue
        statement = scribe.tree.innermost(comment.start)
        if statement is not None:
            counts.pop(text)
            start = scribe.tree.line_start(scribe.span(statement)[0])
            indent = re.match(r"[ \t\f]*", scribe.text[start:])
            line = f"{indent[0] if indent else ''}{text}{scribe.newline}"
            edits.append(Edit(start, start, lambda line=line: line))  # type: ignore[misc]  # bound now, read later
    return edits


def insertions(scribe: Scribe) -> list[Edit]:
    """One comment line per declined statement and reason."""
    rows: dict[int, list[str]] = {}
    for node, declined in scribe.declines.items():
        offset = scribe.span(node)[0]
        if ignored(scribe, offset, declined.code):
            continue
        statement = scribe.tree.innermost(offset)
        if statement is None:
            continue
        start = scribe.tree.line_start(scribe.span(statement)[0])
        while start > 1 and re.search(r"\\\r?\n?$", scribe.text[:start][-3:]):
            start = scribe.tree.line_start(start - 1)
        indent = re.match(r"[ \t\f]*", scribe.text[start:])
        line = f"{indent[0] if indent else ''}{PREFIX} {declined.code} {declined.message}{scribe.newline}"
        if line not in rows.setdefault(start, []):
            rows[start].append(line)
    return [Edit(start, start, lambda lines=lines: "".join(lines)) for start, lines in rows.items()]  # type: ignore[misc]
