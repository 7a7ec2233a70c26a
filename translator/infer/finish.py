"""After the fixpoint: what each construction site becomes, and where what it needs beside itself is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from translator.catalog.entry import Around, Entry, Limit
from translator.catalog.load import Alternative
from translator.catalog.pattern import holes
from translator.catalog.unify import Bound, Facts, Literal
from translator.infer import recurrent
from translator.infer.changes import settle_changes
from translator.infer.dictionaries import held
from translator.infer.facts import Conversion, Declined, Function, LayerSite, Note, Replace, Rewrite
from translator.infer.frame import Frame
from translator.infer.joins import element
from translator.infer.matching import activation_of
from translator.infer.modules import container_signature
from translator.infer.spatial import for_rank, has_ranks
from translator.infer.values import (
    BOTTOM,
    Bottom,
    Container,
    Dim,
    Instance,
    LayerAt,
    Order,
    Symbol,
    Tensor,
    options,
    storage,
)
from translator.infer.values import Mapping as MappingValue

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis


def run_containers(analysis: Analysis) -> None:
    """Run every Sequential that nothing in the file calls, so that the orders between its elements are known."""
    for site, (function, container) in analysis.containers.items():
        if site not in analysis.ran:
            # Recorded with the function that makes the container.
            container_signature(Frame(analysis, function), container)


def settle_conversions(analysis: Analysis) -> None:
    """Conversions between the elements of containers: every run of a container must have asked for the same."""
    between: dict[tuple[cst.CSTNode, int], set[Conversion | None]] = {}
    added: dict[cst.CSTNode, set[Conversion | None]] = {}
    for function in analysis.tables.functions.values():
        for key, wanted in function.between.items():
            between.setdefault(key, set()).update(wanted)
        for node, wanted in function.added.items():
            added.setdefault(node, set()).update(wanted)
    for (site, index), wanted in between.items():
        if index >= analysis.grown.get(site, index + 1):
            continue
        conversion = _agreed(analysis, site, wanted)
        if conversion is not None and site in analysis.indexed:
            message = "a transpose is needed between elements of a container that is taken apart by position"
            analysis.tables.functions["<module>"].decisions[site] = Declined("T107", message)
        elif conversion is not None and not _written_out(analysis, site):
            message = "a transpose is needed between elements that are not written out one by one"
            analysis.tables.functions["<module>"].decisions[site] = Declined("T107", message)
        elif conversion is not None:
            analysis.tables.containers.setdefault(site, {})[index] = conversion
    for node, wanted in added.items():
        conversion = _agreed(analysis, node, wanted)
        if conversion is not None:
            analysis.tables.added[node] = conversion


def _written_out(analysis: Analysis, site: cst.CSTNode) -> bool:
    """Whether a container's elements stand in its construction, so that something can be put between them."""
    function, _ = analysis.containers.get(site, (None, None))
    decision = function.decisions.get(site) if function is not None else None
    return isinstance(decision, Replace) and decision.data in ("items", "display", "pairs")


def _agreed(analysis: Analysis, node: cst.CSTNode, wanted: set[Conversion | None]) -> Conversion | None:
    if len(wanted) > 1:
        message = "the elements of this Sequential are run in different axis orders"
        analysis.tables.functions["<module>"].decisions[node] = Declined("T107", message)
        return None
    return next(iter(wanted))


def settle_lists(analysis: Analysis) -> None:
    """Lists and dicts of modules held in attributes: PyTorch registers them only in a ModuleList or ModuleDict."""
    for (cls, name), places in analysis.list_attributes.items():
        kept = analysis.tables.classes[cls].attributes.get(name, BOTTOM)
        kind = "Dict" if isinstance(kept, MappingValue) else "List"
        value = held(kept) if isinstance(kept, MappingValue) else element(kept)
        if not analysis.tables.classes[cls].module or isinstance(value, Bottom):
            continue
        found = [o for o in options(value) if not isinstance(o, Bottom)]
        if found and all(isinstance(o, LayerAt | Instance | Container) for o in found):
            _wrap(places, f"torch.nn.Module{kind}")
        elif isinstance(value, Tensor) and storage(value) and storage(value) <= analysis.variables:
            _wrap(places, f"torch.nn.Parameter{kind}")


