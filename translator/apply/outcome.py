"""The facts of the report: diagnostics, coverage, exactness, models and the weight plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import libcst as cst

from translator import codes
from translator.apply import exact, marks
from translator.apply.engine import Scribe
from translator.catalog.pattern import Call, Cond, Pat, Ref
from translator.infer import models
from translator.infer.facts import Conversion, Declined, Function, Note, Replace, Rewrite
from translator.model import (
    ClassPlan,
    Coverage,
    Diagnostic,
    Fidelity,
    Layout,
    ModelInfo,
    Outcome,
    Site,
    SitePlan,
    Span,
    TextEdit,
    Translation,
    WeightPlan,
)
from translator.parse import LineIndex


def conclude(
    scribe: Scribe,
    code: str,
    changes: tuple[TextEdit, ...],
    filename: str,
    layout: Layout,
    fidelity: Fidelity,
    lines: LineIndex,
    undefined: set[str],
) -> Translation:
    """Put the translation together."""
    analysis = scribe.analysis

    def span_of(tree: object, node: cst.CSTNode) -> Span:
        return _span(lines, *scribe.span(node))

    found = models.find_models(analysis, span_of)  # type: ignore[arg-type]  # SpanOf is a callable protocol
    diagnostics = [*_declines(scribe, lines), *_notes(scribe, lines), *_boundaries(found)]
    diagnostics += [
        Diagnostic(
            "T110",
            "error",
            _span(lines, 0, 0),
            f"the output uses the undefined name {name!r}",
            codes.CODES["T110"].todo,
        )
        for name in sorted(undefined)
    ]
    if fidelity == "exact":
        # Where an entry has no form that follows the original step by step, that must not pass unsaid.
        hint = "there is no exact form of this; --fidelity idiomatic accepts the difference"
        diagnostics = [
            replace(d, severity="warning", hint=hint) if d.code in ("T002", "T003") else d for d in diagnostics
        ]
    sites = tuple(_sites(scribe, lines))
    shown = [d for d in diagnostics if d.severity != "error" or not marks.ignored(scribe, d.span.start, d.code)]
    proven = not any(d.severity in ("error", "warning") for d in diagnostics)
    shown.sort(key=lambda d: (d.span.start, d.span.end, d.code, d.message))
    return Translation(
        code,
        tuple(shown),
        Coverage(sites),
        proven,
        _renamed_models(scribe, found),
        _plan(scribe),
        changes,
        scribe.text,
        filename,
        analysis.source,
        analysis.to,
        layout,
        fidelity,
    )


def failed(scribe: Scribe, filename: str, layout: Layout, fidelity: Fidelity, lines: LineIndex) -> Translation:
    """The translation of a file whose output would not parse: the source, unchanged, with one error."""
    analysis = scribe.analysis
    problem = Diagnostic(
        "T110",
        "error",
        _span(lines, 0, 0),
        "the translation of this file would not parse, so the file was left as it is",
        codes.CODES["T110"].todo,
    )
    sites = tuple(replace(site, outcome="declined", target="") for site in _sites(scribe, lines))
    plan = WeightPlan(analysis.source, analysis.to)
    text = scribe.text
    return Translation(
        text,
        (problem,),
        Coverage(sites),
        False,
        {},
        plan,
        (),
        text,
        filename,
        analysis.source,
        analysis.to,
        layout,
        fidelity,
    )


def _span(lines: LineIndex, start: int, end: int) -> Span:
    (line, column), (end_line, end_column) = lines.position(start), lines.position(end)
    return Span(line, column, end_line, end_column, start, end)


def _declines(scribe: Scribe, lines: LineIndex) -> Iterable[Diagnostic]:
    for node, declined in scribe.all_declines():
        info = codes.CODES[declined.code]
        yield Diagnostic(
            declined.code,
            info.severity,
            _span(lines, *scribe.span(node)),
            declined.message,
            declined.hint or info.todo,
            declined.api,
        )


def _notes(scribe: Scribe, lines: LineIndex) -> Iterable[Diagnostic]:
    """Notes on sites, those of one kind together at the first site; and the transposes that were inserted."""
    grouped: dict[Note, list[cst.CSTNode]] = {}
    for site in scribe.analysis.tables.sites.values():
        for note in exact.notes(scribe.analysis, site) if site.node not in scribe.declines else ():
            grouped.setdefault(note, []).append(site.place or site.node)
        lazy = (
            site.candidates and scribe.analysis.to == "torch" and ".Lazy" in _api(site.candidates[0][0].case.torch[0])
        )
        if lazy:
            grouped.setdefault(
                Note("T005", "the input size of a layer is not known here, a Lazy module finds it"), []
            ).append(site.place or site.node)
    for function in scribe.analysis.tables.functions.values():
        for node, note in function.notes.items():
            grouped.setdefault(note, []).append(node)
        for node in function.renamed:
            name = function.renamed[node]
            grouped.setdefault(Note("T004", f"{name} is named {scribe.analysis.renamed(name)}"), []).append(node)
        for node, conversion in function.conversions.items():
            if not _is_folded(scribe, function, node, conversion):
                message = "a transpose brings this tensor into the order that the operation needs"
                yield _diagnostic(Note("T007", message), node, scribe, lines, 1)
    for note, nodes in grouped.items():
        known = [n for n in nodes if scribe.tree.has(n) and not scribe.is_declined(n)]
        if known:
            yield _diagnostic(note, min(known, key=lambda n: scribe.span(n)), scribe, lines, len(known))


def _is_folded(scribe: Scribe, function: Function, node: cst.CSTNode, conversion: Conversion) -> bool:
    decision = function.decisions.get(node)
    return isinstance(decision, Rewrite) and scribe.folded(decision, conversion) is not None


def _diagnostic(note: Note, node: cst.CSTNode, scribe: Scribe, lines: LineIndex, count: int) -> Diagnostic:
    info = codes.CODES[note.code]
    message = note.message if count == 1 else f"{note.message} ({count} places)"
    hint = note.hint or (info.todo if info.severity != "note" else "")
    return Diagnostic(note.code, info.severity, _span(lines, *scribe.span(node)), message, hint)


def _boundaries(found: dict[str, ModelInfo]) -> Iterable[Diagnostic]:
    for name, model in found.items():
        if model.kind != "class" or not model.root:
            continue
        for argument, rule in model.inputs.items():
            if rule is not None:
                yield Diagnostic("T001", "note", model.span, f"{name}: argument {argument} changes its axes: {rule}")
        for path, rule in model.outputs.items():
            if rule is not None:
                where = f"output {path}" if path else "the output"
                yield Diagnostic("T001", "note", model.span, f"{name}: {where} changes its axes: {rule}")


def _sites(scribe: Scribe, lines: LineIndex) -> Iterable[Site]:
    for function in scribe.analysis.tables.functions.values():
        for node, decision in function.decisions.items():
            if not scribe.tree.has(node) or node in scribe.declines:
                continue
            site = _site(scribe, lines, node, decision)
            if site is not None:
                yield site
    for node, api, target, outcome in scribe.uses:
        yield Site(_span(lines, *scribe.span(node)), api, target, _known(outcome))
    for node, declined in scribe.all_declines():
        outcome_: Outcome = "unresolved" if declined.code == "T111" else "declined"
        yield Site(_span(lines, *scribe.span(node)), declined.api or scribe.source(node)[:60], "", outcome_)


def _known(outcome: str) -> Outcome:
    return "exact" if outcome == "exact" else "noted"


def _site(scribe: Scribe, lines: LineIndex, node: cst.CSTNode, decision: object) -> Site | None:
    span = _span(lines, *scribe.span(node))
    if isinstance(decision, Rewrite):
        site = scribe.analysis.tables.sites.get(node)
        noted = site is not None and bool(exact.notes(scribe.analysis, site))
        entry = decision.alternative.entry
        outcome: Outcome = "noted" if noted else "exact"
        return Site(span, decision.api, _api(scribe.target(decision, node)), outcome, entry.name)
    if isinstance(decision, Replace) and decision.api and decision.rewriter != "layer_call":
        return Site(span, decision.api, decision.target, "exact", decision.rewriter)
    return None


def _api(pattern: Pat) -> str:
    if isinstance(pattern, Call | Ref):
        return pattern.api
    return _api(pattern.body) if isinstance(pattern, Cond) else ""


def _renamed_models(scribe: Scribe, found: dict[str, ModelInfo]) -> dict[str, ModelInfo]:
    return {name: replace(model) for name, model in found.items()}


def _plan(scribe: Scribe) -> WeightPlan:
    analysis = scribe.analysis
    plans = {}
    for name, info in analysis.tables.classes.items():
        if info.module:
            attributes = {a for c in analysis.ancestry(name) for a in analysis.tables.classes[c].attributes}
            renames = {a: analysis.renamed(a) for a in sorted(attributes) if analysis.renamed(a) != a}
            plans[name] = ClassPlan(name, analysis.class_names.get(name, name), renames)
    sites = tuple(
        SitePlan(
            s.function.owner or s.function.key,
            s.attribute,
            analysis.renamed(s.attribute),
            s.candidates[0][0].entry.name,
        )
        for s in sorted(analysis.tables.sites.values(), key=lambda s: s.start)
        if s.candidates and s.attribute
    )
    return WeightPlan(analysis.source, analysis.to, plans, sites)


__all__ = ["Declined", "conclude"]
