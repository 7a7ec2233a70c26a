"""The rows of Keras 3, from its live signatures: https://keras.io/api/."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from mappings.signatures.methods import method_rows
from mappings.signatures.naming import mark_secondary_names
from mappings.signatures.rows import Overload, Row, distinct, overload_of, swallows_everything

# In the order in which one object's primary name is looked for. keras.ops.numpy comes last: all of it is in keras.ops.
NAMESPACES = (
    "keras.layers",
    "keras",
    "keras.ops",
    "keras.activations",
    "keras.losses",
    "keras.metrics",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.random",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.callbacks",
    "keras.saving",
    "keras.config",
    "keras.models",
    "keras.utils",
    "keras.backend",
    "keras.ops.image",
    "keras.ops.linalg",
    "keras.ops.nn",
    "keras.ops.numpy",
)
# Keras' guides write these short.
PRIMARY = ("keras.Input",)
# Classes whose methods user code calls or overrides. What the others inherit from Layer stands with Layer alone.
WITH_METHODS = ("keras.layers.Layer", "keras.Model", "keras.Sequential", "keras.Variable")


def collect_keras() -> dict[str, Row]:
    """Every public class and function of the namespaces above, and the methods of Layer, Model and Variable."""
    rows: dict[str, Row] = {}
    objects: dict[str, object] = {}
    for namespace in NAMESPACES:
        for name, value in _public_members(namespace):
            rows[name] = _class_row(value) if inspect.isclass(value) else _function_row(value)
            objects[name] = value
    duplicates = {
        name
        for name, value in objects.items()
        if name.startswith("keras.ops.numpy.") and objects.get(name.replace(".numpy.", ".")) is value
    }
    for name in duplicates:
        del rows[name], objects[name]
    rows = mark_secondary_names(rows, objects, NAMESPACES, PRIMARY)
    rows = {**_old_backend(), **rows}
    for owner in WITH_METHODS:
        rows |= method_rows(owner, objects[owner], objects["keras.layers.Layer"])
    return rows


def _old_backend() -> dict[str, Row]:
    """The functions that keras.backend had in Keras 2, which tf.keras.backend still has."""
    module = importlib.import_module("keras.src.legacy.backend")
    functions = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    own = {name: value for name, value in functions.items() if value.__module__ == module.__name__}
    return {f"keras.backend.{name}": _function_row(own[name]) for name in sorted(own) if not name.startswith("_")}


def _public_members(namespace: str) -> Iterator[tuple[str, object]]:
    module = importlib.import_module(namespace)
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if not name.startswith("_") and (inspect.isclass(value) or inspect.isfunction(value)):
            yield f"{namespace}.{name}", value


def _function_row(value: object) -> Row:
    assert inspect.isfunction(value)
    return Row("function", (overload_of(inspect.signature(value)),))


def _class_row(cls: Any) -> Row:
    if cls.__init__ is object.__init__:
        return Row("class", ((),))
    own = overload_of(inspect.signature(cls.__init__), skip_receiver=True)
    return Row("class", distinct(_forwarded(cls)) if swallows_everything(own) else (own,))


def _forwarded(cls: Any) -> Iterator[Overload]:
    """What an ``__init__(self, *args, **kwargs)`` passes on to.

    Model takes a Functional model's arguments if there are inputs and outputs among them, else Layer's:
    https://keras.io/api/models/model/. The others forward to the next class that names its parameters.
    """
    models = importlib.import_module("keras.models")
    if cls is models.Model:
        functional = importlib.import_module("keras.src.models.functional").Functional
        layer = importlib.import_module("keras.layers").Layer
        for target in (functional, layer):
            yield overload_of(inspect.signature(target.__init__), skip_receiver=True)
        return
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            overload = overload_of(inspect.signature(base.__init__), skip_receiver=True)
            if not swallows_everything(overload):
                yield overload
                return
