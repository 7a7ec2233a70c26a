"""``python -m translator.catalog.explain``: write docs/reference anew, or with ``--check`` compare it."""

from __future__ import annotations

import sys

from translator.catalog.explain.reference import main

if __name__ == "__main__":
    sys.exit(main())
