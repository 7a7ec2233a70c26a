"""Small source modules drawn from a mapping entry alone: its patterns, kinds, inputs and output."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import Literal

from hypothesis import assume
from hypothesis import strategies as st

from tests.laws.spelling import STYLES, Speller, UnwritableError
from tests.laws.values import NO_DEFAULT, allows, defaults, excluded, satisfying, transform_of, value_of
from translator.catalog.entry import Case, Direction, Entry
from translator.catalog.load import Catalog
from translator.catalog.pattern import Call, Pat, Ref, Xform, holes
from translator.catalog.transforms import CONTEXTUAL
from translator.model import Framework, Layout

Form = Literal["layer", "sequential", "function", "image", "made", "annotation"]
Draw = Callable[[st.SearchStrategy[object]], object]

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
def programs(draw: Draw, catalog: Catalog, entry: Entry, case: Case, direction: Direction) -> Program:
    """One program. Draws that no source text can express are rejected."""
    return _Drawing(draw, catalog, entry, case, source_of(direction)).program()


class _Drawing:
    def __init__(self, draw: Draw, catalog: Catalog, entry: Entry, case: Case, framework: Framework) -> None:
        self.draw, self.catalog, self.entry, self.case, self.framework = draw, catalog, entry, case, framework
        self.pattern: Pat = self._one_of(case.torch if framework == "torch" else case.keras)
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
        seed = self._one_of(st.integers(0, 2**32 - 1))
        speller = self._speller(list(shapes), seed)
        try:
            expression = speller.write(self.pattern)
        except UnwritableError:
            assume(False)
        module = _Module(self.framework, self.form, expression, shapes, speller, self._mode())
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
            excluded=excluded(self.case, self.values),
            seed=seed,
            target_layout=self._layout() if self.framework == "torch" else "channels_first",
            values=self.values,
        )

    def _one_of(self, options: object) -> object:
        strategy = options if isinstance(options, st.SearchStrategy) else st.sampled_from(options)
        return self.draw(strategy)

    def _layout(self) -> Layout:
        return self._one_of(("channels_last", "channels_first"))

    def _draw_ints(self) -> None:
        """Sizes of which dims may be made, now and then all equal, so that groups divide channels and sizes collide."""
        names = [name for name, kind in self.entry.kinds.items() if kind == "int" and name not in self.values]
        same = self._one_of(st.one_of(st.none(), st.none(), st.integers(1, 4)))
        for name in sorted(names):
            default = self.defaults.get(name, NO_DEFAULT)
            if default is not NO_DEFAULT and (self.style == "defaults" or self._one_of(st.booleans())):
                self.values[name] = default
            else:
                self.values[name] = self._one_of(st.integers(1, 4)) if same is None else same

    def _draw_holes(self, shape: tuple[int, ...]) -> None:
        tensors = set(self.entry.inputs)
        predicates = {(c.predicate, h) for c in self.case.when for h in c.holes}
        for hole in sorted({hole.name for hole in holes(self.pattern)} - tensors - set(self.values)):
            if self.entry.kind(hole) == "mode":
                continue
            default = self.defaults.get(hole, NO_DEFAULT)
            if default is not NO_DEFAULT and (self.style == "defaults" or self._one_of(st.booleans())):
                self.values[hole] = default
                continue
            only_int = ("is_int", hole) in predicates
            transform = transform_of(self.case, self.pattern, hole)
            made = self._made_shape() if self.form == "made" else shape
            self.values[hole] = self._one_of(value_of(self.entry, hole, default, transform, made, only_int))

    def _made_shape(self) -> tuple[int, ...]:
        return self._one_of(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple))

    def _shapes(self) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
        shapes: dict[str, tuple[int, ...]] = {}
        bounds: dict[str, int] = {}
        if self.form == "image":
            name = next(iter(self.entry.inputs))
            for argument in self._arguments():
                shapes[argument] = self._ordered([self._dim(d) for d in ("n", "c", "height", "width")])
            assert name in self.entry.inputs
            return shapes, bounds
        for argument, shape in self._declared().items():
            sizes = [self._dim(dim) for dim in shape.dims]
            shapes[argument] = self._ordered(sizes) if self.entry.layout == "spatial" else tuple(sizes)
            if shape.dtype == "int":
                bounds[argument] = self._dim(shape.bound) if shape.bound else 4
        if not shapes:
            shapes["x"] = (self._dim("n"), self._dim("c"))
        return shapes, bounds

    def _declared(self) -> Mapping[str, object]:
        """Shape by argument; a list of tensors becomes one argument for each."""
        result = {}
        for name, shapes in self.entry.inputs.items():
            many = name in self.entry.listed
            result.update({f"{name}{i}" if many else name: shape for i, shape in enumerate(shapes)})
        return result

    def _arguments(self) -> list[str]:
        return list(self._declared())

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
            self.dims[name] = self._one_of(st.integers(4, 7) if large else st.integers(1, 4))
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
        short = bool(self._one_of(st.booleans()))
        signatures = self.catalog.signatures
        values, random = self.values, Random(seed)
        return Speller(self.entry, signatures, values, texts, self.style, self.layout, short, random)


@dataclass(frozen=True, slots=True)
class _Module:
    """The text around one expression."""

    framework: Framework
    form: Form
    expression: str
    shapes: Mapping[str, tuple[int, ...]]
    speller: Speller
    mode: bool

    def sequential(self) -> bool:
        return self.form == "sequential"

    def text(self, catalog: Catalog) -> str:
        if self.framework == "keras" and self.sequential():
            shape = next(iter(self.shapes.values()))[1:]
            body = [f"model = keras.Sequential([keras.Input(shape={shape!r}), {self.expression}])"]
        else:
            body = self._class()
        return "\n".join([*self._imports("\n".join(body), catalog), "", "", *body, ""])

    def _class(self) -> list[str]:
        torch = self.framework == "torch"
        arguments = [f"{name}: {self.expression}" if self.form == "annotation" else name for name in self.shapes]
        if self.mode and not torch:
            arguments.append("training=False")
        lines = [f"class Net({'nn.Module' if torch else 'keras.Model'}):"]
        if attribute := self._attribute():
            lines += ["    def __init__(self):", "        super().__init__()", f"        {attribute}", ""]
        lines.append(f"    def {'forward' if torch else 'call'}(self, {', '.join(arguments)}):")
        if self.form == "image":
            lines += [f"        {name} = self.stem({name})" for name in self.shapes]
        return [*lines, f"        return {self._result()}"]

    def _attribute(self) -> str:
        torch = self.framework == "torch"
        if self.form == "layer":
            return f"self.layer = {self.expression}"
        if self.form == "sequential":
            return f"self.body = nn.Sequential({self.expression})"
        if self.form == "image":
            shape = next(iter(self.shapes.values()))
            if torch:
                return f"self.stem = nn.Conv2d({shape[1]}, {shape[1]}, 1, bias=False)"
            last = self.speller.layout == "channels_last"
            option = "" if last else ', data_format="channels_first"'
            return f"self.stem = keras.layers.Conv2D({shape[-1] if last else shape[1]}, 1, use_bias=False{option})"
        return ""

    def _result(self) -> str:
        name = next(iter(self.shapes))
        results: Mapping[str, str] = {
            "layer": f"self.layer({name})",
            "sequential": f"self.body({name})",
            "annotation": f"{name} * 2.0",
        }
        return results.get(self.form, self.expression)

    def _imports(self, body: str, catalog: Catalog) -> list[str]:
        texts: list[str] = []
        requires: set[str] = set()
        for name in _needed(self.speller.helpers, catalog):
            texts += ["", "", catalog.helpers[name].text]
            requires.update(catalog.helpers[name].requires)
        if self.framework == "torch":
            requires.update(("import torch", "from torch import nn"))
            requires.update(("import torch.nn.functional as F",) * ("F." in body))
        else:
            requires.add("import keras")
            names = [name for name in ("layers", "ops") if re.search(rf"(?<![.\w]){name}\.", body)]
            requires.update((f"from keras import {', '.join(names)}",) * bool(names))
            requires.update(("import tensorflow as tf",) * ("tf." in body))
        return [*sorted(requires, key=lambda line: (line.startswith("from"), line)), *texts]


def _needed(names: set[str], catalog: Catalog) -> list[str]:
    """The helpers themselves and those that their texts name, in the catalog's order."""
    found: set[str] = set()
    pending = sorted(names)
    while pending:
        name = pending.pop()
        found.add(name)
        side = name.rpartition(".")[0]
        words = set(re.findall(r"\w+", catalog.helpers[name].text))
        pending += sorted(other for other in catalog.helpers if other.rpartition(".")[0] == side and other.rpartition(".")[2] in words - {name} and other not in found)
    return [name for name in catalog.helpers if name in found]
