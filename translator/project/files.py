"""Writing that never leaves half a file behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

_PREFIX: Final = ".fwtranslate-"


def write_atomically(target: Path, data: bytes, *, like: Path | None = None) -> None:
    """Replace or create ``target``, its folders too; see `replacing` for permissions.

    Raises OSError if that is not possible; ``target`` is then as it was.
    """
    _replace(target, lambda stream: stream.write(data), like)


def copy_atomically(source: Path, target: Path) -> None:
    """Copy a file's content and permissions. Raises OSError; ``target`` is then as it was."""
    with source.open("rb") as opened:
        _replace(target, lambda stream: shutil.copyfileobj(opened, stream), source)


def _replace(target: Path, fill: Callable[[BinaryIO], object], like: Path | None) -> None:
    with replacing(target, like=like) as place, place.open("wb") as stream:
        fill(stream)


@contextlib.contextmanager
def replacing(target: Path, *, like: Path | None = None) -> Iterator[Path]:
    """An empty file beside ``target`` that takes its place when the ``with`` ends without an exception, else goes.

    Permissions are those of the file that is replaced, else of ``like``, else what the umask gives. A link is written
    through, so that what it names is replaced and not the link. Raises OSError; ``target`` is then as it was.
    """
    place = Path(os.path.realpath(target))
    if place.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(target))
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = _mode(place, like)
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=place.parent)
    os.close(handle)
    try:
        yield Path(name)
        Path(name).chmod(mode)
        Path(name).replace(place)
    except BaseException:  # Ctrl-C included: whatever happens, the temporary file must go
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _mode(place: Path, like: Path | None) -> int:
    for model in (place, like):
        if model is not None and model.is_file():
            return stat.S_IMODE(model.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
