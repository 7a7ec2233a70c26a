"""Results of recurrent layers and cells: what one library gives as a pair the other one gives item by item."""

from __future__ import annotations

import libcst as cst

from translator.apply.code import atom
from translator.apply.engine import Scribe
from translator.infer.facts import Replace


def rewrite_recurrent_target(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    """What the results are bound to: ``out, (h, c)`` as ``out, h, c``; what is not read is ``_``."""
    return ", ".join("_" if name is None else _named(scribe, name, node) for name in decision.data)


def _named(scribe: Scribe, name: cst.CSTNode, node: cst.CSTNode) -> str:
    return scribe.inside(name) if name is node else scribe.text_of(name)


def rewrite_recurrent_item(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """The one result of a call that is used: ``self.lstm(x)[0]``."""
    return f"{scribe.inside(node)}{decision.data}"


def rewrite_recurrent_first(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    """An initial state (1, n, hidden) as that of the only layer."""
    return f"{atom(scribe.inside(node))}[0]"


def rewrite_recurrent_first_step(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """A call of a cell without a state: PyTorch begins with zeros, Keras wants to be given them."""
    cell, x = scribe.text_of(node.func), scribe.text_of(node.args[0].value)
    batch = f"{scribe.names.spell('keras.ops.shape')}({x})[0]"
    return f"{cell}({x}, {cell}.get_initial_state({batch})){decision.data}"
