"""Module classes: base classes, forward and call, constructors of the base, reserved names, the training flag."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from translator.apply.engine import Scribe
from translator.infer.annotations import FORWARD
from translator.infer.direction import MODULE_BASES, SEQUENTIAL
from translator.infer.facts import ClassInfo, Declined, Function
from translator.infer.values import FrameworkRef, Training
from translator.syntax import children, dotted

_TARGET_FORWARD = {"keras": "call", "torch": "forward"}


def edit_class(scribe: Scribe, info: ClassInfo) -> None:
    """Edits of one module class: its bases, its forward method and its method names."""
    analysis = scribe.analysis
    for arg in info.node.bases:
        value = analysis.global_value(dotted(arg.value) or "")
        if isinstance(value, FrameworkRef):
            _edit_base(scribe, info, arg, value.api)
    if not info.module:
        return
    forward = info.methods.get(FORWARD[analysis.source])
    if forward is not None and isinstance(forward.node, cst.FunctionDef):
        _edit_forward(scribe, forward, forward.node)
    for name, method in info.methods.items():
        if name in analysis.reserved and isinstance(method.node, cst.FunctionDef):
            start, end = scribe.span(method.node.name)
            scribe.add(start, end, analysis.renamed(name))


def _edit_base(scribe: Scribe, info: ClassInfo, arg: cst.Arg, api: str) -> None:
    start, end = scribe.span(arg.value)
    if api in MODULE_BASES[scribe.analysis.source]:
        target = base_of(scribe.analysis.to, info)
        scribe.uses.append((arg.value, api, target, "exact"))
        scribe.add(start, end, lambda: scribe.names.spell(target))
        return
    if api == SEQUENTIAL[scribe.analysis.source]:
        scribe.uses.append((arg.value, api, SEQUENTIAL[scribe.analysis.to], "exact"))
        scribe.add(start, end, lambda: scribe.names.spell(SEQUENTIAL[scribe.analysis.to]))
        return
    target_ref = scribe.analysis.reference_target(api)
    if target_ref is not None:
        scribe.add(start, end, lambda: scribe.names.spell(target_ref))
        return
    scribe.declines[arg.value] = Declined(
        "T105", f"a class that derives from {api}", "derive from the framework's module class and hold the layer", api
    )


def base_of(to: str, info: ClassInfo) -> str:
    """Roots are Models; a class that is only used inside others is a Layer."""
    if to == "torch":
        return "torch.nn.Module"
    return "keras.layers.Layer" if info.inside and not info.instantiated_at_root else "keras.Model"


def _edit_forward(scribe: Scribe, function: Function, node: cst.FunctionDef) -> None:
    start, end = scribe.span(node.name)
    scribe.add(start, end, _TARGET_FORWARD[scribe.analysis.to])
    if scribe.analysis.to == "keras":
        if function.needs_training and "training" not in function.parameters:
            _add_parameter(scribe, node)
    else:
        _drop_training(scribe, node)


def _add_parameter(scribe: Scribe, node: cst.FunctionDef) -> None:
    params = node.params
    last = params.params[-1] if params.params else None
    if last is None or params.star_arg is not cst.MaybeSentinel.DEFAULT or params.kwonly_params:
        scribe.declines[node.name] = Declined(
            "T109", "self.training in a forward with these parameters", "add a training argument by hand"
        )
        return
    end = _parameter_end(scribe, last)
    scribe.add(end, end, ", training=None")


def _parameter_end(scribe: Scribe, param: cst.Param) -> int:
    if param.default is not None:
        return scribe.tree.outer(param.default)[1]
    if param.annotation is not None:
        return scribe.tree.outer(param.annotation.annotation)[1]
    return scribe.span(param.name)[1]


def _drop_training(scribe: Scribe, node: cst.FunctionDef) -> None:
    """The ``training`` argument of a Keras call: PyTorch modules know their mode themselves."""
    for param in [*node.params.params, *node.params.kwonly_params]:
        if param.name.value == "training":
            end = _parameter_end(scribe, param)
            start = scribe.span(param.name)[0]
            while start and scribe.text[start - 1] in " \t":
                start -= 1
            if scribe.text[start - 1] == ",":
                start -= 1
            scribe.add(start, end, "")


def training_edits(scribe: Scribe, function: Function) -> None:
    """``self.training`` becomes the call's ``training`` argument, and back."""
    if function.node is None:
        return
    for node, value in function.training_reads.items():
        if not isinstance(value, Training) or not scribe.tree.has(node):
            continue
        start, end = scribe.span(node)
        if scribe.analysis.to == "keras" and isinstance(node, cst.Attribute):
            if function.name == FORWARD["torch"]:
                scribe.by_node[node] = scribe.add(start, end, "training")
            else:
                scribe.declines[node] = Declined(
                    "T109", "self.training outside forward", "pass the training flag to this method as an argument"
                )
        elif scribe.analysis.to == "torch" and isinstance(node, cst.Name):
            scribe.by_node[node] = scribe.add(start, end, "self.training")


def renames(scribe: Scribe, function: Function) -> None:
    """Attributes and methods whose names the target's base class reserves."""
    for node, name in function.renamed.items():
        if scribe.tree.has(node):
            start, end = scribe.span(node)
            scribe.add(start, end, scribe.analysis.renamed(name))


def class_renames(scribe: Scribe) -> None:
    """Module classes whose names Keras cannot make names of layers from, wherever they are named."""
    names = scribe.analysis.class_names
    if not names:
        return
    hidden = {n for f in scribe.analysis.tables.functions.values() for n in (*f.local_names, *f.parameters)}
    for tree in scribe.analysis.trees:
        for node in _names_in(tree.module):
            if node.value in names and node.value not in hidden:
                scribe.add(*scribe.span(node), names[node.value])


def _names_in(node: cst.CSTNode) -> Iterator[cst.Name]:
    """The names that are no attributes and no keywords."""
    for child in children(node):
        if isinstance(node, cst.Attribute) and child is node.attr:
            continue
        if isinstance(node, cst.Arg) and child is node.keyword:
            continue
        if isinstance(child, cst.Name):
            yield child
        else:
            yield from _names_in(child)
