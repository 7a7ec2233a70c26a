"""Carry the weights of one live model over to its translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from translator.errors import WeightError
from translator.model import ModelInfo, Translation
from translator.weights import live
from translator.weights.anonymous import Layouts, find_anonymous
from translator.weights.move import forward
from translator.weights.pair import Pairing, RulesLookup, pair
from translator.weights.rearrange import apply_layout

if TYPE_CHECKING:
    from translator.weights.rearrange import Array


def transfer_weights(
    source_model: Any, target_model: Any, t: Translation, inputs: Any = None, *, rules: RulesLookup | None = None
) -> None:
    """Copy every parameter and buffer of ``source_model`` into ``target_model``, in place.

    ``t`` is the translation that made the target's class. ``inputs`` is an example call of the source model: one array
    or tensor, a tuple or list of positional arguments, or a dict by argument name, in the source's axis order. It is
    needed only where a model creates its weights at the first call (Keras layers, ``Lazy`` modules); the target is
    then run once, in evaluation mode, without gradients. Values take the dtypes of the target. Raises
    :class:`WeightError`, and changes no value, where the two sides do not correspond completely.
    ``rules`` replaces the catalog's weight rules.
    """
    source, target = live.of(t.from_), live.of(t.to)
    if inputs is not None:
        _build(source, source_model, inputs, None)
        if target.is_unbuilt(target_model):
            _build(target, target_model, inputs, _known_model(t, source, source_model, target_model, inputs))
    source_tree, source_tensors, _ = source.describe(source_model)
    target_tree, target_tensors, _ = target.describe(target_model)
    try:
        pairing = pair(source_tree, target_tree, t.plan, rules or catalog_rules())
    except WeightError as error:
        if not (source.is_unbuilt(source_model) or target.is_unbuilt(target_model)):
            raise
        raise WeightError(
            "the weights of the two models do not correspond: some layers have none before their first call; "
            "pass inputs= that reach them",
            missing=error.missing,
            surplus=error.surplus,
            misshapen=error.misshapen,
        ) from None
    values = {path: source.read(tensor) for path, tensor in source_tensors.items()}
    arrays = carry(pairing, values, {path: tuple(tensor.shape) for path, tensor in target_tensors.items()})
    for path, array in arrays.items():
        target.write(target_tensors[path], array)


def carry(pairing: Pairing, arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The target's arrays by path from the source's. ``shapes`` sizes what no source array fills."""
    import numpy as np

    result: dict[str, Array] = {}
    for move in pairing.moves:
        if move.sources:
            values = forward(move, [arrays[path] for path in move.sources])
        else:
            values = [np.full(shapes[path], move.value) for path in move.targets]
        result.update(zip(move.targets, values, strict=True))
    return result


def catalog_rules() -> RulesLookup:
    """The weight rules of the installed mapping catalog."""
    from translator.catalog.load import load

    return load().weight_rules


def find_model(t: Translation, source_class: str, target_class: str) -> ModelInfo | None:
    """What the translation says of a model, found by its source class or else by its target class."""
    if source_class in t.models:
        return t.models[source_class]
    return next((info for info in t.models.values() if info.target == target_class), None)


def _known_model(t: Translation, source: live.Live, model: Any, target_model: Any, inputs: Any) -> ModelInfo | None:
    """What the translation says of the axes of the model's arguments."""
    info = find_model(t, type(model).__name__, type(target_model).__name__)
    positional, keyword = split_arguments(inputs)
    arrays = [live.to_numpy(value) for value in (*positional, *keyword.values())]
    if info is not None or len(arrays) != 1 or not hasattr(arrays[0], "ndim"):
        return info
    return find_anonymous(t, source.describe(model)[0], arrays[0].ndim, _catalog_layouts(t))


def _catalog_layouts(t: Translation) -> Layouts:
    def layouts(api: str) -> frozenset[str]:
        from translator.catalog.load import load

        return frozenset(found.entry.layout for found in load().alternatives(t.from_, api))

    return layouts


def _build(side: live.Live, model: Any, inputs: Any, info: ModelInfo | None) -> None:
    if not side.is_unbuilt(model):
        return
    positional, keyword = split_arguments(live.map_arrays(live.to_numpy, inputs))
    if info is not None:
        names = list(info.inputs)
        positional = [
            convert_argument(value, names[index], info) if index < len(names) else value
            for index, value in enumerate(positional)
        ]
        keyword = {name: convert_argument(value, name, info) for name, value in keyword.items()}
    side.dry_run(model, positional, keyword)


def split_arguments(inputs: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of an example call."""
    if isinstance(inputs, dict):
        return [], inputs
    if isinstance(inputs, (tuple, list)):
        return list(inputs), {}
    return [inputs], {}


def convert_argument(value: Any, name: str, info: ModelInfo) -> Any:
    """An argument of the source model as the target takes it; nested leaves go by ``"name.0"``, else by ``name``."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return apply_layout(value, _rule(name, info))
    if isinstance(value, dict):
        return {key: convert_argument(item, f"{name}.{key}", info) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(convert_argument(item, f"{name}.{index}", info) for index, item in enumerate(value))
    return value


def _rule(path: str, info: ModelInfo) -> str | None:
    while path not in info.inputs and "." in path:
        path = path.rpartition(".")[0]
    return info.inputs.get(path)
