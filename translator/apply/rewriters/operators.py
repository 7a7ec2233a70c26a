"""Operators between tensors: kept, or written as the explicit operation where TensorFlow would not promote dtypes."""

from __future__ import annotations

import libcst as cst

from translator.apply.engine import Scribe
from translator.infer.facts import Replace
from translator.infer.operators import SYMBOLS


def rewrite_operator(scribe: Scribe, node: cst.BinaryOperation, decision: Replace) -> str:
    if not decision.data:
        return scribe.inside(node)
    function = scribe.names.spell(f"keras.ops.{decision.target}")
    return f"{function}({scribe.text_of(node.left)}, {scribe.text_of(node.right)})"


def rewrite_inverted(scribe: Scribe, node: cst.UnaryOperation, decision: Replace) -> str:
    """``~mask``: both libraries negate booleans and complement integers."""
    return scribe.inside(node)


def rewrite_comparison(scribe: Scribe, node: cst.Comparison, decision: Replace) -> str:
    if scribe.analysis.to != "keras":
        return scribe.inside(node)
    left, right = scribe.text_of(node.left), scribe.text_of(node.comparisons[0].comparator)
    return f"{scribe.names.spell('keras.ops.' + decision.target)}({left}, {right})"


def rewrite_augmented(scribe: Scribe, node: cst.AugAssign, decision: Replace) -> str:
    """``x += y`` written out, where the operation must be named or ``x`` comes in another axis order."""
    explicit, conversion = decision.data
    target = scribe.text_of(node.target)
    left = scribe.convert(target, conversion) if conversion is not None else target
    right = scribe.text_of(node.value)
    if explicit:
        return f"{target} = {scribe.names.spell('keras.ops.' + decision.target)}({left}, {right})"
    return f"{target} = {left} {SYMBOLS[decision.target]} {right}"
