"""The models of a file: what they are called, how they are built, and the axis rules of their inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libcst as cst

from translator.infer.analysis import Analysis
from translator.infer.annotations import FORWARD
from translator.infer.definitions import MODULE
from translator.infer.dims import moved_axes
from translator.infer.facts import Function
from translator.infer.frame import ELEMENTS, Frame
from translator.infer.modules import container_signature
from translator.infer.values import Container, FunctionRef, Instance, Items, LayerAt, Many, Tensor, Value, options
from translator.infer.values import Mapping as MappingValue
from translator.model import ModelInfo, Span
from translator.syntax import parameters


def find_models(analysis: Analysis, span_of: SpanOf) -> dict[str, ModelInfo]:
    """Module classes, builder functions and module-level model variables by their source names."""
    models: dict[str, ModelInfo] = {}
    for name, info in analysis.tables.classes.items():
        if info.module:
            models[name] = _class_model(analysis, name, span_of(info.tree, info.node))
    for key, function in analysis.tables.functions.items():
        if function.owner is None and function.parent is not None and function.parent.node is None and "." not in key:
            built = _model_of(analysis, function.returned)
            if built is not None and isinstance(function.node, cst.FunctionDef):
                models[key] = _built(analysis, key, "builder", function, built, span_of(function.tree, function.node))
    for name, value in analysis.tables.globals.items():
        built = _model_of(analysis, value)
        if built is not None and not isinstance(value, FunctionRef) and name not in models:
            node, tree = analysis.bound_at.get(name, (None, None))
            if node is not None and tree is not None:
                models[name] = _built(analysis, name, "variable", None, built, span_of(tree, node))
    return models


class SpanOf:
    """Callable giving the span of a node in its tree; supplied by the pipeline."""

    def __call__(self, tree: object, node: cst.CSTNode) -> Span:
        raise NotImplementedError


def _model_of(analysis: Analysis, value: Value) -> Value | None:
    found = list(options(value))
    if not found:
        return None
    if all(isinstance(o, Instance) and analysis.tables.classes[o.cls].module for o in found):
        return found[0] if len(found) == 1 else value
    if len(found) == 1 and isinstance(found[0], LayerAt):
        return found[0]
    if len(found) == 1 and isinstance(found[0], Container) and found[0].runs:
        return found[0]
    return None


def _class_model(analysis: Analysis, name: str, span: Span) -> ModelInfo:
    info = analysis.tables.classes[name]
    forward = analysis.find_method(name, FORWARD[analysis.source])
    inputs, ranks = forward_inputs(analysis, forward)
    outputs = leaves(analysis, forward.returned) if forward is not None else {}
    elements = analysis.written.get(("attribute", name, ELEMENTS))
    if forward is None and info.sequential and isinstance(elements, Container):
        inputs, outputs, ranks = container_rules(analysis, elements)
    init = analysis.find_method(name, "__init__")
    runs = forward is not None or elements is not None
    construct = f"{name}()" if all_defaults(init) and runs else analysis.constructions.get(name)
    root = not info.inside or info.instantiated_at_root
    target = analysis.class_names.get(name, name)
    return ModelInfo(name, target, "class", span, inputs, outputs, ranks, construct, root)


def _built(analysis: Analysis, name: str, kind: str, function: Function | None, value: Value, span: Span) -> ModelInfo:
    inputs: Mapping[str, str | None] = {}
    outputs: Mapping[str, str | None] = {}
    ranks: Mapping[str, int | None] = {}
    instance = next((o for o in options(value) if isinstance(o, Instance)), None)
    if instance is not None:
        forward = analysis.find_method(instance.cls, FORWARD[analysis.source])
        inputs, ranks = forward_inputs(analysis, forward)
        outputs = leaves(analysis, forward.returned) if forward is not None else {}
    elif isinstance(value, Container | LayerAt):
        inputs, outputs, ranks = container_rules(analysis, value)
    construct = (
        name if kind == "variable" else f"{name}()" if all_defaults(function) else analysis.constructions.get(name)
    )
    # A function that makes a single layer is a part of the models that use it.
    root = not (kind == "builder" and isinstance(value, LayerAt) and construct is None)
    return ModelInfo(name, name, kind, span, inputs, outputs, ranks, construct, root)  # type: ignore[arg-type]  # kind is one of the three


def all_defaults(function: Function | None) -> bool:
    """Whether a function can be called without arguments (``self`` aside)."""
    if function is None:
        return True
    if not isinstance(function.node, cst.FunctionDef):
        return False
    params = parameters(function.node)
    if function.owner is not None:
        params = params[1:]
    return all(p.default is not None or p.star in ("*", "**") for p in params)


def forward_inputs(analysis: Analysis, forward: Function | None) -> tuple[dict[str, str | None], dict[str, int | None]]:
    """The axis rule and rank of each argument of forward or call."""
    rules: dict[str, str | None] = {}
    ranks: dict[str, int | None] = {}
    if forward is None or not isinstance(forward.node, cst.FunctionDef):
        return rules, ranks
    for param in parameters(forward.node)[1:]:
        name = param.name.value
        if param.star in ("*", "**") or (name == "training" and analysis.source == "keras"):
            continue
        decided = analysis.parameter_order(forward, name)
        rank = decided.rank if decided is not None else None
        moved = decided is not None and decided.order == "moved" and rank is not None
        rules[name] = rule(analysis, rank) if moved and rank is not None else None
        ranks[name] = rank
    return rules, ranks


def rule(analysis: Analysis, rank: int) -> str | None:
    """``"n c h w -> n h w c"`` and its like for a moved tensor; None where the order is the same."""
    if rank <= 2:
        return None
    spatial = {3: "t", 4: "h w", 5: "d h w"}.get(rank, " ".join(f"s{i}" for i in range(rank - 2))).split()
    names = ["n", "c", *spatial] if analysis.source == "torch" else ["n", *spatial, "c"]
    return " ".join(names) + " -> " + " ".join(names[axis] for axis in moved_axes(rank, analysis.to))


def leaves(analysis: Analysis, value: Value, prefix: str = "") -> dict[str, str | None]:
    """The axis rule of each output leaf by its path."""
    if isinstance(value, Items):
        return _merged(leaves(analysis, v, _join(prefix, str(i))) for i, v in enumerate(value.items))
    if isinstance(value, Many):
        # A list of unknown length comes in source order; its leaves have no names here.
        return {}
    if isinstance(value, MappingValue):
        return _merged(leaves(analysis, v, _join(prefix, k)) for k, v in sorted(value.items))
    if isinstance(value, Tensor) and value.order == "moved" and value.rank is not None:
        return {prefix: rule(analysis, value.rank)}
    return {prefix: None}


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _merged(parts: Iterable[dict[str, str | None]]) -> dict[str, str | None]:
    result: dict[str, str | None] = {}
    for part in parts:
        result.update(part)
    return result


__all__ = ["LayerAt", "SpanOf", "find_models", "leaves", "rule"]


def container_rules(
    analysis: Analysis, container: Container | LayerAt
) -> tuple[dict[str, str | None], dict[str, str | None], dict[str, int | None]]:
    """Input rules, output rules and ranks of a Sequential that stands alone."""
    running = Frame(analysis, analysis.tables.functions[MODULE])
    entering, leaving = container_signature(running, container)
    name = "input" if analysis.source == "torch" else "inputs"
    moved = entering.order == "moved" and entering.rank is not None
    entered = rule(analysis, entering.rank) if moved and entering.rank is not None else None
    return {name: entered}, leaves(analysis, leaving), {name: entering.rank}
