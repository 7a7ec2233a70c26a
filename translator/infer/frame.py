"""One abstract run of a function: its environment, its statements, and what it records about their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from translator.infer import annotations, expressions
from translator.infer.facts import Conversion, Decision, Declined, Function, Note, Replace
from translator.infer.values import (
    BOTTOM,
    DECLINED,
    NONE,
    UNKNOWN,
    Bottom,
    Builtin,
    ClassRef,
    Const,
    Container,
    FrameworkRef,
    FunctionRef,
    Instance,
    Items,
    LayerAt,
    ListMethod,
    Many,
    Mapping,
    Merge,
    Number,
    Shape,
    Tensor,
    TensorMethod,
    Training,
    Unknown,
    Value,
    element,
    join,
)
from translator.resolve.names import import_bindings
from translator.syntax import children, literal, parameters, same_code

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis

BUILTINS = frozenset(
    "super len range int float bool str list tuple dict set zip enumerate reversed isinstance print sum min max abs round "
    "sorted any all map filter getattr setattr hasattr type id iter next open repr vars callable divmod pow".split()
)


class Frame:
    """The running state. Facts go into ``function``; they are those of its last run."""

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
            if isinstance(value, FrameworkRef | ClassRef | FunctionRef) and known == value:
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
        value = expressions.evaluate(self, call.func.value, quiet=True)
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
        self.function.mutated |= value.origins
        for name, other in self.env.items():
            if name not in keep and isinstance(other, Tensor) and other.token == value.token:
                self.stale[name] = "it shares memory with a tensor that is changed in place above"

    # statements

    def run(self, body: Sequence[cst.CSTNode]) -> None:
        for statement in body:
            self.statement(statement)

    def suite(self, suite: cst.BaseSuite) -> None:
        self.run(suite.body)

    def statement(self, node: cst.CSTNode) -> None:
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(self, node)
        else:
            for child in children(node):
                if isinstance(child, cst.BaseExpression):
                    expressions.evaluate(self, child)

    def assign(self, target: cst.BaseExpression, value: Value, source: cst.BaseExpression | None) -> None:
        match target:
            case cst.Name(value=name):
                if name in self.function.forced and source is not None and isinstance(value, Tensor):
                    from translator.infer.orders import require

                    value = require(self, source, value, "source")
                self.bind(name, value)
                if self.function.node is None and self.function.owner is None and not self.smoke:
                    self.analysis.bound_at[name] = (target, self.function.tree)
            case cst.Attribute(value=base, attr=attr):
                self._assign_attribute(target, base, attr.value, value, source)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                self._unpack(target, elements, value, source)
            case cst.Subscript():
                self._assign_item(target, value)
            case cst.StarredElement(value=inner):
                self.assign(inner, UNKNOWN, None)

    def _assign_attribute(
        self, target: cst.Attribute, base: cst.BaseExpression, name: str, value: Value, source: cst.BaseExpression | None
    ) -> None:
        owner = expressions.evaluate(self, base)
        if isinstance(owner, Instance):
            self.reserve(owner.cls, target.attr)
            if isinstance(value, Merge) and value.site is source:
                self.decide(target, Replace("drop_statement", self.function.merges.get(source, "")))
            if self.analysis.source == "keras" and isinstance(source, cst.List | cst.ListComp | cst.Call) and isinstance(value, Items | Many):
                self.analysis.list_attributes.setdefault((owner.cls, name), []).append((self.function, source))
            if isinstance(value, LayerAt) and source in value.sites:
                site = self.analysis.tables.sites.get(source)
                if site is not None:
                    site.role, site.attribute = "attribute", name
            elif source is not None:
                expressions.escape(self, value)
            if isinstance(value, Tensor) and value.order == "moved" and source is not None:
                from translator.infer.orders import require

                value = require(self, source, value, "source")
            self.analysis.write(self.function, ("attribute", owner.cls, name), value)
        elif isinstance(owner, Tensor | FrameworkRef) or (isinstance(owner, LayerAt | Container)):
            self.decline(target, "T109", f"assignment to .{name} of a framework object")

    def _unpack(
        self,
        target: cst.Tuple | cst.List,
        elements: Sequence[cst.BaseElement],
        value: Value,
        source: cst.BaseExpression | None,
    ) -> None:
        starred = any(isinstance(e, cst.StarredElement) for e in elements)
        if isinstance(value, Shape):
            self._unpack_shape(target, elements, value, source, starred)
            return
        if isinstance(value, Items) and not starred and len(value.items) == len(elements):
            parts = source.elements if isinstance(source, cst.Tuple | cst.List) and len(source.elements) == len(elements) else None
            for index, element_node in enumerate(elements):
                part = parts[index].value if parts is not None and isinstance(parts[index], cst.Element) else None
                self.assign(element_node.value, value.items[index], part)
            return
        item = element(value) if not isinstance(value, Tensor) else UNKNOWN
        if isinstance(value, Tensor) and value.rank is None and value.origins:
            # A parameter that is unpacked is a sequence of tensors, not one tensor.
            item = Tensor(None, "source")
        elif isinstance(value, Tensor) and source is not None:
            self.decline(source, "T109", "unpacking a tensor along its first axis")
        for element_node in elements:
            self.assign(element_node.value, item, None)

    def _unpack_shape(
        self, target: cst.CSTNode, elements: Sequence[cst.BaseElement], value: Shape, source: cst.CSTNode | None, starred: bool
    ) -> None:
        tensor = value.tensor
        rank = len(elements)
        if starred:
            if tensor.order == "moved" and source is not None:
                self.decline(source, "T107", "a starred unpacking of a shape whose axes have moved")
            for element_node in elements:
                self.assign(element_node.value, UNKNOWN, None)
            return
        if tensor.order == "moved" and tensor.rank == rank and rank > 2:
            from translator.infer.dims import moved_axes

            self.function.unpacks[target] = moved_axes(rank, self.analysis.to)
        for index, element_node in enumerate(elements):
            dim = tensor.dim(index) if tensor.rank == rank else None
            self.assign(element_node.value, Number("int", dim), None)

    def _assign_item(self, target: cst.Subscript, value: Value) -> None:
        owner = expressions.evaluate(self, target.value)
        for part in target.slice:
            for child in children(part.slice):
                if isinstance(child, cst.BaseExpression):
                    expressions.evaluate(self, child)
        if isinstance(owner, Tensor):
            self.decline(target, "T109", "assignment into a slice of a tensor")
        elif isinstance(owner, Items | Many | Mapping) and isinstance(target.value, cst.Name):
            self.bind(target.value.value, Many(join(element(owner) if not isinstance(owner, Mapping) else UNKNOWN, value)))
        elif isinstance(owner, Container):
            self.decline(target, "T102", "replacing an element of a module container")

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


def evaluate(analysis: Analysis, function: Function) -> None:
    """Run a function once (again where joins forced an order) and publish its summary."""
    for _ in range(4):
        function.decisions, function.conversions, function.notes, function.unpacks = {}, {}, {}, {}
        function.training_reads, function.renamed, function.merges = {}, {}, {}
        function.between, function.added = {}, {}
        function.needs_training = False
        function.pending = {}
        running = Frame(analysis, function)
        _enter(running)
        if function.node is not None and isinstance(function.node, cst.FunctionDef):
            running.suite(function.node.body)
            _leave(running)
        elif function.owner is not None:
            _class_body(running)
        else:
            for tree in analysis.trees:
                function.tree = tree
                running.run(tree.module.body)
        if not running.again:
            break
    if function.node is not None and running.env != function.scope:
        function.scope = running.env
        analysis.changed(("scope", function.key))
    analysis.publish(function)


def _enter(running: Frame) -> None:
    function = running.function
    if not isinstance(function.node, cst.FunctionDef):
        return
    for index, param in enumerate(parameters(function.node)):
        running.env[param.name.value] = annotations.parameter(running, param, index)
        if param.default is not None:
            # Defaults are evaluated where the function is defined; only their names matter here.
            expressions.evaluate(running, param.default)
    if function.node.returns is not None:
        annotations.visit(running, function.node.returns.annotation)
    function.reads.add(("parameter", function.key))


def _leave(running: Frame) -> None:
    function = running.function
    result: Value = BOTTOM
    orders = {_order_at(value) for _, value in running.returns} - {None}
    mixed = "moved" in orders and "source" in orders
    boundary = annotations.is_forward(running)
    for node, value in running.returns:
        if boundary and node is not None and isinstance(value, Many) and _order_at(value.item) == "moved":
            # The report names the leaves of an output; those of a list of unknown length it cannot.
            rank = value.item.rank if isinstance(value.item, Tensor) else None
            running.convert(node, Conversion("source", rank or 4, each=True))
            value = Many(Tensor(rank, "source", None, "float"))
        if node is not None and (mixed or function.returns_source or not running.analysis.moves_boundary):
            value = _return_source(running, node, value)
        result = join(result, value)
    if mixed:
        function.returns_source = True
    if running.yields != BOTTOM:
        result = Many(running.yields)
    running.analysis.set_returned(function, NONE if isinstance(result, Bottom) else result)


def _order_at(value: Value) -> str | None:
    return value.order if isinstance(value, Tensor) and (value.rank or 4) > 2 else None


def _return_source(running: Frame, node: cst.BaseExpression, value: Value) -> Value:
    from translator.infer.orders import require

    if isinstance(value, Tensor) and value.order == "moved":
        return require(running, node, value, "source")
    if isinstance(value, Items) and isinstance(node, cst.Tuple | cst.List) and len(node.elements) == len(value.items):
        items = tuple(_return_source(running, e.value, v) for e, v in zip(node.elements, value.items, strict=True))
        return Items(items, value.is_list)
    return value


def _class_body(running: Frame) -> None:
    info = running.analysis.tables.classes[running.function.owner or ""]
    if isinstance(info.node.body, cst.IndentedBlock | cst.SimpleStatementSuite):
        running.run([s for s in info.node.body.body if not isinstance(s, cst.FunctionDef | cst.ClassDef)])
    for name, value in running.env.items():
        running.analysis.write(running.function, ("attribute", info.name, name), value)


# statement handlers


def _simple_line(running: Frame, node: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> None:
    running.run(node.body)


def _expr(running: Frame, node: cst.Expr) -> None:
    if isinstance(node.value, cst.Call) and expressions.is_eval(running, node.value):
        running.decide(node.value, Replace("drop_statement", "torch.nn.Module.eval"))
        return
    expressions.evaluate(running, node.value)


def _assign(running: Frame, node: cst.Assign) -> None:
    value = expressions.raw(running, node.value)
    unpacked = all(isinstance(t.target, cst.Tuple | cst.List) for t in node.targets)
    if not (isinstance(value, Shape) and unpacked):
        value = expressions.settle(running, node.value, value)
    for target in node.targets:
        running.assign(target.target, value, node.value)


def _ann_assign(running: Frame, node: cst.AnnAssign) -> None:
    annotations.visit(running, node.annotation.annotation)
    if node.value is not None:
        running.assign(node.target, expressions.evaluate(running, node.value), node.value)


def _aug_assign(running: Frame, node: cst.AugAssign) -> None:
    from translator.infer import operators

    operators.augmented(running, node)


def _return(running: Frame, node: cst.Return) -> None:
    value: Value = NONE if node.value is None else expressions.evaluate(running, node.value)
    if node.value is not None:
        expressions.escape(running, value)
    running.returns.append((node.value, value))


def _if(running: Frame, node: cst.If) -> None:
    test = expressions.evaluate(running, node.test)
    if isinstance(test, Tensor):
        running.decline(node.test, "T109", "a branch on the value of a tensor")
    before = dict(running.env)
    stale = dict(running.stale)
    _refine(running, node.test)
    outer, running.smoke = running.smoke, running.smoke or _is_main_guard(node.test)
    running.suite(node.body)
    running.smoke = outer
    taken, taken_stale = running.env, running.stale
    running.env, running.stale = before, stale
    _refine(running, node.test, negate=True)
    if isinstance(node.orelse, cst.If):
        _if(running, node.orelse)
    elif node.orelse is not None:
        running.suite(node.orelse.body)
    exits = _exits(node.body)
    running.env = running.env if exits else running.merge([taken, running.env])
    running.stale = running.stale if exits else {**taken_stale, **running.stale}


def _is_main_guard(test: cst.BaseExpression) -> bool:
    """``__name__ == "__main__"``: what follows runs only as a script and makes no models of the module's own."""
    return isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and test.left.value == "__name__"


