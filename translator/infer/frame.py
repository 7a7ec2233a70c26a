"""The state of one abstract run of a function: its names, and what it records about their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from translator.infer.direction import FORWARD
from translator.infer.facts import Conversion, Decision, Declined, Function, Note, Replace
from translator.infer.joins import join, join_all
from translator.infer.values import (
    BOTTOM,
    DECLINED,
    UNKNOWN,
    Builtin,
    ClassRef,
    Container,
    FrameworkRef,
    FunctionRef,
    Instance,
    OneOf,
    Tensor,
    Value,
    conflict,
    shares,
    storage,
)

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis


BUILTINS = frozenset(
    "super len range int float bool str list tuple dict set zip enumerate reversed isinstance print sum min max "
    "abs round sorted any all map filter getattr setattr hasattr type id iter next open repr vars "
    "callable divmod pow __import__".split()
)


ELEMENTS = "<elements>"
"""Where a class that derives from Sequential keeps its elements: no name that a program could have."""


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
        self.bare: cst.CSTNode | None = None
        """The call that stands as a statement of its own."""
        self.assigning: cst.CSTNode | None = None
        """The assignment, of one target, that is being evaluated."""

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
                self.analysis.watch(self.function, ("scope", scope.key))
                return _captured(scope.scope.get(name, BOTTOM))
        if ("global", name) in self.function.pending and name not in self.analysis.rebound:
            return self.function.pending[("global", name)]
        self.analysis.watch(self.function, ("global", name))
        if name in self.analysis.rebound:
            return UNKNOWN
        if name in self.analysis.tables.globals:
            return self.analysis.tables.globals[name]
        starred = self.analysis.star_value(name) if name not in BUILTINS else None
        if starred is not None:
            return starred
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

    def is_spelled(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a framework name as an import makes it known, not a variable that holds one."""
        root = node
        while isinstance(root, cst.Attribute):
            root = root.value
        if not isinstance(root, cst.Name) or root.value in self.function.parameters:
            return False
        if isinstance(node, cst.Attribute):
            return isinstance(self.lookup(root.value), FrameworkRef)
        name = root.value
        own = name in self.function.local_names or name in self.analysis.bound_at
        return name in self.analysis.imported_names or (bool(self.analysis.stars) and not own)

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
        for name, other in self.env.items():
            if name not in keep and shares(other, tokens):
                self.stale[name] = "it shares memory with a tensor that is changed in place above"
        if any(key[0] == "attribute" and shares(kept, tokens) for key, kept in self.function.pending.items()):
            self.decline(by, "T109", "a tensor that is kept in an attribute is changed in place")

    def iterated(self, node: cst.BaseExpression, value: Value) -> None:
        """A container whose elements are taken one by one: keras.Sequential keeps them in ``layers``."""
        if isinstance(value, Container):
            self.analysis.escape_items(value)
            self.analysis.indexed.add(value.site)
            decision = self.function.decisions.get(node)
            if isinstance(decision, Replace) and decision.rewriter == "sequential_slice":
                self.decide(node, replace(decision, data="items"))
            elif value.runs and self.analysis.to == "keras":
                self.decide(node, Replace("sequential_items"))

    def elements(self, cls: str) -> Value:
        """The elements of a class that derives from Sequential, as a container."""
        return self.env.get(ELEMENTS) or self.analysis.attribute(cls, ELEMENTS, self.function)

    def sequence(self, value: Value, runs: bool = True) -> Value:
        """An instance of a class that derives from Sequential as the container that it is; other values as they are.

        Where it ``runs``, one with a forward of its own stays what it is.
        """
        if isinstance(value, Instance):
            info = self.analysis.tables.classes[value.cls]
            own = runs and self.analysis.find_method(value.cls, FORWARD[self.analysis.source]) is not None
            return self.elements(value.cls) if info.sequential and not own else value
        if isinstance(value, OneOf):
            return join_all(tuple(self.sequence(option, runs) for option in value.options))
        return value

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
        if isinstance(left, Tensor) and isinstance(right, Tensor):
            if conflict(left, right) and name not in self.function.forced:
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
