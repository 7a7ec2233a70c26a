"""Small source modules drawn from a mapping entry alone: its patterns, kinds, inputs and output."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import TypeVar

from hypothesis import assume
from hypothesis import strategies as st

from tests.laws.modules import Form, Module
from tests.laws.spelling import STYLES, Speller, UnwritableError
from tests.laws.values import (
    NO_DEFAULT,
    NUMBERS,
    allows,
    defaults,
    excluded,
    refuses_sizes,
    satisfying,
    transform_of,
    value_of,
)
from translator.catalog.entry import Case, Direction, Entry, Shape
from translator.catalog.load import Catalog, load
from translator.catalog.pattern import Apply, Call, Pat, Ref, Xform, holes
from translator.catalog.transforms import CONTEXTUAL
from translator.model import Framework, Layout

T = TypeVar("T")

SPATIAL_DIMS = frozenset("d h w l t".split())


@dataclass(frozen=True, slots=True)
class Program:
    """A source module, what builds its model, and the shapes of one call in source axis order.

    ``dtypes`` and ``bounds`` say what else is known of an argument: integers lie below their bound, bounded floats
    between 0 and it.
    """

    source: str
    framework: Framework
    layout: Layout
    entry: str
    case: str
    form: Form
    construct: str
    model: str
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    bounds: Mapping[str, int]
    excluded: str
    seed: int
    target_layout: Layout = "channels_last"
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def target(self) -> Framework:
        return "keras" if self.framework == "torch" else "torch"


def source_of(direction: Direction) -> Framework:
    return "torch" if direction == "to_keras" else "keras"


def is_layer(catalog: Catalog, entry: Entry) -> bool:
    """True where both sides construct a layer, False for functions and names."""
    return all(
        isinstance(pattern, Call) and _is_class(catalog, pattern.api)
        for case in entry.cases
        for pattern in (*case.torch, *case.keras)
    )


def _is_class(catalog: Catalog, api: str) -> bool:
    signature = catalog.signatures.get(api)
    return signature is not None and signature.kind == "class"


def forms(catalog: Catalog, entry: Entry) -> tuple[Form, ...]:
    """The programs in which an entry is tried."""
    if is_layer(catalog, entry):
        if _lacks_lazy(catalog, entry):
            return ("behind",)
        if entry.states:
            # Where the sizes are not known, both libraries' own layers give way to a helper.
            return ("behind",) if entry.infer and not _has_helpers(entry) else ("layer",)
        return ("layer", "sequential") if len(entry.inputs) < 2 else ("layer",)
    if any(isinstance(pattern, Ref) for case in entry.cases for pattern in case.torch):
        return ("annotation",)
    if not entry.inputs:
        return ("made",)
    first = next(iter(entry.inputs.values()))[0]
    if catalog_decides_by_rank(catalog, entry):
        return ("image",)
    floats = all(shape.dtype == "float" and not shape.bound for shapes in entry.inputs.values() for shape in shapes)
    fits = floats and entry.layout != "spatial" and (len(first.dims) == 4 or entry.layout in ("free", "axes"))
    if not fits or 4 not in (entry.ranks or (4,)):
        return ("function",)
    return ("image",) if _needs_rank(entry) else ("function", "image")


def _has_helpers(entry: Entry) -> bool:
    patterns = (pattern for case in entry.cases for pattern in (*case.torch, *case.keras))
    return any(isinstance(pattern, Call) and pattern.api.startswith("helpers.") for pattern in patterns)


def _lacks_lazy(catalog: Catalog, entry: Entry) -> bool:
    """True where PyTorch's layer must be told a size that only a layer before it makes known, or the rank decides."""
    spatial = next(iter(entry.inputs.values()), None)
    if spatial is None or (len(spatial[0].dims) < 3 and entry.layout != "channels") or entry.listed:
        return False
    others = {p.api for e in catalog.entries if not e.infer for c in e.cases for p in c.keras if isinstance(p, Call)}
    own = {p.api for case in entry.cases for p in case.keras if isinstance(p, Call)}
    torch = {p.api for case in entry.cases for p in case.torch if isinstance(p, Call)}
    if any(catalog.rank_decides("keras", api) for api in own) or any(
        catalog.rank_decides("torch", api) for api in torch
    ):
        return True
    return (bool(entry.infer) and not own & others) or entry.layout == "channels"


