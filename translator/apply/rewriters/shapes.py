"""Shapes and indices: ``x.shape``, ``x.size(i)``, ``ops.shape(x)`` and subscripts of tensors."""

from __future__ import annotations

import libcst as cst

from translator.apply.code import atom
from translator.apply.engine import Scribe
from translator.infer.facts import Replace


def rewrite_shape(scribe: Scribe, node: cst.Attribute | cst.Call, decision: Replace) -> str:
    """The whole shape, or one size where ``data`` holds the axis (``None``: the author's own index expression)."""
    text = scribe.text_of(_owner(node))
    if scribe.analysis.to == "keras":
        whole = f"{scribe.names.spell('keras.ops.shape')}({text})"
    else:
        whole = f"{atom(text)}.shape"
    if isinstance(node, cst.Call) and decision.api == "torch.Tensor.size" and node.args:
        index = str(decision.data) if decision.data is not None else scribe.text_of(node.args[0].value)
        return f"{whole}[{index}]"
    return whole


def rewrite_axes_count(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``x.dim()``: the attribute ``ndim`` means the same to both libraries."""
    assert isinstance(node.func, cst.Attribute)
    return f"{atom(scribe.text_of(node.func.value))}.ndim"


def _owner(node: cst.Attribute | cst.Call) -> cst.CSTNode:
    if isinstance(node, cst.Attribute):
        return node.value
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "size":
        return node.func.value
    return node.args[0].value
