"""Which way a file goes when nobody says: to the framework that its imports do not name."""

from __future__ import annotations

import re
from typing import Final

from translator.model import Framework

_IMPORTED: Final = re.compile(r"^[ \t]*(?:from|import)[ \t]+(torch|keras|tensorflow)\b", re.MULTILINE)


def opposite(text: str) -> Framework:
    """``keras`` for a file that imports torch at least as often as Keras or TensorFlow, or none of them.

    A guess by import lines only: for reports that cover both directions, never for a translation that is written.
    """
    names = _IMPORTED.findall(text)
    return "keras" if 2 * names.count("torch") >= len(names) else "torch"
