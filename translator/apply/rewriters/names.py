"""Framework names that stand for themselves, and names that follow their definition."""

from __future__ import annotations

import libcst as cst

from translator.apply.code import atom
from translator.apply.engine import Scribe
from translator.infer.facts import Replace

FORWARD = {"keras": "call", "torch": "forward"}


def rewrite_reference(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    return scribe.names.spell(decision.target)


def rewrite_is_tensor(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``isinstance(x, torch.Tensor)``: https://keras.io/api/ops/core/#is_tensor-function."""
    api = "keras.ops.is_tensor" if scribe.analysis.to == "keras" else "torch.is_tensor"
    return f"{scribe.names.spell(api)}({scribe.text_of(node.args[0].value)})"


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


def rewrite_field(scribe: Scribe, node: cst.Attribute, decision: Replace) -> str:
    """``x.max(dim=1).values``: what is a named tuple in PyTorch is a plain one in Keras."""
    return f"{atom(scribe.text_of(node.value))}[{decision.data}]"


def rewrite_drop_element(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    return ""
