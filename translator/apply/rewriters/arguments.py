"""Arguments that only one of the libraries takes by position."""

from __future__ import annotations

import libcst as cst

from translator.apply.engine import Scribe
from translator.infer.facts import Replace


def rewrite_by_keyword(scribe: Scribe, node: cst.Arg, decision: Replace) -> str:
    """``attn(x, x, x, mask)`` as ``attn(x, x, x, key_padding_mask=mask)``."""
    return f"{decision.data}={scribe.inside(node)}"
