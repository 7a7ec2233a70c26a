"""A checkpoint of one model, tensor by tensor, into a checkpoint of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from translator.errors import WeightError
from translator.model import ClassPlan, SitePlan, WeightPlan
from translator.weights.dtypes import UnfitValuesError, cast
from translator.weights.formats import Reader, Writer
from translator.weights.move import Move, forward
from translator.weights.tree import TensorInfo

if TYPE_CHECKING:
    from translator.weights.rearrange import Array


@dataclass
class Summary:
    """What was written: the number of ``tensors`` and of their ``elements``.

    ``created`` and ``rounded`` list paths of the target; ``kept`` those of the source that no checkpoint holds, whose
    values are the constructor's.
    """

    tensors: int = 0
    elements: int = 0
    created: list[str] = field(default_factory=list)
    rounded: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where values come from: the open checkpoint, its names by path, and by path what checkpoints leave out."""

    reader: Reader
    names: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, Array]

    def read(self, path: str) -> Array:
        """One tensor. Raises :class:`WeightError` where names of one tensor have different values."""
        import numpy as np

        if path not in self.names:
            return self.constants[path]
        first, *others = self.names[path]
        array = self.reader.read(first)
        for other in others:
            same = self.reader.read(other)
            if not np.array_equal(array, same, equal_nan=array.dtype.kind in "fc"):
                raise WeightError(
                    "the checkpoint is not one of this model",
                    misshapen=(f"{other}: differs from {first}, with which the model shares it",),
                )
        return array


def names_by_path(names: Mapping[str, str], reader: Reader) -> dict[str, tuple[str, ...]]:
    """Path -> the names under which the checkpoint has the tensor."""
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for name, path in names.items():
        if name in reader.stored:
            found[path] += (name,)
    return dict(found)


def convert(moves: tuple[Move, ...], origin: Origin, targets: Mapping[str, TensorInfo], writer: Writer) -> Summary:
    """Write what the moves make of the checkpoint; never more than the tensors of one move are in memory.

    ``targets`` describes the tensors of the target by path; their dtypes are kept. Raises :class:`WeightError` for
    values that these cannot hold.
    """
    summary = Summary()
    unfit: list[str] = []
    for move in moves:
        summary.kept += [path for path in move.sources if path not in origin.names]
        for path, array in _moved(move, origin, targets):
            try:
                fitting, rounded = cast(array, targets[path].dtype)
            except UnfitValuesError as error:
                unfit.append(f"{path}: {error}")
                continue
            writer.write(path, fitting)
            summary.tensors += 1
            summary.elements += fitting.size
            if rounded:
                summary.rounded.append(path)
            if not move.sources:
                summary.created.append(path)
    if unfit:
        raise WeightError("the checkpoint's values do not fit the other model", misshapen=tuple(unfit))
    return summary


def _moved(move: Move, origin: Origin, targets: Mapping[str, TensorInfo]) -> Iterator[tuple[str, Array]]:
    import numpy as np

    if move.sources:
        yield from zip(move.targets, forward(move, [origin.read(path) for path in move.sources]), strict=True)
        return
    for path in move.targets:
        yield path, np.full(targets[path].shape or (), move.value)


def reversed_plan(plan: WeightPlan) -> WeightPlan:
    """The plan for weights that go from the translation back to the source."""
    classes = {
        planned.target: ClassPlan(planned.target, name, {target: source for source, target in planned.renames.items()})
        for name, planned in plan.classes.items()
    }
    owners = {name: planned.target for name, planned in plan.classes.items()}
    sites = tuple(
        SitePlan(owners.get(site.owner, site.owner), site.target, site.source, site.entry, site.wrap)
        for site in plan.sites
    )
    return WeightPlan(plan.target, plan.source, classes, sites)
