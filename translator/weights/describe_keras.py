"""A live Keras 3 model as a :class:`ModuleTree`, and its variables by path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from translator.weights.tree import ModuleTree, TensorInfo, join

# What Layer, Sequential and Functional keep for themselves beside the attributes that the model's author wrote; see
# https://github.com/keras-team/keras/blob/v3.15.1/keras/src/layers/layer.py
_BOOKKEEPING = frozenset(
    [
        "_tracker",
        "_tracked",
        "_trainable_variables",
        "_non_trainable_variables",
        "_layers",
        "_metrics",
        "_seed_generators",
        "_functional",
        "_inbound_nodes",
        "_outbound_nodes",
        "_losses",
        "_loss_ids",
        "_losses_override",
        "_nodes",
        "_nodes_by_depth",
        "_operations",
        "_operations_by_depth",
        "_inputs",
        "_outputs",
        "_inputs_struct",
        "_outputs_struct",
        "_loss_tracker",
        "_compile_loss",
        "_compile_metrics",
        "_optimizer",
        "optimizer",
        "output_names",
        "input_names",
        "call_signature_parameters",
        "_build_shapes_dict",
        "_call_context_args",
        "_call_has_context_arg",
        "_self_unconditional_checkpoint_dependencies",
        "_self_unconditional_dependency_names",
        "_self_unconditional_deferred_dependencies",
        "_self_name_based_restores",
        "_self_saveable_object_factories",
    ]
)


def describe_keras(model: Any) -> tuple[ModuleTree, dict[str, Any], dict[str, Any]]:
    """The tree of ``model``, its variables (``keras.Variable``) and its layers, both by dotted path.

    Attributes give the names; Keras' own tracking lists decide what counts, so that layers kept in underscore
    attributes (``MultiHeadAttention._query_dense``) are found and nothing tracked is lost. The state of seed
    generators is not a weight. Layers that are not built yet have no variables.
    """
    walk = _Walk()
    return walk.layer(model, ""), walk.variables, walk.layers


class _Walk:
    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.layers: dict[str, Any] = {}
        self._layer_paths: dict[int, str] = {}
        self._variable_paths: dict[int, str] = {}

    def layer(self, layer: Any, path: str) -> ModuleTree:
        names = _class_names(type(layer))
        first = self._layer_paths.setdefault(id(layer), path)
        if first != path:
            return ModuleTree(names[0], path, names[1:], name=layer.name, alias=first)
        self.layers[path] = layer
        node = _Node(self, path)
        for attribute, value in _members(layer):
            node.add(attribute, value)
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]:
            if id(variable) not in self._variable_paths:
                node.add(variable.name, variable)
        for child in layer._layers:
            if id(child) not in self._layer_paths and not _is_input(child):
                node.add(child.name, child)
        return ModuleTree(
            names[0],
            path,
            names[1:],
            node.children,
            node.tensors,
            node.aliases,
            _sizes(layer),
            name=layer.name,
            activated=_is_activated(layer),
        )

    def variable(self, variable: Any, path: str) -> tuple[TensorInfo | None, str]:
        """What is known of the variable, and the path at which it was first met; no information for an alias."""
        first = self._variable_paths.setdefault(id(variable), path)
        if first != path:
            return None, first
        self.variables[path] = variable
        info = TensorInfo(
            shape=tuple(int(size) for size in variable.shape),
            dtype=str(variable.dtype),
            trainable=bool(variable.trainable),
            name=str(variable.name),
        )
        return info, path


class _Node:
    """Collects the members of one layer or container under their attribute names."""

    def __init__(self, walk: _Walk, path: str) -> None:
        self.walk = walk
        self.path = path
        self.children: dict[str, ModuleTree] = {}
        self.tensors: dict[str, TensorInfo] = {}
        self.aliases: dict[str, str] = {}

    def add(self, attribute: str, value: Any) -> None:
        import keras

        if isinstance(value, keras.layers.Layer):
            if not _is_input(value):
                self.children[attribute] = self.walk.layer(value, join(self.path, attribute))
        elif isinstance(value, keras.Variable):
            name = value.name if attribute.lstrip("_") == value.name else attribute
            info, first = self.walk.variable(value, join(self.path, name))
            if info is None:
                self.aliases[name] = first
            else:
                self.tensors[name] = info
        elif isinstance(value, (list, tuple, dict)) and _holds_state(value):
            self.children[attribute] = self._container(value, join(self.path, attribute))

    def _container(self, value: Any, path: str) -> ModuleTree:
        node = _Node(self.walk, path)
        for key, item in _items(value):
            node.add(key, item)
        kind = "dict" if isinstance(value, dict) else "list"
        return ModuleTree(kind, path, (), node.children, node.tensors, node.aliases)


def _members(layer: Any) -> Iterator[tuple[str, Any]]:
    """The members of a layer by name; the layers of a Sequential or Functional model by their position."""
    import keras

    if isinstance(layer, keras.Sequential) or hasattr(layer, "_operations"):
        computing = [child for child in layer.layers if not _is_input(child)]
        yield from ((str(index), child) for index, child in enumerate(computing))
    yield from ((name, value) for name, value in vars(layer).items() if name not in _BOOKKEEPING)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        return ((str(key), value[key]) for key in value)
    return ((str(index), item) for index, item in enumerate(value))


def _holds_state(value: Any) -> bool:
    import keras

    return any(
        isinstance(item, (keras.layers.Layer, keras.Variable))
        or (isinstance(item, (list, tuple, dict)) and _holds_state(item))
        for _, item in _items(value)
    )


def _is_input(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.InputLayer)


def _is_activated(layer: Any) -> bool:
    import keras

    activation = getattr(layer, "activation", None)
    return activation is not None and activation is not keras.activations.linear


def _class_names(cls: type) -> tuple[str, ...]:
    """The public name of the class and of its bases, up to ``keras.layers.Layer`` (excluded)."""
    import keras

    names = []
    for base in cls.__mro__:
        if base in (keras.layers.Layer, keras.Model):
            break
        if base.__module__.partition(".")[0] != "keras":
            names.append(base.__name__)
        else:
            names.append(_public_name(base))
    return tuple(names) or ("keras.layers.Layer",)


def _public_name(cls: type) -> str:
    import keras

    for prefix, module in (("keras", keras), ("keras.layers", keras.layers)):
        if getattr(module, cls.__name__, None) is cls:
            return f"{prefix}.{cls.__name__}"
    return f"{cls.__module__}.{cls.__name__}"


def _sizes(layer: Any) -> dict[str, int]:
    return {
        name.lstrip("_"): value
        for name, value in vars(layer).items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
