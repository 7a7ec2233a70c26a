"""``python -m translator`` is ``fwtranslate``."""

from __future__ import annotations

import sys

from translator.cli import main

if __name__ == "__main__":  # worker processes import this module under another name
    sys.exit(main())
