"""Results of operations that add, exchange, cut or repeat axes, and of those that give several tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import libcst as cst

from translator.catalog.unify import Bound, Code, Literal
from translator.catalog.unify import Items as BoundItems
from translator.infer.outputs import shape_arguments
from translator.infer.values import Dim, Items, Many, Order, Tensor, Value
from translator.model import Framework
from translator.syntax import NOT_LITERAL, literal

Bindings = Mapping[str, Bound]


def moved_insertion(axis: int, rank: int, to: Framework) -> int | None:
    """Where an axis that is added to a tensor of ``rank`` at source axis ``axis`` stands in moved order.

    None where it takes the place of the batch or of the channels, so that the result has other channels.
    """
    positive = axis % (rank + 1)
    if to == "keras":
        return positive - 1 if positive >= 2 else None
    return positive + 1 if 1 <= positive < rank else None


def axis_of(bound: Bound | None) -> int | None:
    value = bound.value if isinstance(bound, Literal) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _inserted(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """One axis more, of size 1 or, where ``args`` names no size, of unknown size."""
    axis = axis_of(bindings.get(args[0]))
    if x.rank is None:
        return Tensor(None, "source", None, x.dtype)
    known = None
    if x.dims is not None and axis is not None:
        place = axis % (x.rank + 1)
        known = (*x.dims[:place], 1 if args[1:] == ["1"] else None, *x.dims[place:])
    return Tensor(x.rank + 1, order or "source", known, x.dtype)


def _swapped(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    axes = [axis_of(bindings.get(arg)) for arg in args]
    known = None
    if x.dims is not None and x.rank is not None and all(a is not None for a in axes):
        first, second = (a % x.rank for a in axes if a is not None)
        sizes = list(x.dims)
        sizes[first], sizes[second] = sizes[second], sizes[first]
        known = tuple(sizes)
    return Tensor(x.rank, order or "source", known, x.dtype)


def _permuted(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """As many axes in another order."""
    return Tensor(x.rank, "source", None, x.dtype)


def _resized(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """The same axes with other sizes."""
    return Tensor(x.rank, order, None, x.dtype, x.origins if order is None else frozenset())


def _stretched(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """As many axes as sizes are given, or as the tensor has where these are more."""
    items = shape_arguments(bindings.get(args[0]))
    if items is None:
        return Tensor(None, "source", None, x.dtype)
    rank = None if x.rank is None else max(len(items), x.rank)
    return Tensor(rank, order or "source", None, x.dtype)


def _broadcast(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """The sizes that are given; -1 keeps an axis."""
    items = shape_arguments(bindings.get(args[0]))
    if items is None:
        return Tensor(None, "source", None, x.dtype)
    known: list[Dim] = []
    for index, item in enumerate(items):
        value = literal(item) if isinstance(item, cst.CSTNode) else item
        kept = x.dim(index - len(items)) if x.dims is not None and len(items) - index <= len(x.dims) else None
        known.append(kept if value == -1 else value if isinstance(value, int) else None)
    return Tensor(len(items), order or "source", tuple(known), x.dtype)


def _parts(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """One of several equal parts along an axis; its size is known where the number of parts divides that of all."""
    axis, count = axis_of(bindings.get(args[0])), axis_of(bindings.get(args[1]))
    known = None
    if x.dims is not None and x.rank is not None and axis is not None:
        size = x.dims[axis % x.rank]
        part = size // count if isinstance(size, int) and count and size % count == 0 else None
        known = tuple(part if i == axis % x.rank else d for i, d in enumerate(x.dims))
    return Tensor(x.rank, order, known, x.dtype, x.origins if order is None else frozenset())


def reordered(bound: Bound | None, items: tuple[object, ...], axes: tuple[int, ...]) -> Bound:
    """What has one item for each axis, for other axes: item i is that of ``axes[i]``."""
    moved = tuple(items[axis] for axis in axes)
    if all(isinstance(item, int) for item in items):
        return Literal(moved)
    return BoundItems(moved)


def product(given: Sequence[Tensor], x: Tensor) -> Tensor:
    """A product of matrices: as many axes as the operand that has more; a vector takes one away."""
    ranks = [t.rank for t in given]
    if len(ranks) < 2 or None in ranks:
        return Tensor(None, "source", None, x.dtype)
    known = [rank for rank in ranks if rank is not None]
    kinds = {t.dtype for t in given}
    dtype = kinds.pop() if len(kinds) == 1 else None
    vectors = sum(1 for rank in known if rank == 1)
    return Tensor(max(known) - vectors if max(known) > 1 else 0, "source", None, dtype)


def _of_data(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """As many axes as lists are nested, and the kind of their numbers."""
    bound = bindings.get(args[0])
    if not isinstance(bound, Literal):
        return Tensor(None, "source")
    sizes: list[Dim] = []
    value = bound.value
    while isinstance(value, tuple | list) and value:
        sizes.append(len(value))
        value = value[0]
    kinds = {type(item) for item in _flat(bound.value)}
    kind = "float" if float in kinds else "bool" if kinds == {bool} else "int" if kinds == {int} else None
    return Tensor(len(sizes), "source", tuple(sizes), kind)


def _summed(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """What an equation leaves: as many axes as letters on its right side, unless an ellipsis stands for some."""
    bound = bindings.get(args[0])
    text = bound.value if isinstance(bound, Literal) else None
    if not isinstance(text, str) or "->" not in text or "." in text:
        return Tensor(None, "source", None, x.dtype)
    return Tensor(sum(letter.isalpha() for letter in text.partition("->")[2]), "source", None, x.dtype)


def _grid(bindings: Bindings, args: Sequence[str], x: Tensor, order: Order | None) -> Tensor:
    """As many axes as there are vectors."""
    items = _vectors(bindings.get(args[0]))
    return Tensor(None if items is None else len(items), "source", None, x.dtype)


def _vectors(bound: Bound | None) -> tuple[object, ...] | None:
    return shape_arguments(bound) if isinstance(bound, BoundItems) else None


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, tuple | list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


RULES: Mapping[str, Callable[[Bindings, Sequence[str], Tensor, Order | None], Tensor]] = {
    "insert": _inserted,
    "swap": _swapped,
    "permuted": _permuted,
    "resized": _resized,
    "stretched": _stretched,
    "broadcast": _broadcast,
    "data": _of_data,
    "einsum": _summed,
    "grid": _grid,
    "parts": _parts,
    "sections": _parts,
    "pieces": _parts,
}


def several(name: str, args: Sequence[str], bindings: Bindings, x: Tensor, part: Tensor) -> Value:
    """The list that an operation gives, item by item where their number is known.

    ``parts`` are that many, ``sections`` one for each size, ``pieces`` one more than there are cuts; anything else is
    the slices along its first argument.
    """
    given = bindings.get(args[1]) if len(args) > 1 else None
    axis = axis_of(bindings.get(args[0])) if args else None
    count: int | None = None
    if name in ("parts", "pieces") and axis_of(given) is not None:
        count = axis_of(given)
    elif name in ("sections", "pieces"):
        items = None if isinstance(given, Literal) and not isinstance(given.value, tuple | list) else _items(given)
        if items is not None and name == "sections":
            return Items(tuple(_of_size(part, axis, item) for item in items))
        count = len(items) + 1 if items is not None else None
    elif name == "grid":
        items = _vectors(bindings.get(args[0]))
        count = len(items) if items is not None else None
    elif name == "reduce":
        size = x.dims[axis % x.rank] if axis is not None and x.dims is not None and x.rank else None
        count = size if isinstance(size, int) else None
    return Items((part,) * count) if count is not None and count > 0 else Many(part)


def _items(bound: Bound | None) -> tuple[object, ...] | None:
    if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
        return tuple(bound.value)
    return shape_arguments(bound) if isinstance(bound, Code) else None


def _of_size(part: Tensor, axis: int | None, item: object) -> Tensor:
    value = literal(item) if isinstance(item, cst.CSTNode) else item
    size = value if isinstance(value, int) and value is not NOT_LITERAL else None
    if part.dims is None or part.rank is None or axis is None:
        return part
    return replace(part, dims=tuple(size if i == axis % part.rank else d for i, d in enumerate(part.dims)))
