"""In which axis order a spatial operation runs, and where the order of the elements does not depend on it."""

from __future__ import annotations

from collections.abc import Mapping

from translator.catalog.entry import Entry
from translator.catalog.unify import Bound
from translator.infer.frame import Frame
from translator.infer.values import Order, Tensor


def spatial_order(frame: Frame, entry: Entry, bindings: Mapping[str, Bound]) -> tuple[Order, int]:
    """The order in which a spatial operation runs in the target, and the rank of its input."""
    rank = len(next(iter(entry.inputs.values()))[0].dims)
    analysis = frame.analysis
    if analysis.to == "keras":
        return ("moved" if analysis.moves_boundary else "source"), rank
    return ("moved" if analysis.channels_last_source(bindings) else "source"), rank


def unit_spatial(tensor: Tensor, source: str) -> bool:
    """Whether moving the channel axis does not change the order of the elements: all spatial sizes are 1."""
    if tensor.order != "moved" or tensor.dims is None:
        return False
    spatial = tensor.dims[2:] if source == "torch" else tensor.dims[1:-1]
    return all(size == 1 for size in spatial)
