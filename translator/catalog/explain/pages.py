"""What there is to say, as plain data: the same for the terminal, for Markdown and for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from translator.dataclass import dataclass
from translator.model import Aspect, Framework, Severity

Kind = Literal["code", "api", "topic", "choice", "unknown"]


@dataclass(frozen=True, slots=True)
class Link:
    """A page of a library's documentation."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One row of an argument table: names and defaults on both sides ("" where there is none), and what happens."""

    here: str
    here_default: str
    there: str
    there_default: str
    change: str


@dataclass(frozen=True, slots=True)
class Form:
    """One form that a call may take on the other side, and when it is written.

    ``source_differs`` and ``target_differs`` are the arguments by which it differs from the entry's other forms. A
    ``total`` form is written also where values are not literals, so that other forms cannot be ruled out.
    """

    name: str
    source: str
    target: str
    source_differs: str = ""
    target_differs: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    total: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A known difference in one aspect, and what avoids it."""

    aspect: Aspect
    what: str
    why: str
    when: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class HelperUse:
    """A definition that is written into the output."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class MappingFacts:
    """What one entry says of an API in one direction.

    ``source`` and ``target`` are what all forms share, "" where they share no call; ``when`` and ``unless`` hold for
    all of them. ``declined`` are parameters that are covered only with their defaults, ``carried`` those that are
    dealt with before the entry is matched.
    """

    entry: str
    place: str
    says: str
    source: str
    target: str
    forms: tuple[Form, ...]
    when: tuple[str, ...]
    unless: tuple[str, ...]
    arguments: tuple[Argument, ...]
    declined: tuple[str, ...]
    carried: Mapping[str, str]
    dropped: Mapping[str, str]
    layout: str
    applies: str
    results: str
    differences: tuple[Difference, ...]
    weights: tuple[str, ...]
    helpers: tuple[HelperUse, ...]


@dataclass(frozen=True, slots=True)
class ApiPage:
    """A mapped API of one library."""

    name: str
    side: Framework
    becomes: tuple[str, ...]
    spellings: tuple[str, ...]
    mappings: tuple[MappingFacts, ...]
    topics: tuple[str, ...]
    links: tuple[Link, ...]
    kind: Kind = "api"


@dataclass(frozen=True, slots=True)
class CodePage:
    """A diagnostic code. For an error ``after`` is what to write instead, else what the translation writes."""

    name: str
    severity: Severity
    title: str
    what: str
    why: str
    todo: str
    before: str
    after: str
    kind: Kind = "code"


@dataclass(frozen=True, slots=True)
class Example:
    """A construct on both sides. ``direction`` says which translation of it is meant; "both" for either."""

    torch: str
    keras: str
    direction: Literal["to_keras", "to_torch", "both"] = "both"


@dataclass(frozen=True, slots=True)
class TopicPage:
    """A construct that is translated as a whole rather than call by call."""

    name: str
    title: str
    what: str
    rules: tuple[str, ...]
    limits: tuple[str, ...]
    examples: tuple[Example, ...]
    apis: tuple[str, ...]
    codes: tuple[str, ...]
    rewriters: tuple[str, ...]
    kind: Kind = "topic"


@dataclass(frozen=True, slots=True)
class Choice:
    """A name that several APIs share: each with what it becomes."""

    name: str
    options: tuple[tuple[str, str], ...]
    kind: Kind = "choice"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that nothing is mapped under; ``framework`` where a library has it nevertheless."""

    name: str
    framework: str
    close: tuple[str, ...]
    kind: Kind = "unknown"


Page = ApiPage | CodePage | TopicPage | Choice | Unknown


def as_json(page: Page) -> dict[str, Any]:
    """The page as JSON's types, its kind first. Fields are those of the class; a choice's options are pairs."""
    data = asdict(page)
    return {"kind": data.pop("kind"), **data}
