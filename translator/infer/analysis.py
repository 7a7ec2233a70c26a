"""Inference over a file: evaluates every function abstractly until summaries and demands no longer change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import libcst as cst

from translator.catalog.helpers import normalised
from translator.catalog.load import Catalog
from translator.catalog.pattern import Call, Ref
from translator.catalog.unify import Bound
from translator.catalog.unify import Literal as BoundLiteral
from translator.infer import finish, frame
from translator.infer.facts import ClassInfo, Function, Key, LayerSite, Tables
from translator.infer.values import (
    BOTTOM,
    FOREIGN,
    UNKNOWN,
    ClassRef,
    Container,
    Dim,
    FrameworkRef,
    FunctionRef,
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
from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings, local_names
from translator.syntax import Tree, children, dotted, literal, parameters

MODULE_BASES = {
    "torch": {"torch.nn.Module"},
    "keras": {"keras.Model", "keras.layers.Layer"},
}
MODULE = "<module>"
TRAINING = (
    "torch.optim", "torch.utils.data", "torch.save", "torch.load", "torch.autograd", "torch.Tensor.backward",
    "torch.nn.CrossEntropyLoss", "torch.nn.MSELoss", "torch.nn.NLLLoss", "torch.nn.functional.cross_entropy",
    "torch.nn.functional.nll_loss", "torch.nn.functional.mse_loss", "torch.cuda.amp", "torch.distributed", "torch.manual_seed",
    "keras.optimizers", "keras.losses", "keras.metrics", "keras.callbacks", "keras.datasets", "keras.preprocessing",
    "tf.data", "tf.GradientTape", "tf.optimizers", "tf.losses", "tf.train", "torch.no_grad",
)
TORCH_MODULE_MEMBERS = frozenset(
    "parameters named_parameters modules named_modules children named_children apply to cuda cpu train eval state_dict "
    "load_state_dict register_buffer register_parameter add_module register_forward_hook register_forward_pre_hook "
    "register_full_backward_hook zero_grad requires_grad_ half float double bfloat16 type get_submodule get_parameter "
    "buffers named_buffers share_memory extra_repr compile".split()
)
KERAS_MODULE_MEMBERS = frozenset(
    "add_weight add_loss add_metric compile fit evaluate predict summary save save_weights load_weights weights variables "
    "trainable_weights trainable_variables non_trainable_weights non_trainable_variables trainable losses metrics built "
    "get_weights set_weights get_layer layers inputs outputs input output dtype compute_dtype variable_dtype optimizer "
    "train_step test_step predict_step compute_loss train_on_batch export quantize count_params supports_masking stateful".split()
)
_MAX_EVALUATIONS = 12
"""A function evaluated more often has values that keep growing; it is then taken as it stands."""


class Analysis:
    """The state of inference over one file. ``run`` fills ``tables``."""

    def __init__(self, catalog: Catalog, source: Framework, to: Framework, layout: Layout) -> None:
        self.catalog = catalog
        self.source: Framework = source
        self.to: Framework = to
        self.layout: Layout = layout
        self.moves_boundary = layout == ("channels_last" if to == "keras" else "channels_first")
        self.tables = Tables()
        self.trees: list[Tree] = []
        self._queue: deque[Function] = deque()
        self._queued: set[str] = set()
        self._ancestry: dict[str, list[str]] = {}
        self.imports: dict[cst.CSTNode, Tree] = {}
        self.contributions: dict[Key, dict[str, Value]] = {}
        self.written: dict[Key, Value] = {}
        self.starts: dict[cst.CSTNode, Tensor] = {}
        self.uses_framework = True
        self.stars: list[str] = []
        self.bound_at: dict[str, tuple[cst.CSTNode, Tree]] = {}
        self.constructions: dict[str, str] = {}
        self.list_attributes: dict[tuple[str, str], list[tuple[Function, cst.BaseExpression]]] = {}
        self.containers: dict[cst.CSTNode, tuple[Function, Container]] = {}
        self.grown: set[cst.CSTNode] = set()
        self.ran: set[cst.CSTNode] = set()
        self.helper_definitions: dict[cst.CSTNode, Tree] = {}
        self.reserved = catalog.reserved.get(to, frozenset())

    # tables

    def run(self, trees: Iterable[Tree]) -> Tables:
        """Collect the file's definitions, evaluate to a fixpoint, and settle what depends on all call sites."""
        self.trees = list(trees)
        body = Function(MODULE, None, self.trees[0])
        self.tables.functions[MODULE] = body
        self.tables.globals.update({"__name__": UNKNOWN})
        for tree in self.trees:
            for statement in tree.module.body:
                self._collect(statement, tree, body)
        self._mark_modules()
        self._ancestry = {name: self._find_ancestry(name) for name in self.tables.classes}
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
                frame.evaluate(self, function)

    def enqueue(self, function: Function) -> None:
        if function.key not in self._queued:
            self._queued.add(function.key)
            self._queue.append(function)

    def changed(self, key: object) -> None:
        """Something that functions read has changed: evaluate its readers again."""
        for function in self.tables.functions.values():
            if key in function.reads:
                self.enqueue(function)

    def _collect(self, statement: cst.CSTNode, tree: Tree, body: Function) -> None:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef) and self._is_helper(statement, tree):
            return
        if isinstance(statement, cst.FunctionDef):
            self.add_function(statement, tree, statement.name.value, None, body)
            self.tables.globals[statement.name.value] = FunctionRef(statement.name.value)
        elif isinstance(statement, cst.ClassDef):
            self._collect_class(statement, tree, body)
        elif isinstance(statement, cst.If | cst.Try | cst.With):
            for child in _suites(statement):
                for inner in child.body:
                    self._collect(inner, tree, body)
        elif isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Import | cst.ImportFrom):
                    for name, origin, star in import_bindings(small):
                        value = self.imported(origin)
                        if not star:
                            self.tables.globals[name] = value
                        elif isinstance(value, FrameworkRef):
                            self.stars.append(value.api)

    def _is_helper(self, node: cst.FunctionDef | cst.ClassDef, tree: Tree) -> bool:
        """Whether a definition is a helper of ours, unedited: it then stands for what it helps to express."""
        helper = self.catalog.helpers.get(f"helpers.{self.source}.{node.name.value}")
        if helper is None or normalised(tree.text(node)) != normalised(helper.text):
            return False
        self.helper_definitions[node] = tree
        self.tables.globals[node.name.value] = FrameworkRef(helper.name)
        return True

    def imported(self, origin: str) -> Value:
        """The value of an imported name."""
        if FRAMEWORK_ROOTS.get(origin.split(".")[0]) == self.source:
            return FrameworkRef(self.catalog.canonical(origin))
        return FOREIGN

    def add_function(
        self, node: cst.FunctionDef, tree: Tree, key: str, owner: str | None, parent: Function | None
    ) -> Function:
        names = tuple(p.name.value for p in parameters(node))
        function = Function(key, node, tree, owner, parent, names, local_names(node, tree.holds(":=")))
        self.tables.functions[key] = function
        return function

    def _collect_class(self, node: cst.ClassDef, tree: Tree, body: Function) -> None:
        name = node.name.value
        info = ClassInfo(name, node, tree)
        info.body = Function(f"{name}.<class>", None, tree, name, body)
        self.tables.functions[info.body.key] = info.body
        self.tables.classes[name] = info
        self.tables.globals[name] = ClassRef(name)
        if isinstance(node.body, cst.IndentedBlock):
            for statement in node.body.body:
                if isinstance(statement, cst.FunctionDef):
                    method = self.add_function(statement, tree, f"{name}.{statement.name.value}", name, body)
                    info.methods[statement.name.value] = method

    def _mark_modules(self) -> None:
        for info in self.tables.classes.values():
            own, framework = [], []
            for arg in info.node.bases:
                value = self.global_value(dotted(arg.value) or "")
                if isinstance(value, ClassRef):
                    own.append(value.name)
                elif isinstance(value, FrameworkRef):
                    framework.append(value.api)
            info.bases, info.framework_bases = tuple(own), tuple(framework)
        for info in self.tables.classes.values():
            info.module = any(
                set(self.tables.classes[c].framework_bases) & MODULE_BASES[self.source] for c in self.ancestry(info.name)
            )

    def global_value(self, name: str) -> Value:
        """The value of a dotted global name."""
        head, *rest = name.split(".")
        value = self.tables.globals.get(head, UNKNOWN)
        for part in rest:
            value = FrameworkRef(self.catalog.canonical(f"{value.api}.{part}")) if isinstance(value, FrameworkRef) else UNKNOWN
        return value

    # classes

    def ancestry(self, name: str) -> list[str]:
        """The class and its bases within the file, nearest first."""
        return self._ancestry.get(name) or self._find_ancestry(name)

    def _find_ancestry(self, name: str) -> list[str]:
        result: list[str] = []
        stack = [name]
        while stack:
            current = stack.pop(0)
            if current in self.tables.classes and current not in result:
                result.append(current)
                stack.extend(self.tables.classes[current].bases)
        return result

    def descendants(self, name: str) -> list[str]:
        return [c for c in self.tables.classes if name in self.ancestry(c)]

    def find_method(self, cls: str, name: str) -> Function | None:
        for ancestor in self.ancestry(cls):
            method = self.tables.classes[ancestor].methods.get(name)
            if method is not None:
                return method
        return None

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
        for key in function.contributed | set(function.pending):
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
        function.contributed = set(function.pending)
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

    # functions

    def pass_argument(self, caller: Function, function: Function, name: str, value: Value) -> None:
        """Join an argument into a parameter of a function of the file."""
        self.write(caller, ("argument", function.key, name), _as_argument(value))

    def demand(self, function: Function, name: str, order: Order, rank: int, dtype: str | None) -> None:
        """An operation inside needs this parameter in an order: its callers must deliver it so."""
        if function.key == MODULE or not self.moves_boundary and order == "moved":
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
        if name in function.demands:
            return function.demands[name]
        value = function.incoming.get(name)
        # Callers that hold the source order decide nothing: an operation inside may still demand the other one of them.
        if isinstance(value, Tensor) and value.order == "moved" and name not in function.conflicts:
            return value
        return None

    def site(self, node: cst.Call, function: Function, api: str) -> LayerSite:
        return self.tables.sites.setdefault(node, LayerSite(node, function, api))

    def site_order(self, node: cst.CSTNode) -> int:
        """A stable order of sites: the order of discovery."""
        return next(i for i, key in enumerate(self.tables.sites) if key is node)

    def site_dim(self, site: LayerSite, node: cst.CSTNode) -> Dim:
        """A dimension given by an argument of a construction site."""
        value = literal(node)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        names = [n for n in _names(node)]
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

    def container_rules(
        self, container: Container | LayerAt
    ) -> tuple[dict[str, str | None], dict[str, str | None], dict[str, int | None]]:
        """Input rules, output rules and ranks of a Sequential that stands alone."""
        from translator.infer import layers, models

        running = frame.Frame(self, self.tables.functions[MODULE])
        entering, leaving = layers.container_signature(running, container)
        name = "input" if self.source == "torch" else "inputs"
        moved = entering.order == "moved" and entering.rank is not None
        rule = models.rule(self, entering.rank) if moved and entering.rank is not None else None
        return {name: rule}, models.leaves(self, leaving), {name: entering.rank}

    def has_attribute(self, cls: str, name: str) -> bool:
        related = (*self.ancestry(cls), *self.descendants(cls))
        return any(name in self.tables.classes[c].attributes for c in related)

    def renamed(self, name: str) -> str:
        """The name that takes the place of a reserved one."""
        return f"{name}_" if name in self.reserved else name

    # names of the other side

    def channels_last_source(self, bindings: Mapping[str, Bound]) -> bool:
        """Whether a spatial operation of the source works on channels-last tensors."""
        if self.source == "torch":
            return False
        layout, channel = bindings.get("LAYOUT"), bindings.get("CHANNEL")
        if isinstance(layout, BoundLiteral) and layout.value == "channels_first":
            return False
        return not (isinstance(channel, BoundLiteral) and channel.value == 1)

    def target_channels_last(self, order: Order | None) -> bool:
        """Whether a spatial operation in this order works on channels-last tensors in the target."""
        return self.to == "keras" and (order == "moved" if self.source == "torch" else True)

    def reference_target(self, api: str) -> str | None:
        """The counterpart of a bare name, from entries that pair names."""
        for alternative in self.catalog.alternatives(self.source, api):
            if isinstance(alternative.pattern, Ref):
                other = alternative.case.keras if self.to == "keras" else alternative.case.torch
                return other[0].api if isinstance(other[0], Ref) else None
        return None

    def annotation_target(self, api: str) -> str | None:
        """The counterpart of a name in a type hint: also a mapped class stands for its counterpart's class."""
        found = self.reference_target(api)
        if found is not None:
            return found
        if api in MODULE_BASES[self.source]:
            return "keras.layers.Layer" if self.to == "keras" else "torch.nn.Module"
        for alternative in self.catalog.alternatives(self.source, api):
            other = alternative.case.keras if self.to == "keras" else alternative.case.torch
            if isinstance(other[0], Call):
                # With a layer of padding beside it, it becomes a Sequential.
                return "keras.layers.Layer" if self.to == "keras" and any(c.around for c in alternative.entry.cases) else other[0].api
        return {"torch.nn.Sequential": "keras.Sequential", "keras.Sequential": "torch.nn.Sequential"}.get(api)

    def is_namespace(self, api: str) -> bool:
        return any(name.startswith(f"{api}.") for name in self.catalog.mapped(self.source))

    def missing_code(self, api: str) -> str:
        """T106 for training and data code, else T101."""
        return "T106" if any(api == p or api.startswith(f"{p}.") or api.startswith(p) and p.endswith("Loss") for p in TRAINING) else "T101"

    @property
    def module_base(self) -> str:
        return "nn.Module" if self.source == "torch" else "keras.Model"

    @property
    def module_members(self) -> frozenset[str]:
        return TORCH_MODULE_MEMBERS if self.source == "torch" else KERAS_MODULE_MEMBERS

    def reader(self, running: frame.Frame) -> NodeReader:
        return NodeReader(self.catalog.signatures, running.api_of, running.method_of)


def _suites(statement: cst.If | cst.Try | cst.With) -> list[cst.BaseSuite]:
    result: list[cst.BaseSuite] = [statement.body]
    if isinstance(statement, cst.If) and statement.orelse is not None:
        result += _suites(statement.orelse) if isinstance(statement.orelse, cst.If) else [statement.orelse.body]
    if isinstance(statement, cst.Try):
        result += [handler.body for handler in statement.handlers]
        result += [part.body for part in (statement.orelse, statement.finalbody) if part is not None]
    return [suite for suite in result if isinstance(suite, cst.IndentedBlock)]


def _any_conflict(values: list[Value]) -> bool:
    return any(_orders_conflict(a, b) for i, a in enumerate(values) for b in values[i + 1 :])


def _orders_conflict(left: Value, right: Value) -> bool:
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return {left.order, right.order} == {"source", "moved"} and (left.rank or 4) > 2 and (right.rank or 4) > 2
    return False


def _first_evaluated(function: Function) -> int:
    """Constructors before the methods that read their attributes, and what calls everything else last: fewer repetitions."""
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
