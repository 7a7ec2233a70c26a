"""PyTorch checkpoints: ``.pt`` and ``.pth`` as ``torch.save`` writes them, and ``.safetensors``."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from translator.weights import live
from translator.weights.dtypes import numpy_dtype
from translator.weights.formats import CheckpointError, Reader, Stored, Writer

if TYPE_CHECKING:
    from translator.weights.rearrange import Array

_WRAPPERS: Final = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the weights beside epoch and optimizer state."""

_PREFIXES: Final = ("module.", "_orig_mod.", "model.")
"""What DataParallel, torch.compile and LightningModule put in front of every name."""

_SAFETENSORS: Final = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}

# What torch.load raises for a file that is damaged or no checkpoint at all; only UnpicklingError is documented.
_DAMAGED: Final = (
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    UnicodeError,
    OSError,
)


def open_pt(path: Path, key: str | None, expected: Collection[str]) -> Reader:
    """Open what ``torch.save`` wrote, without running anything that it holds.

    ``key`` says under which key of the saved dictionary the weights are (``"ema.state_dict"`` nests); without it the
    usual wrappers are opened. ``expected`` are the names that the model has, by which a prefix is told from a name.
    https://docs.pytorch.org/docs/stable/generated/torch.load.html. Raises :class:`CheckpointError`.
    """
    saved = _load(path)
    tensors, notes = _unwrapped(path, saved, key)
    renamed, prefix = _without_prefixes(tensors, expected)
    return _Tensors(path, renamed, (*notes, *_prefix_note(prefix)))


def _load(path: Path) -> Any:
    import torch

    try:
        # Mapped, the tensors are read from the file one by one as they are needed; the format before 1.6 cannot be.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error)) or re.search(r"(?:class|Unsupported) ([\w.]+\.\w+)", str(error))
        what = f" ({named[1]})" if named else ""
        if "TorchScript" in str(error) or named or "weights_only" in str(error):
            raise CheckpointError(
                f"{path}: holds pickled code{what}, which is never run; save model.state_dict() instead"
            ) from None
        raise CheckpointError(f"{path}: not a PyTorch checkpoint, or damaged: {_first_line(error)}") from None
    except _DAMAGED as error:
        if "TorchScript" in str(error):
            raise CheckpointError(
                f"{path}: is a TorchScript archive, whose code is never run; save model.state_dict() instead"
            ) from None
        raise CheckpointError(f"{path}: not a PyTorch checkpoint, or damaged: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _unwrapped(path: Path, saved: Any, key: str | None) -> tuple[dict[str, Any], list[str]]:
    notes: list[str] = []
    if key is not None:
        for part in key.split("."):
            if not isinstance(saved, Mapping) or part not in saved:
                known = ", ".join(map(str, saved)) if isinstance(saved, Mapping) else "none"
                raise CheckpointError(f"{path}: has no key {part!r}; it has: {known[:200]}")
            saved = saved[part]
    while isinstance(saved, Mapping) and not _is_state(saved):
        found = [name for name in _WRAPPERS if isinstance(saved.get(name), Mapping) and saved[name]]
        if len(found) != 1:
            why = f"weights under several keys ({', '.join(found)})" if found else "no weights under a usual key"
            names = ", ".join(map(str, list(saved)[:12]))
            raise CheckpointError(f"{path}: has {why}; pass --key with one of: {names}")
        others = [str(name) for name in saved if name != found[0]]
        notes.append(f"weights taken from the key {found[0]!r}" + (f"; left out: {', '.join(others)}" * bool(others)))
        saved = saved[found[0]]
    if not isinstance(saved, Mapping):
        raise CheckpointError(f"{path}: holds {type(saved).__name__}, not a dictionary of tensors")
    for name, tensor in saved.items():
        if str(tensor.layout) != "torch.strided" or tensor.is_quantized:
            raise CheckpointError(f"{path}: {name} is a sparse or quantized tensor, which has no counterpart")
    return dict(saved), notes


def _is_state(saved: Mapping[Any, Any]) -> bool:
    import torch

    return all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in saved.items())


def _without_prefixes(tensors: dict[str, Any], expected: Collection[str]) -> tuple[dict[str, Any], str]:
    """The tensors without a prefix that all of them have and the model's own names do not."""
    removed = ""
    while True:
        prefix = next(
            (p for p in _PREFIXES if tensors and all(name.startswith(p) for name in tensors)),
            None,
        )
        if prefix is None or any(name.startswith(prefix) for name in expected):
            return tensors, removed
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        removed += prefix


def _prefix_note(prefix: str) -> list[str]:
    return [f"the prefix {prefix!r} of all names was removed"] if prefix else []


