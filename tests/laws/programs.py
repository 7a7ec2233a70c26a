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
from tests.laws.values import NO_DEFAULT, allows, defaults, excluded, satisfying, transform_of, value_of
from translator.catalog.entry import Case, Direction, Entry, Shape
from translator.catalog.load import Catalog, load
from translator.catalog.pattern import Apply, Call, Pat, Ref, Xform, holes
from translator.catalog.transforms import CONTEXTUAL
from translator.model import Framework, Layout

T = TypeVar("T")

SPATIAL_DIMS = frozenset("d h w l t".split())


@dataclass(frozen=True, slots=True)
class Program:
    """A source module, what builds its model, and the shapes of one call (source axis order; int dtype: its bound)."""

    source: str
    framework: Framework
    layout: Layout
    entry: str
    case: str
    form: Form
    construct: str
    model: str
    shapes: Mapping[str, tuple[int, ...]]
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
        return ("layer", "sequential")
    if any(isinstance(pattern, Ref) for case in entry.cases for pattern in case.torch):
        return ("annotation",)
    if not entry.inputs:
        return ("made",)
    first = next(iter(entry.inputs.values()))[0]
    fits = entry.layout != "spatial" and (len(first.dims) == 4 or entry.layout in ("free", "axes"))
    if not fits or 4 not in (entry.ranks or (4,)):
        return ("function",)
    return ("image",) if _needs_rank(entry) else ("function", "image")


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

    def program(self) -> Program:
        self.values.update(self._one_of(satisfying(self.entry, self.case, self.defaults)))
        self._draw_ints()
        shapes, bounds = self._shapes()
        self._draw_holes(next(iter(shapes.values())))
        assume(allows(self.case.when, self.values))
        seed = self.draw(st.integers(0, 2**32 - 1))
        refused = excluded(self.case, self.values)
        # Some draws stay outside of what the entry covers, to see that they are declined; most should be translated.
        assume(not refused or self._one_of((True, False, False, False)))
        speller = self._speller(list(shapes), seed)
        try:
            expression = speller.write(self.pattern)
        except UnwritableError:
            assume(False)
        module = Module(self.framework, self.form, expression, shapes, speller, self._mode())
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
            bounds=bounds,
            excluded=refused,
            seed=seed,
            target_layout=self._layout() if self.framework == "torch" else "channels_first",
            values=self.values,
        )

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
        for hole in sorted({hole.name for hole in holes(self.pattern)} - tensors - set(self.values)):
            if self.entry.kind(hole) == "mode":
                continue
            default = self.defaults.get(hole, NO_DEFAULT)
            if default is not NO_DEFAULT and (self.style == "defaults" or self._coin()):
                self.values[hole] = default
                continue
            only_int = ("is_int", hole) in predicates
            transform = transform_of(self.case, self.pattern, hole)
            made = self._made_shape() if self.form == "made" else shape
            self.values[hole] = self.draw(value_of(self.entry, hole, default, transform, made, only_int))

    def _made_shape(self) -> tuple[int, ...]:
        return self.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple))

    def _shapes(self) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
        shapes: dict[str, tuple[int, ...]] = {}
        bounds: dict[str, int] = {}
        if self.form == "image":
            for argument in self._declared():
                shapes[argument] = self._ordered([self._dim(d) for d in ("n", "c", "height", "width")])
            return shapes, bounds
        for argument, shape in self._declared().items():
            sizes = [self._dim(dim) for dim in shape.dims]
            shapes[argument] = self._ordered(sizes) if self.entry.layout == "spatial" else tuple(sizes)
            if shape.dtype == "int":
                bounds[argument] = self._dim(shape.bound) if shape.bound else 4
        if not shapes:
            shapes["x"] = (self._dim("n"), self._dim("c"))
        return shapes, bounds

    def _declared(self) -> Mapping[str, Shape]:
        """Shape by argument; a list of tensors becomes one argument for each."""
        result: dict[str, Shape] = {}
        for name, shapes in self.entry.inputs.items():
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
            large = self.entry.layout == "spatial" and name in SPATIAL_DIMS
            self.dims[name] = self.draw(st.integers(4, 7) if large else st.integers(1, 4))
        return self.dims[name]

    def _mode(self) -> bool:
        return "mode" in self.entry.kinds.values()

    def _speller(self, arguments: list[str], seed: int) -> Speller:
        texts = {name: name for name in self.entry.inputs if name not in self.entry.listed}
        for name in self.entry.listed:
            joined = ", ".join(a for a in arguments if a.startswith(name))
            texts[name] = self._one_of((f"[{joined}]", f"({joined})"))
        for name, kind in self.entry.kinds.items():
            if kind == "mode":
                texts[name] = "self.training" if self.framework == "torch" else "training"
        short = self._coin()
        signatures = self.catalog.signatures
        values, random = self.values, Random(seed)
        return Speller(self.entry, signatures, values, texts, self.style, self.layout, short, random)
