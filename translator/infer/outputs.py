"""What an entry's ``output`` says about the result: rank, order, dims and dtype."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.unify import Applied, Bound, Code, Items, Literal
from translator.infer import dims
from translator.infer.values import Dim, Order, Tensor
from translator.model import Framework
from translator.syntax import NOT_LITERAL, literal

DimOf = Callable[[cst.CSTNode], Dim]
_CALL = re.compile(r"(\w+)\((.*)\)$")


def result(
    entry: Entry,
    bindings: Mapping[str, Bound],
    x: Tensor,
    order: Order | None,
    source: Framework,
    dim_of: DimOf,
    channels_last: bool,
) -> Tensor:
    """The value that an entry's operation gives for input ``x`` evaluated in ``order``."""
    spec = entry.output
    found = _CALL.match(spec)
    if spec == "same":
        return x.ordered(order)
    if spec == "unknown":
        return Tensor(None, "source")
    if spec == "around":
        return _around(x, order, channels_last)
    if spec.startswith("["):
        return _listed(spec, bindings, x, order, dim_of, channels_last)
    if found is None:
        return Tensor(None, "source")
    name, args = found[1], [a.strip() for a in found[2].split(",") if a.strip()]
    if name == "embedded":
        last = _dim(bindings.get(args[0]), dim_of)
        if x.rank is None:
            return Tensor(None, "source", None, "float", last=last)
        return Tensor(x.rank + 1, "source", (*(x.dims or (None,) * x.rank), last), "float")
    if name == "last":
        last = _dim(bindings.get(args[0]), dim_of)
        if x.rank is None:
            return Tensor(None, order, None, "float", x.origins, last=last)
        return Tensor(x.rank, order, (*(x.dims or (None,) * x.rank)[:-1], last), "float", x.origins)
    if name == "reduce":
        return _reduced(bindings, args, x, order, source)
    if name == "flatten":
        return _flattened(bindings, args, x)
    if name == "rank":
        return Tensor(int(args[0]), "source", None, x.dtype)
    if name == "pool":
        return _pooled(bindings, x, order, source, channels_last)
    if name == "conv":
        pooled = _pooled(bindings, x, order, source, channels_last)
        if pooled.rank is None or pooled.dims is None:
            return pooled
        sizes = list(pooled.dims)
        sizes[pooled.rank - 1 if channels_last else 1] = _dim(bindings.get(args[0]), dim_of)
        return replace(pooled, dims=tuple(sizes))
    if name == "transposed":
        spec = f"[n, {args[0]}{', _' * ((x.rank or len(next(iter(entry.inputs.values()))[0].dims)) - 2)}]"
        return _listed(spec, bindings, x, order, dim_of, channels_last)
    if name == "spatial":
        return _resized(bindings.get(args[0]), x, order, channels_last, dim_of)
    if name == "channels":
        return Tensor(2, "source", (x.dim(0), x.dim(-1 if channels_last else 1)), "float")
    if name == "concat":
        return _concatenated(bindings.get(args[0]), x, order)
    if name in ("reshape", "shape"):
        return _reshaped(
            bindings.get(args[0]), x if name == "reshape" else Tensor(None, "source", None, "float"), dim_of
        )
    if name == "permute":
        return _permuted(bindings.get(args[0]), x)
    if name == "loss":
        return _lost(bindings.get(args[0]), x, order)
    if name == "halved":
        return _halved(bindings.get(args[0]), x, order)
    if name == "padded":
        return Tensor(x.rank, order, None, x.dtype, x.origins if None in (order, x.rank) else frozenset())
    raise ValueError(f"[{entry.name}] has an unknown output {spec!r}")


OUTPUTS = frozenset(
    "embedded last reduce flatten rank pool conv spatial "
    "channels transposed concat reshape shape permute padded loss halved".split()
)


