"""What a function uses of a recurrent layer's result, read off the code around the call.

Understood are ``out, (h, c) = self.lstm(x)`` and ``self.lstm(x)[0]``, where a state is only read as the state of the
one layer that there is (``h[-1]``, ``h[0]``, ``h.squeeze(0)``). For anything else the answer is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import libcst as cst

from translator.dataclass import dataclass
from translator.infer.facts import Decision, Function, LayerSite, Replace
from translator.syntax import children, literal

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis

Edit = tuple[Function, cst.CSTNode, Decision]


@dataclass(frozen=True, slots=True)
class Uses:
    """What Keras' constructor has to ask for, and how the uses of the results are written in the target."""

    sequences: bool
    states: bool
    decisions: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Use:
    """One call in PyTorch's conventions.

    ``out`` is "whole", only the "last" step, or "none"; ``last`` are the expressions that take the last step.
    ``states`` are the names of the states that are read, None for those that are not, ``reads`` where they are read.
    """

    function: Function
    out: Literal["whole", "last", "none"]
    last: tuple[cst.CSTNode, ...]
    item: cst.Subscript | None = None
    target: cst.Tuple | None = None
    output: cst.BaseExpression | None = None
    states: tuple[cst.Name | None, ...] = ()
    reads: tuple[cst.CSTNode, ...] = ()

    @property
    def reads_states(self) -> bool:
        return any(state is not None for state in self.states)


def uses_of(analysis: Analysis, site: LayerSite, double: bool) -> Uses | None:
    """The uses of all calls of a layer; None where they are not all understood. ``double`` is for both directions."""
    if analysis.to == "torch":
        return _as_pairs(site)
    if any(initial is None or (double and initial) for initial in site.states.values()):
        return None
    found = []
    for call, (function, _) in site.calls.items():
        use = _Surroundings(function).use(call, site.candidates[0][0].entry.states)
        if use is None or (double and use.reads_states):
            return None
        found.append(use)
    started = [edit for call, (function, _) in site.calls.items() for edit in _started(function, site.states[call])]
    return _asked_for(found, double, started)


def _started(function: Function, states: Sequence[cst.BaseExpression] | None) -> Iterator[Edit]:
    """Initial states without the axis of layers."""
    for state in states or ():
        yield function, state, Replace("receiver" if isinstance(state, cst.Call) else "recurrent_first")


def _asked_for(uses: Sequence[_Use], double: bool, started: Sequence[Edit]) -> Uses:
    """The least that serves all calls: the last step, the sequence, the last state, or all."""
    if any(use.reads_states for use in uses):
        hidden_only = all(use.out == "none" and not any(use.states[1:]) and use.states[0] for use in uses)
        edits = [edit for use in uses for edit in (_hidden(use) if hidden_only else _everything(use))]
        return Uses(not hidden_only, not hidden_only, (*started, *edits))
    last = not double and all(use.out == "last" for use in uses)
    edits = [edit for use in uses for edit in _output(use, last)]
    return Uses(not last, False, (*started, *edits))


def _hidden(use: _Use) -> Iterator[Edit]:
    yield from _targets(use, (use.states[0],))
    yield from _collapsed(use.function, use.reads)


def _everything(use: _Use) -> Iterator[Edit]:
    yield from _targets(use, (use.output, *use.states))
    yield from _collapsed(use.function, use.reads)


def _output(use: _Use, last: bool) -> Iterator[Edit]:
    yield from _targets(use, (use.output,))
    if use.item is not None:
        yield use.function, use.item, Replace("owner")
    if last:
        yield from _collapsed(use.function, use.last)


def _targets(use: _Use, names: Sequence[cst.CSTNode | None]) -> Iterator[Edit]:
    if use.target is not None:
        yield use.function, use.target, Replace("recurrent_target", data=tuple(names))


def _collapsed(function: Function, nodes: Sequence[cst.CSTNode]) -> Iterator[Edit]:
    """``h[-1]`` and ``h.squeeze(0)`` as ``h``."""
    for node in nodes:
        yield function, node, Replace("owner" if isinstance(node, cst.Subscript) else "receiver")


