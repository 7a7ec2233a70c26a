"""The unifier: reads a call with one side's pattern and binds the holes. Three-valued: Match, Mismatch, Undecided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType, NoneType
from typing import Any, Protocol

from translator.catalog import transforms
from translator.catalog.dtypes import DTYPE_KINDS, DTYPES, dtype_named
from translator.catalog.entry import Condition, Entry
from translator.catalog.pattern import Call, Cond, Hole, Lit, Pat, Ref, Seq, Sub, Upper, Xform
from translator.catalog.predicates import PREDICATES, UNKNOWN
from translator.catalog.signatures import Opaque, Param, Signatures
from translator.dataclass import dataclass

Node = Any
"""A node of the source tree; the unifier only passes it on."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A hole bound to a value: a literal of the source or a default.

    ``origin`` is the argument that the value was computed from, where it is not the value itself.
    """

    value: object
    node: Node = None
    origin: Node = None


@dataclass(frozen=True, slots=True)
class Code:
    """A hole bound to source code that is no literal; ``shown`` are a display's items, where conditions ask."""

    node: Node
    shown: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A star hole bound to the remaining positional arguments; an item may be a starred node. ``shown``: see Code."""

    nodes: tuple[Node, ...]
    shown: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A transform of a symbolic operand, still to be written; ``inverse`` reads the template of the way back."""

    transform: str
    params: tuple[tuple[str, object], ...]
    operand: Bound
    inverse: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """A hole filled from inferred facts rather than from the call: an expression in the construction scope."""

    text: str


Bound = Literal | Code | Items | Applied | Facts
Bindings = Mapping[str, Bound]


@dataclass(frozen=True, slots=True)
class BoundCall:
    """A call whose arguments have been paired with parameter names; star parameters hold a tuple of nodes."""

    api: str
    args: Mapping[str, Node | tuple[Node, ...]]
    params: tuple[Param, ...]


class Reader(Protocol):
    """What the unifier asks about nodes; implemented by the resolver."""

    def literal(self, node: Node) -> Literal | None: ...

    def call(self, node: Node, pattern: Call) -> BoundCall | str | None: ...

    def items(self, node: Node) -> Sequence[Node] | None: ...

    def reference(self, node: Node) -> str | None: ...

    def conditional(self, node: Node) -> tuple[Node, Node, Node] | None: ...

    def subscript(self, node: Node) -> tuple[Node, Node] | None: ...

    def same(self, left: Node, right: Node) -> bool: ...


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a pattern does not match; ``reached`` counts the parameters up to the one that does not."""

    why: str
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why it cannot be told whether a pattern matches."""

    why: str


@dataclass(slots=True)
class _State:
    reader: Reader
    signatures: Signatures
    entry: Entry
    bound: dict[str, Bound]
    undecided: str = ""
    reached: int = 0


class _Fails(Exception):
    """Leaves the recursion when a part does not match; never escapes this module."""


_NO_SIZES: Mapping[str, object] = MappingProxyType({})


def unify(
    pattern: Pat, node: Node, call: BoundCall | None, entry: Entry, reader: Reader, signatures: Signatures
) -> dict[str, Bound] | Mismatch | Undecided:
    """Match ``node`` (for a call pattern, already bound as ``call``) and return the bindings of the holes."""
    state = _State(reader, signatures, entry, {})
    try:
        if isinstance(pattern, Call) and call is not None:
            _match_call(pattern, call, state)
        else:
            _match(pattern, node, state)
    except _Fails as failure:
        return Mismatch(str(failure), state.reached)
    return Undecided(state.undecided) if state.undecided else state.bound


def holds(condition: Condition, bound: Bindings, sizes: Mapping[str, object] = _NO_SIZES) -> bool | None:
    """Evaluate a predicate on bindings; None where a symbolic argument decides. ``sizes`` has those of tensors."""
    values = []
    for name in condition.holes:
        value = bound.get(name)
        if name in sizes:
            values.append(sizes[name])
        else:
            values.append(value.value if isinstance(value, Literal) else _displayed(value))
    return PREDICATES[condition.predicate](*values)


def _displayed(value: Bound | None) -> object:
    """Of a tuple or list that is written out what its items are, or at least their number."""
    if isinstance(value, Code | Items) and value.shown is not None:
        return value.shown
    elements = getattr(value.node, "elements", None) if isinstance(value, Code) else None
    if elements is None or any(getattr(e, "star", "") for e in elements):
        return UNKNOWN
    return (UNKNOWN,) * len(elements)


_PLAIN = frozenset({int, float, bool, NoneType})
"""Types whose values are compared as they are."""


