"""Inference over a file: evaluates every function abstractly until summaries and demands no longer change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import libcst as cst

from translator.catalog.load import Catalog
from translator.infer import finish
from translator.infer.definitions import MODULE, Definitions
from translator.infer.evaluation import evaluate_function
from translator.infer.facts import Function, Key, LayerSite, Tables
from translator.infer.frame import Frame
from translator.infer.values import (
    BOTTOM,
    Container,
    Dim,
    LayerAt,
    Many,
    Order,
    Symbol,
    Tensor,
    Unknown,
    Value,
    join,
    options,
)
from translator.model import Framework, Layout
from translator.resolve.binding import NodeReader
from translator.syntax import Tree, children, literal

_MAX_EVALUATIONS = 12
"""A function evaluated more often has values that keep growing; it is then taken as it stands."""


class Analysis(Definitions):
    """The state of inference over one file. ``run`` fills ``tables``."""

    def __init__(self, catalog: Catalog, source: Framework, to: Framework, layout: Layout) -> None:
        super().__init__(catalog, source, to, layout)
        self._queue: deque[Function] = deque()
        self._queued: set[str] = set()
        self.imports: dict[cst.CSTNode, Tree] = {}
        self.contributions: dict[Key, dict[str, Value]] = {}
        self.written: dict[Key, Value] = {}
        self.starts: dict[cst.CSTNode, Tensor] = {}
        self.uses_framework = True
        self.bound_at: dict[str, tuple[cst.CSTNode, Tree]] = {}
        self.constructions: dict[str, str] = {}
        self.list_attributes: dict[tuple[str, str], list[tuple[Function, cst.BaseExpression]]] = {}
        self.containers: dict[cst.CSTNode, tuple[Function, Container]] = {}
        self.grown: set[cst.CSTNode] = set()
        self.ran: set[cst.CSTNode] = set()

    def run(self, trees: Iterable[Tree]) -> Tables:
        """Collect the file's definitions, evaluate to a fixpoint, and settle what depends on all call sites."""
        self.collect(trees)
        for function in sorted(self.tables.functions.values(), key=_first_evaluated):
            self.enqueue(function)
        self.settle()
        finish.run_containers(self)
        self.settle()
        finish.settle_conversions(self)
        finish.settle_lists(self)
        finish.settle_sites(self)
        return self.tables

    def settle(self) -> None:
        while self._queue:
            function = self._queue.popleft()
            self._queued.discard(function.key)
            if function.evaluations < _MAX_EVALUATIONS:
                function.evaluations += 1
                evaluate_function(self, function)

    def enqueue(self, function: Function) -> None:
        if function.key not in self._queued:
            self._queued.add(function.key)
            self._queue.append(function)

    def changed(self, key: object) -> None:
        """Something that functions read has changed: evaluate its readers again."""
        for function in self.tables.functions.values():
            if key in function.reads:
                self.enqueue(function)

    def attribute(self, cls: str, name: str, reader: Function) -> Value:
        """The value of an instance attribute, joined over the class, its bases and its subclasses in the file."""
        value: Value = BOTTOM
        related = list(dict.fromkeys([*self.ancestry(cls), *self.descendants(cls)]))
        for owner in related:
            key = ("attribute", owner, name)
            reader.reads.add(key)
            value = join(value, self.seen(key, reader))
        return value

    def seen(self, key: Key, reader: Function) -> Value:
        """A written value as the running function sees it: what it has written itself so far, and what others wrote."""
        if key not in reader.pending:
            return self.written.get(key, BOTTOM)
        value = reader.pending[key]
        for writer, other in self.contributions.get(key, {}).items():
            if writer != reader.key:
                value = join(value, other)
        return value

    def write(self, function: Function, key: Key, value: Value) -> None:
        """Note what a function writes; published when its evaluation ends, in place of what it wrote the last time."""
        function.pending[key] = join(function.pending.get(key, BOTTOM), value)

    def publish(self, function: Function) -> None:
        """Make the writes of an evaluation known and evaluate again who reads what has changed."""
        # In the order of the writes: that of a set would differ from run to run.
        for key in dict.fromkeys([*function.pending, *function.contributed]):
            table = self.contributions.setdefault(key, {})
            if key in function.pending:
                table[function.key] = function.pending[key]
            else:
                table.pop(function.key, None)
            joined: Value = BOTTOM
            for value in table.values():
                joined = join(joined, value)
            conflicting = _any_conflict(list(table.values()))
            if joined != self.written.get(key, BOTTOM) or conflicting:
                self.written[key] = joined
                self._published(key, joined, conflicting)
        function.contributed = tuple(function.pending)
        function.pending = {}

    def _published(self, key: Key, value: Value, conflicting: bool) -> None:
        if key[0] == "attribute":
            self.tables.classes[key[1]].attributes[key[2]] = value
            self.changed(key)
        elif key[0] == "global":
            self.tables.globals[key[1]] = value
            self.changed(key)
        else:
            callee = self.tables.functions[key[1]]
            if callee.incoming.get(key[2], BOTTOM) != value:
                callee.incoming[key[2]] = value
                self.enqueue(callee)
            if conflicting and key[2] not in callee.conflicts:
                callee.conflicts.add(key[2])
                self.enqueue(callee)
                self.changed(("parameter", callee.key))

    def pass_argument(self, caller: Function, function: Function, name: str, value: Value) -> None:
        """Join an argument into a parameter of a function of the file."""
        self.write(caller, ("argument", function.key, name), _as_argument(value))

    def demand(self, function: Function, name: str, order: Order, rank: int, dtype: str | None) -> None:
        """An operation inside needs this parameter in an order: its callers must deliver it so."""
        if function.key == MODULE or (not self.moves_boundary and order == "moved"):
            return
        wanted = Tensor(rank, order, None, dtype)
        if function.demands.get(name) != wanted and name not in function.demands:
            function.demands[name] = wanted
            self.enqueue(function)
            self.changed(("parameter", function.key))

    def set_returned(self, function: Function, value: Value) -> None:
        if value != function.returned:
            function.returned = value
            self.changed(("returned", function.key))

    def parameter_order(self, function: Function, name: str) -> Tensor | None:
        """What a parameter has been decided to be, or None while nothing is known."""
        if not self.moves_boundary:
            return None
        if name in function.demands:
            return function.demands[name]
        value = function.incoming.get(name)
        # Callers that hold the source order decide nothing: an operation inside may still demand the other one of them.
        if isinstance(value, Tensor) and value.order == "moved" and name not in function.conflicts:
            return value
        return None

    def site(self, node: cst.Call, function: Function, api: str) -> LayerSite:
        found = self.tables.sites.get(node)
        if found is None:
            found = LayerSite(node, function, api, discovered=len(self.tables.sites))
            self.tables.sites[node] = found
        return found

    def site_order(self, node: cst.CSTNode) -> int:
        """A stable order of sites: the order of discovery."""
        return self.tables.sites[node].discovered

    def site_dim(self, site: LayerSite, node: cst.CSTNode) -> Dim:
        """A dimension given by an argument of a construction site."""
        value = literal(node)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        names = list(_names(node))
        stable = all(n in site.function.parameters and n not in site.function.local_names for n in names)
        if names and stable and _arithmetic(node):
            return Symbol(site.function.tree.text(node), site.function.key)
        return None

    def escape_items(self, container: Container) -> None:
        for item in container.items:
            for option in options(item.item if isinstance(item, Many) else item):
                if isinstance(option, LayerAt):
                    for node in option.sites:
                        self.tables.sites[node].escaped = True

    def made(self, function: Function, value: Value) -> Value:
        """Remember a Sequential, so that one which nothing calls is run all the same."""
        if isinstance(value, Container):
            self.containers[value.site] = (function, value)
        return value

    def reader(self, running: Frame) -> NodeReader:
        return NodeReader(self.catalog.signatures, running.api_of, running.method_of)


def _any_conflict(values: list[Value]) -> bool:
    return any(_orders_conflict(a, b) for i, a in enumerate(values) for b in values[i + 1 :])


def _orders_conflict(left: Value, right: Value) -> bool:
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return {left.order, right.order} == {"source", "moved"} and (left.rank or 4) > 2 and (right.rank or 4) > 2
    return False


def _first_evaluated(function: Function) -> int:
    """Constructors before the methods that read their attributes, and what calls everything else last.

    Fewer functions are then evaluated again.
    """
    if function.node is None:
        return 0 if function.owner is not None else 4
    if function.owner is None:
        return 1
    return 2 if function.name == "__init__" else 3


def _names(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    for child in children(node):
        yield from _names(child)


def _arithmetic(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.BinaryOperation):
        return _arithmetic(node.left) and _arithmetic(node.right)
    return isinstance(node, cst.Name | cst.Integer)


def _as_argument(value: Value) -> Value:
    """A value as the callee sees it: the caller's parameters and storage mean nothing there."""
    if isinstance(value, Tensor):
        # Sizes are dropped: other files may call the function with other ones.
        return Tensor(value.rank, value.order, None, value.dtype)
    return Unknown() if isinstance(value, Unknown) else value
