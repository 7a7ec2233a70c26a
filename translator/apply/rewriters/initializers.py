"""Initial values: functions of torch.nn.init on one side, initializers that unbuilt layers hold on the other."""

from __future__ import annotations

import math
from collections.abc import Iterable

import libcst as cst

from translator.apply.code import atom, literal_text, operand
from translator.apply.engine import Scribe
from translator.catalog.pattern import SELF, Call, Hole, Pat, Upper
from translator.infer.distributions import Distribution
from translator.infer.facts import LayerSite, Note, Replace, Rewrite
from translator.infer.initial import Setting
from translator.infer.initializing import Filled, variables
from translator.syntax import literal


def rewrite_fill(scribe: Scribe, node: cst.Call | cst.Assign, decision: Replace) -> str:
    """A weight or a parameter that gets other initial values."""
    filled: Filled = decision.data
    _remark(scribe, node, filled)
    owner = _layer(scribe, filled)
    if scribe.analysis.to == "torch":
        if any(_is_lazy(scribe, site) for site in _sites(scribe, filled)):
            return _lazily(scribe, filled, owner)
        tensor = f"{atom(owner)}.{filled.tensor}" if filled.tensor else owner
        name, parts = _torch(scribe, filled.distribution)
        return f"{name}({', '.join([tensor, *parts])})"
    drawn = _keras(scribe, filled.distribution)
    if not filled.variables:
        return f"{atom(owner)}.assign({drawn}({owner}.shape))"
    targets = [f"{atom(owner)}.{name}_initializer" for name in _variables(scribe, filled)]
    return " = ".join([*targets, drawn])


def _layer(scribe: Scribe, filled: Filled) -> str:
    """The layer as an expression, also where it stands in a Sequential with its padding."""
    text = scribe.text_of(filled.owner)
    sites = [scribe.analysis.tables.sites[node] for node in filled.sites]
    places = {_place(site) for site in sites if site.form == "wrap"}
    if not places or len(places) > 1 or any(site.form != "wrap" for site in sites):
        return text
    return f"{atom(text)}.layers[{places.pop()}]" if scribe.analysis.to == "keras" else f"{atom(text)}[{places.pop()}]"


def _place(site: LayerSite) -> int:
    parts: tuple[Pat, ...] = site.around.layers if site.around is not None else ()
    return next((i for i, part in enumerate(parts) if _is_self(part)), 0)


def _is_self(part: Pat) -> bool:
    return isinstance(part, Upper | Hole) and part.name == SELF


def _remark(scribe: Scribe, node: cst.CSTNode, filled: Filled) -> None:
    """Say what the other side draws differently."""
    doubt = filled.distribution.doubt
    if not doubt and filled.distribution.kind == "scaling" and "depthwise" in _variables(scribe, filled):
        doubt = "the libraries count the inputs of a depthwise convolution differently"
    if doubt:
        filled.function.notes[node] = Note("T003", f"initial values: {doubt}")


def _variables(scribe: Scribe, filled: Filled) -> list[str]:
    """The variables that the layers of the file have here; those that are rare only where some layer has them."""
    entries = [site.entry for site in _sites(scribe, filled) if site.entry is not None]
    found = {variable for entry in entries for _, variable in variables(entry)}
    here = [name for name in filled.variables if name in found]
    return here or [name for name in filled.variables if name != "depthwise"] or list(filled.variables)


def _sites(scribe: Scribe, filled: Filled) -> Iterable[LayerSite]:
    tables = scribe.analysis.tables
    if filled.apis:
        return [site for site in tables.sites.values() if site.api in filled.apis]
    return [tables.sites[node] for node in filled.sites]


def _target(scribe: Scribe, site: LayerSite) -> str:
    decision = site.function.decisions.get(site.node)
    target = scribe.target(decision, site.node) if isinstance(decision, Rewrite) else None
    return target.api if isinstance(target, Call) else ""


def _is_lazy(scribe: Scribe, site: LayerSite) -> bool:
    return _target(scribe, site).rsplit(".", 1)[-1].startswith("Lazy")