def _as_pairs(site: LayerSite) -> Uses | None:
    """The calls of a layer of Keras, which gives one tensor, in PyTorch's conventions."""
    bound = site.candidates[0][1]
    sequences, states = (getattr(bound.get(name), "value", None) for name in ("return_sequences", "return_state"))
    sequences = sequences if "return_sequences" in bound else True
    plain = all(given == () for given in site.states.values())
    if not plain or states not in (None, False) or not isinstance(sequences, bool):
        return None
    edits: list[Edit] = []
    for call, (function, _) in site.calls.items():
        parent = _Surroundings(function).parents.get(call)
        named = isinstance(parent, cst.Assign) and len(parent.targets) == 1 and parent.targets[0].target
        if sequences and isinstance(named, cst.Name):
            edits.append((function, named, Replace("recurrent_target", data=(named, None))))
        else:
            edits.append((function, call, Replace("recurrent_item", data="[0]" if sequences else "[0][:, -1]")))
    return Uses(sequences, False, tuple(edits))


class _Surroundings:
    """The code of a function around its calls."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self.names: dict[str, list[cst.Name]] = {}
        if isinstance(function.node, cst.FunctionDef):
            self._grow(function.node.body)

    def _grow(self, node: cst.CSTNode) -> None:
        stack = [node]
        while stack:
            parent = stack.pop()
            for child in children(parent):
                self.parents[child] = parent
                stack.append(child)
                if isinstance(child, cst.Name) and not _is_label(child, parent):
                    self.names.setdefault(child.value, []).append(child)

    def use(self, call: cst.Call, states: int) -> _Use | None:
        parent = self.parents.get(call)
        if isinstance(parent, cst.Subscript) and parent.value is call and _index(parent) == 0:
            outer = self.parents[parent]
            last = isinstance(outer, cst.Subscript) and outer.value is parent and _is_last_step(outer)
            return _Use(self.function, "last" if last else "whole", (outer,) if last else (), item=parent)
        if not isinstance(parent, cst.Assign) or len(parent.targets) != 1:
            return None
        target = parent.targets[0].target
        if not isinstance(target, cst.Tuple) or len(target.elements) != 2:
            return None
        output, state = (element.value for element in target.elements)
        names = self._state_names(parent, state, states)
        if names is None or any(isinstance(e, cst.StarredElement) for e in target.elements):
            return None
        reads: list[cst.CSTNode] = []
        for name in names:
            found = self._selections(parent, name) if name is not None else []
            if found is None:
                return None
            reads += found
        kind, last_steps = self._output(parent, output)
        return _Use(self.function, kind, last_steps, None, target, output, names, tuple(reads))

    def _state_names(
        self, statement: cst.Assign, node: cst.BaseExpression, states: int
    ) -> tuple[cst.Name | None, ...] | None:
        """The names that the states are bound to, None for those that are never read."""
        if isinstance(node, cst.Name) and (states == 1 or self._loads(statement, node.value) == []):
            names: list[cst.BaseExpression] = [node] * states
        elif isinstance(node, cst.Tuple | cst.List) and len(node.elements) == states > 1:
            names = [element.value for element in node.elements]
        else:
            return None
        found: list[cst.Name | None] = []
        for name in names:
            if not isinstance(name, cst.Name):
                return None
            found.append(name if self._loads(statement, name.value) != [] else None)
        return tuple(found)

    def _selections(self, statement: cst.Assign, name: cst.Name) -> list[cst.CSTNode] | None:
        """Where a state is read, if always as that of the only layer."""
        loads = self._loads(statement, name.value)
        found = [_selection(load, self.parents) for load in loads or ()]
        known = [node for node in found if node is not None]
        return known if loads is not None and len(known) == len(found) else None

    def _output(
        self, statement: cst.Assign, node: cst.BaseExpression
    ) -> tuple[Literal["whole", "last", "none"], tuple[cst.CSTNode, ...]]:
        loads = self._loads(statement, node.value) if isinstance(node, cst.Name) else None
        if loads is None:
            return "whole", ()
        if not loads:
            return "none", ()
        parents = [self.parents[load] for load in loads]
        last = [p for p, load in zip(parents, loads, strict=True) if _takes(p, load) and _is_last_step(p)]
        return ("last", tuple(last)) if len(last) == len(loads) else ("whole", ())

    def _loads(self, statement: cst.Assign, name: str) -> list[cst.Name] | None:
        """The reads of a name that see what ``statement`` binds; None where that cannot be told."""
        occurrences = self.names.get(name, [])
        if any(self._is_inner(node) for node in occurrences):
            return None
        bound = [node for node in occurrences if self._is_target(node)]
        loads = [node for node in occurrences if node not in bound]
        if not loads or (len(bound) == 1 and name not in self.function.parameters):
            return loads
        return self._until_bound_again(statement, bound, loads)

    def _until_bound_again(
        self, statement: cst.Assign, bound: Sequence[cst.Name], loads: Sequence[cst.Name]
    ) -> list[cst.Name] | None:
        """The same in code without branches: up to the next statement that binds the name."""
        assert isinstance(self.function.node, cst.FunctionDef)
        lines = list(self.function.node.body.body)
        at = {id(line): index for index, line in enumerate(lines)}
        if id(self.parents[statement]) not in at:
            return None
        start = at[id(self.parents[statement])]
        places = [at[id(self._line(node))] for node in bound]
        end = min((place for place in places if place > start), default=len(lines))
        straight = end == len(lines) or isinstance(lines[end], cst.SimpleStatementLine)
        later = [node for node in loads if start < at[id(self._line(node))] <= end]
        return later if straight and places.count(start) == 1 else None

    def _line(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement of the function's own block that holds a node."""
        assert isinstance(self.function.node, cst.FunctionDef)
        while self.parents.get(node, self.function.node.body) is not self.function.node.body:
            node = self.parents[node]
        return node

    def _is_inner(self, node: cst.CSTNode) -> bool:
        """Whether a node stands in a function inside, or is a variable of a comprehension or bound in passing."""
        inner = cst.FunctionDef | cst.Lambda | cst.CompFor | cst.NamedExpr | cst.ClassDef | cst.Global | cst.Nonlocal
        above = self.parents.get(node)
        while above is not None:
            if isinstance(above, inner):
                return True
            above = self.parents.get(above)
        return False

    def _is_target(self, node: cst.CSTNode) -> bool:
        """Whether a name is bound where it stands."""
        above = self.parents[node]
        while isinstance(above, cst.Tuple | cst.List | cst.Element | cst.StarredElement):
            node, above = above, self.parents[above]
        if isinstance(above, cst.For):
            return above.target is node
        return isinstance(above, cst.AssignTarget | cst.AsName) or (
            isinstance(above, cst.AnnAssign) and above.target is node
        )