def _wrap(places: Sequence[tuple[Function, cst.BaseExpression]], api: str) -> None:
    for function, node in places:
        function.decisions.setdefault(node, Replace("module_list", data=api))


def settle_sites(analysis: Analysis) -> None:
    """Decide every construction site and the calls that carry its paddings and activations."""
    settle_changes(analysis)
    for site in analysis.tables.sites.values():
        if site.decline is not None or not site.candidates:
            continue
        uses = recurrent.narrow(analysis, site)
        chosen = _choose(analysis, site)
        if chosen is not None and chosen[0].entry.layout == "channels" and len(set(site.orders.values())) > 1:
            why = "it is called with tensors in different axis orders"
            site.function.decisions[site.node] = Declined("T107", f"{site.api}: {why}", "", site.api)
            site.candidates = []
            continue
        if chosen is None:
            why = "the rank or the size of its input is not known from the code"
            site.function.decisions[site.node] = Declined(
                "T104", f"{site.api}: {why}", "state the input's shape", site.api
            )
            site.candidates = []
            continue
        alternative, bindings = chosen
        if site.wrapper and not _suits(analysis, site, alternative.entry):
            why = f"{site.wrapper} is not meant for this layer"
            site.function.decisions[site.node] = Declined("T102", f"{site.api}: {why}", "", site.api)
            site.candidates = []
            continue
        lazy = [] if analysis.to == "keras" else [(a, b) for a, b in site.candidates if not a.entry.infer]
        site.candidates = [chosen]
        order, rank = _stored(analysis, site, alternative.entry, bindings)
        if site.place is not None and lazy:
            site.lazy = Rewrite(*lazy[0], site.api, order, rank)
        site.function.decisions[site.node] = Rewrite(alternative, bindings, site.api, order, rank)
        site.around = alternative.case.around
        site.activation = _activation(analysis, site)
        site.limits = _limits(analysis, site, alternative.entry)
        _channels_first_bias(analysis, site, alternative.entry, bindings)
        _place(analysis, site, bindings)
        recurrent.place(analysis, site, uses)


def _rank(entry: Entry) -> int:
    shapes = next(iter(entry.inputs.values()), None)
    return len(shapes[0].dims) if shapes else 2


def _stored(
    analysis: Analysis, site: LayerSite, entry: Entry, bindings: Mapping[str, Bound]
) -> tuple[Order | None, int]:
    """The order and the rank of a layer's input."""
    rank = site.input.rank if isinstance(site.input, Tensor) else None
    if entry.layout == "channels":
        # Of an input of unknown rank only the order is known, which a tensor of rank 2 leaves open.
        return next(iter(site.orders.values()), "source"), rank or 4
    order = site.order if site.order is not None else _default_order(analysis, entry, bindings)
    return order, rank or _rank(entry)


def _default_order(analysis: Analysis, entry: Entry, bindings: Mapping[str, Bound]) -> Order | None:
    if entry.layout != "spatial":
        return None
    if analysis.to == "keras":
        return "moved" if analysis.moves_boundary else "source"
    return "moved" if analysis.channels_last_source(bindings) else "source"


def _choose(analysis: Analysis, site: LayerSite) -> tuple[Alternative, dict[str, Bound]] | None:
    rank = site.input.rank if isinstance(site.input, Tensor) else None
    if for_rank(Frame(analysis, site.function), site.candidates, rank) is None:
        return None
    if rank is None and has_ranks(site.candidates):
        return next((a, dict(b)) for a, b in site.candidates if a.entry.layout == "channels")
    for alternative, bindings in site.candidates:
        entry = alternative.entry
        if rank is not None and entry.allowed_ranks() and rank not in entry.allowed_ranks():
            continue
        if analysis.to != "torch" or not entry.infer:
            return alternative, dict(bindings)
        facts = {hole: _infer(analysis, site, spec, bindings) for hole, spec in entry.infer.items()}
        if all(text is not None for text in facts.values()):
            filled: dict[str, Bound] = dict(bindings)
            for hole, text in facts.items():
                filled.setdefault(hole, Facts(text or ""))
            return alternative, filled
    return None


