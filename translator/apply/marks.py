"""The comment lines that mark declined code: above the innermost statement, recognised and replaced on a rerun.

A mark names the direction. On a rerun in that direction the code around it is translated already, and may no longer
show why the statement was declined: a mark stands until its statement is translated, or its author removes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import libcst as cst

from translator.apply.engine import Scribe
from translator.emit.splice import Edit
from translator.infer.facts import Declined
from translator.spans.table import Comment

PREFIX = "# fwtranslate:"
_COMMENT = re.compile(r"#[^\r\n]*")
_OLD = re.compile(r"# fwtranslate: (T\d{3})\b ?(.*)")
_AFTER_MARK = re.compile(r"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*[ \t\f]*")
"""Blank lines and comments between a mark and the statement below it."""
_NAMES = {"torch": "PyTorch", "keras": "Keras"}
_IGNORE = re.compile(r"# fwtranslate: ignore(?:\[([\w, ]*)\])?")


def ignored(scribe: Scribe, offset: int, code: str) -> bool:
    """Whether a ``# fwtranslate: ignore[CODE]`` on the statement's lines silences a diagnostic."""
    requests = [comment for comment in scribe.tree.comments if _IGNORE.match(comment.text)]
    statement = scribe.tree.innermost(offset) if requests else None
    if statement is None:
        return False
    start, end = scribe.tree.statement_lines(statement)
    line_end = scribe.text.find("\n", offset)
    end = min(end, line_end if line_end >= 0 else len(scribe.text)) if end - start > 2000 else end
    for comment in requests:
        if start <= comment.start < end:
            found = _IGNORE.match(comment.text)
            if found and (found[1] is None or code in re.split(r"[,\s]+", found[1])):
                return True
    return False


def forget_old(scribe: Scribe) -> None:
    """Remove the marks of an earlier run; what still holds, or cannot be told any more, is written again."""
    worked_on = None
    for comment in _old_marks(scribe):
        if worked_on is None:
            worked_on = {scribe.tree.innermost(edit.start) for edit in scribe.outside_declines()}
        statement = _below(scribe, comment)
        found = _OLD.match(comment.text)
        suffix = _direction(scribe)
        if statement is not None and statement not in worked_on and found is not None and found[2].endswith(suffix):
            hint = "port the statement below by hand, then remove the comment"
            scribe.remembered.append((statement, Declined(found[1], found[2].removesuffix(suffix), hint)))
    for comment in _old_marks(scribe):
        line_end = re.compile(r"\r\n|\r|\n|$").search(scribe.text, comment.end)
        scribe.add(scribe.tree.line_start(comment.start), line_end.end() if line_end else comment.end, "")


def _old_marks(scribe: Scribe) -> Iterator[Comment]:
    """The marks of an earlier run, each on a line of its own."""
    for comment in scribe.tree.comments:
        if _OLD.match(comment.text) and not scribe.text[scribe.tree.line_start(comment.start) : comment.start].strip():
            yield comment


def _below(scribe: Scribe, mark: Comment) -> cst.CSTNode | None:
    """The statement that a mark stands above."""
    found = _AFTER_MARK.match(scribe.text, mark.end)
    return scribe.tree.innermost(found.end()) if found is not None else None


def _direction(scribe: Scribe) -> str:
    return f" (to {_NAMES[scribe.analysis.to]})"


def lost_comments(scribe: Scribe, draft: str) -> list[Edit]:
    """Comments inside rewritten code that have no place in the new text: they move above their statement."""
    counts: dict[str, int] = {}
    for comment in scribe.tree.comments:
        if not _OLD.match(comment.text):
            counts[comment.text] = counts.get(comment.text, 0) + 1
    edits = []
    # One pass finds nearly all; the others stand behind a "#" in a string, or are gone.
    seen = Counter(_COMMENT.findall(draft))
    for comment in scribe.tree.comments:
        text = comment.text
        if text not in counts or seen[text] >= counts[text] or draft.count(text) >= counts[text]:
            continue
        statement = scribe.tree.innermost(comment.start)
        if statement is not None:
            counts.pop(text)
            start = scribe.tree.line_start(scribe.tree.start(statement))
            indent = re.match(r"[ \t\f]*", scribe.text[start:])
            line = f"{indent[0] if indent else ''}{text}{scribe.newline}"
            edits.append(Edit(start, start, lambda line=line: line))  # type: ignore[misc]  # bound now, read later
    return edits


def insertions(scribe: Scribe) -> list[Edit]:
    """One comment line per declined statement and reason."""
    rows: dict[int, list[str]] = {}
    # Those that are remembered come first, so that marks keep their order from run to run.
    for node, declined in (*scribe.remembered, *scribe.declines.items()):
        offset = scribe.span(node)[0]
        if ignored(scribe, offset, declined.code):
            continue
        statement = scribe.tree.innermost(offset)
        if statement is None:
            continue
        start = scribe.tree.line_start(scribe.tree.start(statement))
        while start > 1 and re.search(r"\\\r?\n?$", scribe.text[:start][-3:]):
            start = scribe.tree.line_start(start - 1)
        indent = re.match(r"[ \t\f]*", scribe.text[start:])
        text = f"{PREFIX} {declined.code} {declined.message}{_direction(scribe)}"
        line = f"{indent[0] if indent else ''}{text}{scribe.newline}"
        if line not in rows.setdefault(start, []):
            rows[start].append(line)
    return [Edit(start, start, lambda lines=lines: "".join(lines)) for start, lines in rows.items()]  # type: ignore[misc]
