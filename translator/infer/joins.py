"""What covers two values, and what the items of a value have in common."""

from __future__ import annotations

from itertools import takewhile

from translator.infer.values import (
    BOTTOM,
    CALLED,
    NONE,
    UNKNOWN,
    Bottom,
    ClassRef,
    Const,
    Container,
    Device,
    Instance,
    Items,
    LayerAt,
    Made,
    Many,
    Mapping,
    Number,
    OneOf,
    Shape,
    Submodule,
    Tensor,
    Unknown,
    Value,
    is_moduleish,
    options,
    storage,
)


def join(left: Value, right: Value) -> Value:
    """The least value that covers both. Orders of tensors are joined by the caller first (see ``orders``)."""
    if left is right or isinstance(right, Bottom):
        return left
    if isinstance(left, Bottom):
        return right
    if left == right:
        return left
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return _join_tensors(left, right)
    if isinstance(left, Made) and isinstance(right, Made):
        return Made(apis=left.apis | right.apis)
    if isinstance(left, Tensor | Made | Device) and right == NONE:
        return left
    if isinstance(right, Tensor | Made | Device) and left == NONE:
        return right
    if isinstance(left, Submodule) and isinstance(right, Submodule | Instance | ClassRef):
        return Submodule()
    if isinstance(right, Submodule) and isinstance(left, Instance | ClassRef):
        return Submodule()
    if is_moduleish(left) and (is_moduleish(right) or right == NONE):
        return _join_modules(left, right)
    if is_moduleish(right) and left == NONE:
        return _join_modules(right, left)
    for unknown, other in ((left, right), (right, left)):
        if isinstance(unknown, Unknown) and _is_parameter(unknown) and _is_called(other):
            # What a caller may hand in takes the place of a class.
            return other
    return _join_python(left, right)


def _is_parameter(value: Unknown) -> bool:
    return bool(value.origins) and not any(name.startswith("<") for name in value.origins)


def _is_called(value: Value) -> bool:
    return all(isinstance(option, CALLED) for option in options(value))


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
    # What both begin with is known one by one; a list that grows in a loop or a branch differs behind it.
    pairs = zip(left.items, right.items, strict=False)
    alike = len(list(takewhile(lambda pair: pair[0] == pair[1] and not isinstance(pair[0], Many), pairs)))
    rests = (Container(one.site, one.runs, one.items[alike:]) for one in (left, right))
    joined = join_all(tuple(element(rest) for rest in rests))
    return Container(left.site, left.runs, (*left.items[:alike], Many(joined)))


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
        items = tuple(join(a, b) for a, b in zip(left.items, right.items, strict=True))
        return Items(items, left.is_list, left.fields if left.fields == right.fields else ())
    if isinstance(left, Items | Many) and isinstance(right, Items | Many):
        return Many(join(element(left), element(right)))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        keys = [k for k, _ in left.items] + [k for k, _ in right.items if k not in dict(left.items)]
        a, b = dict(left.items), dict(right.items)
        pairs = tuple((k, join(a.get(k, BOTTOM), b.get(k, BOTTOM))) for k in keys)
        return Mapping(pairs, join(left.rest, right.rest))
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
