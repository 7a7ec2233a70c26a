"""Keras checkpoints: ``.weights.h5``, and ``.keras`` archives of which only the weights are read."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from translator.weights.dtypes import numpy_dtype
from translator.weights.formats import CheckpointError, Reader, Stored, Writer
from translator.weights.skeleton import MARK

if TYPE_CHECKING:
    from translator.weights.rearrange import Array

_INSIDE: Final = "model.weights.h5"
_CONFIG: Final = "config.json"
_NOT_WEIGHTS: Final = ("optimizer/", "metrics/")
"""Groups of a compiled model that have no part in what it computes."""

_PRIVATE_MODULE: Final = re.compile(r"_fwtranslate_\d+_(.*)")


def read_places(skeleton: Path, variables: Sequence[str]) -> dict[str, str]:
    """Dataset name -> path of the variable that lies there, from what ``write_skeleton`` saved."""
    import h5py

    with h5py.File(skeleton, "r") as file:
        return {
            name: variables[int(dataset[1])]
            for name, dataset in _datasets(file, skeleton)
            if dataset.shape == (2,) and str(dataset.dtype) == "int64" and int(dataset[0]) == MARK
        }


def _datasets(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Every dataset that lies in the file itself; raises :class:`CheckpointError` for links to elsewhere."""
    import h5py

    def walk(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise CheckpointError(f"{path}: {prefix}{name} is a link, which is not followed")
            member = group[name]
            if isinstance(member, h5py.Group):
                yield from walk(member, f"{prefix}{name}/")
            elif isinstance(member, h5py.Dataset):
                if member.external or member.is_virtual:
                    raise CheckpointError(f"{path}: {prefix}{name} keeps its data in another file")
                yield f"{prefix}{name}", member

    yield from walk(file, "")


def unpacked(path: Path, folder: Path) -> Path:
    """The ``.weights.h5`` file that ``path`` is, or that lies in it, then copied into ``folder``."""
    if not path.name.lower().endswith(".keras"):
        return path
    target = folder / _INSIDE
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_INSIDE) as packed, target.open("wb") as stream:
            shutil.copyfileobj(packed, stream, 2**20)
    except KeyError:
        raise CheckpointError(f"{path}: holds no {_INSIDE}") from None
    except zipfile.BadZipFile:
        raise CheckpointError(f"{path}: not a .keras archive, or damaged") from None
    return target


def open_h5(path: Path, file: Path) -> Reader:
    """Open the weights in ``file``; messages speak of ``path``. Raises :class:`CheckpointError`."""
    import h5py

    try:
        opened = h5py.File(file, "r")
    except OSError as error:
        raise CheckpointError(f"{path}: not an HDF5 file, or damaged: {error}") from None
    if "layer_names" in opened.attrs:
        raise CheckpointError(f"{path}: is in the format of Keras 2; load it and save it with Keras 3")
    return _H5(path, opened)


class _H5:
    def __init__(self, path: Path, opened: Any) -> None:
        self.path = path
        found = dict(_datasets(opened, path))
        self._datasets = {name: dataset for name, dataset in found.items() if not name.startswith(_NOT_WEIGHTS)}
        left_out = sorted({name.partition("/")[0] for name in found.keys() - self._datasets.keys()})
        self.notes = (f"left out: {', '.join(left_out)}",) if left_out else ()
        self.stored = {name: Stored(tuple(d.shape), self._dtype(name, d)) for name, d in self._datasets.items()}

    def _dtype(self, name: str, dataset: Any) -> str:
        if dataset.attrs.get("dtype") == "bfloat16":
            return "bfloat16"
        if dataset.dtype.kind not in "fiubc":
            raise CheckpointError(f"{self.path}: {name} holds {dataset.dtype}, not numbers")
        return str(dataset.dtype)

    def read(self, name: str) -> Array:
        import numpy as np

        try:
            values = self._datasets[name][()]
        except OSError as error:
            raise CheckpointError(f"{self.path}: {name} cannot be read: {error}") from None
        array = np.asarray(values)
        if self.stored[name].dtype != "bfloat16":
            return array
        widened: Array = array.view(numpy_dtype("bfloat16")).astype(np.float32)
        return widened


class H5Writer(Writer):
    """Fills a copy of the skeleton, dataset by dataset."""

    def __init__(self, target: Path, skeleton: Path, places: Mapping[str, str]) -> None:
        """``places`` is what :func:`read_places` gave for the skeleton."""
        import h5py

        shutil.copyfile(skeleton, target)
        self._file = h5py.File(target, "r+")
        self._places: dict[str, list[str]] = defaultdict(list)
        for name, variable in places.items():
            self._places[variable].append(name)

    def write(self, name: str, array: Array) -> None:
        for place in self._places.get(name, ()):
            del self._file[place]
            dataset = self._file.create_dataset(place, data=array)
            if array.dtype.name == "bfloat16":
                dataset.attrs["dtype"] = "bfloat16"  # HDF5 has no such type; Keras tells it by this attribute

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class KerasWriter(H5Writer):
    """Fills the weights of a ``.keras`` skeleton, and packs them with its configuration."""

    def __init__(self, target: Path, skeleton: Path, places: Mapping[str, str], folder: Path) -> None:
        """``skeleton`` is the archive; ``folder`` has room for its weights, which are packed when they are complete."""
        folder.mkdir()
        self._target = target
        self._skeleton = skeleton
        self._weights = folder / "filled.h5"
        super().__init__(self._weights, unpacked(skeleton, folder), places)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is not None:
            return
        with zipfile.ZipFile(self._skeleton) as old, zipfile.ZipFile(self._target, "w") as new:
            for entry in old.infolist():
                if entry.filename == _CONFIG:
                    new.writestr(_CONFIG, _with_public_modules(old.read(entry)))
                elif entry.filename == _INSIDE:
                    new.write(self._weights, _INSIDE)
                else:
                    new.writestr(entry, old.read(entry))


def _with_public_modules(config: bytes) -> bytes:
    """The configuration with classes of the user's file under its own module name, not the one it had in the worker."""

    def public(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: _public(item) if key == "module" else public(item) for key, item in value.items()}
        return [public(item) for item in value] if isinstance(value, list) else value

    return json.dumps(public(json.loads(config))).encode()


def _public(module: Any) -> Any:
    found = _PRIVATE_MODULE.fullmatch(module) if isinstance(module, str) else None
    return found[1] if found else module
