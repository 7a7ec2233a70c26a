"""The whole catalog: all mapping files compiled, checked against each other, and cached by content on disk."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from translator.catalog.activations import Activation, collect
from translator.catalog.dtypes import DTYPES
from translator.catalog.entry import Case, Entry
from translator.catalog.exact import readings, wrappers
from translator.catalog.helpers import read_helpers, signatures_of
from translator.catalog.overlap import check_overlaps
from translator.catalog.packed import Packed
from translator.catalog.pattern import Apply, Call, Cond, Hole, Pat, Ref, Seq, Sub, Xform
from translator.catalog.schema import read_entries
from translator.catalog.signatures import Signature, Signatures, read_lock
from translator.catalog.weights import WeightRules
from translator.errors import CatalogError
from translator.model import Framework

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
            found = self._alternatives[side, api] = [_alternative(self.table, side, place) for place in places]
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


def _alternative(table: Mapping[str, Entry], side: str, place: Place) -> Alternative:
    name, number, spelling = place
    entry = table[name]
    case = entry.cases[number]
    return Alternative(entry, case, (case.torch if side == "torch" else case.keras)[spelling])


def _places(entries: Iterable[Entry]) -> dict[tuple[str, str], tuple[Place, ...]]:
    """The ways to read a call, by side and API, in the order to try them."""
    table: dict[tuple[str, str], list[Place]] = {}
    for entry in _ordered(entries):
        for number, case in enumerate(entry.cases):
            for side, spellings, direction in (("torch", case.torch, "to_keras"), ("keras", case.keras, "to_torch")):
                if case.only is not None and case.only != direction:
                    continue
                for spelling, pattern in enumerate(spellings):
                    for api in _heads(pattern):
                        table.setdefault((side, api), []).append((entry.name, number, spelling))
    return {key: tuple(places) for key, places in table.items()}


def _weighted(entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    for entry in entries:
        for case in entry.cases if entry.weights is not None else ():
            for torch in case.torch:
                for keras in case.keras:
                    if isinstance(torch, Call) and isinstance(keras, Call):
                        table.setdefault((torch.api, keras.api), entry.name)
    return table


def _heads(pattern: Pat) -> tuple[str, ...]:
    if isinstance(pattern, Call | Ref):
        return (pattern.api,)
    if isinstance(pattern, Sub):
        return tuple(f"{head}[]" for head in _heads(pattern.value))
    if isinstance(pattern, Cond):
        return tuple(f"if:{head}" for head in _heads(pattern.body))
    return ()


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in file order, but each before those it names in ``before``."""
    result = list(entries)
    position = {entry.name: index for index, entry in enumerate(result)}
    for entry in list(result):
        for other in entry.before:
            if other in position and result.index(entry) > result.index(next(e for e in result if e.name == other)):
                result.remove(entry)
                result.insert(result.index(next(e for e in result if e.name == other)), entry)
    return result


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalog of this installation, from the cache where the mapping files have not changed."""
    sources = list(_sources())
    key = _key(sources)
    path = _cache_folder() / f"catalog-{key}.pickle"
    cached = _read_cache(path)
    if cached is None:
        cached = compile_catalog({name: text for name, text in sources if name.endswith((".toml", ".py"))}, read_lock())
        _write_cache(path, cached)
    return cached


def compile_catalog(sources: Mapping[str, str], signatures: Signatures) -> Catalog:
    """Compile mapping texts by file name. Raises CatalogError."""
    import tomllib  # only where the cache does not hold the catalog yet

    settings: dict[str, Any] = tomllib.loads(sources.get("libraries.toml", ""))
    signatures = Signatures({**signatures.table, **_helper_signatures(sources, signatures)}, signatures.same_as)
    entries: list[Entry] = []
    for name in sorted(sources):
        if name.endswith(".toml") and name != "libraries.toml":
            entries += read_entries(sources[name], f"mappings/{name}", signatures)
    entries += readings(entries)
    _check_names(entries)
    table = {entry.name: entry for entry in entries}
    places = _places(entries)
    alternatives = {key: [_alternative(table, key[0], place) for place in found] for key, found in places.items()}
    check_overlaps(alternatives, signatures)
    needed = {api for entry in entries for case in entry.cases for p in (*case.torch, *case.keras) for api in _apis(p)}
    needed |= {api for entry in entries for case in entry.cases if case.around for api in _apis(case.around.call)}
    needed |= {f"torch.{name}" for name in DTYPES}
    layers = (p for e in entries for c in e.cases if c.around for p in c.around.layers)
    needed |= {api for pattern in layers for api in _apis(pattern)}
    return Catalog(
        Packed(table),
        places,
        frozenset(key for key, found in alternatives.items() if len({a.entry.allowed_ranks() for a in found}) > 1),
        _weighted(entries),
        signatures.restrict(needed).packed(),
        dict(settings.get("aliases", {})),
        dict(settings.get("prefixes", {})),
        {side: dict(rows) for side, rows in settings.get("peel", {}).items()},
        {helper.name: helper for helper in _helpers(sources)},
        frozenset(signatures.table),
        {side: frozenset(names) for side, names in settings.get("reserved", {}).items()},
        wrappers(entries),
    )


def _apis(pattern: Pat) -> Iterator[str]:
    match pattern:
        case Call(api=api, args=args):
            yield api
            for _, part in args:
                yield from _apis(part)
        case Ref(api=api):
            yield api
        case Seq(items=items):
            for item in items:
                yield from _apis(item)
        case Xform(operand=operand):
            yield from _apis(operand)
        case Sub(value=value, index=index):
            yield from _apis(value)
            yield from _apis(index)
        case Apply(function=function, argument=argument):
            yield from _apis(function)
            yield from _apis(argument)
        case Hole():
            return
        case _:
            for name in ("test", "body", "orelse"):
                inner: Pat | None = getattr(pattern, name, None)
                if inner is not None:
                    yield from _apis(inner)


def _check_names(entries: Iterable[Entry]) -> None:
    seen: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in seen:
            first = seen[entry.name]
            raise CatalogError(
                f"[{entry.name}] is defined twice, first in {first.path}:{first.line}", path=entry.path, line=entry.line
            )
        seen[entry.name] = entry
    for entry in entries:
        for other in entry.before:
            if other not in seen:
                raise CatalogError(
                    f"[{entry.name}] stands before an unknown entry {other!r}", path=entry.path, line=entry.line
                )


def _sources() -> Iterator[tuple[str, str]]:
    root = resources.files("mappings")
    yield from _walk(root, "")


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda i: i.name):
        if item.is_dir() and item.name in ("helpers", "keras", "torch"):
            yield from _walk(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".toml") or (prefix and item.name.endswith(".py") and item.name != "__init__.py"):
            yield prefix + item.name, item.read_text("utf-8")


def _helper_signatures(sources: Mapping[str, str], signatures: Signatures) -> dict[str, Signature]:
    rows: dict[str, Signature] = {}
    for name, text in sources.items():
        if name.startswith("helpers/"):
            rows.update(signatures_of(name, text, signatures.table))
    return rows


def _helpers(sources: Mapping[str, str]) -> Iterator[Helper]:
    for name, text in sources.items():
        if name.startswith("helpers/"):
            for side, helper, body, requires in read_helpers(name, text):
                yield Helper(helper, side, body, requires)


def _key(sources: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256(f"{_FORMAT} {sys.version_info[:2]}".encode())
    for name, text in sources:
        digest.update(f"\0{name}\0{text}".encode())
    lock = resources.files("mappings") / "signatures"
    for item in sorted(lock.iterdir(), key=lambda i: i.name):
        if item.name.endswith(".json"):
            # The lock is large: its size and time stand for its content, the staleness test covers the rest.
            stat = Path(str(item)).stat()
            digest.update(f"\0{item.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    code = Path(__file__).parent
    for module in sorted(code.glob("*.py")):
        digest.update(f"\0{module.name} {module.stat().st_size} {module.stat().st_mtime_ns}".encode())
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
