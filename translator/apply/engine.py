"""Decisions to edits: one edit per decided node, one diagnostic per decline, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from translator.apply.arguments import Source
from translator.apply.code import Unwritable, atom, tuple_text
from translator.apply.creation import composed, permuted
from translator.apply.forest import Forest
from translator.apply.writer import Writer
from translator.catalog.pattern import Call, Pat, holes
from translator.catalog.unify import Bound, Code
from translator.emit.names import Names
from translator.emit.splice import Edit, Splicer
from translator.infer.analysis import Analysis
from translator.infer.dims import inverse, moved_axes
from translator.infer.facts import Conversion, Decision, Declined, Function, LayerSite, Replace, Rewrite

_KEEPS_PARENTHESES = (cst.Tuple, cst.GeneratorExp, cst.NamedExpr, cst.Yield, cst.Lambda)


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
    uses: list[tuple[cst.CSTNode, str, str, str]] = field(default_factory=list)
    splicer: Splicer | None = None
    late: bool = False
    helper_edits: dict[cst.CSTNode, Edit] = field(default_factory=dict)

    # text

    @property
    def newline(self) -> str:
        return self.tree.newline

    def keep_needed_helpers(self, used: set[str]) -> bool:
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
        """The definitions of the helpers in use, with the imports they need, those that others call first."""
        helpers = self.analysis.catalog.helpers
        wanted: list[str] = []

        def need(name: str) -> None:
            helper = helpers[name]
            for other in helpers.values():
                short = other.name.rsplit(".", 1)[1]
                if other.side == helper.side and other.name != name and re.search(rf"\b{short}\(", helper.text):
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
        start, end = self.tree.outer(node) if isinstance(node, _KEEPS_PARENTHESES) else self.tree.span(node)
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
        separators = [self.text[bounds[i][1] : bounds[i + 1][0]] for i in range(len(bounds) - 1)]
        return Source(call.args, separators, self.text[opening : bounds[0][0]], self.text[bounds[-1][1] : end - 1])

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
        if isinstance(decision, Replace) and decision.rewriter == "drop_argument":
            self.add(*self._argument_with_comma(start, end), "")
            return
        if isinstance(decision, Replace) and decision.rewriter == "drop_statement":
            self.drop_statement(node)
            return

        def render() -> str:
            return self._text(node, decision, conversion) if unpack is None else self._unpack(node, unpack)

        edit = self.add(start, end, render)
        self.by_node[node] = edit

    def drop_statement(self, node: cst.CSTNode) -> None:
        """Remove the statement that holds a node, its comment excepted; a block must not be left empty."""
        statement = self.tree.statement_of(node)
        comment = self.tree.trailing_comment(statement)
        if self.tree.only_statement(statement) or comment is not None:
            text = "pass" if self.tree.only_statement(statement) else ""
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
            one = self.convert("item", replace(conversion, each=False))
            if re.fullmatch(r"tuple\((\w+)\)", text):
                return f"tuple({one} for item in {text[6:-1]})"
            return f"tuple({one} for item in {text})" if text.startswith("tuple(") else f"[{one} for item in {text}]"
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

    def writer(self, decision: Rewrite, this: str = "") -> Writer:
        analysis = self.analysis
        return Writer(
            self.names,
            analysis.catalog.signatures,
            self.text_of,
            decision.alternative.entry,
            decision.bindings,
            analysis.to,
            decision.order,
            decision.rank,
            decision.axes,
            analysis.target_channels_last(decision.order),
            this,
            self._required(decision),
        )

    def _required(self, decision: Rewrite) -> tuple[str, ...]:
        """The parameters that the source API cannot be called without."""
        pattern = decision.alternative.pattern
        signature = self.analysis.catalog.signatures.get(pattern.api) if isinstance(pattern, Call) else None
        if signature is None or not signature.overloads or not isinstance(pattern, Call):
            return ()
        return tuple(p.name for p in signature.overloads[pattern.overload] if p.required)

    def target(self, decision: Rewrite) -> Pat:
        case = decision.alternative.case
        spellings = case.keras if self.analysis.to == "keras" else case.torch
        for spelling in spellings:
            names = [hole.name for hole in holes(spelling)]
            repeated = {name for name in names if names.count(name) > 1}
            if all(_is_plain(decision.bindings.get(name)) for name in repeated):
                return spelling
        return spellings[0]

    def rewrite(self, node: cst.CSTNode, decision: Rewrite) -> str:
        """The target text of a matched call."""
        from translator.apply.rewriters import layers

        source = self.source_of(node) if isinstance(node, cst.Call) else Source()
        target = self.target(decision)
        site = self.analysis.tables.sites.get(node)
        if self._is_identity(decision):
            return self.text_of(_main_node(decision))
        try:
            text = self.writer(decision).write(target, source if isinstance(target, Call) else None)
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
        for node, (start, end) in spans.items():
            if any(a <= start and end <= b and (a, b) != (start, end) for a, b in spans.values()):
                del self.declines[node]

    def finish(self) -> Splicer:
        """Drop the edits inside declined code and nest the rest."""
        keep = [e for e in self.edits if not self.inside_decline(e)]
        self.splicer = Splicer(self.text, keep)
        return self.splicer

    def inside_decline(self, edit: Edit) -> bool:
        for node in self.declines:
            start, end = self.tree.span(node)
            if start <= edit.start and edit.end <= end and edit.start != edit.end:
                return True
        return False


def _is_plain(bound: Bound | None) -> bool:
    """Whether a value may be written twice: a name or an attribute, not a computation."""
    node = getattr(bound, "node", None)
    while isinstance(node, cst.Attribute):
        node = node.value
    return node is None or isinstance(node, cst.Name)


def _main_node(decision: Rewrite) -> cst.CSTNode:
    bound = decision.bindings["x"]
    assert isinstance(bound, Code)
    node: cst.CSTNode = bound.node
    return node


Rewriter = Callable[[Scribe, Any, Replace], str]

__all__ = ["Bound", "LayerSite", "Mapping", "Rewriter", "Scribe"]