def _is_label(name: cst.Name, parent: cst.CSTNode) -> bool:
    """Whether a name is no variable: an attribute or a keyword."""
    return (isinstance(parent, cst.Attribute) and parent.attr is name) or (
        isinstance(parent, cst.Arg) and parent.keyword is name
    )


def _takes(node: cst.CSTNode, base: cst.CSTNode) -> bool:
    return isinstance(node, cst.Subscript) and node.value is base


def _index(node: cst.Subscript) -> object:
    """The integer that a subscript begins with and that all whole axes follow, else None."""
    parts = [part.slice for part in node.slice]
    first = parts[0]
    value = literal(first.value) if isinstance(first, cst.Index) else None
    return value if isinstance(value, int) and all(map(_is_whole, parts[1:])) else None


def _is_whole(part: cst.BaseSlice) -> bool:
    """``:`` or ``...``"""
    if isinstance(part, cst.Index):
        return isinstance(part.value, cst.Ellipsis)
    return isinstance(part, cst.Slice) and part.lower is None and part.upper is None and part.step is None


def _is_last_step(node: cst.CSTNode) -> bool:
    """``out[:, -1]`` and ``out[:, -1, :]``"""
    if not isinstance(node, cst.Subscript) or len(node.slice) < 2:
        return False
    first, second, *others = [part.slice for part in node.slice]
    step = literal(second.value) if isinstance(second, cst.Index) else None
    return isinstance(first, cst.Slice) and _is_whole(first) and step == -1 and all(map(_is_whole, others))


def _selection(load: cst.Name, parents: dict[cst.CSTNode, cst.CSTNode]) -> cst.CSTNode | None:
    """``h[-1]``, ``h[0]`` or ``h.squeeze(0)``: the expression that takes the state of the only layer."""
    parent = parents[load]
    if isinstance(parent, cst.Subscript) and parent.value is load:
        return parent if _index(parent) in (0, -1) else None
    call = parents.get(parent)
    if not (isinstance(parent, cst.Attribute) and parent.attr.value == "squeeze" and isinstance(call, cst.Call)):
        return None
    axis = [literal(arg.value) for arg in call.args if arg.keyword is None or arg.keyword.value == "dim"]
    return call if call.func is parent and axis == [0] and len(call.args) == 1 else None


__all__ = ["Uses", "uses_of"]
