"""One step of a weight transfer: arrays of the source model become arrays of the target model, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from translator.catalog.weights import Operand, WeightRule, parse_pattern
from translator.model import Framework
from translator.weights.rearrange import lengths, rearrange, solve

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.generic]

Shape: TypeAlias = tuple[int, ...] | None


class MisfitError(ValueError):
    """The shapes of the tensors do not go with the rule that pairs them."""


@dataclass(frozen=True, slots=True)
class Move:
    """``sources`` become ``targets`` (dotted paths) by ``rule``, read in the direction away from ``origin``.

    Without a rule the arrays stay as they are. ``sizes`` gives lengths of named axes that the shapes leave open.
    A move without sources creates the target, filled with ``value``.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    rule: WeightRule | None
    origin: Framework
    sizes: Mapping[str, int] = field(default_factory=dict)
    value: float = 0.0

    @property
    def operands(self) -> tuple[Operand, Operand]:
        """The source side and the target side of the rule."""
        if self.rule is None:
            return Operand(self.sources, "one"), Operand(self.targets, "one")
        if self.origin == "torch":
            return self.rule.torch, self.rule.keras
        return self.rule.keras, self.rule.torch


def broadcast_rule(source: Shape, target: Shape, origin: Framework) -> WeightRule | None:
    """The rule between two shapes with one and the same axis longer than 1: ``(c, 1, 1)`` and ``(c,)``.

    ``None`` where the shapes are equal, unknown, or differ otherwise.
    """
    if source is None or target is None or source == target:
        return None
    if [size for size in source if size != 1] != [size for size in target if size != 1]:
        return None
    if sum(size != 1 for size in source) > 1:
        return None
    texts = [" ".join("c" if size != 1 else "1" for size in shape) for shape in (source, target)]
    before, after = parse_pattern(" -> ".join(texts), where="broadcast")
    here, there = Operand(("",), "one", before), Operand(("",), "one", after)
    return WeightRule(here, there) if origin == "torch" else WeightRule(there, here)


def fit(move: Move, sources: Sequence[Shape], targets: Sequence[Shape]) -> None:
    """Raise :class:`MisfitError` unless the rule turns arrays of these shapes into those; unknown shapes pass."""
    known_sources = [shape for shape in sources if shape is not None]
    known_targets = [shape for shape in targets if shape is not None]
    if len(known_sources) < len(sources) or len(known_targets) < len(targets) or not sources:
        return
    names = ", ".join(move.sources), ", ".join(move.targets)
    if len(set(known_sources)) > 1:
        raise MisfitError(f"{names[0]}: unequal shapes {known_sources}")
    try:
        expected = _target_shape(move, known_sources[0])
    except ValueError as error:
        raise MisfitError(f"{names[0]}: {known_sources[0]} {error}") from None
    for path, shape in zip(move.targets, known_targets, strict=True):
        if shape != expected:
            raise MisfitError(f"{path}: {shape}, but {names[0]} {known_sources[0]} gives {expected}")


def _target_shape(move: Move, source: tuple[int, ...]) -> tuple[int, ...]:
    here, there = move.operands
    shape = (len(here.names), *source) if here.combine == "stack" else source
    if here.axes is None or there.axes is None:
        return shape
    result = lengths(there.axes, solve(shape, here.axes, move.sizes))
    return result[1:] if there.combine == "stack" else result


def forward(move: Move, arrays: Sequence[Array]) -> list[Array]:
    """The target's arrays from the source's."""
    here, there = move.operands
    return _split(there, _rearranged(_combine(here, arrays), here, there, move.sizes))


def inverse(move: Move, arrays: Sequence[Array]) -> list[Array]:
    """The source's arrays from the target's; exact, except that a sum comes back as one term and zeros."""
    here, there = move.operands
    return _split(here, _rearranged(_combine(there, arrays), there, here, move.sizes))


def pullback(move: Move, gradients: Sequence[Array]) -> list[Array]:
    """Gradients with respect to the source's tensors from those with respect to the target's.

    A rearrangement carries gradients like values. Every term of a sum has the gradient of the sum; of a target that
    is a sum, only the first term depends on the source.
    """
    here, there = move.operands
    whole = gradients[0] if there.combine == "sum" else _combine(there, gradients)
    result = _rearranged(whole, there, here, move.sizes)
    return [result] * len(here.names) if here.combine == "sum" else _split(here, result)


def _rearranged(array: Array, before: Operand, after: Operand, known: Mapping[str, int]) -> Array:
    if before.axes is None or after.axes is None:
        return array
    return rearrange(array, before.axes, after.axes, solve(tuple(array.shape), before.axes, known))


def _combine(operand: Operand, arrays: Sequence[Array]) -> Array:
    import numpy as np

    if operand.combine == "stack":
        return np.stack(arrays)
    if operand.combine == "sum":
        total: Any = sum(arrays[1:], start=arrays[0])
        return np.asarray(total)
    return arrays[0]


def _split(operand: Operand, array: Array) -> list[Array]:
    import numpy as np

    if operand.combine == "stack":
        return list(array)
    if operand.combine == "sum":
        return [array, *(np.zeros_like(array) for _ in operand.names[1:])]
    return [array]
