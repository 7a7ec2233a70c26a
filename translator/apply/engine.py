"""Decisions to edits: one edit per decided node, one diagnostic per decline, nothing twice."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from translator.apply import exact
from translator.apply.arguments import Source, laid_out
from translator.apply.code import Unwritable, atom, is_dotted, tuple_text
from translator.apply.creation import composed, permuted
from translator.apply.forest import Forest
from translator.apply.requirements import Requirements, requirements, without_defaults
from translator.apply.writer import Writer
from translator.catalog.entry import Case
from translator.catalog.exact import renamed
from translator.catalog.pattern import Call, Pat, holes
from translator.catalog.unify import Bound, Code
from translator.emit.names import Names
from translator.emit.splice import Edit, Splicer
from translator.infer.analysis import Analysis
from translator.infer.dims import inverse, moved_axes
from translator.infer.facts import Conversion, Decision, Declined, Function, LayerSite, Replace, Rewrite

_KEEPS_PARENTHESES = frozenset({cst.Tuple, cst.GeneratorExp, cst.NamedExpr, cst.Yield, cst.Lambda})


@dataclass
class Scribe:
    """Turns the facts of one tree into edits of its text; the rewriters are called with it."""

    analysis: Analysis
    names: Names
    text: str
    tree: Forest
    edits: list[Edit] = field(default_factory=list)
    by_node: dict[cst.CSTNode, Edit] = field(default_factory=dict)
    declines: dict[cst.CSTNode, Declined] = field(default_factory=dict)
    remembered: list[tuple[cst.CSTNode, Declined]] = field(default_factory=list)
    """What an earlier run has declined and marked, by the statement below the mark."""
    uses: list[tuple[cst.CSTNode, str, str, str]] = field(default_factory=list)
    splicer: Splicer | None = None
    late: bool = False
    helper_edits: dict[cst.CSTNode, Edit] = field(default_factory=dict)
    factories: dict[int, Any] = field(default_factory=dict)
    """How classes that come as values are written, by group."""

    # text

    @property
    def newline(self) -> str:
        return self.tree.newline

    def keep_needed_helpers(self, used: Container[str]) -> bool:
        """Leave the definitions of helpers in the file that declined code still calls; whether there are any."""
        provided = self.names.bound()
        kept = False
        for node, edit in list(self.helper_edits.items()):
            name = node.name.value  # type: ignore[attr-defined]  # helper definitions are functions and classes
            if name in used and name not in provided:
                self.edits.remove(edit)
                del self.helper_edits[node]
                kept = True
        return kept

    def spare_imports(self) -> set[str]:
        """Imports that came with the helpers which the translation takes out again."""
        helpers = self.analysis.catalog.helpers
        side = self.analysis.source
        names = [f"helpers.{side}.{node.name.value}" for node in self.helper_edits]  # type: ignore[attr-defined]
        return {line for name in names for line in helpers[name].requires}

    def helper_texts(self) -> list[tuple[str, tuple[str, ...]]]:
        """The definitions of the helpers in use, with the imports they need, those that others call or extend first."""
        helpers = self.analysis.catalog.helpers
        wanted: list[str] = []

        def need(name: str) -> None:
            helper = helpers[name]
            for other in helpers.values():
                short = other.name.rsplit(".", 1)[1]
                named = other.side == helper.side and other.name != name
                if named and re.search(rf"(?<![\w.]){short}[()]", helper.text):
                    need(other.name)
            if name not in wanted:
                wanted.append(name)

        for name in sorted(self.names.helpers):
            need(name)
        return [(helpers[name].text, helpers[name].requires) for name in wanted]

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        return self.tree.span(node)

    def text_of(self, node: cst.CSTNode) -> str:
        """The updated text of a node, without parentheses that its new surroundings make superfluous."""
        start, end = self.tree.outer(node) if type(node) in _KEEPS_PARENTHESES else self.tree.span(node)
        assert self.splicer is not None
        edit = self.by_node.get(node)
        if edit is not None and (edit.start, edit.end) == (start, end):
            return edit.text()
        return self.splicer.between(start, end)

    def inside(self, node: cst.CSTNode) -> str:
        """The updated text of the parts of a node that has an edit of its own."""
        start, end = self.tree.span(node)
        edit = self.by_node.get(node)
        assert self.splicer is not None
        return self.splicer.between(start, end, edit)

    def source(self, node: cst.CSTNode) -> str:
        """The author's text of a node."""
        start, end = self.tree.span(node)
        return self.text[start:end]

    def add(self, start: int, end: int, text: str | Callable[[], str]) -> Edit:
        edit = Edit(start, end, (lambda: text) if isinstance(text, str) else text)
        self.edits.append(edit)
        return edit

    def source_of(self, call: cst.Call) -> Source:
        """The arguments of a call as the author laid them out."""
        if not call.args:
            return Source()
        bounds = [self.argument_span(arg) for arg in call.args]
        _, end = self.tree.span(call)
        opening = self.text.index("(", self.tree.outer(call.func)[1]) + 1
        return laid_out(self.text, call.args, bounds, opening, end - 1)

    def argument_span(self, arg: cst.Arg) -> tuple[int, int]:
        start, end = self.tree.outer(arg.value)
        if arg.keyword is not None:
            start = self.tree.span(arg.keyword)[0]
        elif arg.star:
            start = self.text.rindex(arg.star, 0, start + 1) if not self.text.startswith(arg.star, start) else start
            start = self.text.rindex(arg.star, 0, self.tree.outer(arg.value)[0])
        return start, end

    # decisions

    def collect(self, function: Function) -> None:
        """Edits for the decisions and conversions of a function in this tree."""
        nodes = dict.fromkeys([*function.decisions, *function.conversions, *function.unpacks])
        for node in nodes:
            if not self.tree.has(node):
                continue
            decision = function.decisions.get(node)
            if isinstance(decision, Declined):
                self.declines[node] = decision
                continue
            conversion = function.conversions.get(node)
            self._edit(node, decision, conversion, function.unpacks.get(node))

    def _edit(
        self,
        node: cst.CSTNode,
        decision: Decision | None,
        conversion: Conversion | None,
        unpack: tuple[int, ...] | None,
    ) -> None:
        start, end = self.tree.span(node)
        if isinstance(decision, Replace) and decision.rewriter == "name_argument":
            self.add(start, start, f"{decision.data}=")
            return
        if isinstance(decision, Replace) and decision.rewriter == "drop_argument":
            self.add(*self._argument_with_comma(start, end), "")
            return
        if isinstance(decision, Replace) and decision.rewriter == "drop_statement":
            self.drop_statement(node)
            return
        if isinstance(decision, Replace) and decision.rewriter == "drop_decorator":
            following = re.compile(r"[^\r\n]*(\r\n|\r|\n)").match(self.text, end)
            self.add(self.tree.line_start(start), following.end() if following else end, "")
            return
        if isinstance(decision, Replace) and decision.rewriter == "assign":
            self.add(start, start, f"{decision.data} = ")
            return

        def render() -> str:
            return self._text(node, decision, conversion) if unpack is None else self._unpack(node, unpack)

        edit = self.add(start, end, render)
        self.by_node[node] = edit

    def drop_statement(self, node: cst.CSTNode) -> None:
        """Remove the statement that holds a node, its comment excepted; a block must not be left empty."""
        statement = self.tree.statement_of(node)
        comment = self.tree.trailing_comment(statement)
        empties = bool(self.tree.emptied([statement]))
        if empties or comment is not None:
            text = "pass" if empties else ""
            start, end = self.tree.span(statement)
            while not text and self.text[end : end + 1] in (" ", "\t"):
                end += 1
            self.add(start, end, text)
        else:
            self.add(*self.tree.statement_lines(statement), "")

    def _argument_with_comma(self, start: int, end: int) -> tuple[int, int]:
        """An argument with the comma that separates it: the one before it, or after it where it is the first."""
        before = len(self.text[:start].rstrip())
        if self.text[before - 1] == ",":
            return before - 1, end
        found = re.compile(r"\s*,[ \t]*").match(self.text, end)
        return start, found.end() if found else end

    def _text(self, node: cst.CSTNode, decision: Decision | None, conversion: Conversion | None) -> str:
        if isinstance(decision, Rewrite):
            folded = self.folded(decision, conversion)
            if folded is not None:
                decision, conversion = folded
            text = self.rewrite(node, decision)
        elif isinstance(decision, Replace):
            from translator.apply.rewriters import REWRITERS

            text = REWRITERS[decision.rewriter](self, node, decision)
        else:
            text = self.inside(node)
        return self.convert(text, conversion) if conversion is not None else text

    def convert(self, text: str, conversion: Conversion) -> str:
        """Text of an expression brought into another axis order."""
        axes = moved_axes(conversion.rank, self.analysis.to)
        axes = axes if conversion.to == "moved" else inverse(axes)
        if conversion.each:
            return _item_by_item(text, self.convert("item", replace(conversion, each=False)))
        if self.analysis.to == "keras":
            return f"{self.names.spell('keras.ops.transpose')}({text}, {tuple_text([str(a) for a in axes])})"
        return f"{atom(text)}.permute({', '.join(str(a) for a in axes)})"

    def folded(self, decision: Rewrite, conversion: Conversion | None) -> tuple[Rewrite, None] | None:
        """A conversion of a permutation, a fresh tensor or a reshape to unit spatial sizes goes into its arguments."""
        if conversion is None or conversion.each:
            return None
        axes = moved_axes(conversion.rank, self.analysis.to)
        if conversion.to == "moved":
            found = permuted(decision, axes, self.analysis.source == "keras")
            return found if found is not None else composed(decision, axes)
        return composed(decision, inverse(axes))

    def _unpack(self, node: cst.CSTNode, permutation: tuple[int, ...]) -> str:
        assert isinstance(node, cst.Tuple | cst.List)
        return ", ".join(self.text_of(node.elements[axis].value) for axis in permutation)

    def decision_of(self, node: cst.CSTNode) -> Decision | None:
        """What was decided for a construction site."""
        site = self.analysis.tables.sites.get(node)
        return site.function.decisions.get(node) if site is not None else None

    def decision_of_container(self, node: cst.CSTNode) -> Replace | None:
        """How a Sequential is rewritten."""
        function, _ = self.analysis.containers.get(node, (None, None))
        decision = function.decisions.get(node) if function is not None else None
        return decision if isinstance(decision, Replace) and decision.rewriter == "sequential" else None

    def writer(self, decision: Rewrite, this: str = "") -> Writer:
        """A writer of the target's patterns; ``this`` is the layer as code."""
        analysis, alternative = self.analysis, decision.alternative
        required = self.requirements(alternative.case)
        return Writer(
            self.names,
            analysis.catalog.signatures,
            self.text_of,
            alternative.entry,
            without_defaults(alternative.pattern, decision.bindings, analysis.catalog.signatures, required),
            analysis.to,
            decision.order,
            decision.rank,
            decision.axes,
            analysis.target_channels_last(decision.order),
            this,
            required,
        )

    def requirements(self, case: Case) -> Requirements:
        """What the sides of a case require, looked up once per file."""
        memo: dict[int, Requirements] = self.analysis.catalog.memo.setdefault("requirements", {})
        found = memo.get(id(case))
        if found is None:
            found = memo[id(case)] = requirements(case, self.analysis.catalog.signatures)
        return found

    def target(self, decision: Rewrite, node: cst.CSTNode) -> Pat:
        """The spelling to write: the first one that computes nothing twice and has a place for the author's lines."""
        case = decision.alternative.case
        spellings = case.keras if self.analysis.to == "keras" else case.torch
        site = self.analysis.tables.sites.get(node)
        forms = exact.forms(self.analysis, site).values() if site is not None else ()
        for form in forms:
            spellings = spellings if form.around else tuple(renamed(s, form.api) for s in spellings)
        if len(spellings) == 1:
            return spellings[0]
        fitting = [s for s in spellings if self._names_twice_only_names(s, decision)] or spellings[:1]
        if len(fitting) > 1 and _is_method(fitting[0]) and isinstance(node, cst.Call) and self._has_lines(node):
            return next((s for s in fitting if not _is_method(s)), fitting[0])
        return fitting[0]

    def _names_twice_only_names(self, spelling: Pat, decision: Rewrite) -> bool:
        names = [hole.name for hole in holes(spelling)]
        repeated = {name for name in names if names.count(name) > 1}
        bounds = [decision.bindings.get(name) for name in repeated]
        return all(is_dotted(self.text_of(b.node)) for b in bounds if isinstance(b, Code))

    def _has_lines(self, node: cst.Call) -> bool:
        source = self.source_of(node)
        return any("\n" in gap or "#" in gap for gap in (source.lead, *source.separators, source.tail))

    def rewrite(self, node: cst.CSTNode, decision: Rewrite) -> str:
        """The target text of a matched call."""
        from translator.apply.rewriters import layers

        site = self.analysis.tables.sites.get(node)
        call = site.construction if site is not None else node
        source = self.source_of(call) if isinstance(call, cst.Call) else Source()
        target = self.target(decision, node)
        if self._is_identity(decision):
            return self.text_of(_main_node(decision))
        try:
            text = self.writer(decision).write(target, source if isinstance(target, Call) else None)
            if site is not None:
                text = exact.initialised(self.analysis, self.names, site, text)
            if site is not None and site.form == "wrap":
                text = layers.wrapped(self, site, decision, text)
        except Unwritable as problem:
            self.late = True
            self.declines[node] = Declined("T102", f"{decision.api}: {problem}", "port the call by hand", decision.api)
            return self.source(node)
        return text

    def _is_identity(self, decision: Rewrite) -> bool:
        """A permutation that leaves every axis where it is stored."""
        spec = decision.alternative.entry.output
        axes = decision.axes.get(spec[spec.index("(") + 1 : -1]) if spec.startswith("permute(") else None
        return isinstance(axes, tuple) and axes == tuple(range(len(axes)))

    def prune_declines(self) -> None:
        """A decline inside declined code says nothing new."""
        spans = {node: self.tree.span(node) for node in self.declines}
        outermost = (-1, -1)
        for node, (start, end) in sorted(spans.items(), key=lambda item: (item[1][0], -item[1][1])):
            if end > outermost[1]:
                outermost = (start, end)
            elif (start, end) != outermost:
                del self.declines[node]

    def all_declines(self) -> Iterator[tuple[cst.CSTNode, Declined]]:
        """What is declined, and what an earlier run has declined for a reason that is not found again."""
        again = {(self.tree.statement_of(node), d.code, d.message) for node, d in self.declines.items()}
        yield from ((node, d) for node, d in self.remembered if (node, d.code, d.message) not in again)
        yield from self.declines.items()

    def finish(self) -> Splicer:
        """Drop the edits inside declined code and nest the rest."""
        self.splicer = Splicer(self.text, self.outside_declines())
        return self.splicer

    def is_declined(self, node: cst.CSTNode) -> bool:
        """Whether a node stands inside declined code."""
        start, end = self.tree.span(node)
        return any(a <= start and end <= b for a, b in map(self.tree.span, self.declines))

    def outside_declines(self) -> list[Edit]:
        """The edits that do not stand inside declined code."""
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted((self.tree.span(node) for node in self.declines), key=lambda s: (s[0], -s[1])):
            # Spans nest or are apart: the outermost ones say it all.
            if not ends or start >= ends[-1]:
                starts.append(start)
                ends.append(end)

        def outside(edit: Edit) -> bool:
            index = bisect_right(starts, edit.start) - 1
            return index < 0 or edit.end > ends[index] or edit.start == edit.end

        return [edit for edit in self.edits if outside(edit)]


def _item_by_item(text: str, one: str) -> str:
    """A sequence with ``one`` for each item; what only repeats the items of another one gives way to that one."""
    repeated = re.fullmatch(r"(tuple\(|\[)(\w+) for \2 in (\w+)[)\]]", text)
    copied = re.fullmatch(r"tuple\((\w+)\)", text)
    items = repeated[3] if repeated else copied[1] if copied else text
    return f"tuple({one} for item in {items})" if text.startswith("tuple(") else f"[{one} for item in {items}]"


def _is_method(pattern: Pat) -> bool:
    return isinstance(pattern, Call) and pattern.api.startswith("torch.Tensor.")


def _main_node(decision: Rewrite) -> cst.CSTNode:
    bound = decision.bindings["x"]
    assert isinstance(bound, Code)
    node: cst.CSTNode = bound.node
    return node


Rewriter = Callable[[Scribe, Any, Replace], str]

__all__ = ["Bound", "LayerSite", "Mapping", "Rewriter", "Scribe"]
