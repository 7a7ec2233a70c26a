"""The frozen values that travel between the stages. No logic beyond trivial derived properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Framework = Literal["torch", "keras"]
Layout = Literal["channels_first", "channels_last"]
Fidelity = Literal["idiomatic", "exact"]
Severity = Literal["note", "warning", "error"]
Outcome = Literal["exact", "noted", "approximate", "declined", "unresolved"]
Aspect = Literal["outputs", "gradients", "state", "initial"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the source text: lines are 1-based, columns 0-based code points, offsets count code points."""

    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace ``span`` of the source text by ``text``. Edits of one translation never overlap and are in order."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about one place of the source. ``hint`` says what to do by hand; "" where nothing is to be done."""

    code: str
    severity: Severity
    span: Span
    message: str
    hint: str = ""
    api: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """One use of the source framework, what became of it, and what it is called on the other side ("" if nothing)."""

    span: Span
    api: str
    target: str
    outcome: Outcome
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every framework use of the file by outcome; what was not understood stays in the denominator."""

    sites: tuple[Site, ...] = ()

    def count(self, outcome: Outcome) -> int:
        return sum(1 for site in self.sites if site.outcome == outcome)

    @property
    def total(self) -> int:
        return len(self.sites)

    @property
    def ratio(self) -> float:
        """Share of the uses that are exact or differ only in training state or initial values; 1.0 for no uses."""
        return (self.count("exact") + self.count("noted")) / self.total if self.sites else 1.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A module class, builder function or module-level model variable, keyed by its source name.

    ``inputs`` maps each argument of forward/call to an axis rule such as ``"n c h w -> n h w c"``, or ``None`` where
    the axes are unchanged; ``outputs`` does the same for each output leaf ("" for a bare tensor).
    ``ranks`` holds the inferred rank of each argument, ``None`` where unknown. ``construct`` is an expression over the
    source module's names that builds an instance ("resnet18()"), or ``None`` where its arguments are not known.
    ``root`` is false for classes that the file only uses inside others.
    """

    name: str
    target: str
    kind: Literal["class", "builder", "variable"]
    span: Span
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    outputs: Mapping[str, str | None] = field(default_factory=dict)
    ranks: Mapping[str, int | None] = field(default_factory=dict)
    construct: str | None = None
    root: bool = True


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """How the attributes of one module class pair: ``renames`` maps source attribute to target attribute."""

    source: str
    target: str
    renames: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One construction site: ``source`` and ``target`` are path patterns below an instance of class ``owner``.

    Path elements are attribute names or indices, ``*`` stands for any index. ``entry`` is the mapping entry, "" for
    containers and for the file's own classes. ``wrap`` is the index of the layer itself where the target
    wraps it in a Sequential, else ``None``.
    """

    owner: str
    source: str
    target: str
    entry: str
    wrap: int | None = None


@dataclass(frozen=True, slots=True)
class WeightPlan:
    """What pairs the parameters and buffers of both sides, emitted by the translation."""

    source: Framework
    target: Framework
    classes: Mapping[str, ClassPlan] = field(default_factory=dict)
    sites: tuple[SitePlan, ...] = ()


@dataclass(frozen=True, slots=True)
class Translation:
    """The outcome of one file. ``exact`` is true iff nothing is declined or unresolved and no limit affects outputs
    or gradients. ``changes`` turn ``source`` into ``code``, one edit per changed top-level statement.
    """

    code: str
    diagnostics: tuple[Diagnostic, ...]
    coverage: Coverage
    exact: bool
    models: Mapping[str, ModelInfo]
    plan: WeightPlan
    changes: tuple[TextEdit, ...]
    source: str
    filename: str
    from_: Framework
    to: Framework
    layout: Layout
    fidelity: Fidelity


Verdict = Literal["verified", "verified_float32", "different", "inconclusive", "failed", "not_run"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest error over one group of tensors: ``error <= bound`` passes. ``where`` names the worst tensor."""

    aspect: Aspect
    dtype: Literal["float64", "float32"]
    mode: Literal["eval", "train"]
    error: float
    bound: float
    where: str
    passed: bool
    case: str = ""


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """What running one root model on both sides showed."""

    name: str
    expression: str
    verdict: Verdict
    message: str
    comparisons: tuple[Comparison, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    lifted: tuple[str, ...] = ()
    loosened: tuple[str, ...] = ()
    executed_lines: int = 0
    model_lines: int = 0
    missed_lines: tuple[int, ...] = ()
    first_divergence: str = ""
    counterexample: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All roots of one file. ``through`` maps classes without a run of their own to the root that exercised them."""

    models: tuple[ModelVerdict, ...]
    through: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    @property
    def passed(self) -> bool:
        """True iff something ran and everything that ran is verified."""
        return bool(self.models) and all(m.verdict in ("verified", "verified_float32") for m in self.models)
