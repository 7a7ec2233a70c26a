"""From a name as people write it to the page that explains it: codes, topics, and APIs in any spelling."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from importlib import resources

from translator.catalog.explain import topics
from translator.catalog.explain.mapping import api_page, heads
from translator.catalog.explain.pages import ApiPage, Choice, CodePage, Page, TopicPage, Unknown
from translator.catalog.load import Catalog, load
from translator.codes import CODES
from translator.dataclass import dataclass
from translator.model import Framework

_ROOTS = ("torch", "keras", "tf", "tensorflow", "helpers")
_USUAL_NAMES = {
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "init": "torch.nn.init",
    "Tensor": "torch.Tensor",
    "layers": "keras.layers",
    "ops": "keras.ops",
    "activations": "keras.activations",
    "losses": "keras.losses",
    "random": "keras.random",
    "K": "keras.backend",
}
"""What the first part of a name usually stands for where it is no library itself."""
_CLOSE = 5


@dataclass(frozen=True, slots=True)
class Index:
    """Every mapped API by its side, and by the last part of each of its spellings."""

    catalog: Catalog
    side: dict[str, Framework] = field(default_factory=dict)
    last: dict[str, list[str]] = field(default_factory=dict)
    folded: dict[str, list[str]] = field(default_factory=dict)


def lookup(name: str) -> Page:
    """The page on a code, a topic or an API; a choice where a bare name has several meanings; else what is close."""
    asked = _cleaned(name)
    if asked.upper() in CODES:
        return code_page(asked.upper())
    topic = topics.load().get(asked.lower())
    if topic is not None:
        return topic
    table = index()
    found = _spelled_out(asked, table) or _by_last_part(asked, table)
    if len(found) == 1:
        return explained(found[0], table)
    if found:
        return Choice(asked, tuple((api, ", ".join(explained(api, table).becomes)) for api in found))
    return _by_topic(asked, table) or _unknown(asked, table)


def explained(api: str, table: Index) -> ApiPage:
    """The page of a mapped API by its canonical name."""
    return api_page(table.catalog, api, table.side[api])


def code_page(code: str) -> CodePage:
    """The page of a diagnostic code. Raises KeyError where there is no such code."""
    info = CODES[code]
    before, after = examples().get(code, ("", ""))
    return CodePage(code, info.severity, info.title, info.what, info.why, info.todo, before, after)


@lru_cache(maxsize=1)
def examples() -> Mapping[str, tuple[str, str]]:
    """By code what is found, and what it becomes or should be."""
    import tomllib  # only where something is explained

    text = (resources.files(__package__) / "examples.toml").read_text("utf-8")
    rows = tomllib.loads(text)
    return {code: (row["before"].strip("\n"), row.get("after", "").strip("\n")) for code, row in rows.items()}


@lru_cache(maxsize=1)
def index() -> Index:
    """The index of this installation's catalog, made once."""
    catalog = load()
    table = Index(catalog)
    for side in ("torch", "keras"):
        for head in sorted(catalog.mapped(side)):
            table.side.setdefault(heads(head), side)
    for api in table.side:
        _add(table, api.rpartition(".")[2], api)
    for alias, primary in {**catalog.aliases, **catalog.signatures.same_as}.items():
        if catalog.canonical(primary) in table.side:
            _add(table, alias.rpartition(".")[2], catalog.canonical(primary))
    return table


def _add(table: Index, last: str, api: str) -> None:
    for names, key in ((table.last, last), (table.folded, last.lower())):
        listed = names.setdefault(key, [])
        if api not in listed:
            listed.append(api)


def _cleaned(name: str) -> str:
    """The dotted name in what was asked: without arguments, brackets, backticks or blanks."""
    return re.sub(r"\(.*\Z", "", name.strip().strip("`"), flags=re.DOTALL).strip().strip(".")


def _spelled_out(asked: str, table: Index) -> list[str]:
    """The API that a dotted name says, read as the libraries' users write it."""
    first, dot, rest = asked.partition(".")
    if not dot:
        return []
    full = [asked, f"{_USUAL_NAMES[first]}.{rest}"] if first in _USUAL_NAMES else [asked]
    for spelling in full:
        api = table.catalog.canonical(spelling)
        if api in table.side:
            return [api]
    if first in _ROOTS or first in _USUAL_NAMES:
        return []
    # Any other object in front is taken for a tensor: x.view, self.weight.mean.
    method = f"torch.Tensor.{asked.rpartition('.')[2]}"
    return [method] if method in table.side else []


def _by_last_part(asked: str, table: Index) -> list[str]:
    if "." in asked:
        return []
    found = table.last.get(asked) or table.folded.get(asked.lower(), [])
    # A helper that is named after the library's own is meant by its full name only.
    return [api for api in found if not api.startswith("helpers.")] or found


def _by_topic(asked: str, table: Index) -> TopicPage | None:
    """A topic that explains this API, which no entry of its own does."""
    names = set(_readings(asked, table))
    return next((page for page in topics.load().values() if any(_covers(page, name) for name in names)), None)


def _covers(page: TopicPage, name: str) -> bool:
    """Whether a topic names an API, or with a star at the end its module."""
    return any(name.startswith(api[:-1]) if api.endswith("*") else name == api for api in page.apis)


def _readings(asked: str, table: Index) -> Iterator[str]:
    first, dot, rest = asked.partition(".")
    yield table.catalog.canonical(asked)
    if first in _USUAL_NAMES:
        yield table.catalog.canonical(f"{_USUAL_NAMES[first]}.{rest}")
    if dot and first not in _ROOTS:
        yield f"torch.Tensor.{asked.rpartition('.')[2]}"
    if not dot:
        yield from (f"{module}.{asked}" for module in ("torch.nn", "torch", "keras", "keras.layers", "torch.Tensor"))


def _unknown(asked: str, table: Index) -> Unknown:
    known = next((name for name in _readings(asked, table) if name in table.catalog.known), "")
    framework = {"torch": "PyTorch", "keras": "Keras", "tf": "TensorFlow"}.get(known.partition(".")[0], "")
    return Unknown(known or asked, framework, tuple(_close(known or asked, table)))


def _close(asked: str, table: Index) -> Iterable[str]:
    """Names like the one asked for: whole ones, then by the last part, then codes and topics."""
    last = asked.rpartition(".")[2]
    similar = difflib.get_close_matches(last.lower(), table.folded, n=_CLOSE, cutoff=0.7)
    by_last = [api for name in similar for api in table.folded[name]]
    root = asked.partition(".")[0]
    by_last.sort(key=lambda api: not api.startswith(f"{root}.") and root != asked)
    others = difflib.get_close_matches(asked.upper(), CODES, n=2, cutoff=0.7)
    others += difflib.get_close_matches(asked.lower(), topics.load(), n=2, cutoff=0.6)
    return list(dict.fromkeys([*others, *by_last]))[:_CLOSE]
