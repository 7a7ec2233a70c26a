"""What a layer needs beside itself (padding, an activation): at its call, in its container, or wrapped around it."""

from __future__ import annotations

import libcst as cst

from translator.apply.code import literal_text
from translator.apply.engine import Scribe
from translator.catalog.unify import Code
from translator.infer.facts import LayerSite, Replace, Rewrite
from translator.infer.values import Tensor


def rewrite_layer_call(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``self.conv(x)`` with the padding before it or the activation after it."""
    site = scribe.analysis.tables.sites[decision.data]
    rewrite = site.function.decisions[site.node]
    assert isinstance(rewrite, Rewrite)
    text = scribe.inside(node)
    if site.around is not None:
        argument = next(a.value for a in node.args)
        bindings = {**rewrite.bindings, "x": Code(argument)}
        this = scribe.text_of(node.func)
        text = scribe.writer(
            Rewrite(rewrite.alternative, bindings, rewrite.api, rewrite.order, rewrite.rank), this
        ).write(site.around.call)
    if site.activation is not None:
        text = _activated(scribe, site, text)
    return text


def _activated(scribe: Scribe, site: LayerSite, text: str) -> str:
    """The activation of a site as a function of what the layer gives."""
    found = scribe.analysis.catalog.activations[site.activation or ""]
    axes = {hole: _last_axis(site) for hole in found.defaults if found.function.entry.kind(hole) == "axis"}
    rewrite = Rewrite(found.function, found.called(text), "", site.order, None, axes)
    return scribe.writer(rewrite).write(found.function.case.torch[0])


def _last_axis(site: LayerSite) -> int:
    """ "The last axis" of softmax is the channel axis, wherever that is stored."""
    moved = site.order == "moved" and isinstance(site.input, Tensor) and (site.input.rank or 2) > 2
    return 1 if moved else -1


def wrapped(scribe: Scribe, site: LayerSite, rewrite: Rewrite, text: str) -> str:
    """The layer and its companions in a Sequential of their own."""
    parts = companions(scribe, site, rewrite, text)
    if scribe.analysis.to == "keras":
        return f"{scribe.names.spell('keras.Sequential')}([{', '.join(parts)}])"
    return f"{scribe.names.spell('torch.nn.Sequential')}({', '.join(parts)})"


def companions(scribe: Scribe, site: LayerSite, rewrite: Rewrite, text: str) -> list[str]:
    """The elements that stand for a layer in a container."""
    parts = [text]
    if site.around is not None:
        writer = scribe.writer(rewrite, text)
        # ZeroPadding2D(1) says more than ZeroPadding2D().
        writer.keeps_first = True
        parts = [writer.write(layer) for layer in site.around.layers]
    if site.activation is not None:
        found = scribe.analysis.catalog.activations[site.activation]
        activation = Rewrite(found.module, {}, "", site.order)
        parts.append(scribe.writer(activation).write(found.module_pattern(_last_axis(site))))
    return parts


def spliced(scribe: Scribe, element: cst.BaseExpression) -> list[str]:
    """The texts that stand for one element of a literal container."""
    site = scribe.analysis.tables.sites.get(element)
    decision = site.function.decisions.get(element) if site is not None else None
    text = scribe.text_of(element)
    if site is None or site.form != "splice" or not isinstance(decision, Rewrite):
        return [text] if text else []
    return companions(scribe, site, decision, text)


__all__ = ["companions", "literal_text", "rewrite_layer_call", "spliced", "wrapped"]
