"""Gradients of a Keras model on the JAX backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def gradients(
    loss: Callable[[Mapping[str, Any]], Any], variables: Mapping[str, Any], inputs: Mapping[str, Any], model: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Gradients of ``loss(inputs)`` with respect to ``variables`` and ``inputs``.

    JAX differentiates pure functions, so the variables get their values through a ``StatelessScope``, as
    ``Layer.stateless_call`` does: https://keras.io/api/layers/base_layer/. What a training call changes in the
    non-trainable variables is assigned afterwards.
    """
    import jax
    import keras

    kept = list(model.non_trainable_variables)

    def pure(values: Mapping[str, Any], tensors: Mapping[str, Any]) -> tuple[Any, list[Any]]:
        mapping = [(variables[path], value) for path, value in values.items()]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            total = loss(tensors)
        updated = [scope.get_current_value(variable) for variable in kept]
        return total, [variable.value if new is None else new for variable, new in zip(kept, updated, strict=True)]

    values = {path: variable.value for path, variable in variables.items()}
    differentiate = jax.grad(pure, argnums=(0, 1), has_aux=True)
    (by_variable, by_input), state = differentiate(values, dict(inputs))
    for variable, value in zip(kept, state, strict=True):
        variable.assign(value)
    return by_variable, by_input