def _refine(running: Frame, test: cst.BaseExpression, negate: bool = False) -> None:
    """``if x is None: x = ...`` and ``isinstance`` leave nothing to learn for tensors; kept for literals only."""
    if isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and len(test.comparisons) == 1:
        comparison = test.comparisons[0]
        is_none = isinstance(comparison.operator, cst.Is) != negate
        if isinstance(comparison.operator, cst.Is | cst.IsNot) and literal(comparison.comparator) is None:
            if isinstance(comparison.operator, cst.IsNot):
                is_none = negate
            if is_none and running.env.get(test.left.value) == Unknown():
                running.env[test.left.value] = NONE


def _exits(suite: cst.BaseSuite) -> bool:
    if not suite.body:
        return False
    last = suite.body[-1]
    smalls = last.body if isinstance(last, cst.SimpleStatementLine) else [last]
    return bool(smalls) and isinstance(smalls[-1], cst.Return | cst.Raise | cst.Continue | cst.Break)


def _loop_target(running: Frame, node: cst.For) -> Value:
    iterated = expressions.evaluate(running, node.iter)
    if isinstance(iterated, Tensor):
        running.decline(node.iter, "T109", "a loop over a tensor")
        return UNKNOWN
    running.iterated(node.iter, iterated)
    return element(iterated)


