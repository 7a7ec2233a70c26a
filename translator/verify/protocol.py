"""What the verifier and its workers say to each other: one JSON object per line, arrays in ``.npz`` files beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Arrays: TypeAlias = dict[str, Array]


class ArrayStore:
    """Writes named arrays into a private folder and reads the other side's; a message carries the reference."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._numbers = count()

    def put(self, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """Save the arrays; names may hold any character, the file numbers them."""
        path = self._folder / f"{self._prefix}{next(self._numbers)}.npz"
        np.savez(path, **{f"a{index}": array for index, array in enumerate(arrays.values())})  # type: ignore[arg-type]  # numpy's stub takes the keywords for allow_pickle
        return {"file": str(path), "names": list(arrays)}

    @staticmethod
    def get(reference: Mapping[str, Any]) -> Arrays:
        """Read and remove what the other side saved."""
        path = Path(reference["file"])
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[f"a{index}"] for index, name in enumerate(reference["names"])}
        path.unlink()
        return arrays


def encode(message: Mapping[str, Any]) -> bytes:
    """One line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line; raises ``ValueError`` for anything else."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"not a message: {line[:80]!r}")
    return message
