"""The state of one abstract run of a function: its names, and what it records about their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from translator.infer.facts import Conversion, Decision, Declined, Function, Note, Replace
from translator.infer.values import (
    BOTTOM,
    DECLINED,
    UNKNOWN,
    Builtin,
    ClassRef,
    Container,
    FrameworkRef,
    FunctionRef,
    Tensor,
    Value,
    join,
    shares,
    storage,
)

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis


BUILTINS = frozenset(
    "super len range int float bool str list tuple dict set zip enumerate reversed isinstance print sum min max "
    "abs round sorted any all map filter getattr setattr hasattr type id iter next open repr vars "
    "callable divmod pow".split()
)


class Frame:
    """The frame state. Facts go into ``function``; they are those of its last run."""

    def __init__(self, analysis: Analysis, function: Function) -> None:
        self.analysis = analysis
        self.function = function
        self.env: dict[str, Value] = {}
        self.memo: dict[cst.CSTNode, Value] = {}
        self.yields: Value = BOTTOM
        self.smoke = False
        self.returns: list[tuple[cst.BaseExpression | None, Value]] = []
        self.stale: dict[str, str] = {}
        self.again = False

    # recording

    def decide(self, node: cst.CSTNode, decision: Decision) -> None:
        self.function.decisions[node] = decision

    def decline(self, node: cst.CSTNode, code: str, message: str, api: str = "", hint: str = "") -> Value:
        self.function.decisions[node] = Declined(code, message, hint, api)
        return DECLINED

    def note(self, node: cst.CSTNode, code: str, message: str) -> None:
        self.function.notes[node] = Note(code, message)

    def convert(self, node: cst.CSTNode, conversion: Conversion) -> None:
        self.function.conversions[node] = conversion

    # names

    def lookup(self, name: str) -> Value:
        scope: Function | None = self.function
        if name in self.env:
            return self.env[name]
        if name in self.function.local_names:
            return BOTTOM
        while scope is not None and scope.parent is not None and scope.parent.node is not None:
            scope = scope.parent
            if name in scope.local_names or name in scope.parameters:
                self.function.reads.add(("scope", scope.key))
                return _captured(scope.scope.get(name, BOTTOM))
        self.function.reads.add(("global", name))
        if name in self.analysis.rebound:
            return UNKNOWN
        if ("global", name) in self.function.pending:
            return self.function.pending[("global", name)]
        if name in self.analysis.tables.globals:
            return self.analysis.tables.globals[name]
        for module in self.analysis.stars:
            if f"{module}.{name}" in self.analysis.catalog.known:
                return FrameworkRef(self.analysis.catalog.canonical(f"{module}.{name}"))
        return Builtin(name) if name in BUILTINS else UNKNOWN

    def bind(self, name: str, value: Value) -> None:
        self.stale.pop(name, None)
        if self.function.node is None and self.function.owner is None:
            known = self.analysis.tables.globals.get(name)
            if isinstance(known, FrameworkRef) or (isinstance(value, ClassRef | FunctionRef) and known == value):
                # What an import says stands; ``except ImportError: F = None`` takes nothing away.
                return
            self.analysis.write(self.function, ("global", name), value)
        else:
            self.env[name] = value

    def api_of(self, node: cst.CSTNode) -> str | None:
        """The framework name that an expression stands for."""
        if isinstance(node, cst.Name):
            value = self.lookup(node.value)
            return value.api if isinstance(value, FrameworkRef) else None
        if isinstance(node, cst.Attribute):
            base = self.api_of(node.value)
            return self.analysis.catalog.canonical(f"{base}.{node.attr.value}") if base is not None else None
        return None

    def method_of(self, call: cst.Call) -> tuple[str, cst.BaseExpression] | None:
        """A tensor method call as the name of the method and the receiver."""
        if not isinstance(call.func, cst.Attribute) or self.api_of(call.func) is not None:
            return None
        value = self.memo.get(call.func.value, UNKNOWN)
        if isinstance(value, Tensor) and self.analysis.source == "torch":
            return f"torch.Tensor.{call.func.attr.value}", call.func.value
        return None

    def reserve(self, cls: str, attr: cst.Name) -> None:
        """Note the use of an attribute whose name the target's base class reserves."""
        info = self.analysis.tables.classes[cls]
        if info.module and attr.value in self.analysis.reserved:
            self.function.renamed[attr] = attr.value

    def mutate(self, value: Value, by: cst.CSTNode, keep: Sequence[str] = ()) -> None:
        """The storage of ``value`` changes in place: other names of it must not be read any more."""
        if not isinstance(value, Tensor) or value.token is None:
            return
        tokens = storage(value)
        parameters = set(value.origins) | {t.rpartition(":")[2] for t in tokens if isinstance(t, str)}
        if not parameters <= self.function.mutated:
            self.function.mutated |= parameters
            self.analysis.changed(("returned", self.function.key))
        for name, other in self.env.items():
            if name not in keep and shares(other, tokens):
                self.stale[name] = "it shares memory with a tensor that is changed in place above"
        if any(key[0] == "attribute" and shares(kept, tokens) for key, kept in self.function.pending.items()):
            self.decline(by, "T109", "a tensor that is kept in an attribute is changed in place")

    def iterated(self, node: cst.BaseExpression, value: Value) -> None:
        """A container whose elements are taken one by one: keras.Sequential keeps them in ``layers``."""
        if isinstance(value, Container):
            self.analysis.escape_items(value)
            if value.runs and self.analysis.to == "keras":
                self.decide(node, Replace("sequential_items"))

    def merge(self, envs: Sequence[dict[str, Value]]) -> dict[str, Value]:
        """Join environments; a name in two axis orders is forced to source order and the function run again."""
        result: dict[str, Value] = {}
        for name in dict.fromkeys(name for env in envs for name in env):
            values = [env[name] for env in envs if name in env]
            merged = values[0]
            for value in values[1:]:
                merged = self._merge_values(name, merged, value)
            result[name] = merged
        return result

    def _merge_values(self, name: str, left: Value, right: Value) -> Value:
        if isinstance(left, Tensor) and isinstance(right, Tensor) and left.order != right.order:
            big = (left.rank or 4) > 2 and (right.rank or 4) > 2
            if big and left.order is not None and right.order is not None and name not in self.function.forced:
                self.function.forced.add(name)
                self.again = True
            for undecided, other in ((left, right), (right, left)):
                if undecided.order is None and other.order == "moved" and other.rank is not None:
                    for origin in undecided.origins:
                        self.analysis.demand(self.function, origin, "moved", other.rank, "float")
        return join(left, right)


def _captured(value: Value) -> Value:
    """A variable of the enclosing function as a nested one sees it."""
    return replace(value, origins=frozenset(), token=None) if isinstance(value, Tensor) else value
