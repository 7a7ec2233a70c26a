"""A table whose values are kept as bytes until they are asked for: a translation needs few of the many entries."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Packed(Mapping[str, T]):
    """Values by name, in order. Two tables are equal if their values are."""

    __slots__ = ("_bytes", "_values")

    def __init__(self, values: Mapping[str, T]) -> None:
        self._bytes = {name: pickle.dumps(value, 5) for name, value in values.items()}
        self._values: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        value = self._values.get(name)
        if value is None:
            value = self._values[name] = pickle.loads(self._bytes[name])  # noqa: S301  # written by ourselves
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._bytes

    def __iter__(self) -> Iterator[str]:
        return iter(self._bytes)

    def __len__(self) -> int:
        return len(self._bytes)

    def __reduce__(self) -> tuple[object, ...]:
        return _unpacked, (self._bytes,)


def _unpacked(packed: dict[str, bytes]) -> Packed[object]:
    table: Packed[object] = Packed({})
    table._bytes = packed
    return table
