"""What one call pattern cannot express, one concept per module.

``REWRITERS`` is collected from the modules' ``rewrite_*``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

REWRITERS: dict[str, Callable[..., str]] = {}

for _info in iter_modules(__path__):
    _module: Any = import_module(f"{__name__}.{_info.name}")
    for _name in dir(_module):
        if _name.startswith("rewrite_"):
            REWRITERS[_name.removeprefix("rewrite_")] = getattr(_module, _name)
