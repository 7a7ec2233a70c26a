"""Abstract values: what the interpreter knows about an expression. Frozen, compared by content, joined at merges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from libcst import CSTNode

Order = Literal["source", "moved"]
"""Axis order of a stored tensor: as the source program has it, or with the channel axis where the target wants it."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A dimension given by code: its text and the function in whose scope that text holds."""

    text: str
    scope: str


Dim = int | Symbol | None
"""One axis' size in SOURCE order; None where unknown."""


@dataclass(frozen=True, slots=True)
class Bottom:
    """Not evaluated yet."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything. ``origins`` names the parameters of the running function it may be, unchanged."""

    origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor. ``order`` None: undecided, follows the parameters in ``origins``. ``token`` stands for its storage."""

    rank: int | None = None
    order: Order | None = "source"
    dims: tuple[Dim, ...] | None = None
    dtype: str | None = None
    origins: frozenset[str] = frozenset()
    token: CSTNode | str | frozenset[CSTNode | str] | None = None

    def dim(self, axis: int) -> Dim:
        return self.dims[axis] if self.dims is not None and -len(self.dims) <= axis < len(self.dims) else None

    def ordered(self, order: Order | None) -> Tensor:
        """The same tensor in an axis order; ``dataclasses.replace`` costs five times as much."""
        if order == self.order:
            return self
        return Tensor(self.rank, order, self.dims, self.dtype, self.origins, self.token)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal."""

    value: object