# Keras


def _keras(scribe: Scribe, found: Distribution) -> str:
    spell = scribe.names.spell

    def made(name: str, *parts: str) -> str:
        return f"{spell(f'keras.initializers.{name}')}({', '.join(parts)})"

    match found.kind:
        case "zeros":
            return made("Zeros")
        case "ones":
            return made("Ones")
        case "identity":
            return made("Identity")
        case "constant":
            return made("Constant", _text(scribe, found.settings["value"]))
        case "normal" | "truncated":
            name = "RandomNormal" if found.kind == "normal" else "TruncatedNormal"
            mean, std = found.settings["mean"], _text(scribe, found.settings["std"])
            parts = [f"stddev={std}"] if _number(mean) == 0 else [f"mean={_text(scribe, mean)}", f"stddev={std}"]
            return made(name, *parts)
        case "uniform":
            low, high = (_text(scribe, found.settings[name]) for name in ("low", "high"))
            return made("RandomUniform", f"minval={low}", f"maxval={high}")
        case "orthogonal":
            gain = found.settings["gain"]
            return made("Orthogonal") if _number(gain) == 1 else made("Orthogonal", f"gain={_text(scribe, gain)}")
    return _keras_scaling(scribe, found, made)


def _keras_scaling(scribe: Scribe, found: Distribution, made: object) -> str:
    assert callable(made)
    scale = found.settings.get("scale")
    named = {("fan_avg", 1.0): "GlorotUniform", ("fan_in", 2.0): "HeUniform", ("fan_in", 1.0): "LecunUniform"}
    number = _number(scale) if scale is not None else None
    if found.shape == "uniform" and isinstance(number, float) and (found.mode, number) in named:
        return str(made(named[found.mode, number]))
    text = _text(scribe, scale) if scale is not None else f"{operand(_text(scribe, found.settings['gain']))} ** 2"
    shape = "uniform" if found.shape == "uniform" else "untruncated_normal"
    return str(made("VarianceScaling", text, literal_text(found.mode), literal_text(shape)))


# PyTorch


def _lazily(scribe: Scribe, filled: Filled, owner: str) -> str:
    """A Lazy module's weight, which cannot be filled before the module knows its size."""
    name, parts = _torch(scribe, filled.distribution)
    given = ", ".join([owner, literal_text(filled.tensor), name, *parts])
    return f"{scribe.names.spell('helpers.torch.fill_lazily')}({given})"


def _torch(scribe: Scribe, found: Distribution) -> tuple[str, list[str]]:
    """The function of torch.nn.init and its arguments after the tensor."""

    def filled(name: str, *parts: str) -> tuple[str, list[str]]:
        return scribe.names.spell(f"torch.nn.init.{name}"), list(parts)

    match found.kind:
        case "zeros" | "ones":
            return filled(f"{found.kind}_")
        case "identity":
            return filled("eye_")
        case "constant":
            return filled("constant_", _text(scribe, found.settings["value"]))
        case "normal":
            mean, std = found.settings["mean"], _text(scribe, found.settings["std"])
            parts = [] if _number(mean) == 0 else [f"mean={_text(scribe, mean)}"]
            return filled("normal_", *parts, f"std={std}")
        case "truncated":
            return filled("trunc_normal_", *_cut(scribe, found))
        case "uniform":
            low, high = (_text(scribe, found.settings[name]) for name in ("low", "high"))
            return filled("uniform_", low, high)
        case "orthogonal":
            gain = found.settings["gain"]
            return filled("orthogonal_", *([] if _number(gain) == 1 else [f"gain={_text(scribe, gain)}"]))
    if found.mode == "fan_avg":
        return filled(f"xavier_{found.shape}_", *_gain(scribe, found))
    return filled(f"kaiming_{found.shape}_", *_kaiming(found))