def catalog_decides_by_rank(catalog: Catalog, entry: Entry) -> bool:
    """True where the same function stands for several of the other library, by the rank of its input."""
    if entry.layout == "channels":
        return True
    torch = any(isinstance(p, Call) and catalog.rank_decides("torch", p.api) for c in entry.cases for p in c.torch)
    return torch or any(
        isinstance(p, Call) and catalog.rank_decides("keras", p.api) for c in entry.cases for p in c.keras
    )


def _needs_rank(entry: Entry) -> bool:
    """True where a transform cannot be written without the tensor's rank, which only a layer before it makes known."""
    patterns = (pattern for case in entry.cases for pattern in (*case.torch, *case.keras))
    parts = (part for pattern in patterns if isinstance(pattern, Call) for _, part in pattern.args)
    return any(isinstance(part, Xform) and part.name in CONTEXTUAL for part in parts)


@st.composite
def programs(draw: st.DrawFn, name: str, case: int, direction: Direction) -> Program:
    """One program from a case (by index) of an entry. Draws that no source text can express are rejected."""
    catalog = load()
    entry = catalog.entry(name)
    return _Drawing(draw, catalog, entry, entry.cases[case], source_of(direction)).program()


class _Drawing:
    def __init__(self, draw: st.DrawFn, catalog: Catalog, entry: Entry, case: Case, framework: Framework) -> None:
        self.draw, self.catalog, self.entry, self.case, self.framework = draw, catalog, entry, case, framework
        spellings = case.torch if framework == "torch" else case.keras
        self.pattern: Pat = self._one_of([p for p in spellings if not isinstance(p, Apply)])  # those are only written
        self.form: Form = self._one_of(forms(catalog, entry))
        self.style = self._one_of(STYLES)
        self.defaults = defaults(self.pattern, catalog.signatures)
        # Only Keras has two layouts in its source; a spatial layer of PyTorch has but one.
        self.layout: Layout = "channels_first" if framework == "torch" else self._layout()
        self.dims: dict[str, int] = {}
        self.values: dict[str, object] = {}
        self.rank = self._rank()
        self.written = self._written()

    def program(self) -> Program:
        self.values.update(self._one_of(satisfying(self.entry, self.case, self.defaults, max(self.rank - 2, 1))))
        self._draw_ints()
        shapes, dtypes, bounds = self._shapes()
        self._draw_holes(next(iter(shapes.values())))
        on_values = [c for c in self.case.when if not set(c.holes) & set(self.entry.inputs)]
        assume(allows(on_values, self.values))
        assume(not refuses_sizes(self.entry, self.case, self.values, shapes))
        seed = self.draw(st.integers(0, 2**32 - 1))
        refused = excluded(self.case, self.values)
        # Some draws stay outside of what the entry covers, to see that they are declined; most should be translated.
        assume(not refused or self._one_of((True, False, False, False)))
        speller = self._speller(list(shapes), seed)
        try:
            expression = speller.write(self.pattern)
        except UnwritableError:
            assume(False)
        if self.entry.also or self.entry.output.startswith("list "):
            expression += self._one_of(("[0]", "[-1]"))  # the laws compare one result
        pairs, cell = self._gives_pairs(), len(next(iter(shapes.values()))) == 2
        state, item = bool(self.entry.states) and cell and not pairs, self._item(pairs, cell)
        module = Module(self.framework, self.form, expression, shapes, speller, self._mode(), state, item)
        whole = module.sequential() and self.framework == "keras"
        return Program(
            source=module.text(self.catalog),
            framework=self.framework,
            layout=self.layout,
            entry=self.entry.name,
            case=self.case.name,
            form=self.form,
            construct="model" if whole else "Net()",
            model="model" if whole else "Net",
            shapes=shapes,
            dtypes=dtypes,
            bounds=bounds,
            excluded=refused,
            seed=seed,
            target_layout=self._layout() if self.framework == "torch" else "channels_first",
            values=self.values,
        )

    def _gives_pairs(self) -> bool:
        """Whether a recurrent layer has PyTorch's conventions, which our helpers for Keras have, too."""
        return isinstance(self.pattern, Call) and self.pattern.api.startswith(("torch.nn.", "helpers.keras."))

    def _item(self, pairs: bool, cell: bool) -> str:
        """One result of a layer that gives a pair, or of a recurrent layer or cell, as an index."""
        states = self.entry.states
        if self.entry.pair.endswith(" or None"):
            return self._one_of(("[0]", "[1]"))
        if not states:
            return ""
        options: tuple[str, ...]
        if pairs and cell:
            options = ("[0]", "[1]") if states > 1 else ("",)
        elif pairs:
            options = ("[0]", "[1][0]", "[1][1]") if states > 1 else ("[0]", "[1]")
        elif cell:
            options = ("[0]", "[1][0]")
        else:
            options = ("[0]", "[1]") if self.values.get("return_state") else ("",)
        return self._one_of(options)

    def _written(self) -> frozenset[str]:
        """The operands that stand as numbers in the call; at least one is a tensor, the receiver of a method always."""
        kinds = self.entry.kinds
        numbers = {name for name in self.entry.inputs if kinds.get(name) == "number"}
        first = next((hole.name for hole in holes(self.pattern)), "")
        method = isinstance(self.pattern, Call) and self.pattern.api.startswith("torch.Tensor.")
        for name in self.entry.inputs:
            free = kinds.get(name) == "operand" and not (method and name == first)
            if free and len(numbers) + 1 < len(self.entry.inputs) and self._coin():
                numbers.add(name)
        for name in sorted(numbers):
            self.values[name] = self._one_of(NUMBERS)
        return frozenset(numbers)

    def _one_of(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def _coin(self) -> bool:
        return self.draw(st.booleans())

    def _layout(self) -> Layout:
        layouts: tuple[Layout, ...] = ("channels_last", "channels_first")
        return self._one_of(layouts)

    def _draw_ints(self) -> None:
        """Sizes of which dims may be made, now and then all equal, so that groups divide channels and sizes collide."""
        names = [name for name, kind in self.entry.kinds.items() if kind == "int" and name not in self.values]
        same = self.draw(st.one_of(st.none(), st.none(), st.integers(1, 4)))
        for name in sorted(names):
            default = self.defaults.get(name, NO_DEFAULT)
            if default is not NO_DEFAULT and (self.style == "defaults" or self._coin()):
                self.values[name] = default
            else:
                self.values[name] = self.draw(st.integers(1, 4)) if same is None else same

    def _draw_holes(self, shape: tuple[int, ...]) -> None:
        tensors = set(self.entry.inputs)
        predicates = {(c.predicate, h) for c in self.case.when for h in c.holes}
        rejected = {(c.predicate, h) for c in self.case.reject for h in c.holes}
        for hole in sorted({hole.name for hole in holes(self.pattern)} - tensors - set(self.values)):
            if self.entry.kind(hole) == "mode":
                continue
            default = self.defaults.get(hole, NO_DEFAULT)
            if default is not NO_DEFAULT and (self.style == "defaults" or self._coin()):
                self.values[hole] = default
                continue
            only_int = ("is_int", hole) in predicates or ("is_sequence", hole) in rejected
            transform = transform_of(self.case, self.pattern, hole)
            made = self._made_shape() if self.form == "made" else shape
            self.values[hole] = self.draw(value_of(self.entry, hole, default, transform, made, only_int))

    def _made_shape(self) -> tuple[int, ...]:
        return self.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple))

    def _shapes(self) -> tuple[dict[str, tuple[int, ...]], dict[str, str], dict[str, int]]:
        shapes: dict[str, tuple[int, ...]] = {}
        dtypes: dict[str, str] = {}
        bounds: dict[str, int] = {}
        if self.form == "image":
            for argument, shape in self._declared().items():
                dims = ("n", "c", "height", "width", "depth")[: self.rank] if shape.dims else ()
                shapes[argument] = self._ordered([self._dim(d) for d in dims])
            return shapes, dtypes, bounds
        for argument, shape in self._declared().items():
            sizes = [self._dim(dim) for dim in self._of_rank(shape.dims)]
            placed = self.entry.layout in ("spatial", "channels")
            shapes[argument] = self._ordered(sizes) if placed else tuple(sizes)
            dtypes[argument] = shape.dtype
            if shape.dtype == "int" or shape.bound:
                bounds[argument] = max(self._dim(shape.bound), 1) if shape.bound else 4
        if not shapes:
            shapes["x"] = (self._dim("n"), self._dim("c"))
        return shapes, dtypes, bounds

    def _rank(self) -> int:
        """The rank of the main tensor: one of those that the entry holds for."""
        first = next(iter(self.entry.inputs.values()), None)
        declared = len(first[0].dims) if first else 2
        if self.form == "image" and self.entry.layout not in ("spatial", "channels"):
            return 4
        several = self.entry.layout == "channels" and self.entry.ranks
        return self._one_of(self.entry.ranks) if several else declared

    def _of_rank(self, dims: tuple[str, ...]) -> tuple[str, ...]:
        """The declared dims with as many spatial ones as the drawn rank has."""
        if self.entry.layout != "channels" or not self.entry.ranks:
            return dims
        return (*dims, *("h", "w", "d"))[: self.rank] if len(dims) < 3 else (*dims[:2], *("h", "w", "d"))[: self.rank]

    def _declared(self) -> Mapping[str, Shape]:
        """Shape by argument; a list of tensors becomes one argument for each."""
        result: dict[str, Shape] = {}
        for name, shapes in self.entry.inputs.items():
            if name in self.written:
                continue
            many = name in self.entry.listed
            result.update({f"{name}{i}" if many else name: shape for i, shape in enumerate(shapes)})
        return result

    def _ordered(self, sizes: list[int]) -> tuple[int, ...]:
        last = self.framework == "keras" and self.layout == "channels_last"
        return (sizes[0], *sizes[2:], sizes[1]) if last and len(sizes) > 2 else tuple(sizes)

    def _dim(self, text: str) -> int:
        factors = [factor for factor in re.split(r"[*() ]+", text) if factor]
        return prod(int(f) if f.isdigit() else self._named(f) for f in factors)

    def _named(self, name: str) -> int:
        value = self.values.get(name)
        if isinstance(value, int):
            return value
        if name not in self.dims or name == "_":
            # Kernels of up to 3 with a dilation of up to 3 need 4 to 7 positions; elsewhere sizes should collide.
            large = self.entry.layout in ("spatial", "channels") and name in SPATIAL_DIMS
            self.dims[name] = self.draw(st.integers(4, 7) if large else st.integers(1, 4))
        return self.dims[name]

    def _mode(self) -> bool:
        return "mode" in self.entry.kinds.values()

    def _speller(self, arguments: list[str], seed: int) -> Speller:
        texts = {name: name for name in self.entry.inputs if name not in {*self.entry.listed, *self.written}}
        for name in self.entry.listed:
            joined = ", ".join(a for a in arguments if a.startswith(name))
            texts[name] = self._one_of((f"[{joined}]", f"({joined})"))
        for name, kind in self.entry.kinds.items():
            if kind == "mode":
                texts[name] = "self.training" if self.framework == "torch" else "training"
        short = self._coin()
        signatures = self.catalog.signatures
        values, random = self.values, Random(seed)
        return Speller(
            self.entry, signatures, values, texts, self.style, self.layout, short, random, self.rank, self.framework
        )
