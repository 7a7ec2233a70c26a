"""Framework names that stand for themselves, and names that follow their definition."""

from __future__ import annotations

import libcst as cst

from translator.apply.engine import Scribe
from translator.infer.facts import Replace

FORWARD = {"keras": "call", "torch": "forward"}


def rewrite_reference(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    return scribe.names.spell(decision.target)


def rewrite_forward_name(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    return FORWARD[scribe.analysis.to]


def rewrite_attribute(scribe: Scribe, node: cst.Attribute, decision: Replace) -> str:
    return scribe.inside(node)


def rewrite_receiver(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """A method call that has no effect in the target: what it was called on is left."""
    assert isinstance(node.func, cst.Attribute)
    return scribe.text_of(node.func.value)


def rewrite_owner(scribe: Scribe, node: cst.Attribute, decision: Replace) -> str:
    """``model.layers`` of a Keras Sequential: PyTorch's is itself the sequence of its elements."""
    return scribe.text_of(node.value)


def rewrite_literal(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    return str(decision.data)


def rewrite_drop_element(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    return ""
