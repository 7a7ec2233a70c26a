"""The whole catalog: all mapping files compiled, checked against each other, and cached by content on disk."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import mappings
from translator.catalog.activations import Activation, collect
from translator.catalog.entry import Case, Entry
from translator.catalog.pattern import Pat
from translator.catalog.signatures import Signatures, read_lock
from translator.catalog.weights import WeightRules
from translator.dataclass import dataclass
from translator.model import Framework

_MAPPINGS = Path(mappings.__file__).parent
_FORMAT = 6
"""Raise when the compiled form changes; part of the cache key together with the sources."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A helper that is written into the output: its name, side, source text and what it needs imported."""

    name: str
    side: Framework
    text: str
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to read a call: an entry's case with the pattern that names the call's API."""

    entry: Entry
    case: Case
    pattern: Pat


@dataclass
class Catalog:
    """Entries, aliases and signatures. Immutable after loading."""

    table: Mapping[str, Entry]
    order: Mapping[tuple[str, str], tuple[Place, ...]]
    """Where the alternatives for an API of a side stand, in the order to try them."""
    ranked: frozenset[tuple[str, str]]
    """The APIs whose entry depends on the rank of the input."""
    weighted: Mapping[tuple[str, str], str]
    """The entries with the weight rules of a pair of classes."""
    signatures: Signatures
    aliases: Mapping[str, str]
    prefixes: Mapping[str, str]
    peel: Mapping[str, Mapping[str, str]]
    helpers: Mapping[str, Helper]
    known: frozenset[str] = field(default_factory=frozenset)
    reserved: Mapping[str, frozenset[str]] = field(default_factory=dict)
    wrappers: frozenset[str] = field(default_factory=frozenset)
    """Helper functions that take the construction of a layer, and stand for it."""
    exact: bool = False
    """Whether limits are avoided where an entry says how: ``--fidelity exact``."""
    memo: dict[str, dict[Any, Any]] = field(default_factory=dict, compare=False, repr=False)
    """What others have derived from entries and cases, which live as long as the catalog."""
    _alternatives: dict[tuple[str, str], list[Alternative]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def exactly(self) -> Catalog:
        """The same catalog for translations that follow the original step by step."""
        return replace(self, exact=True)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of the files."""
        return tuple(self.table.values())

    @cached_property
    def activations(self) -> Mapping[str, Activation]:
        """Keras' activations by name."""
        return collect(self)

    def entry(self, name: str) -> Entry:
        return self.table[name]

    def alternatives(self, side: Framework, api: str) -> list[Alternative]:
        """The ways to read a call of ``api`` in source written for ``side``, in the order to try them."""
        found = self._alternatives.get((side, api))
        if found is None:
            places = self.order.get((side, api), ())
            found = self._alternatives[side, api] = [alternative(self.table, side, place) for place in places]
        return found

    def rank_decides(self, side: Framework, api: str) -> bool:
        """Whether the rank of its input tells which entry a call of ``api`` is for."""
        return (side, api) in self.ranked

    def mapped(self, side: Framework) -> frozenset[str]:
        """Every API of one side that some entry reads."""
        return frozenset(api for key, api in self.order if key == side)

    def weight_rules(self, torch_api: str, keras_api: str) -> WeightRules | None:
        """The weight rules that pair a PyTorch module class with a Keras layer class.

        Names without a module are those of helpers.
        """
        torch_api = torch_api if "." in torch_api else f"helpers.torch.{torch_api}"
        keras_api = keras_api if "." in keras_api else f"helpers.keras.{keras_api}"
        name = self.weighted.get((torch_api, keras_api))
        return self.table[name].weights if name is not None else None

    def canonical(self, name: str) -> str:
        """The canonical spelling of a framework name: prefixes first, then single names."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            if prefix in self.prefixes:
                return self.canonical(".".join([self.prefixes[prefix], *parts[length:]]))
        name = self.signatures.same_as.get(name, name)
        return self.aliases.get(name, name)


Place = tuple[str, int, int]
"""An alternative by the name of its entry, its case and its spelling."""


def alternative(table: Mapping[str, Entry], side: str, place: Place) -> Alternative:
    """The alternative that stands at a place."""
    name, number, spelling = place
    entry = table[name]
    case = entry.cases[number]
    return Alternative(entry, case, (case.torch if side == "torch" else case.keras)[spelling])


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalog of this installation, from the cache where the mapping files have not changed."""
    sources = list(_sources())
    key = _key(sources)
    path = _cache_folder() / f"catalog-{key}.pickle"
    cached = _read_cache(path)
    if cached is None:
        from translator.catalog.compile import compile_catalog

        cached = compile_catalog({name: text for name, text in sources if name.endswith((".toml", ".py"))}, read_lock())
        _write_cache(path, cached)
    return cached


def _sources() -> Iterator[tuple[str, str]]:
    yield from _walk(_MAPPINGS, "")


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir()):
        if item.is_dir() and item.name in ("helpers", "keras", "torch"):
            yield from _walk(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".toml") or (prefix and item.name.endswith(".py") and item.name != "__init__.py"):
            yield prefix + item.name, item.read_text("utf-8")


def _key(sources: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256(f"{_FORMAT} {sys.version_info[:2]}".encode())
    for name, text in sources:
        digest.update(f"\0{name}\0{text}".encode())
    # The lock is large, and so is the code: size and time stand for their content, the staleness test covers the rest.
    for item in (*sorted((_MAPPINGS / "signatures").glob("*.json")), *sorted(Path(__file__).parent.glob("*.py"))):
        stat = item.stat()
        digest.update(f"\0{item.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(base) / "fwtranslate"


def _read_cache(path: Path) -> Catalog | None:
    try:
        data = path.read_bytes()
        # Most of it is decoded only when it is needed, too late to find out that the disk has changed it.
        if zlib.crc32(data[4:]) != int.from_bytes(data[:4], "little"):
            return None
        value = pickle.loads(data[4:])  # noqa: S301  # the user's own cache folder, written by this function's twin
    except Exception:  # noqa: BLE001  # a damaged pickle can raise anything; the catalog is then compiled anew
        return None
    return value if isinstance(value, Catalog) else None


def _write_cache(path: Path, catalog: Catalog) -> None:
    """Write beside and rename, so that two processes at once never see half a file; a read-only home is no error."""
    import tempfile  # only where the cache does not hold the catalog yet

    data = pickle.dumps(catalog, pickle.HIGHEST_PROTOCOL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(zlib.crc32(data).to_bytes(4, "little") + data)
        Path(file.name).replace(path)
    except OSError:
        return
    for old in path.parent.glob("catalog-*.pickle"):
        if old != path and len(list(path.parent.glob("catalog-*.pickle"))) > 8:
            old.unlink(missing_ok=True)
