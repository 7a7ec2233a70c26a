"""Keras' activations by name: what ``activation="gelu"`` of a layer becomes, read from the entries of the functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from translator.catalog.pattern import Call, Hole, Lit
from translator.catalog.unify import Bound, Facts, Literal, same_value
from translator.dataclass import dataclass

if TYPE_CHECKING:
    from translator.catalog.load import Alternative, Catalog

LINEAR = "linear"
"""The activation that does nothing."""

_LAYER = "keras.layers.Activation"


@dataclass(frozen=True, slots=True)
class Activation:
    """One named activation: the entries of its layer and of its function, and the defaults of the latter."""

    module: Alternative
    function: Alternative
    defaults: Mapping[str, Bound]

    def called(self, text: str) -> dict[str, Bound]:
        """Bindings for the function applied to an expression."""
        return {**self.defaults, "x": Facts(text)}

    def module_pattern(self, axis: int) -> Call:
        """The PyTorch module; what works along the last axis gets ``axis``."""
        pattern = self.module.case.torch[0]
        assert isinstance(pattern, Call)
        args = tuple((name, Lit(axis) if name == "dim" and part == Lit(-1) else part) for name, part in pattern.args)
        return replace(pattern, args=args)


def collect(catalog: Catalog) -> dict[str, Activation]:
    """Every name that both ``Activation(name)`` and a function of that name have an entry for."""
    found: dict[str, Activation] = {}
    for alternative in catalog.alternatives("keras", _LAYER):
        pattern = alternative.pattern
        name = pattern.arg("activation") if isinstance(pattern, Call) else None
        if not isinstance(name, Lit) or not isinstance(name.value, str) or name.value in found:
            continue
        function = by_default(catalog, catalog.canonical(f"keras.activations.{name.value}"))
        if function is not None:
            found[name.value] = Activation(alternative, *function)
    return found


def named(catalog: Catalog, api: str) -> str | None:
    """The name of the activation that a function without further arguments is; ``keras.ops.gelu`` is not "gelu"."""
    if api == "keras.activations.linear":
        return LINEAR
    function = by_default(catalog, api)
    if function is None:
        return None
    entry = function[0].entry
    return next((name for name, a in catalog.activations.items() if a.function.entry is entry), None)


def by_default(catalog: Catalog, api: str) -> tuple[Alternative, dict[str, Bound]] | None:
    """The entry that reads a Keras function called with one tensor alone, and the defaults of its other holes."""
    for alternative in catalog.alternatives("keras", api):
        pattern = alternative.pattern
        signature = catalog.signatures.get(api)
        if not isinstance(pattern, Call) or signature is None or not signature.overloads:
            continue
        params = {p.name: p for p in signature.overloads[pattern.overload]}
        bound: dict[str, Bound] = {}
        fits = True
        for name, part in pattern.args:
            if part == Hole("x"):
                continue
            default = params[name].default
            if isinstance(part, Hole) and not params[name].required:
                bound[part.name] = Literal(default)
            else:
                fits = fits and isinstance(part, Lit) and same_value(part.value, default)
        if fits:
            return alternative, bound
    return None