class _Tensors:
    """Tensors of a dictionary, mapped from the file where its format allows that."""

    def __init__(self, path: Path, tensors: Mapping[str, Any], notes: tuple[str, ...]) -> None:
        self.path = path
        self.notes = notes
        self._tensors = tensors
        self.stored = {
            name: Stored(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
            for name, tensor in tensors.items()
        }

    def read(self, name: str) -> Array:
        try:
            return live.of("torch").read(self._tensors[name])
        except (TypeError, RuntimeError) as error:
            raise CheckpointError(f"{self.path}: {name} cannot be read: {_first_line(error)}") from None


def open_safetensors(path: Path, key: str | None, expected: Collection[str]) -> Reader:
    """Open a ``.safetensors`` file; see :func:`open_pt`. The format holds tensors only, hence no ``key``.

    https://huggingface.co/docs/safetensors. Raises :class:`CheckpointError`.
    """
    from safetensors import SafetensorError, safe_open

    if key is not None:
        raise CheckpointError(f"{path}: a .safetensors file has no keys to choose from")
    try:
        opened = safe_open(path, framework="pt")
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a .safetensors file, or damaged: {_first_line(error)}") from None
    return _Safetensors(path, opened, expected)


class _Safetensors:
    def __init__(self, path: Path, opened: Any, expected: Collection[str]) -> None:
        self.path = path
        self._opened = opened
        self._names, prefix = _without_prefixes({name: name for name in opened.keys()}, expected)  # noqa: SIM118  # no mapping
        self.notes = tuple(_prefix_note(prefix))
        self.stored = {name: self._describe(original) for name, original in self._names.items()}

    def _describe(self, name: str) -> Stored:
        part = self._opened.get_slice(name)
        dtype = _SAFETENSORS.get(part.get_dtype())
        if dtype is None:
            raise CheckpointError(f"{self.path}: {name} has the dtype {part.get_dtype()}, which has no counterpart")
        return Stored(tuple(part.get_shape()), dtype)

    def read(self, name: str) -> Array:
        return live.of("torch").read(self._opened.get_tensor(self._names[name]))


class PtWriter(Writer):
    """Writes a plain ``state_dict``; names of one tensor share its memory, as they do in a saved model."""

    def __init__(self, target: Path, names: Mapping[str, str]) -> None:
        """``names`` maps each key of the file to the tensor's path."""
        self._target = target
        self._names = names
        self._tensors: dict[str, Any] = {}

    def write(self, name: str, array: Array) -> None:
        import numpy as np
        import torch

        plain = np.array(array)  # a copy: torch wants writable, contiguous memory
        if plain.dtype.name == "bfloat16":
            self._tensors[name] = torch.from_numpy(plain.view(np.int16)).view(torch.bfloat16)
        else:
            self._tensors[name] = torch.from_numpy(plain)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import torch

        if kind is None:
            with self._target.open("wb") as stream:  # of a path, torch.save wants one with a suffix
                torch.save({key: self._tensors[path] for key, path in self._names.items()}, stream)


class SafetensorsWriter(Writer):
    """Writes tensor after tensor to where the header, known beforehand, says that it lies.

    The library writes only what is in memory as a whole. The format, eight bytes of length, a JSON header and the
    data: https://github.com/huggingface/safetensors#format. Names of one tensor get a copy each, since the format
    knows no sharing and ``load_state_dict`` wants every name.
    """

    def __init__(self, target: Path, names: Mapping[str, str], stored: Mapping[str, Stored]) -> None:
        codes = {dtype: code for code, dtype in _SAFETENSORS.items()}
        header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        self._places: dict[str, list[int]] = {}
        end = 0
        # The widest dtypes first, so that every tensor is aligned to its size.
        widths = {key: numpy_dtype(stored[path].dtype).itemsize for key, path in names.items()}
        for key in sorted(names, key=lambda key: (-widths[key], key)):
            kept = stored[names[key]]
            if kept.dtype not in codes:
                raise CheckpointError(f"{key}: .safetensors has no dtype {kept.dtype}; write .pt instead")
            size = widths[key]
            for length in kept.shape:
                size *= length
            header[key] = {"dtype": codes[kept.dtype], "shape": kept.shape, "data_offsets": [end, end + size]}
            self._places.setdefault(names[key], []).append(end)
            end += size
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        self._stream: BinaryIO = target.open("r+b")
        self._stream.write(len(text).to_bytes(8, "little") + text)
        self._start = 8 + len(text)
        self._stream.truncate(self._start + end)

    def write(self, name: str, array: Array) -> None:
        import numpy as np

        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        for place in self._places.get(name, ()):
            self._stream.seek(self._start + place)
            self._stream.write(data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
