"""Inference over a file: evaluates every function abstractly until summaries and demands no longer change."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator

import libcst as cst

from translator.catalog.load import Catalog
from translator.infer import finish
from translator.infer.annotations import FORWARD, entry
from translator.infer.definitions import MODULE, Definitions
from translator.infer.evaluation import Demanded, evaluate_function
from translator.infer.factories import Given, Group, settle_factories
from translator.infer.facts import Function, Key, LayerSite, Tables
from translator.infer.frame import Frame
from translator.infer.joins import join
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
    conflict,
    options,
)
from translator.infer.values import Mapping as MappingValue
from translator.model import Framework, Layout
from translator.resolve.binding import NodeReader
from translator.syntax import Tree, children, literal

_MAX_EVALUATIONS = 12
"""A function evaluated more often has values that keep growing; it is then taken as it stands."""


class Analysis(Definitions):
    """The state of inference over one file. ``run`` fills ``tables``."""

    def __init__(self, catalog: Catalog, source: Framework, to: Framework, layout: Layout) -> None:
        super().__init__(catalog, source, to, layout)
        self._queue: list[tuple[tuple[int, int, int], int, Function]] = []
        self._places: dict[str, int] = {}
        self._turn = 0
        self._related: dict[str, tuple[str, ...]] = {}
        self.running: Function | None = None
        self._queued: set[str] = set()
        self._stale: set[str] = set()
        self._readers: dict[Hashable, dict[str, tuple[Function, int, Value | None]]] = {}
        self.imports: dict[cst.CSTNode, Tree] = {}
        self.contributions: dict[Key, dict[str, Value]] = {}
        self.written: dict[Key, Value] = {}
        self.starts: dict[cst.CSTNode, Tensor] = {}
        self.uses_framework = True
        self.bound_at: dict[str, tuple[cst.CSTNode, Tree]] = {}
        self.constructions: dict[str, str] = {}
        self.list_attributes: dict[tuple[str, str], list[tuple[Function, cst.BaseExpression]]] = {}
        self.containers: dict[cst.CSTNode, tuple[Function, Container]] = {}
        self.grown: dict[cst.CSTNode, int] = {}
        """Sequentials that get further elements, and how many they begin with."""
        self.ran: set[cst.CSTNode] = set()
        self.partials: dict[cst.CSTNode, Given] = {}
        self.spelled_out: dict[tuple[cst.CSTNode, str | cst.CSTNode], cst.Call] = {}
        """Calls of what comes as a value, with the name of what it may be."""
        self.factories: dict[str | cst.CSTNode, Group] = {}
        self.patterned = False
        """Whether some attributes have names that are made at run time."""
        self.indexed: set[cst.CSTNode] = set()
        """Containers that are taken apart, whose elements must keep their places."""
        self.settings: set[str] = set()
        """Attributes of configurations that layers take as sizes: ``config.width``."""
        self.variables: set[cst.CSTNode] = set()
        """Where parameters and buffers are made."""

    def run(self, trees: Iterable[Tree]) -> Tables:
        """Collect the file's definitions, evaluate to a fixpoint, and settle what depends on all call sites."""
        self.collect(trees)
        for function in self.tables.functions.values():
            self.enqueue(function)
        self.settle()
        finish.run_containers(self)
        self.settle()
        finish.settle_conversions(self)
        finish.settle_lists(self)
        finish.settle_sites(self)
        settle_factories(self)
        finish.settle_builds(self)
        return self.tables

    def settle(self) -> None:
        while self._queue:
            _, _, function = heapq.heappop(self._queue)
            self._queued.discard(function.key)
            stale = function.key in self._stale or not function.evaluations
            self._stale.discard(function.key)
            if not stale and entry(self, function) == function.entered:
                # Other arguments, which the annotation or the order that is decided makes the same value.
                continue
            if function.evaluations < _MAX_EVALUATIONS:
                function.evaluations += 1
                self.running = function
                evaluate_function(self, function)
                self.running = None

    def enqueue(self, function: Function) -> None:
        """Evaluate a function again: what it reads has changed."""
        self._stale.add(function.key)
        self._enter_again(function)

    def _enter_again(self, function: Function) -> None:
        """Evaluate a function again if its parameters have changed."""
        if function.key not in self._queued:
            self._queued.add(function.key)
            self._turn += 1
            heapq.heappush(self._queue, (self._precedence(function), self._turn, function))

    def _precedence(self, function: Function) -> tuple[int, int, int]:
        """What is evaluated first: what others read, so that fewer functions are evaluated again.

        Builders of layers come before constructors, which read what they return; the constructors of whole models
        before those of their blocks, which get arguments from them; calls last, the blocks' before the models'.
        """
        place = self._places.setdefault(function.owner or function.key, len(self._places))
        if function.node is None:
            return (0, place, 0) if function.owner is not None else (4, 0, 0)
        if function.owner is None:
            return 1, place, 0
        if function.name in FORWARD.values():
            return 3, place, 0
        return 2, -place, 0 if function.name == "__init__" else 1

    def changed(self, key: Hashable, value: Value | None = None) -> None:
        """What ``key`` names has changed: evaluate again who reads it, and has not seen this very value."""
        for function, _, seen in self._readers.get(key, {}).values():
            if value is None or seen != value:
                self.enqueue(function)

    def watch(self, reader: Function, key: Hashable, value: Value | None = None) -> None:
        """Note that a function reads what ``key`` names, and which value it sees; None where that says too little."""
        readers = self._readers.setdefault(key, {})
        known = readers.get(reader.key)
        if known is not None and known[1] == reader.evaluations and known[2] != value:
            # Read twice with a write between the two.
            value = None
        readers[reader.key] = (reader, reader.evaluations, value)

    def attribute(self, cls: str, name: str, reader: Function) -> Value:
        """The value of an instance attribute, joined over the class, its bases and its subclasses in the file."""
        value: Value = BOTTOM
        related = self._related.get(cls)
        if related is None:
            related = self._related[cls] = tuple(dict.fromkeys([*self.ancestry(cls), *self.descendants(cls)]))
        for owner in related:
            key = ("attribute", owner, name)
            seen = self.seen(key, reader)
            self.watch(reader, key, seen)
            value = join(value, seen)
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
            conflicting = len(table) > 1 and _any_conflict(list(table.values()))
            if joined != self.written.get(key, BOTTOM) or conflicting:
                self.written[key] = joined
                self._published(key, joined, conflicting)
        function.contributed = tuple(function.pending)
        function.pending = {}

    def _published(self, key: Key, value: Value, conflicting: bool) -> None:
        if key[0] == "attribute":
            self.tables.classes[key[1]].attributes[key[2]] = value
            self.changed(key, value)
        elif key[0] == "global":
            if self.tables.globals.get(key[1]) != value:
                self.tables.globals[key[1]] = value
                self.changed(key)
        else:
            callee = self.tables.functions[key[1]]
            if callee.incoming.get(key[2], BOTTOM) != value:
                callee.incoming[key[2]] = value
                self._enter_again(callee)
            if conflicting and key[2] not in callee.conflicts:
                callee.conflicts.add(key[2])
                self._enter_again(callee)
                self.changed(("parameter", callee.key))

    def pass_argument(self, caller: Function, function: Function, name: str, value: Value) -> None:
        """Join an argument into a parameter of a function of the file."""
        self.write(caller, ("argument", function.key, name), _as_argument(value))

    def demand(self, function: Function, name: str, order: Order, rank: int, dtype: str | None) -> None:
        """An operation inside needs this parameter in an order: its callers must deliver it so."""
        if function.key == MODULE or (not self.moves_boundary and order == "moved"):
            return
        # Only operations on images demand a moved order.
        wanted = Tensor(rank, order, None, dtype or ("float" if order == "moved" else None))
        if function.demands.get(name) != wanted and name not in function.demands:
            function.demands[name] = wanted
            self.changed(("parameter", function.key))
            if function is self.running:
                # What has been evaluated so far is little, since operations demand what they meet first.
                raise Demanded
            self._enter_again(function)

    def demand_float(self, function: Function, name: str) -> None:
        """An operation inside needs this parameter to be a tensor of floats, whatever callers are known to pass."""
        if name not in function.floats:
            function.floats.add(name)
            if function is self.running:
                raise Demanded
            self._enter_again(function)

    def demand_size(self, function: Function, name: str) -> None:
        """A layer inside takes this parameter as a size."""
        if name not in function.sizes:
            function.sizes.add(name)
            self.changed(("parameter", function.key))
            if function is self.running:
                raise Demanded
            self._enter_again(function)

    def set_returned(self, function: Function, value: Value) -> None:
        if value != function.returned:
            function.returned = value
            self.changed(("returned", function.key), value)

    def parameter_order(self, function: Function, name: str) -> Tensor | None:
        """What a parameter has been decided to be, or None while nothing is known."""
        if name in function.demands:
            return function.demands[name]
        if not self.moves_boundary:
            return None
        value = function.incoming.get(name)
        # Callers that hold the source order decide nothing: an operation inside may still demand the other one of them.
        if isinstance(value, Tensor) and value.order == "moved" and name not in function.conflicts:
            return value
        return None

    def site(self, node: cst.Call, function: Function, api: str) -> LayerSite:
        found = self.tables.sites.get(node)
        if found is None:
            found = LayerSite(node, function, api, start=function.tree.start_of(node))
            self.tables.sites[node] = found
        return found

    def site_order(self, node: cst.CSTNode) -> int:
        """A stable order of sites: that of the text."""
        return self.tables.sites[node].start

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
                        self.tables.sites[node].taken = True

    def made(self, function: Function, value: Value) -> Value:
        """Remember a Sequential, so that one which nothing calls is run all the same."""
        if isinstance(value, Container):
            self.containers[value.site] = (function, value)
        return value

    def reader(self, running: Frame) -> NodeReader:
        return NodeReader(self.catalog.signatures, running.api_of, running.method_of)


def _any_conflict(values: list[Value]) -> bool:
    tensors = [value for value in values if isinstance(value, Tensor)]
    return any(conflict(a, b) for i, a in enumerate(tensors) for b in tensors[i + 1 :])


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
    if isinstance(value, MappingValue):
        return MappingValue(tuple((k, _as_argument(v)) for k, v in value.items), _as_argument(value.rest))
    return Unknown() if isinstance(value, Unknown) else value
