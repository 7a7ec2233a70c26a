"""In which axis order a spatial operation runs, and where the order of the elements does not depend on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from translator.catalog.entry import Entry
from translator.catalog.load import Alternative
from translator.catalog.unify import Bindings, Bound
from translator.infer.frame import Frame
from translator.infer.orders import Place, require
from translator.infer.values import Order, Tensor, Unknown, Value


def spatial_order(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> tuple[Order, int]:
    """The order in which a spatial operation runs in the target, and the rank of its input."""
    return _order(frame, bindings), len(next(iter(entry.inputs.values()))[0].dims)


def _order(frame: Frame, bindings: Mapping[str, Bound]) -> Order:
    analysis = frame.analysis
    if analysis.to == "keras":
        return "moved" if analysis.moves_boundary else "source"
    return "moved" if analysis.channels_last_source(bindings) else "source"


def bring_channels(frame: Frame, place: Place, value: Value, bindings: Mapping[str, Bound]) -> Tensor:
    """Bring the input of an operation that names its channel axis, whatever the rank.

    As long as the rank is not known the tensor stays as it is: in PyTorch's order the channels are axis 1 at any rank.
    """
    if isinstance(value, Tensor) and value.rank is not None:
        return require(frame, place, value, _order(frame, bindings), value.rank)
    if isinstance(value, Tensor):
        return value
    origins = value.origins if isinstance(value, Unknown) else frozenset()
    return Tensor(None, None if origins else "source", origins=origins)


Ranked = tuple[Alternative, Bindings]
"""One way to read a call; which of several it is may depend on the rank of the main tensor."""


def for_rank(frame: Frame, candidates: Sequence[Ranked], rank: int | None) -> Ranked | None:
    """The first candidate for a rank; None where there is none, or where the rank decides and is not known.

    PyTorch wants the channels in axis 1; where Keras says "the last axis", only the rank tells whether that is it.
    """
    if rank is not None:
        return next((c for c in candidates if rank in (c[0].entry.allowed_ranks() or (rank,))), None)
    if frame.analysis.to == "torch" and any(
        alternative.entry.layout == "channels" and frame.analysis.channels_last_source(bindings)
        for alternative, bindings in candidates
    ):
        return None
    if not has_ranks(candidates):
        return candidates[0] if candidates else None
    anyhow = (c for c in candidates if c[0].entry.layout == "channels")
    return next(anyhow, None) if frame.analysis.to == "keras" else None


def has_ranks(candidates: Sequence[Ranked]) -> bool:
    """Whether candidates are for different ranks."""
    return len({alternative.entry.allowed_ranks() for alternative, _ in candidates}) > 1


def reshapes_anyhow(entry: Entry, tensor: Value, source: str) -> bool:
    """Whether a moved tensor can be reshaped as it is: all spatial sizes are 1, and no axes are named."""
    if not isinstance(tensor, Tensor) or tensor.order != "moved" or tensor.dims is None:
        return False
    if entry.layout != "reshaping" or _names_axes(entry):
        return False
    spatial = tensor.dims[2:] if source == "torch" else tensor.dims[1:-1]
    return all(size == 1 for size in spatial)


def _names_axes(entry: Entry) -> bool:
    """``flatten(start_dim, end_dim)`` counts axes in PyTorch's order; ``flatten()`` joins all but the first."""
    return entry.output.startswith("flatten(") and entry.output != "flatten()"
