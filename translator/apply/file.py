"""One file: statements in, translation out. Composes inference, edits, imports, marks and the report's facts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from translator import parse
from translator.apply import check, classes, marks, outcome
from translator.apply.engine import Scribe
from translator.apply.forest import Forest
from translator.catalog.load import Catalog
from translator.emit.imports import UsedNames, remaining
from translator.emit.names import Names
from translator.emit.splice import Edit, Splicer
from translator.infer.analysis import Analysis
from translator.infer.facts import Function
from translator.model import Coverage, Fidelity, Framework, Layout, Span, TextEdit, Translation, WeightPlan
from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings

_NAME = re.compile(r"[^\W\d]\w*")


def translate_file(
    catalog: Catalog,
    text: str,
    origin: Framework,
    to: Framework,
    filename: str,
    layout: Layout,
    fidelity: Fidelity,
) -> Translation:
    """Translate decoded text. Raises SourceError where it does not parse."""
    statements, _ = parse.split_statements(text, filename)
    forest = Forest.grow(statements, filename)
    if not forest.imports_framework(origin):
        # The framework is only spoken of, in comments or strings.
        plan = WeightPlan(origin, to)
        return Translation(text, (), Coverage(), True, {}, plan, (), text, filename, origin, to, layout, fidelity)
    analysis = Analysis(catalog, origin, to, layout)
    analysis.uses_framework = forest.imports_framework(origin)
    analysis.run(forest.trees)
    names = Names(to, taken_names(forest, analysis))
    scribe = Scribe(analysis, names, text, forest)
    _collect(scribe, analysis)
    scribe.prune_declines()
    marks.forget_old(scribe)
    lines = parse.LineIndex(text)
    try:
        code, edits = _write(scribe, forest)
        undefined = check.new_undefined(text, code)
        changes = _changes(statements, edits, text, lines)
        return outcome.conclude(scribe, code, changes, filename, layout, fidelity, lines, undefined)
    except (SyntaxError, MemoryError):
        # A mistake of the translator must not reach a file: the source stays as it is, and says so.
        return outcome.failed(scribe, filename, layout, fidelity, lines)
    finally:
        # Edits hold functions that hold the scribe, and functions of the file hold each other. Without these cycles all
        # trees go at once, and the cyclic collector has nothing to walk through.
        vars(scribe).clear()
        vars(analysis).clear()


def taken_names(forest: Forest, analysis: Analysis) -> frozenset[str]:
    """Names the file binds to something else than the module the generated imports would bind."""
    taken: set[str] = set()
    for function in analysis.tables.functions.values():
        taken |= function.local_names | set(function.parameters)
        if function.node is not None:
            taken.add(function.name)
    taken |= set(analysis.bound_at)
    taken |= {*analysis.tables.classes, *analysis.class_names.values()}
    for node in analysis.imports:
        for local, origin, _ in import_bindings(node):  # type: ignore[arg-type]  # imports holds import nodes only
            if origin.split(".")[0] not in FRAMEWORK_ROOTS:
                taken.add(local)
    return frozenset(taken | forest.loop_names)


def _collect(scribe: Scribe, analysis: Analysis) -> None:
    for info in analysis.tables.classes.values():
        classes.edit_class(scribe, info)
    classes.class_renames(scribe)
    for function in analysis.tables.functions.values():
        scribe.collect(function)
        classes.training_edits(scribe, function)
        classes.renames(scribe, function)
    for node in analysis.helper_definitions:
        start, end = scribe.tree.statement_lines(node)
        # The blank lines in front were written with the helper.
        while start and scribe.text[:start].endswith(("\n\n", "\n\r\n")):
            start = scribe.tree.line_start(start - 1)
        scribe.helper_edits[node] = scribe.add(start, end, "")


def _write(scribe: Scribe, forest: Forest) -> tuple[str, Splicer]:
    """The output text: first the body, whose names decide which imports it needs, then the imports."""
    draft = scribe.finish().whole()
    if scribe.late:
        # Writing has found more to decline: the edits there go.
        draft = scribe.finish().whole()
    used = UsedNames(draft, forest.exported)
    while scribe.keep_needed_helpers(used):
        # A helper that declined code still calls stays, and so do those that it calls itself.
        used = UsedNames(scribe.finish().whole(), forest.exported)
    edits = scribe.outside_declines()
    edits += marks.insertions(scribe)
    edits += _import_edits(scribe, forest, used)
    final = Splicer(scribe.text, edits)
    code = final.whole()
    lost = marks.lost_comments(scribe, code)
    if lost:
        final = Splicer(scribe.text, [*edits, *lost])
        code = final.whole()
    scribe.splicer = final
    return code, final


def _import_edits(scribe: Scribe, forest: Forest, used: UsedNames) -> list[Edit]:
    provided = scribe.names.bound()
    edits: list[Edit] = []
    present = {
        (local, where)
        for node in forest.imports
        if not is_framework_of(node, scribe.analysis.source) and forest.is_top_level(forest.statement_of(node))
        for local, where, _ in import_bindings(node)
    }
    lines = scribe.names.lines(present)
    helpers = scribe.helper_texts()
    lines = _merged(lines, [line for _, imports in helpers for line in imports])
    placed = False
    gone: list[tuple[cst.Import | cst.ImportFrom, cst.CSTNode]] = []
    spare = scribe.spare_imports()
    for node in forest.imports:
        statement = forest.statement_of(node)
        if not is_framework_of(node, scribe.analysis.source):
            if scribe.source(node) in spare and not any(name in used for name, _, _ in import_bindings(node)):
                gone.append((node, statement))
            continue
        if isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar):
            kept = "" if _brings(scribe, node, used) else None
        else:
            kept = remaining(node, lambda name: name in used and name not in provided, scribe.source)
        top = forest.is_top_level(statement)
        if top and not placed and (lines or kept is None):
            placed = True
            edits += _place(scribe, forest, node, statement, kept, lines)
        elif kept is None:
            gone.append((node, statement))
        elif kept:
            start, end = forest.span(node)
            edits.append(Edit(start, end, lambda kept=kept: kept))  # type: ignore[misc]  # bound now, read later
    emptied = forest.emptied([statement for node, statement in gone if forest.alone(node, statement)])
    edits += [_removed(forest, node, statement, statement in emptied) for node, statement in gone]
    if not placed and lines:
        position = forest.after_docstring()
        edits.append(Edit(position, position, lambda: scribe.newline.join(lines) + scribe.newline * 2))
    if helpers:
        position = forest.after_imports()
        body = (scribe.newline * 3).join(text.replace("\n", scribe.newline) for text, _ in helpers)
        gap = scribe.newline
        edits.append(Edit(position, position, lambda: f"{gap}{gap}{body}{gap}"))
    return edits


def _brings(scribe: Scribe, node: cst.ImportFrom, used: UsedNames) -> bool:
    """Whether the output still reads a name that only ``from module import *`` can have brought."""
    analysis = scribe.analysis
    ((_, origin, _),) = import_bindings(node)
    prefix = f"{analysis.catalog.canonical(origin)}."
    names = (api.removeprefix(prefix) for api in analysis.catalog.known if api.startswith(prefix))
    return any("." not in name and name not in analysis.tables.globals and name in used for name in names)


def is_framework_of(node: cst.Import | cst.ImportFrom, side: Framework) -> bool:
    """Whether an import belongs to one side, and so may be taken away."""
    return any(FRAMEWORK_ROOTS.get(where.split(".")[0]) == side for _, where, _ in import_bindings(node))


def _merged(lines: Sequence[str], more: Sequence[str]) -> list[str]:
    """Generated imports and those of helpers, each once, names of one module on one line."""
    result = list(lines)
    for line in more:
        if line in result:
            continue
        found = re.match(r"from (\S+) import (.+)$", line)
        twin = next((r for r in result if found and r.startswith(f"from {found[1]} import ")), None)
        if found and twin is not None:
            names = sorted({*twin.split(" import ")[1].split(", "), *found[2].split(", ")})
            result[result.index(twin)] = f"from {found[1]} import {', '.join(names)}"
        else:
            result.insert(sum(1 for r in result if r.startswith("import ")), line) if line.startswith(
                "import "
            ) else result.append(line)
    return result


def _place(
    scribe: Scribe,
    forest: Forest,
    node: cst.Import | cst.ImportFrom,
    statement: cst.CSTNode,
    kept: str | None,
    lines: Sequence[str],
) -> list[Edit]:
    """The generated imports take the place of the first framework import of the file."""
    start, end = forest.span(node)
    texts = [*lines, *([scribe.source(node)] if kept == "" else [kept] if kept else [])]
    if not texts:
        return [_removed(forest, node, statement, bool(forest.emptied([statement])))]
    separator = scribe.newline if forest.alone(node, statement) else "; "
    return [Edit(start, end, lambda: separator.join(texts))]


def _removed(forest: Forest, node: cst.Import | cst.ImportFrom, statement: cst.CSTNode, empties: bool) -> Edit:
    """Remove an import: its whole line where it stands alone, else the statement up to the semicolon.

    ``empties``: its block would be left without a statement.
    """
    if forest.alone(node, statement):
        if empties:
            start, end = forest.span(node)
            return Edit(start, end, lambda: "pass")
        start, end = forest.statement_lines(statement)
        comment = forest.trailing_comment(statement)
        if comment is not None:
            return Edit(start, end, lambda: forest.indent(statement) + comment + forest.newline)
        return Edit(start, end, lambda: "")
    start, end = forest.with_semicolon(node, statement)
    return Edit(start, end, lambda: "")


def _changes(
    statements: Sequence[parse.Statement], splicer: Splicer, text: str, lines: parse.LineIndex
) -> tuple[TextEdit, ...]:
    changes = []
    for statement in statements:
        start, end = statement.start, statement.start + len(statement.text)
        after = splicer.between(start, end)
        if after != statement.text:
            (line, column), (end_line, end_column) = lines.position(start), lines.position(end)
            changes.append(TextEdit(Span(line, column, end_line, end_column, start, end), after))
    return tuple(changes)


__all__ = ["Function", "translate_file"]
