"""Watch a Keras model run: lift requests for float32, switch dropout off, note operations that leak float32."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from translator.verify.leaks import KERAS_BACKEND_LEAKS
from translator.verify.side import Side

_TENSORFLOW = [
    "cast",
    "convert_to_tensor",
    "constant",
    "zeros",
    "ones",
    "fill",
    "range",
    "eye",
    "linspace",
    "one_hot",
    "saturate_cast",
]


def lift_float32(side: Side) -> None:
    """Make float32 mean float64 wherever user code asks for it: keras.ops, dtype= of layers and weights, tf.cast.

    Keras itself has floatx float64 by now, so the only float32 left in arguments is the user's.
    """
    import keras

    modules = {id(module): module for module in (keras.ops, keras.src.ops, keras.src.ops.core, keras.src.ops.numpy)}
    for name in dir(keras.ops):
        function = getattr(keras.ops, name)
        if inspect.isfunction(function) and "dtype" in inspect.signature(function).parameters:
            wrapper = _lifting(function, side)
            for module in modules.values():
                if getattr(module, name, None) is function:
                    setattr(module, name, wrapper)
    keras.layers.Layer.add_weight = _lifting(keras.layers.Layer.add_weight, side)
    _lift_policies(side)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for name in _TENSORFLOW:
            setattr(tf, name, _lifting(getattr(tf, name), side))


def keep_float64() -> None:
    """Make Keras' type promotion give float64 on the JAX backend too, where it turns every 64-bit dtype into 32 bits.

    `mean` and batch normalisation ask it for their compute dtype and so would lose half of the digits:
    https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/common/dtypes.py.
    """
    from keras.src.backend.common import dtypes

    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


def _lifting(function: Callable[..., Any], side: Side) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if any(_is_float32(value) for value in (*args, *kwargs.values())):
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return function(*args, **kwargs)  # the call itself is wrong and says so better
            if _is_float32(bound.arguments.get("dtype")):
                line = side.user_line()
                side.events.lifted.add(f"{function.__name__}(dtype=float32)" + (f" ({line})" if line else ""))
                bound.arguments["dtype"] = "float64"
                return function(*bound.args, **bound.kwargs)
        return function(*args, **kwargs)

    return wrapper


def _is_float32(value: Any) -> bool:
    if isinstance(value, (str, type)) or type(value).__name__ in ("DType", "dtype"):
        return value == "float32" or getattr(value, "name", getattr(value, "__name__", "")) == "float32"
    return False


def _lift_policies(side: Side) -> None:
    from keras.src import dtype_policies

    original = dtype_policies.get

    @functools.wraps(original)
    def get(identifier: Any) -> Any:
        policy = original(identifier)
        if policy.name == "float32":
            side.events.lifted.add("a layer with dtype=float32")
            return original("float64")
        return policy

    dtype_policies.get = get


def record_dropout(side: Side) -> None:
    """Make dropout the identity, and note the rate where it is in effect.

    Every Keras dropout layer, recurrent cells included, draws through ``backend.random.dropout``:
    https://github.com/keras-team/keras/blob/v3.15.1/keras/src/layers/regularization/dropout.py
    """
    from keras.src import backend

    @functools.wraps(backend.random.dropout)
    def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
        side.events.dropouts.append(float(rate))
        return inputs

    backend.random.dropout = dropout


def record_leaks(side: Side) -> None:
    """Note the backend functions that compute with float32 constants whatever the dtype."""
    from keras.src import backend

    for module_name, names in KERAS_BACKEND_LEAKS.items():
        module: ModuleType = getattr(backend, module_name)
        for name in names:
            if hasattr(module, name):
                setattr(module, name, _noting(getattr(module, name), f"keras.ops.{name}", side))


def _noting(function: Callable[..., Any], name: str, side: Side) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        side.events.leaks.add(name)
        return function(*args, **kwargs)

    return wrapper
