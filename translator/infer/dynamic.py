"""Attributes whose names are made from a literal and numbers: ``setattr(self, f"layer{i}", ...)``."""

from __future__ import annotations

import re

import libcst as cst

from translator.infer.frame import Frame
from translator.infer.joins import join
from translator.infer.values import Value
from translator.syntax import literal

_GAP = "{}"
_DIRECTIVE = re.compile(r"%[0-9.]*[dsi]")
_FIELD = re.compile(r"\{[^{}]*\}")


def pattern_of(node: cst.BaseExpression) -> str | None:
    """The name with ``{}`` for what is filled in; None where it does not begin with a literal."""
    found = _pattern(node)
    return found if found is not None and _GAP in found and re.match(r"[^\W\d]\w*", found) else None


def _pattern(node: cst.BaseExpression) -> str | None:
    value = literal(node)
    if isinstance(value, str):
        return value
    if isinstance(node, cst.FormattedString):
        texts = (part.value if isinstance(part, cst.FormattedStringText) else _GAP for part in node.parts)
        return "".join(texts)
    if isinstance(node, cst.BinaryOperation):
        left = literal(node.left)
        if isinstance(node.operator, cst.Modulo) and isinstance(left, str):
            return _DIRECTIVE.sub(_GAP, left)
        if isinstance(node.operator, cst.Add):
            before = _pattern(node.left)
            after = _pattern(node.right)
            return None if before is None else before + (after if after is not None else _GAP)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "format":
        template = literal(node.func.value)
        return _FIELD.sub(_GAP, template) if isinstance(template, str) else None
    return None


def may_be(one: str, other: str) -> bool:
    """Whether two names, either of which may have gaps, can be the same."""
    if _GAP not in one and _GAP not in other:
        return one == other
    if _GAP in one and _GAP in other:
        first, second = one.split(_GAP)[0], other.split(_GAP)[0]
        return first.startswith(second) or second.startswith(first)
    gapped, plain = (one, other) if _GAP in one else (other, one)
    return re.fullmatch(".+".join(map(re.escape, gapped.split(_GAP))), plain) is not None


def attribute_like(frame: Frame, cls: str, name: str) -> Value:
    """The value of every attribute that the name may stand for."""
    analysis = frame.analysis
    related = (*analysis.ancestry(cls), *analysis.descendants(cls))
    names = {other for c in related for other in analysis.tables.classes[c].attributes if may_be(name, other)}
    names |= {key[2] for key in frame.function.pending if key[0] == "attribute" and may_be(name, key[2])}
    value = analysis.attribute(cls, name, frame.function)
    for other in sorted(names - {name}):
        value = join(value, analysis.attribute(cls, other, frame.function))
    return value


def write_like(frame: Frame, cls: str, name: str, value: Value) -> None:
    """Note what an attribute of such a name is given."""
    frame.analysis.patterned |= _GAP in name
    frame.analysis.write(frame.function, ("attribute", cls, name), value)