def _cut(scribe: Scribe, found: Distribution) -> list[str]:
    """A normal distribution that is cut at two standard deviations; PyTorch takes the points."""
    mean, std = found.settings["mean"], found.settings["std"]
    center, width = _number(mean), _number(std)
    if isinstance(center, int | float) and isinstance(width, int | float):
        low, high = literal_text(float(center - 2 * width)), literal_text(float(center + 2 * width))
    else:
        around = "" if center == 0 else f"{operand(_text(scribe, mean))} "
        twice = f"2 * {operand(_text(scribe, std))}"
        low, high = (f"{around}- {twice}", f"{around}+ {twice}") if around else (f"-{twice}", twice)
    parts = [] if center == 0 else [f"mean={_text(scribe, mean)}"]
    return [*parts, f"std={_text(scribe, std)}", f"a={low}", f"b={high}"]


def _gain(scribe: Scribe, found: Distribution) -> list[str]:
    if "gain" in found.settings:
        return [f"gain={_text(scribe, found.settings['gain'])}"]
    scale = found.settings["scale"]
    number = _number(scale)
    if isinstance(number, int | float):
        return [] if number == 1 else [f"gain={literal_text(math.sqrt(number))}"]
    return [f"gain={operand(_text(scribe, scale))} ** 0.5"]


def _kaiming(found: Distribution) -> list[str]:
    """The slope or the activation for which Kaiming's distribution has the scale, which is at most 2."""
    scale = _number(found.settings["scale"])
    assert isinstance(scale, int | float)
    mode = [] if found.mode == "fan_in" else [f"mode={literal_text(found.mode)}"]
    named = {2.0: "relu", 1.0: "linear"}.get(float(scale))
    if named is not None:
        return [*mode, f"nonlinearity={literal_text(named)}"]
    return [f"a={literal_text(math.sqrt(2.0 / scale - 1.0))}", *mode]


def _text(scribe: Scribe, setting: Setting | None) -> str:
    return scribe.text_of(setting) if isinstance(setting, cst.CSTNode) else literal_text(setting)


def _number(setting: Setting) -> object:
    return literal(setting) if isinstance(setting, cst.CSTNode) else setting


# Walks over modules


def rewrite_walk(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``self.modules()``"""
    owner = scribe.text_of(decision.data)
    if scribe.analysis.to == "torch":
        return f"{atom(owner)}.modules()"
    return f"{scribe.names.spell('helpers.keras.all_layers')}({owner})"


def rewrite_apply_function(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``self.apply(function)``"""
    owner, function = (scribe.text_of(part) for part in decision.data)
    if scribe.analysis.to == "torch":
        return f"{atom(owner)}.apply({function})"
    return f"{scribe.names.spell('helpers.keras.apply_to_layers')}({owner}, {function})"


def rewrite_tested_classes(scribe: Scribe, node: cst.BaseExpression, decision: Replace) -> str:
    """The classes that the layers of the file have on the other side; without such layers, the usual ones."""
    analysis = scribe.analysis
    found: list[str] = []
    for api in decision.data:
        # What a Lazy module becomes is also what it derives from.
        sites = (s for s in analysis.tables.sites.values() if s.api.replace(".Lazy", ".") == api)
        ordered = sorted(sites, key=lambda site: site.start)
        targets = [target for site in ordered if (target := _target(scribe, site)) and "helpers." not in target]
        usual = analysis.namesake(api)
        found += [target.replace(".Lazy", ".") for target in targets] or ([usual] if usual is not None else [])
    names = [scribe.names.spell(api) for api in dict.fromkeys(found)]
    text = ", ".join(names)
    return text if len(names) == 1 or (isinstance(node, cst.Tuple) and node.lpar) else f"({text})"


def rewrite_has_weight(scribe: Scribe, node: cst.Comparison, decision: Replace) -> str:
    """``m.bias is not None`` as the flag of the Keras layer."""
    owner, flag, negated = decision.data
    text = f"{atom(scribe.text_of(owner))}.{flag}"
    return f"not {text}" if negated else text


def rewrite_weight_flag(scribe: Scribe, node: cst.Attribute, decision: Replace) -> str:
    """``layer.use_bias`` as a test of the PyTorch layer's tensor."""
    owner, name = decision.data
    return f"{atom(scribe.text_of(owner))}.{name} is not None"