def same_value(left: object, right: object) -> bool:
    """Literal equality as the libraries see it: 2 equals (2, 2), a list equals a tuple, True does not equal 1."""
    if type(left) is type(right) and type(left) in _PLAIN:
        return left == right
    if isinstance(left, tuple | list) and isinstance(right, tuple | list):
        return len(left) == len(right) and all(same_value(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, tuple | list):
        return bool(left) and isinstance(right, int) and all(same_value(a, right) for a in left)
    if isinstance(right, tuple | list):
        return same_value(right, left)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, str) and isinstance(right, str):
        # Keras takes 'SAME' and 'valid' in any case.
        return (
            left == right or (left.isupper() and left.lower() == right) or (right.isupper() and right.lower() == left)
        )
    return type(left) is type(right) and left == right


def _match_call(pattern: Call, call: BoundCall, state: _State) -> None:
    if pattern.api != call.api:
        raise _Fails(f"{call.api} is not {pattern.api}")
    mentioned = pattern.named
    for name, wanted in pattern.fixed:
        # Literals tell cases apart: looking at them first saves binding the holes of those that do not match.
        if name in call.args:
            literal = state.reader.literal(call.args[name])
            if literal is not None and not same_value(literal.value, wanted):
                raise _Fails(f"{literal.value!r} is not {wanted!r}")
    for state.reached, param in enumerate(call.params, 1):
        given = call.args.get(param.name)
        part = mentioned.get(param.name)
        if part is None:
            _match_unmentioned(call.api, param, given, state)
        elif param.kind == "*":
            _bind(part, _items(part, tuple(given or ()), state), state) if isinstance(part, Hole) else _fail(call.api)
        elif given is not None:
            _match(part, given, state)
        elif param.required:
            raise _Fails(f"{call.api} is called without {param.name}")
        else:
            _match_default(part, param, state)
    extra = set(call.args) - {p.name for p in call.params}
    for name in sorted(extra):
        part = mentioned.get(name)
        if part is None:
            raise _Fails(f"{call.api} takes {name} here")
        _match(part, call.args[name], state)


def _items(hole: Hole, nodes: tuple[Node, ...], state: _State) -> Items:
    if state.entry.kind(hole.name) not in _SHOWN:
        return Items(nodes)
    inner = state.reader.items(nodes[0]) if len(nodes) == 1 else None
    return Items(nodes, _shown(nodes if inner is None else inner, state))


def _shown(nodes: Sequence[Node], state: _State) -> tuple[object, ...]:
    literals = (state.reader.literal(node) for node in nodes)
    return tuple(UNKNOWN if literal is None else literal.value for literal in literals)


_SHOWN = frozenset({"sizes", "cuts"})
"""Kinds of holes whose single items conditions ask for."""


def _fail(api: str) -> None:
    raise _Fails(f"{api} with star-arguments")


def _match_unmentioned(api: str, param: Param, given: Node | None, state: _State) -> None:
    if given is None or param.kind == "**" or param.name in state.entry.drop:
        return
    if param.kind == "*":
        if given:
            raise _Fails(f"{api} takes more positional arguments than are covered")
        return
    literal = state.reader.literal(given)
    if literal is None and state.reader.reference(given) is not None:
        raise _Fails(f"a framework name stands where the default of {param.name} is covered")
    if literal is None:
        state.undecided = f"{param.name}= is no literal, and its value decides"
    elif param.required or not same_value(literal.value, param.default):
        raise _Fails(f"{param.name}={literal.value!r} is not covered")


def _match_default(pattern: Pat, param: Param, state: _State) -> None:
    if isinstance(param.default, Opaque):
        if isinstance(pattern, Hole) and _is_dtype(pattern, state) and dtype_named(param.default.text) == "float32":
            # TensorFlow's functions name the default float, which the others leave to a setting.
            _match_value(pattern, Literal(None), state)
            return
        if isinstance(pattern, Hole):
            raise _Fails(f"{param.name} has the default {param.default.text}")
        raise _Fails(f"{param.name} is not given")
    _match_value(pattern, Literal(param.default), state)


def _match(pattern: Pat, node: Node, state: _State) -> None:
    if isinstance(pattern, Hole):
        # By far the commonest part.
        _match_hole(pattern, node, state)
        return
    match pattern:
        case Xform(name=name, operand=operand) if name in transforms.CONTEXTUAL:
            _match(operand, node, state)
        case Lit() | Upper() | Xform():
            literal = state.reader.literal(node)
            if literal is None and isinstance(pattern, Lit) and state.reader.reference(node) is not None:
                raise _Fails(f"a framework name stands where {pattern.value!r} is covered")
            _match_value(pattern, literal if literal is not None else Code(node), state)
        case Ref(api=api):
            if state.reader.reference(node) != api:
                raise _Fails(f"not {api}")
        case Call():
            call = state.reader.call(node, pattern)
            if not isinstance(call, BoundCall):
                raise _Fails(call or f"not a call of {pattern.api}")
            _match_call(pattern, call, state)
        case Seq(items=parts):
            items = state.reader.items(node)
            if items is None or len(items) != len(parts):
                raise _Fails("a sequence of another form")
            for part, item in zip(parts, items, strict=True):
                _match(part, item, state)
        case Cond(test=test, body=body, orelse=orelse):
            parts_of = state.reader.conditional(node)
            if parts_of is None:
                raise _Fails("not a conditional expression")
            for part, item in zip((test, body, orelse), parts_of, strict=True):
                _match(part, item, state)
        case Sub(value=value, index=index):
            pair = state.reader.subscript(node)
            if pair is None:
                raise _Fails("not a subscript")
            _match(value, pair[0], state)
            _match(index, pair[1], state)


