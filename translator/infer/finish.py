"""After the fixpoint: what each construction site becomes, and where what it needs beside itself is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import libcst as cst

from translator.catalog.entry import Around, Entry
from translator.catalog.load import Alternative
from translator.catalog.pattern import holes
from translator.catalog.unify import Bound, Facts, Literal
from translator.infer.facts import Conversion, Declined, LayerSite, Note, Replace, Rewrite
from translator.infer.frame import Frame
from translator.infer.matching import activation_of
from translator.infer.modules import container_signature, entry_ranks
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
    element,
    options,
)

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
        if site in analysis.grown:
            continue
        conversion = _agreed(analysis, site, wanted)
        if conversion is not None and not _written_out(analysis, site):
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
    """Lists of modules held in attributes: PyTorch registers them only in a ModuleList."""
    for (cls, name), places in analysis.list_attributes.items():
        value = element(analysis.tables.classes[cls].attributes.get(name, BOTTOM))
        found = [o for o in options(value) if not isinstance(o, Bottom)]
        if (
            found
            and all(isinstance(o, LayerAt | Instance | Container) for o in found)
            and analysis.tables.classes[cls].module
        ):
            for function, node in places:
                function.decisions.setdefault(node, Replace("module_list"))


def settle_sites(analysis: Analysis) -> None:
    """Decide every construction site and the calls that carry its paddings and activations."""
    for site in analysis.tables.sites.values():
        if site.decline is not None or not site.candidates:
            continue
        chosen = _choose(analysis, site)
        if chosen is None:
            why = "the rank or the size of its input is not known from the code"
            site.function.decisions[site.node] = Declined(
                "T104", f"{site.api}: {why}", "state the input's shape", site.api
            )
            site.candidates = []
            continue
        alternative, bindings = chosen
        site.candidates = [chosen]
        rank = site.input.rank if isinstance(site.input, Tensor) else _rank(alternative.entry)
        order = site.order if site.order is not None else _default_order(analysis, alternative.entry, bindings)
        site.function.decisions[site.node] = Rewrite(
            alternative, bindings, site.api, order, rank or _rank(alternative.entry)
        )
        site.around = alternative.case.around
        site.activation = _activation(analysis, site)
        _limits(site, alternative.entry)
        _channels_first_bias(analysis, site, alternative.entry, bindings)
        _place(analysis, site, bindings)


def _rank(entry: Entry) -> int:
    shapes = next(iter(entry.inputs.values()), None)
    return len(shapes[0].dims) if shapes else 2


def _default_order(analysis: Analysis, entry: Entry, bindings: Mapping[str, Bound]) -> Order | None:
    if entry.layout != "spatial":
        return None
    if analysis.to == "keras":
        return "moved" if analysis.moves_boundary else "source"
    return "moved" if analysis.channels_last_source(bindings) else "source"


def _choose(analysis: Analysis, site: LayerSite) -> tuple[Alternative, dict[str, Bound]] | None:
    rank = site.input.rank if isinstance(site.input, Tensor) else None
    if rank is None and len(entry_ranks(site)) > 1:
        return None
    for alternative, bindings in site.candidates:
        entry = alternative.entry
        if (entry.layout == "spatial" or entry.ranks) and rank is not None and rank != _rank(entry):
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


def _limits(site: LayerSite, entry: Entry) -> None:
    for limit in entry.limits:
        code = {"outputs": "T201", "gradients": "T202", "state": "T002", "initial": "T003"}[limit.affects]
        site.notes.append(Note(code, f"{limit.what}: {limit.why}"))


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
    if site.role == "element" and not site.escaped:
        site.form = "splice"
        return
    direct = site.role == "attribute" and not site.escaped and bool(site.calls)
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


__all__ = ["Bottom", "cst", "settle_sites"]
