"""Load a user's file under a private module name, without our packages in its way."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_loader
from itertools import count
from pathlib import Path
from types import ModuleType

OURS = ("translator", "mappings", "lsp_server")
_numbers = count()


class _UserFirst(MetaPathFinder):
    """Resolves our own top-level names to the modules of the user's folder, and only those."""

    def __init__(self, folder: str, names: frozenset[str]) -> None:
        self.folder = folder
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, [self.folder]) if fullname in self.names else None


def prepare_path(folder: str) -> None:
    """Put the user's folder last on ``sys.path``, and let its ``translator.py`` be what ``import translator`` means.

    Everything of ours that a worker needs must have been imported by now: where the user's folder has a module of
    the same name, ours leaves ``sys.modules``. The code goes on running, it only cannot be imported again.
    """
    if folder in sys.path:
        return
    sys.path.append(folder)
    clashes = frozenset(name for name in OURS if _is_module(Path(folder, name)))
    if not clashes:
        return
    sys.meta_path.insert(0, _UserFirst(folder, clashes))
    for name in list(sys.modules):
        if name.partition(".")[0] in clashes and name != "__main__":
            del sys.modules[name]


def _is_module(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def load_user_module(code: Path, filename: str) -> ModuleType:
    """Execute the text of the file ``code`` as a new module whose ``__file__`` is ``filename``.

    Raises whatever the code raises. ``inspect.getsource`` and tracebacks find the text.
    """
    name = f"_fwtranslate_{next(_numbers)}_{Path(filename).stem}"
    # The loader is named, since a file such as "<stdin>" has no suffix that would imply it.
    loader = SourceFileLoader(name, str(code))
    module = ModuleType(name)
    module.__spec__ = spec_from_loader(name, loader)
    module.__file__ = filename
    sys.modules[name] = module
    linecache.checkcache(str(code))
    loader.exec_module(module)
    return module
