"""The constructor call of a base class."""

from __future__ import annotations

import libcst as cst

from translator.apply.engine import Scribe
from translator.infer.facts import Replace


def rewrite_super_init(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """nn.Module's constructor takes no arguments; Keras' takes the layer's name."""
    if scribe.analysis.to == "keras" or not node.args:
        return scribe.inside(node)
    text = scribe.inside(node.func)
    return f"{text}()"
