"""Where a Keras model keeps each of its variables in a saved file, learnt by letting it save itself.

Keras names the groups of a ``.weights.h5`` file by attributes and class names
(https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/). Instead of repeating its rules, a built
model saves itself with a small mark in the place of every variable: the *skeleton*, which is the file that is wanted
with nothing in it yet, and at the same time the map that says what to read from a file of the same model.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

MARK: Final = 0x6677_7472_616E_736C
"""A dataset ``[MARK, number]`` stands for variable ``number``; no counter or seed reaches this value."""


def write_skeleton(model: Any, variables: dict[str, Any], path: Path) -> list[str]:
    """Save the built ``model`` to ``path`` (``.weights.h5`` or ``.keras``) with marks instead of values.

    ``variables`` are the model's by tree path; the result lists the paths by number. A variable that is saved in
    several places has the same number in each. Raises ``TypeError`` for a layer that saves something that is no
    variable, and what Keras raises for a model that cannot be saved so.
    """
    import keras

    numbers = {id(variable): number for number, variable in enumerate(variables.values())}
    # `save_own_variables` is the documented hook: https://keras.io/guides/customizing_saving_and_serialization/
    layers = list(model._flatten_layers())
    for layer in layers:
        # Past Layer.__setattr__, which would track the functions as state of the layer.
        object.__setattr__(layer, "save_own_variables", _marking(layer, layer.save_own_variables, numbers))
        object.__setattr__(layer, "get_config", _revivable(layer, layer.get_config))
    try:
        if path.name.endswith(".keras"):
            if not isinstance(model, keras.Model):
                raise TypeError(f".keras holds models, {type(model).__name__} is a layer; write .weights.h5 instead")
            model.save(path)
        else:
            keras.saving.save_weights(model, path)
    finally:
        for layer in layers:
            object.__delattr__(layer, "save_own_variables")
            object.__delattr__(layer, "get_config")
    return list(variables)


def _marking(
    layer: Any, original: Callable[[MutableMapping[str, Any]], None], numbers: dict[int, int]
) -> Callable[[MutableMapping[str, Any]], None]:
    def save_own_variables(store: MutableMapping[str, Any]) -> None:
        import keras
        import numpy as np

        own: dict[str, Any] = {}
        original(own)
        for key, value in own.items():
            if not isinstance(value, keras.Variable):
                raise TypeError(f"{layer.name} ({type(layer).__name__}) saves {key!r}, which is no variable of it")
            number = numbers.get(id(value))
            # What has no number is the state of a seed generator, which is no weight: saved as it is.
            store[key] = value if number is None else np.array([MARK, number], "int64")

    return save_own_variables


def _revivable(layer: Any, original: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """``get_config`` without what the layer's own constructor does not take.

    Keras adds name, trainable and dtype to the arguments of a class that has no ``get_config`` of its own, and then
    cannot make it again from them: https://keras.io/guides/making_new_layers_and_models_via_subclassing/
    """

    @functools.wraps(original)  # keeps the attribute by which Keras tells its own methods from the user's
    def get_config() -> dict[str, Any]:
        import keras

        config = original()
        parameters = inspect.signature(type(layer).__init__).parameters
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return config
        usual = {"name": True, "trainable": layer.trainable, "dtype": layer.dtype_policy == keras.config.dtype_policy()}
        for name in usual.keys() & (config.keys() - parameters.keys()):
            if not usual[name]:
                raise TypeError(f"{type(layer).__name__} does not take {name}=, which .keras must keep")
            del config[name]
        return config

    return get_config