def _for(running: Frame, node: cst.For) -> None:
    item = _loop_target(running, node)
    for _ in range(3):
        before = dict(running.env)
        running.assign(node.target, item, None)
        running.suite(node.body)
        running.env = running.merge([before, running.env])
        if running.env == before:
            break
    if node.orelse is not None:
        running.suite(node.orelse.body)


def _while(running: Frame, node: cst.While) -> None:
    for _ in range(3):
        before = dict(running.env)
        if isinstance(expressions.evaluate(running, node.test), Tensor):
            running.decline(node.test, "T109", "a loop on the value of a tensor")
        running.suite(node.body)
        running.env = running.merge([before, running.env])
        if running.env == before:
            break
    if node.orelse is not None:
        running.suite(node.orelse.body)


def _with(running: Frame, node: cst.With) -> None:
    for item in node.items:
        expressions.evaluate(running, item.item)
        if item.asname is not None:
            running.assign(item.asname.name, UNKNOWN, None)  # type: ignore[arg-type]  # libcst types it as Name or Tuple
    running.suite(node.body)


def _try(running: Frame, node: cst.Try | cst.TryStar) -> None:
    before = dict(running.env)
    running.suite(node.body)
    ends = [running.env]
    for handler in node.handlers:
        running.env = running.merge([before, ends[0]])
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            running.bind(handler.name.name.value, UNKNOWN)
        running.suite(handler.body)
        ends.append(running.env)
    running.env = running.merge(ends)
    for part in (node.orelse, node.finalbody):
        if part is not None:
            running.suite(part.body)


