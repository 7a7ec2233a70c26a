"""What a new parameter holds at first: its shape and the distribution that its values are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import libcst as cst

from translator.dataclass import dataclass
from translator.infer.evaluate import dim_of, evaluate
from translator.infer.frame import Frame
from translator.infer.joins import number_kind
from translator.infer.values import Const, Dim, Items, Number, Value
from translator.syntax import NOT_LITERAL, literal

Setting = cst.BaseExpression | float
"""A number of a distribution: as the author wrote it, or a default."""


@dataclass(frozen=True, slots=True)
class Initial:
    """Values of a ``kind`` (zeros, ones, constant, normal, uniform, glorot_uniform, ...) in a shape.

    ``shape`` holds the sizes one by one, or one expression for all of them. ``known`` is what the sizes are.
    """

    kind: str
    shape: tuple[cst.BaseExpression, ...] | cst.BaseExpression
    known: tuple[Dim, ...] | None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    dtype: str = ""

    @property
    def rank(self) -> int | None:
        return None if self.known is None else len(self.known)


_CREATED = {
    "torch.zeros": "zeros",
    "torch.ones": "ones",
    "torch.empty": "zeros",
    "torch.Tensor": "zeros",
    "torch.FloatTensor": "zeros",
    "torch.randn": "normal",
    "torch.rand": "uniform",
}
"""Fresh tensors. What is not initialised may hold anything, so zeros, too."""
_LEGACY = frozenset(["torch.Tensor", "torch.FloatTensor"])

DEFAULTS: Mapping[str, Mapping[str, float]] = {
    "normal": {"mean": 0.0, "std": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
}

_FILLED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "zero_": ("zeros", ()),
    "zeros_": ("zeros", ()),
    "ones_": ("ones", ()),
    "fill_": ("constant", ("value",)),
    "constant_": ("constant", ("value",)),
    "normal_": ("normal", ("mean", "std")),
    "uniform_": ("uniform", ("low", "high")),
    "xavier_uniform_": ("glorot_uniform", ()),
}
"""Functions of torch.nn.init and methods that fill a tensor, with their settings in order."""

_KEYWORDS = {"val": "value", "a": "low", "b": "high", "from": "low", "to": "high"}


def torch_initial(frame: Frame, node: cst.BaseExpression) -> Initial | None:
    """The initial values that an expression for a fresh tensor gives, None where it is something else.

    Evaluates the sizes and settings, and nothing else.
    """
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        return _scaled(frame, node.left, node.right) or _scaled(frame, node.right, node.left)
    if not isinstance(node, cst.Call):
        return None
    api = frame.api_of(node.func)
    if api in _CREATED:
        return _fresh(frame, node, _CREATED[api])
    if api == "torch.full":
        return _full(frame, node)
    if api == "torch.tensor" and len(node.args) == 1:
        value = literal(node.args[0].value)
        plain = isinstance(value, float) and node.args[0].keyword is None
        return Initial("constant", (), (), {"value": node.args[0].value}) if plain else None
    if api is not None and api.startswith("torch.nn.init."):
        return _filled(frame, api.rsplit(".", 1)[1], node.args[0].value, node.args[1:]) if node.args else None
    if api is None and isinstance(node.func, cst.Attribute):
        return _filled(frame, node.func.attr.value, node.func.value, node.args)
    return None


def _scaled(frame: Frame, tensor: cst.BaseExpression, factor: cst.BaseExpression) -> Initial | None:
    """``torch.randn(...) * 0.02`` and ``value * torch.ones(...)``."""
    found = torch_initial(frame, tensor) if isinstance(tensor, cst.Call) else None
    if found is None or not number_kind(evaluate(frame, factor)):
        return None
    if found.kind == "ones":
        return Initial("constant", found.shape, found.known, {"value": factor})
    value = literal(factor)
    negative = isinstance(value, int | float) and value < 0
    if found.kind == "normal" and found.settings == DEFAULTS["normal"] and not negative:
        return Initial("normal", found.shape, found.known, {"mean": 0.0, "std": factor})
    return None


def _fresh(frame: Frame, node: cst.Call, kind: str) -> Initial | None:
    sizes: list[cst.Arg] = []
    for arg in node.args:
        name = arg.keyword.value if arg.keyword is not None else ""
        if name == "size" or (not name and not arg.star):
            sizes.append(arg)
        elif name != "device" and not (name == "requires_grad" and literal(arg.value) is not NOT_LITERAL):
            return None
    nodes = [arg.value for arg in sizes]
    if frame.api_of(node.func) in _LEGACY and any(isinstance(n, cst.Tuple | cst.List) for n in nodes):
        # These take elements in a display, and sizes one by one.
        return None
    found = _shape(frame, nodes)
    return Initial(kind, *found, DEFAULTS.get(kind, {})) if found is not None else None


def _full(frame: Frame, node: cst.Call) -> Initial | None:
    given = {arg.keyword.value if arg.keyword is not None else str(i): arg.value for i, arg in enumerate(node.args)}
    size, value = given.get("0", given.get("size")), given.get("1", given.get("fill_value"))
    if size is None or value is None or len(given) != 2 or number_kind(evaluate(frame, value)) != "float":
        return None
    found = _shape(frame, [size])
    return Initial("constant", *found, {"value": value}) if found is not None else None


def _filled(frame: Frame, name: str, tensor: cst.BaseExpression, args: Sequence[cst.Arg]) -> Initial | None:
    """A fresh tensor that a function or a method fills."""
    if name not in _FILLED or not isinstance(tensor, cst.Call):
        return None
    kind, names = _FILLED[name]
    found = torch_initial(frame, tensor)
    if found is None or (kind == "glorot_uniform" and found.rank != 2):
        return None
    settings: dict[str, Setting] = dict(DEFAULTS.get(kind, {}))
    for index, arg in enumerate(args):
        key = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
        key = _KEYWORDS.get(key, key)
        if arg.star or key not in names or not number_kind(evaluate(frame, arg.value)):
            return None
        settings[key] = arg.value
    return Initial(kind, found.shape, found.known, settings) if set(settings) == set(names) else None


def _shape(
    frame: Frame, nodes: Sequence[cst.BaseExpression]
) -> tuple[tuple[cst.BaseExpression, ...] | cst.BaseExpression, tuple[Dim, ...] | None] | None:
    """Sizes given one by one, as a display, or as one expression that is known to be a sequence."""
    if len(nodes) == 1:
        node = nodes[0]
        if isinstance(node, cst.Tuple | cst.List):
            if any(isinstance(e, cst.StarredElement) for e in node.elements):
                evaluate(frame, node)
                return node, None
            return _shape_of(frame, [e.value for e in node.elements])
        value = evaluate(frame, node)
        if isinstance(value, Items) and all(_is_size(v) for v in value.items):
            return node, tuple(_dim(v) for v in value.items)
        if not _is_size(value):
            return None
    return _shape_of(frame, nodes)


def _shape_of(
    frame: Frame, nodes: Sequence[cst.BaseExpression]
) -> tuple[tuple[cst.BaseExpression, ...], tuple[Dim, ...]]:
    values = [evaluate(frame, node) for node in nodes]
    return tuple(nodes), tuple(dim_of(frame, n, v) for n, v in zip(nodes, values, strict=True))


def _is_size(value: Value) -> bool:
    return number_kind(value) == "int"


def _dim(value: Value) -> Dim:
    if isinstance(value, Const) and isinstance(value.value, int):
        return value.value
    return value.dim if isinstance(value, Number) else None


_NAMED: Mapping[str, str] = {
    "zeros": "zeros",
    "ones": "ones",
    "glorot_uniform": "glorot_uniform",
    "glorotuniform": "glorot_uniform",
    "xavier_uniform": "glorot_uniform",
    "random_normal": "normal",
    "randomnormal": "normal",
    "normal": "normal",
    "random_uniform": "uniform",
    "randomuniform": "uniform",
    "uniform": "uniform",
    "constant": "constant",
}
_KERAS_DEFAULTS: Mapping[str, Mapping[str, float]] = {
    "normal": {"mean": 0.0, "std": 0.05},
    "uniform": {"low": -0.05, "high": 0.05},
    "constant": {"value": 0.0},
}
_KERAS_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "normal": ("mean", "std"),
    "uniform": ("low", "high"),
    "constant": ("value",),
}
_KERAS_KEYWORDS = {"stddev": "std", "minval": "low", "maxval": "high"}
_KERAS_OTHERS = frozenset(
    "glorot_normal he_normal he_uniform lecun_normal lecun_uniform truncated_normal orthogonal variance_scaling "
    "GlorotNormal HeNormal HeUniform LecunNormal LecunUniform TruncatedNormal Orthogonal VarianceScaling".split()
)
OTHER = "other"
"""A distribution of Keras that PyTorch draws with other means: the values differ, and this is said."""


def keras_initial(
    frame: Frame,
    shape: cst.BaseExpression | None,
    initializer: cst.BaseExpression | None,
) -> Initial | None:
    """The initial values of an ``add_weight``, None where they are not known.

    Keras' defaults: https://keras.io/api/layers/initializers/
    """
    sizes = _shape(frame, [shape]) if shape is not None else ((), ())
    if sizes is None and shape is not None:
        # Keras takes no bare number here.
        evaluate(frame, shape)
        sizes = shape, None
    assert sizes is not None
    distribution = _distribution(frame, initializer)
    if distribution is None:
        return None
    kind, settings = distribution
    rank = None if sizes[1] is None else len(sizes[1])
    return Initial(OTHER if kind == "glorot_uniform" and rank != 2 else kind, sizes[0], sizes[1], settings)


def _distribution(frame: Frame, node: cst.BaseExpression | None) -> tuple[str, Mapping[str, Setting]] | None:
    value = literal(node) if node is not None else None
    if value is None:
        return "glorot_uniform", {}
    if isinstance(value, str):
        kind = _NAMED.get(value.lower())
        if kind is not None:
            return kind, _KERAS_DEFAULTS.get(kind, {})
        return (OTHER, {}) if value in _KERAS_OTHERS else None
    api = frame.api_of(node.func if isinstance(node, cst.Call) else node) if node is not None else None
    if api is None or not api.startswith(("keras.initializers.", "tf.initializers.")):
        return None
    name = api.rsplit(".", 1)[1]
    kind = _NAMED.get(name.lower())
    if kind is None:
        return (OTHER, {}) if name in _KERAS_OTHERS else None
    settings: dict[str, Setting] = dict(_KERAS_DEFAULTS.get(kind, {}))
    names = _KERAS_SETTINGS.get(kind, ())
    for index, arg in enumerate(node.args if isinstance(node, cst.Call) else ()):
        key = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
        key = _KERAS_KEYWORDS.get(key, key)
        if key == "seed":
            continue
        if arg.star or key not in names or not number_kind(evaluate(frame, arg.value)):
            return None
        settings[key] = arg.value
    return kind, settings
