"""Outputs of a model as a flat dict: positions for tuples and lists, sorted keys for dicts, names for fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any


def flatten(value: Any) -> dict[str, Any]:
    """The leaves of a nested output by dotted path, "" for a bare one. ``None`` is no leaf."""
    return {".".join(path): leaf for path, leaf in _leaves(value, ()) if leaf is not None}


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    items = _items(value)
    if items is None:
        yield path, value
        return
    for name, item in items:
        yield from _leaves(item, (*path, name))


def _items(value: Any) -> list[tuple[str, Any]] | None:
    if isinstance(value, dict):
        return sorted(((str(key), item) for key, item in value.items()), key=lambda item: item[0])
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(name, getattr(value, name)) for name in value._fields]
    if isinstance(value, (tuple, list)):
        return [(str(index), item) for index, item in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return None