def _infer(analysis: Analysis, site: LayerSite, spec: str, bindings: Mapping[str, Bound]) -> str | None:
    """``x.shape[-1]`` or ``x.shape[CHANNEL]`` as text that holds where the layer is constructed."""
    if not isinstance(site.input, Tensor):
        return None
    inside = spec[spec.index("[") + 1 : -1]
    if inside == "CHANNEL":
        axis = -1 if analysis.source == "keras" and analysis.channels_last_source(bindings) else 1
    else:
        axis = int(inside)
    dim: Dim = site.input.dim(axis)
    if isinstance(dim, int):
        return str(dim)
    if isinstance(dim, Symbol) and dim.scope == site.function.key:
        return dim.text
    return None


def _activation(analysis: Analysis, site: LayerSite) -> str | None:
    arg = site.peeled.get("activation")
    if arg is None:
        return None
    name = activation_of(Frame(analysis, site.function), arg.value)
    return name if name != "linear" else None


def _limits(analysis: Analysis, site: LayerSite, entry: Entry) -> tuple[Limit, ...]:
    """The limits that hold: not those which the helper function around the layer has removed."""
    return tuple(limit for limit in entry.limits if not _removes(analysis, site, limit))


def _suits(analysis: Analysis, site: LayerSite, entry: Entry) -> bool:
    """Whether the helper function around the layer is one that its entry knows."""
    return any(_removes(analysis, site, limit) for limit in entry.limits)


def _removes(analysis: Analysis, site: LayerSite, limit: Limit) -> bool:
    form = limit.fidelity_exact.get(analysis.source)
    return form is not None and form.around and form.api == site.wrapper


def _channels_first_bias(analysis: Analysis, site: LayerSite, entry: Entry, bindings: Mapping[str, Bound]) -> None:
    """Keras 3.15 on TensorFlow adds a channels_first bias along the last axis where its size equals the filters.

    Measured: the output is off by O(1) exactly where the width equals the number of filters.
    """
    bias = bindings.get("bias")
    if analysis.to != "keras" or analysis.moves_boundary or entry.layout != "spatial" or bias is None:
        return
    if not (isinstance(bias, Literal) and bias.value is False):
        why = "bias: Keras adds it along the wrong axis on TensorFlow where the width equals the number of filters"
        site.notes.append(Note("T201", why))


def _place(analysis: Analysis, site: LayerSite, bindings: Mapping[str, Bound]) -> None:
    """Write paddings and activations at the calls where all are known, among a container's elements, or wrapped."""
    if site.around is None and site.activation is None:
        site.form = "plain"
        return
    if site.role == "element" and not site.escaped and not site.taken:
        site.form = "splice"
        return
    direct = site.role == "attribute" and not site.escaped and not site.taken and bool(site.calls)
    alone = all(len(sites) == 1 for _, sites in site.calls.values())
    if direct and alone and (site.around is None or _literal_around(site.around, bindings)):
        site.form = "call"
        for call, (function, _) in site.calls.items():
            function.decisions.setdefault(call, Replace("layer_call", site.api, data=site.node))
        return
    site.form = "wrap"


def _literal_around(around: Around, bindings: Mapping[str, Bound]) -> bool:
    names = {hole.name for hole in holes(around.call)} - {"x"}
    return all(isinstance(bindings.get(name), Literal) for name in names)


def settle_builds(analysis: Analysis) -> None:
    """Keras calls ``build`` before the first call of a layer; nobody would in PyTorch."""
    for function in analysis.tables.functions.values():
        owner = analysis.tables.classes.get(function.owner or "")
        if analysis.source != "keras" or owner is None or not owner.module or function.name != "build":
            continue
        known = any(isinstance(decision, Declined) for decision in function.decisions.values())
        if not known and isinstance(function.node, cst.FunctionDef):
            why = "build() is called by Keras alone, so what it makes has no counterpart"
            function.decisions[function.node.name] = Declined("T101", why, "make these parts in the constructor")


__all__ = ["Bottom", "cst", "settle_sites"]