def _function_def(running: Frame, node: cst.FunctionDef) -> None:
    function = running.function
    if node in running.analysis.helper_definitions:
        return
    for decorator in node.decorators:
        expressions.evaluate(running, decorator.decorator)
    if function.node is None and function.owner is None:
        return
    key = f"{function.key}.<locals>.{node.name.value}"
    if key not in running.analysis.tables.functions:
        nested = running.analysis.add_function(node, function.tree, key, None, function)
        running.analysis.enqueue(nested)
    running.bind(node.name.value, FunctionRef(key))


def _class_def(running: Frame, node: cst.ClassDef) -> None:
    if node in running.analysis.helper_definitions:
        return
    for decorator in node.decorators:
        expressions.evaluate(running, decorator.decorator)
    if node.name.value not in running.analysis.tables.classes or running.function.node is not None:
        running.bind(node.name.value, UNKNOWN)
        for child in node.bases:
            if running.api_of(child.value) is not None:
                running.decline(node, "T105", "a framework class defined inside a function")


def _import(running: Frame, node: cst.Import | cst.ImportFrom) -> None:
    running.analysis.imports[node] = running.function.tree
    for name, origin, star in import_bindings(node):
        if star:
            known = running.analysis.imported(origin)
            if isinstance(known, FrameworkRef) and known.api not in running.analysis.stars:
                running.analysis.stars.append(known.api)
        else:
            running.bind(name, running.analysis.imported(origin))


def _delete(running: Frame, node: cst.Del) -> None:
    return


def _match_statement(running: Frame, node: cst.Match) -> None:
    expressions.evaluate(running, node.subject)
    before = dict(running.env)
    ends = [before]
    for case in node.cases:
        running.env = dict(before)
        for name in _captures(case.pattern):
            running.bind(name, UNKNOWN)
        running.suite(case.body)
        ends.append(running.env)
    running.env = running.merge(ends)


def _captures(node: cst.CSTNode) -> list[str]:
    names = [node.name.value] if isinstance(node, cst.MatchAs | cst.MatchStar) and node.name is not None else []
    return names + [name for child in children(node) for name in _captures(child)]


_STATEMENTS = {
    cst.SimpleStatementLine: _simple_line,
    cst.SimpleStatementSuite: _simple_line,
    cst.Expr: _expr,
    cst.Assign: _assign,
    cst.AnnAssign: _ann_assign,
    cst.AugAssign: _aug_assign,
    cst.Return: _return,
    cst.If: _if,
    cst.For: _for,
    cst.While: _while,
    cst.With: _with,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.FunctionDef: _function_def,
    cst.ClassDef: _class_def,
    cst.Import: _import,
    cst.ImportFrom: _import,
    cst.Del: _delete,
    cst.Match: _match_statement,
}

__all__ = ["Const", "Frame", "ListMethod", "Number", "TensorMethod", "Training", "evaluate", "same_code"]