def _match_hole(hole: Hole, node: Node, state: _State) -> None:
    kind = state.entry.kind(hole.name)
    if kind in DTYPE_KINDS:
        _bind(hole, _dtype(node, state), state)
        return
    literal = state.reader.literal(node)
    if literal is not None:
        _bind(hole, literal, state)
        return
    inner = state.reader.items(node) if kind in _SHOWN else None
    _bind(hole, Code(node) if inner is None else Code(node, _shown(inner, state)), state)


def _is_dtype(hole: Hole, state: _State) -> bool:
    return state.entry.kind(hole.name) in DTYPE_KINDS


def _dtype(node: Node, state: _State) -> Bound:
    """A dtype by its plain name, whichever library's name or string stands for it."""
    literal, api = state.reader.literal(node), state.reader.reference(node)
    if literal is None and api is None:
        return Code(node)
    name = literal.value if literal is not None else dtype_named(api or "")
    if literal is not None and name is None:
        return literal
    if not isinstance(name, str) or name not in DTYPES:
        raise _Fails(f"{api or name!r} is no dtype of both libraries")
    return Literal(name, origin=node)


def _match_value(pattern: Pat, value: Bound, state: _State) -> None:
    match pattern:
        case Lit(value=expected):
            if isinstance(value, Literal):
                if not same_value(value.value, expected):
                    raise _Fails(f"{value.value!r} is not {expected!r}")
            else:
                state.undecided = f"a symbolic argument stands where {expected!r} decides"
        case Hole():
            _bind(pattern, value, state)
        case Upper(name=name):
            if not isinstance(value, Literal):
                state.undecided = f"a symbolic argument stands where the axis order is decided ({name.lower()})"
            _bind(Hole(name), value, state)
        case Xform():
            _match_transform(pattern, value, state)
        case Seq(items=parts):
            items = value.value if isinstance(value, Literal) else None
            if not isinstance(items, tuple | list) or len(items) != len(parts):
                raise _Fails("a sequence of another form")
            for part, item in zip(parts, items, strict=True):
                _match_value(part, Literal(item), state)
        case _:
            raise _Fails("a value of another form")


def _match_transform(pattern: Xform, value: Bound, state: _State) -> None:
    if pattern.name in transforms.CONTEXTUAL:
        _match_value(pattern.operand, value, state)
        return
    transform = transforms.TRANSFORMS.get(pattern.name)
    if transform is None:
        raise _Fails(f"{pattern.name} is not read back")
    if isinstance(value, Literal):
        result = transform.backward(value.value, dict(pattern.params))
        if result is transforms.NOT_APPLICABLE:
            raise _Fails(f"{value.value!r} has no counterpart")
        origin = value.node if value.node is not None else value.origin
        _match_value(pattern.operand, Literal(result, origin=origin), state)
    elif transform.uncode:
        _match_value(pattern.operand, Applied(pattern.name, pattern.params, value, inverse=True), state)
    else:
        state.undecided = f"a symbolic argument stands where its value decides ({pattern.name})"


KIND_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "int_tuple": (int, tuple, list),
    "pads": (int, tuple, list),
    "tail": (int, tuple, list),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
}
"""The types of literals that a hole of a kind takes; None is taken as well."""


def _bind(hole: Hole, value: Bound, state: _State) -> None:
    if isinstance(value, Literal):
        _check_literal(hole.name, state.entry.kind(hole.name), value.value)
    before = state.bound.get(hole.name)
    if before is None:
        state.bound[hole.name] = value
    elif not _same_bound(before, value, state):
        raise _Fails(f"two different values stand for {hole.name}")


def _check_literal(hole: str, kind: str, value: object) -> None:
    if value is None:
        if kind == "shape":
            raise _Fails(f"{hole} is not given")
    elif kind in KIND_TYPES:
        kinds = KIND_TYPES[kind]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise _Fails(f"{value!r} is no {kind}")
    if kind == "mode":
        raise _Fails(f"{hole} is a literal")
    if kind == "axis" and value in ((), []):
        # All axes to PyTorch, none to Keras.
        raise _Fails("no axes at all mean other things to the two libraries")


def _same_bound(left: Bound, right: Bound, state: _State) -> bool:
    if isinstance(left, Literal) and isinstance(right, Literal):
        return same_value(left.value, right.value)
    if isinstance(left, Code) and isinstance(right, Code):
        return state.reader.same(left.node, right.node)
    return False
