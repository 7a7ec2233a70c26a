"""Abstract values: what the interpreter knows about an expression. Frozen, compared by content, joined at merges."""

from __future__ import annotations

from typing import Literal

from libcst import CSTNode

from translator.dataclass import dataclass

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
class Made(Unknown):
    """What a declined call of a framework API gave: an optimizer, a tape, a loss. Its members are the framework's."""

    origins: frozenset[str] = frozenset(["<declined>"])
    apis: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor. ``order`` None: undecided, follows the parameters in ``origins``. ``token`` stands for its storage.

    ``last`` is the size of the last axis where the rank, and so the other sizes, are not known.
    """

    rank: int | None = None
    order: Order | None = "source"
    dims: tuple[Dim, ...] | None = None
    dtype: str | None = None
    origins: frozenset[str] = frozenset()
    token: CSTNode | str | frozenset[CSTNode | str] | None = None
    last: Dim = None

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
class DType:
    """The dtype of some tensor, with its kind of number where that is known."""

    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """Where a tensor lives, which Keras decides by itself."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a tensor."""

    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple or list whose items are known one by one; ``fields`` are the names that PyTorch's named tuples have."""

    items: tuple[Value, ...]
    is_list: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Many:
    """A list, or another iterable, whose items are known only together."""

    item: Value


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dict with string keys; ``rest`` is the value under any key that is not known."""

    items: tuple[tuple[str, Value], ...]
    rest: Value = Bottom()


@dataclass(frozen=True, slots=True)
class FrameworkRef:
    """A module, class, function or constant of a framework by canonical name."""

    api: str


@dataclass(frozen=True, slots=True)
class Partial:
    """A ``functools.partial`` of a class or function of the framework, by the call that makes it."""

    site: CSTNode


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
class Record:
    """A class of named tuples that a call has made, with the names of its fields in order."""

    fields: tuple[str, ...]


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
class Submodule:
    """One of the modules below a module, in a walk over all of them.

    ``apis`` are the classes of the framework of which a test has shown it to be one; none where it may be anything.
    """

    apis: frozenset[str] = frozenset()


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
    """A builtin, a method of ``super()``, or something of the standard library that is understood, by its full name."""

    name: str


@dataclass(frozen=True, slots=True)
class ListMethod:
    """``append`` or ``extend`` of a list held in a name or attribute."""

    target: CSTNode
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class MappingMethod:
    """A method of a dict, about to be called."""

    target: CSTNode
    name: str
    value: Mapping


Value = (
    Bottom
    | Unknown
    | Tensor
    | Const
    | Number
    | DType
    | Device
    | Shape
    | Items
    | Many
    | Mapping
    | FrameworkRef
    | Partial
    | Made
    | ClassRef
    | FunctionRef
    | MethodRef
    | TensorMethod
    | Record
    | Instance
    | Super
    | Training
    | LayerAt
    | Container
    | Submodule
    | Merge
    | OneOf
    | Builtin
    | ListMethod
    | MappingMethod
)

BOTTOM = Bottom()
UNKNOWN = Unknown()
FOREIGN = Unknown(frozenset(["<import>"]))
"""Something imported from elsewhere: no tensor, whatever its methods are called."""
TARGET = Unknown(frozenset(["<target>"]))
"""Something of the target framework: code that is translated already, about which nothing is to be said."""
DECLINED = Unknown(frozenset(["<declined>"]))
"""What declined code gives: unknown, and already reported."""
NONE = Const(None)
CALLED = (ClassRef, FrameworkRef, Partial)
"""What makes something when it is called."""
_MODULES = (LayerAt, Container, Merge, Instance, FunctionRef, MethodRef, *CALLED)


def conflict(left: Tensor, right: Tensor) -> bool:
    """Whether two tensors cannot be stored under one name: in two orders, or moved with two ranks."""
    if (left.rank or 4) <= 2 or (right.rank or 4) <= 2 or None in (left.order, right.order):
        return False
    return left.order != right.order or (left.order == "moved" and None is not left.rank != right.rank is not None)


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
