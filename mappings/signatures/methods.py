"""The rows of a class's methods and properties, for classes written in Python."""

from __future__ import annotations

import inspect

from mappings.signatures.rows import Row, method_overloads


def method_rows(owner: str, cls: object, base: object) -> dict[str, Row]:
    """The public methods and properties of ``cls`` under ``owner``, but for those it merely inherits from ``base``."""
    rows: dict[str, Row] = {}
    for name in sorted(dir(cls)):
        value = inspect.getattr_static(cls, name)
        if name.startswith("_") or (cls is not base and value is inspect.getattr_static(base, name, None)):
            continue
        if isinstance(value, property):
            rows[f"{owner}.{name}"] = Row("property")
        elif isinstance(value, classmethod):
            rows[f"{owner}.{name}"] = Row("method", method_overloads(value.__func__))
        elif inspect.isfunction(value):
            rows[f"{owner}.{name}"] = Row("method", method_overloads(value))
    return rows