def _lost(reduction: Bound | None, x: Tensor, order: Order | None) -> Tensor:
    """A loss is one number unless its ``reduction`` is 'none'; what it then gives for each sample is up to the loss."""
    value = reduction.value if isinstance(reduction, Literal) else None
    if isinstance(value, str) and value != "none":
        return Tensor(0, "source", (), "float")
    if x.order == "source" or order == "source":
        return Tensor(None, "source", None, "float")
    return Tensor(x.rank, order, None, "float", x.origins if order is None else frozenset())


def _halved(bound: Bound | None, x: Tensor, order: Order | None) -> Tensor:
    """One axis has half its size."""
    axis = bound.value if isinstance(bound, Literal) else None
    known = x.dims
    if known is not None and isinstance(axis, int) and x.rank is not None:
        sizes = [d // 2 if i == axis % x.rank and isinstance(d, int) else d for i, d in enumerate(known)]
        known = tuple(None if i == axis % x.rank and not isinstance(d, int) else d for i, d in enumerate(sizes))
    else:
        known = None
    return Tensor(x.rank, order, known, x.dtype, x.origins if order is None else frozenset())


def _concatenated(bound: Bound | None, x: Tensor, order: Order | None) -> Tensor:
    """The concatenated axis gets an unknown size here; the caller adds the parts where it knows them all."""
    axis = bound.value if isinstance(bound, Literal) else None
    known = x.dims
    if known is not None and isinstance(axis, int) and x.rank is not None:
        known = tuple(None if i == axis % x.rank else d for i, d in enumerate(known))
    else:
        known = None
    return Tensor(x.rank, order, known, x.dtype, x.origins if order is None else frozenset())


def _reshaped(bound: Bound | None, x: Tensor, dim_of: DimOf) -> Tensor:
    items = shape_arguments(bound)
    if items is None:
        return Tensor(None, "source", None, x.dtype)
    known: list[Dim] = []
    for item in items:
        if isinstance(item, int):
            known.append(item if item >= 0 else None)
        elif isinstance(item, cst.CSTNode):
            value = literal(item)
            known.append(
                value if isinstance(value, int) and value >= 0 else None if value is not NOT_LITERAL else dim_of(item)
            )
        else:
            known.append(None)
    return Tensor(len(items), "source", tuple(known), x.dtype)


def _permuted(bound: Bound | None, x: Tensor) -> Tensor:
    items = shape_arguments(bound)
    if items is None:
        return Tensor(x.rank, "source", None, x.dtype)
    axes = [i if isinstance(i, int) else literal(i) if isinstance(i, cst.CSTNode) else None for i in items]
    known = None
    if x.dims is not None and all(isinstance(a, int) for a in axes) and len(axes) == len(x.dims):
        known = tuple(x.dims[a] for a in axes if isinstance(a, int))
    return Tensor(len(items), "source", known, x.dtype)


def shape_arguments(bound: Bound | None) -> tuple[object, ...] | None:
    """The items of a shape given as a tuple or as separate arguments: numbers, nodes, or None."""
    if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
        return tuple(bound.value)
    if isinstance(bound, Literal) and isinstance(bound.value, int):
        return (bound.value,)
    if isinstance(bound, Items):
        if len(bound.nodes) == 1 and isinstance(bound.nodes[0], cst.Tuple | cst.List):
            return _elements(bound.nodes[0])
        return None if any(isinstance(n, cst.Arg) for n in bound.nodes) else tuple(bound.nodes)
    if isinstance(bound, Code) and isinstance(bound.node, cst.Tuple | cst.List):
        return _elements(bound.node)
    return None


def _elements(node: cst.Tuple | cst.List) -> tuple[object, ...] | None:
    if all(isinstance(e, cst.Element) for e in node.elements):
        return tuple(e.value for e in node.elements)
    return None


def _dim(bound: Bound | None, dim_of: DimOf) -> Dim:
    if isinstance(bound, Literal):
        return bound.value if isinstance(bound.value, int) and not isinstance(bound.value, bool) else None
    return dim_of(bound.node) if isinstance(bound, Code) else None


def _around(x: Tensor, order: Order | None, channels_last: bool) -> Tensor:
    """The spatial sizes change, at any rank."""
    origins = x.origins if None in (order, x.rank) else frozenset()
    if x.rank is None or x.rank <= 2:
        return Tensor(x.rank, order, None, x.dtype, origins)
    channel = x.rank - 1 if channels_last else 1
    known = tuple(x.dim(axis) if axis in (0, channel) else None for axis in range(x.rank))
    return Tensor(x.rank, order, known, x.dtype, origins)


def _listed(
    spec: str, bindings: Mapping[str, Bound], x: Tensor, order: Order | None, dim_of: DimOf, channels_last: bool
) -> Tensor:
    """``[n, out_channels, _, _]``, in PyTorch's axis order.

    "n" repeats the batch, "c" the channels, "=" keeps the axis, "_" is unknown.
    """
    names = [n.strip() for n in spec[1:-1].split(",")]
    rank = len(names)
    to_source = (0, *range(2, rank), 1) if channels_last and rank > 2 else tuple(range(rank))
    arranged = [names[axis] for axis in to_source]
    known: list[Dim] = []
    for axis, name in enumerate(arranged):
        if name in ("n", "="):
            known.append(x.dim(axis) if x.rank == rank else None)
        elif name.isdigit():
            known.append(int(name))
        elif name == "c":
            known.append(x.dim(rank - 1 if channels_last else 1) if x.rank == rank else None)
        else:
            known.append(_dim(bindings.get(name), dim_of) if name != "_" else None)
    return Tensor(
        rank, order if rank > 2 else "source", tuple(known), "float", x.origins if order is None else frozenset()
    )


def _reduced(
    bindings: Mapping[str, Bound], args: list[str], x: Tensor, order: Order | None, source: Framework
) -> Tensor:
    axis, keep = bindings.get(args[0]), bindings.get(args[1]) if len(args) > 1 else None
    kept = isinstance(keep, Literal) and keep.value is True
    if isinstance(axis, Literal) and axis.value is None:
        return Tensor(0, "source", (), x.dtype)
    if keep is not None and not isinstance(keep, Literal):
        return Tensor(None, order if order != "moved" else "source", None, x.dtype)
    axes = axis.value if isinstance(axis, Literal) else None
    axes = (axes,) if isinstance(axes, int) else axes
    if x.rank is None or not isinstance(axes, tuple | list):
        # With fewer axes it is no longer what its caller hands in, of which an order could be demanded.
        return Tensor(None, order, None, x.dtype, x.origins) if kept else Tensor(None, order or "source", None, x.dtype)
    positive = {a % x.rank for a in axes if isinstance(a, int)}
    if kept:
        known = tuple(1 if i in positive else d for i, d in enumerate(x.dims)) if x.dims is not None else None
        if known is None:
            known = tuple(1 if i in positive else None for i in range(x.rank))
        return Tensor(x.rank, order, known, x.dtype, x.origins)
    rest = [i for i in range(x.rank) if i not in positive]
    known = tuple(x.dims[i] for i in rest) if x.dims is not None else None
    result_order: Order | None = order if len(rest) > 2 else "source"
    if order == "moved" and result_order == "moved":
        # Without its channel axis the rest may already stand in source order.
        stored = [a for a in dims.moved_axes(x.rank, "keras" if source == "torch" else "torch") if a in rest]
        result_order = "source" if stored == rest else "moved"
    return Tensor(len(rest), result_order, known, x.dtype, x.origins if result_order is None else frozenset())


def reduction_order(x: Tensor, axes: object, keep: bool, source: Framework) -> str:
    """The order to reduce in.

    "moved" where that gives a tensor in moved (or trivial) order, "source" where the tensor must be converted first.
    """
    if x.rank is None or keep or axes is None:
        return "moved"
    positive = {a % x.rank for a in ((axes,) if isinstance(axes, int) else axes) if isinstance(a, int)}  # type: ignore[attr-defined]
    rest = [i for i in range(x.rank) if i not in positive]
    moved_rest = [a for a in dims.moved_axes(x.rank, "keras" if source == "torch" else "torch") if a in rest]
    if rest == moved_rest:
        return "moved"
    channel = 1 if source == "torch" else x.rank - 1
    return "moved" if 0 in rest and channel in rest else "source"


def _flattened(bindings: Mapping[str, Bound], args: list[str], x: Tensor) -> Tensor:
    bounds = [bindings.get(a) for a in args]
    values = [b.value if isinstance(b, Literal) else None for b in bounds]
    start, end = [*values, -1][:2] if values else (1, -1)
    if x.rank is None or not isinstance(start, int) or not isinstance(end, int):
        return Tensor(2 if start == 1 and end == -1 else None, "source", None, x.dtype)
    first, last = start % x.rank, end % x.rank
    if x.dims is None:
        return Tensor(x.rank - (last - first), "source", None, x.dtype)
    product: Dim = 1
    for dim in x.dims[first : last + 1]:
        product = dims.multiply(product, dim)
    return Tensor(x.rank - (last - first), "source", (*x.dims[:first], product, *x.dims[last + 1 :]), x.dtype)


def _literal(bindings: Mapping[str, Bound], name: str, default: object) -> object:
    bound = bindings.get(name)
    if bound is None:
        return default
    if isinstance(bound, Literal):
        return default if bound.value is None else bound.value
    return None if isinstance(bound, Applied | Code) else default


def _pooled(
    bindings: Mapping[str, Bound], x: Tensor, order: Order | None, source: Framework, channels_last: bool
) -> Tensor:
    """Sizes after a window: by kernel_size, stride, padding, dilation and ceil_mode of the bindings."""
    if x.rank is None:
        return Tensor(None, order)
    spatial = range(1, x.rank - 1) if channels_last else range(2, x.rank)
    kernel = _literal(bindings, "kernel_size", 1)
    values = [
        kernel,
        _literal(bindings, "stride", kernel),
        _literal(bindings, "padding", 0),
        _literal(bindings, "dilation", 1),
    ]
    ceil = _literal(bindings, "ceil_mode", False)
    known: list[Dim] = [x.dim(axis) for axis in range(x.rank)]
    for index, axis in enumerate(spatial):
        picked = [v[index] if isinstance(v, tuple | list) and index < len(v) else v for v in values]
        numbers = [int(v) for v in picked if isinstance(v, int)]
        if len(numbers) == len(picked) and isinstance(ceil, bool):
            size, step, pad, dilation = numbers
            known[axis] = dims.window(x.dim(axis), size, step, pad, pad, dilation, ceil)
        elif picked[2] == "same" and isinstance(picked[1], int):
            total = x.dim(axis)
            known[axis] = -(-total // picked[1]) if isinstance(total, int) else None
        else:
            known[axis] = None
    return Tensor(x.rank, order, tuple(known), "float", x.origins if order is None else frozenset())


def _resized(bound: Bound | None, x: Tensor, order: Order | None, channels_last: bool, dim_of: DimOf) -> Tensor:
    if x.rank is None:
        return Tensor(None, order)
    spatial = list(range(1, x.rank - 1)) if channels_last else list(range(2, x.rank))
    value = bound.value if isinstance(bound, Literal) else None
    sizes = list(value) if isinstance(value, tuple | list) else [value] * len(spatial)
    known: list[Dim] = [x.dim(axis) for axis in range(x.rank)]
    for axis, size in zip(spatial, sizes, strict=False):
        known[axis] = size if isinstance(size, int) else None
    return Tensor(x.rank, order, tuple(known), "float")