@dataclass(frozen=True, slots=True)
class Number:
    """A Python number, or a dimension read from a shape."""

    kind: Literal["int", "float", "number"] = "number"
    dim: Dim = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a tensor."""

    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple or list whose items are known one by one."""

    items: tuple[Value, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """A list, or another iterable, whose items are known only together."""

    item: Value


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dict with string keys."""

    items: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class FrameworkRef:
    """A module, class, function or constant of a framework by canonical name."""

    api: str


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class of the file."""

    name: str


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function of the file, by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class MethodRef:
    """A method of an instance of one of the file's classes."""

    cls: str
    name: str
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class TensorMethod:
    """A method of a tensor, about to be called."""

    receiver: CSTNode
    name: str
    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of one of the file's classes; ``is_self`` for the first parameter of its own methods."""

    cls: str
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class Super:
    cls: str


@dataclass(frozen=True, slots=True)
class Training:
    """``self.training``, or the ``training`` argument of a Keras call."""


@dataclass(frozen=True, slots=True)
class LayerAt:
    """A framework layer made at one of these construction sites."""

    sites: frozenset[CSTNode]


@dataclass(frozen=True, slots=True)
class Container:
    """A Sequential (``runs``) or ModuleList; a ``Many`` among ``items`` stands for any number of elements."""

    site: CSTNode
    runs: bool
    items: tuple[Value, ...]

    @property
    def literal(self) -> bool:
        """Whether the elements are known one by one."""
        return not any(isinstance(item, Many) for item in self.items)


@dataclass(frozen=True, slots=True)
class Merge:
    """A Keras layer that joins a list of tensors: ``operation`` is its operator or "concatenate" along ``axis``."""

    operation: str
    axis: int
    site: CSTNode


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several module-like values."""

    options: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Builtin:
    name: str


@dataclass(frozen=True, slots=True)
class ListMethod:
    """``append`` or ``extend`` of a list held in a name or attribute."""

    target: CSTNode
    name: str
    value: Value


Value = (
    Bottom
    | Unknown
    | Tensor
    | Const
    | Number
    | Shape
    | Items
    | Many
    | Mapping
    | FrameworkRef
    | ClassRef
    | FunctionRef
    | MethodRef
    | TensorMethod
    | Instance
    | Super
    | Training
    | LayerAt
    | Container
    | Merge
    | OneOf
    | Builtin
    | ListMethod
)

BOTTOM = Bottom()
UNKNOWN = Unknown()
FOREIGN = Unknown(frozenset(["<import>"]))
"""Something imported from elsewhere: no tensor, whatever its methods are called."""
DECLINED = Unknown(frozenset(["<declined>"]))
"""What declined code gives: unknown, and already reported."""
NONE = Const(None)
_MODULES = (LayerAt, Container, Merge, Instance, ClassRef, FunctionRef, FrameworkRef, MethodRef)


def storage(tensor: Tensor) -> frozenset[CSTNode | str]:
    """What a tensor's storage may be."""
    if tensor.token is None:
        return frozenset()
    return tensor.token if isinstance(tensor.token, frozenset) else frozenset([tensor.token])


def shares(value: Value, tokens: frozenset[CSTNode | str]) -> bool:
    """Whether a value is, or holds, a tensor of one of these storages."""
    match value:
        case Tensor():
            return bool(storage(value) & tokens)
        case Items(items=items):
            return any(shares(item, tokens) for item in items)
        case Many(item=item):
            return shares(item, tokens)
        case Mapping(items=pairs):
            return any(shares(item, tokens) for _, item in pairs)
    return False


def is_moduleish(value: Value) -> bool:
    return isinstance(value, (*_MODULES, OneOf))


def options(value: Value) -> frozenset[Value]:
    """The alternatives of a module-like value."""
    return value.options if isinstance(value, OneOf) else frozenset([value])


def join(left: Value, right: Value) -> Value:
    """The least value that covers both. Orders of tensors are joined by the caller first (see ``orders``)."""
    if left is right or isinstance(right, Bottom) or left == right:
        return left
    if isinstance(left, Bottom):
        return right
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return _join_tensors(left, right)
    if isinstance(left, Tensor) and right == NONE:
        return left
    if isinstance(right, Tensor) and left == NONE:
        return right
    if is_moduleish(left) and (is_moduleish(right) or right == NONE):
        return _join_modules(left, right)
    if is_moduleish(right) and left == NONE:
        return _join_modules(right, left)
    return _join_python(left, right)


def _join_modules(left: Value, right: Value) -> Value:
    if right == NONE:
        return left
    if isinstance(left, LayerAt) and isinstance(right, LayerAt):
        return LayerAt(left.sites | right.sites)
    if isinstance(left, Container) and isinstance(right, Container) and left.site is right.site:
        return _join_containers(left, right)
    merged = set(options(left))
    for option in options(right):
        twin = next((o for o in merged if _same_kind(o, option)), None)
        if twin is not None and twin != option:
            merged.discard(twin)
            merged |= options(_join_modules(twin, option))
        else:
            merged.add(option)
    return next(iter(merged)) if len(merged) == 1 else OneOf(frozenset(merged))


def _same_kind(left: Value, right: Value) -> bool:
    if isinstance(left, Container) and isinstance(right, Container):
        return left.site is right.site
    return isinstance(left, LayerAt) and isinstance(right, LayerAt)


def _join_containers(left: Container, right: Container) -> Value:
    if [isinstance(i, Many) for i in left.items] == [isinstance(i, Many) for i in right.items]:
        items = tuple(join(a, b) for a, b in zip(left.items, right.items, strict=True))
        return Container(left.site, left.runs, items)
    joined = join(element(left), element(right))
    return Container(left.site, left.runs, (Many(joined),))


def _join_tensors(left: Tensor, right: Tensor) -> Tensor:
    rank = left.rank if left.rank == right.rank else None
    dims = None
    if rank is not None and left.dims is not None and right.dims is not None:
        dims = tuple(a if a == b else None for a, b in zip(left.dims, right.dims, strict=True))
    order = left.order if left.order == right.order else (left.order or right.order)
    return Tensor(
        rank
        if rank is not None
        else (left.rank if right.order is None and right.rank is None else right.rank if left.rank is None else None),
        order,
        dims,
        left.dtype if left.dtype == right.dtype else None,
        left.origins | right.origins,
        left.token if left.token == right.token else storage(left) | storage(right) or None,
    )


def _join_python(left: Value, right: Value) -> Value:
    if isinstance(left, Items) and isinstance(right, Items) and len(left.items) == len(right.items):
        return replace(left, items=tuple(join(a, b) for a, b in zip(left.items, right.items, strict=True)))
    if isinstance(left, Items | Many) and isinstance(right, Items | Many):
        return Many(join(element(left), element(right)))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        keys = [k for k, _ in left.items] + [k for k, _ in right.items if k not in dict(left.items)]
        a, b = dict(left.items), dict(right.items)
        return Mapping(tuple((k, join(a.get(k, BOTTOM), b.get(k, BOTTOM))) for k in keys))
    numbers = [number_kind(v) for v in (left, right)]
    if all(numbers):
        return Number("int" if numbers == ["int", "int"] else "number")
    origins: frozenset[str] = frozenset()
    for value in (left, right):
        if isinstance(value, Unknown | Tensor):
            origins |= value.origins
    return Unknown(origins)


def number_kind(value: Value) -> str:
    """ "int", "float", "number", or "" where the value is no number."""
    if isinstance(value, Number):
        return value.kind
    if isinstance(value, Const):
        if isinstance(value.value, bool):
            return ""
        return "int" if isinstance(value.value, int) else "float" if isinstance(value.value, float) else ""
    return ""


def element(value: Value) -> Value:
    """What iterating over a value gives, items joined."""
    if isinstance(value, Many):
        return value.item
    if isinstance(value, Items):
        return join_all(value.items)
    if isinstance(value, Container):
        return join_all(tuple(item.item if isinstance(item, Many) else item for item in value.items))
    if isinstance(value, OneOf):
        return join_all(tuple(element(option) for option in value.options))
    if isinstance(value, Shape):
        return Number("int")
    return UNKNOWN


def join_all(values: tuple[Value, ...]) -> Value:
    result: Value = BOTTOM
    for value in values:
        result = join(result, value)
    return result
