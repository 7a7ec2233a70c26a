"""Layers that follow the original step by step: what ``--fidelity exact`` writes in place of a limit."""

from __future__ import annotations

from collections.abc import Mapping

from translator.catalog.entry import ExactForm, Limit
from translator.emit.names import Names
from translator.infer.analysis import Analysis
from translator.infer.facts import LIMIT_CODES, LayerSite, Note


def forms(analysis: Analysis, site: LayerSite) -> Mapping[int, ExactForm]:
    """The exact forms to write for a layer, by the position of the limit that each of them removes."""
    if not analysis.catalog.exact or site.place is not None:
        return {}
    found = ((index, limit, limit.fidelity_exact.get(analysis.to)) for index, limit in enumerate(site.limits))
    return {index: form for index, limit, form in found if form is not None and not _stated(analysis, site, limit)}


def _stated(analysis: Analysis, site: LayerSite, limit: Limit) -> bool:
    """Whether the author chose initial values, so that those of the library are not what to follow."""
    policies = analysis.catalog.peel.get(analysis.source, {})
    return limit.affects == "initial" and any(policies.get(name) == "initial" for name in site.peeled)


def initialised(analysis: Analysis, names: Names, site: LayerSite, text: str) -> str:
    """The construction of a layer with the helper functions around it that its exact forms want."""
    for form in forms(analysis, site).values():
        text = f"{names.spell(form.api)}({text})" if form.around else text
    return text


def notes(analysis: Analysis, site: LayerSite) -> list[Note]:
    """What there is to tell about a layer: the limits that its exact forms leave, and what else was found."""
    removed = forms(analysis, site)
    left = (limit for index, limit in enumerate(site.limits) if index not in removed)
    return [
        *(Note(LIMIT_CODES[limit.affects], f"{limit.what}: {limit.why}") for limit in left),
        *site.notes,
        *site.doubts,
    ]


__all__ = ["forms", "initialised", "notes"]
