"""Code without gradients: its block is gone, and what it computes is detached."""

from __future__ import annotations

import re

import libcst as cst

from translator.apply.engine import Scribe
from translator.infer.facts import Declined, Replace

_LINE = re.compile(r"\r\n|\r|\n")


def rewrite_unindented(scribe: Scribe, node: cst.With, decision: Replace) -> str:
    """The block of a ``with`` statement in its place."""
    text = _body(scribe, node)
    start, end = scribe.span(node)
    if any(start <= scribe.span(inner)[0] < end for inner in scribe.declines):
        # The marks of what is declined come after this text is made; they need the block where it is.
        item = node.items[0].item
        scribe.declines[item] = Declined("T106", "without gradients: the block holds code that is not translated")
        scribe.edits.remove(scribe.by_node.pop(node))
        scribe.late = True
        return scribe.source(node)
    return text


def _body(scribe: Scribe, node: cst.With) -> str:
    start, end = scribe.span(node)
    body = node.body
    if not isinstance(body, cst.IndentedBlock):
        ending = _LINE.search(scribe.source(node)[-2:])
        return scribe.text_of(body).strip() + (ending[0] if ending is not None else "")
    assert scribe.splicer is not None
    outer = scribe.text[scribe.tree.line_start(start) : start]
    first = scribe.tree.line_start(scribe.tree.start(body.body[0]))
    header = _LINE.search(scribe.text, scribe.span(node.items[-1].item)[1])
    begin = min(first, header.end()) if header is not None else first
    inner = re.match(r"[ \t\f]*", scribe.text[first:])
    text = scribe.splicer.between(begin, end, scribe.by_node.get(node))
    shifted = re.sub(rf"(?m)^{re.escape(inner[0] if inner else '')}", outer, text)
    return shifted.removeprefix(outer)


def rewrite_detached(scribe: Scribe, node: cst.Assign | cst.Return, decision: Replace) -> str:
    """``y = self.encoder(x)`` with what passes no gradient on the right."""
    value: cst.BaseExpression = decision.data
    start, end = scribe.span(node)
    opening, closing = scribe.span(value)
    within = scribe.by_node.get(node)
    assert scribe.splicer is not None
    before, after = (scribe.splicer.between(*part, within) for part in ((start, opening), (closing, end)))
    return f"{before}{scribe.names.spell('keras.ops.stop_gradient')}({scribe.text_of(value)}){after}"
