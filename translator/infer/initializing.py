"""Initial values that code gives to the weights of layers and to parameters, one by one or in walks over all modules.

PyTorch fills tensors that exist; Keras layers make theirs when they are built, with the initializers that they hold by
then. So ``nn.init.zeros_(self.fc.weight)`` and ``self.fc.kernel_initializer = Zeros()`` stand for each other, also
under a condition or in a loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import libcst as cst

from translator.catalog.entry import Entry
from translator.catalog.pattern import Call, Pat
from translator.dataclass import dataclass
from translator.infer.arguments import arguments
from translator.infer.distributions import METHODS, Distribution, keras_distribution, torch_distribution
from translator.infer.evaluate import evaluate, raw
from translator.infer.facts import Function, Replace
from translator.infer.frame import Frame
from translator.infer.parameters import is_weight
from translator.infer.values import (
    NONE,
    UNKNOWN,
    Container,
    FunctionRef,
    Instance,
    LayerAt,
    Many,
    MethodRef,
    Submodule,
    Tensor,
    Value,
    options,
)
from translator.syntax import literal

FLAGS: Mapping[str, str] = {"bias": "use_bias", "beta": "center", "gamma": "scale"}
"""Variables of Keras layers that an argument leaves out, and the attribute that holds the argument."""
_INITIALISED = frozenset(["kernel", "depthwise", "bias", "gamma", "beta", "embeddings", "alpha"])
"""Variables whose initializer their layer holds as an attribute until it is built."""
_SUFFIX = "_initializer"
_HINT = "set the initializers of the layers where they are made"


@dataclass(frozen=True, slots=True)
class Filled:
    """A weight that gets other initial values.

    ``owner`` is the layer, whose PyTorch tensor is ``tensor`` and whose Keras variables are ``variables``; for a
    parameter it is the parameter itself and the names are empty. ``apis`` are the layers' classes where they are met
    in a walk over modules.
    """

    distribution: Distribution
    owner: cst.BaseExpression
    function: Function
    tensor: str = ""
    variables: tuple[str, ...] = ()
    apis: frozenset[str] = frozenset()
    sites: frozenset[cst.CSTNode] = frozenset()


# PyTorch


def torch_init(frame: Frame, node: cst.Call, api: str) -> Value:
    """``nn.init.normal_(self.fc.weight, std=0.02)``."""
    name = api.rsplit(".", 1)[1]
    name = name if name.endswith("_") else f"{name}_"
    first = node.args[0] if node.args else None
    if first is None or first.star or (first.keyword is not None and first.keyword.value != "tensor"):
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api} with these arguments", api, _HINT)
    return _fill(frame, node, api, first.value, torch_distribution(frame, name, node.args[1:]))


def lazy_init(frame: Frame, node: cst.Call, api: str) -> Value:
    """``fill_lazily(self.fc, "weight", nn.init.normal_, std=0.02)``: the helper in the place of such a function."""
    plain = all(not arg.star and arg.keyword is None for arg in node.args[:3])
    name = literal(node.args[1].value) if len(node.args) > 2 and plain else None
    function = frame.api_of(node.args[2].value) if name in ("weight", "bias") else None
    layer = raw(frame, node.args[0].value) if function is not None else UNKNOWN
    distribution = torch_distribution(frame, (function or "").rsplit(".", 1)[-1], node.args[3:]) if function else None
    if not isinstance(layer, LayerAt | Submodule) or distribution is None or frame.bare is not node:
        return frame.decline(node, "T102", f"{api} with these arguments", api, _HINT)
    return _fill_layer(frame, node, api, node.args[0].value, str(name), layer, distribution)


def torch_fill(frame: Frame, node: cst.Call) -> Value | None:
    """``m.weight.data.zero_()``: methods that fill the weight of a layer; None for other tensors."""
    assert isinstance(node.func, cst.Attribute)
    method = node.func.attr.value
    tensor = _without_data(node.func.value)
    if method not in METHODS or _layer_of(frame, tensor) is None:
        return None
    api = f"torch.Tensor.{method}"
    return _fill(frame, node, api, tensor, torch_distribution(frame, method, node.args, method=True))


def _fill(
    frame: Frame, node: cst.Call, api: str, tensor: cst.BaseExpression, distribution: Distribution | None
) -> Value:
    tensor = _without_data(tensor)
    layer = _layer_of(frame, tensor)
    value = evaluate(frame, tensor) if layer is None else UNKNOWN
    if distribution is None or frame.bare is not node:
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api} with these arguments", api, _HINT)
    if layer is not None:
        assert isinstance(tensor, cst.Attribute)
        return _fill_layer(frame, node, api, tensor.value, tensor.attr.value, layer, distribution)
    if not isinstance(value, Tensor) or not is_weight(frame, value):
        return frame.decline(node, "T111", f"{api} of a weight that is not known", api, _HINT)
    fitting = _of_parameter(distribution, value)
    if fitting is None:
        return frame.decline(node, "T102", f"{api} of a parameter of this rank", api, _HINT)
    frame.decide(node, Replace("fill", api, data=Filled(fitting, tensor, frame.function)))
    return value


def _without_data(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.value if isinstance(node, cst.Attribute) and node.attr.value == "data" else node


def _layer_of(frame: Frame, tensor: cst.BaseExpression) -> LayerAt | Submodule | None:
    """The layer whose ``weight`` or ``bias`` an expression is."""
    if not isinstance(tensor, cst.Attribute) or tensor.attr.value not in ("weight", "bias"):
        return None
    owner = raw(frame, tensor.value)
    return owner if isinstance(owner, LayerAt | Submodule) else None


def _fill_layer(
    frame: Frame,
    node: cst.Call,
    api: str,
    owner: cst.BaseExpression,
    name: str,
    layer: LayerAt | Submodule,
    distribution: Distribution,
) -> Value:
    pairs = [pair for entry in _entries(frame, layer) for pair in variables(entry) if pair[0] == name]
    names = tuple(sorted({variable for _, variable in pairs}))
    if not names or not set(names) <= _INITIALISED:
        return frame.decline(node, "T111", f"{api} of a weight that is not known", api, _HINT)
    fitting = _of_variables(distribution, names)
    if fitting is None:
        return frame.decline(node, "T102", f"{api}: the layers differ in what is an input and an output", api, _HINT)
    apis = layer.apis if isinstance(layer, Submodule) else frozenset()
    sites = layer.sites if isinstance(layer, LayerAt) else frozenset()
    frame.decide(node, Replace("fill", api, data=Filled(fitting, owner, frame.function, name, names, apis, sites)))
    return NONE


# Keras


def initializer_set(frame: Frame, node: cst.Assign) -> bool:
    """``layer.kernel_initializer = ...`` on a layer that is not built yet; whether it is one."""
    targets = [t.target for t in node.targets]
    if frame.analysis.source != "keras" or not all(_is_initializer(t) for t in targets):
        return False
    owners = [t.value for t in targets if isinstance(t, cst.Attribute)]
    layer = raw(frame, owners[0])
    if not isinstance(layer, LayerAt | Submodule) or any(raw(frame, owner) != layer for owner in owners):
        return False
    found = {t.attr.value.removesuffix(_SUFFIX) for t in targets if isinstance(t, cst.Attribute)}
    pairs = {pair for entry in _entries(frame, layer) for pair in variables(entry) if pair[1] in found}
    distribution = keras_distribution(frame, node.value)
    names = {name for name, _ in pairs}
    fitting = _of_variables(distribution, tuple(found)) if distribution is not None else None
    if fitting is None or len(names) != 1 or {variable for _, variable in pairs} != found:
        why = "an initializer that PyTorch has no function for, or of layers that are not known"
        frame.decline(node.value, "T102", why, hint="fill the weights with torch.nn.init by hand")
        return True
    apis = layer.apis if isinstance(layer, Submodule) else frozenset()
    sites = layer.sites if isinstance(layer, LayerAt) else frozenset()
    filled = Filled(fitting, owners[0], frame.function, names.pop(), tuple(sorted(found)), apis, sites)
    frame.decide(node, Replace("fill", "keras.initializers", data=filled))
    return True


def _is_initializer(target: cst.BaseExpression) -> bool:
    return isinstance(target, cst.Attribute) and target.attr.value.endswith(_SUFFIX)


def keras_assign(frame: Frame, node: cst.Call) -> Value | None:
    """``self.p.assign(Initializer()(self.p.shape))``: a parameter that gets other initial values; None for the rest."""
    assert isinstance(node.func, cst.Attribute)
    drawn = node.args[0].value if len(node.args) == 1 else None
    if not isinstance(drawn, cst.Call) or not isinstance(drawn.func, cst.Call) or len(drawn.args) != 1:
        return None
    shape = drawn.args[0].value
    parameter = node.func.value
    same = isinstance(shape, cst.Attribute) and shape.attr.value == "shape" and shape.value.deep_equals(parameter)
    value = evaluate(frame, parameter) if same and frame.bare is node else None
    distribution = keras_distribution(frame, drawn.func) if isinstance(value, Tensor) else None
    if not isinstance(value, Tensor) or distribution is None or not is_weight(frame, value):
        return None
    fitting = _of_parameter(distribution, value)
    if fitting is None:
        return None
    frame.decide(node, Replace("fill", "keras.Variable.assign", data=Filled(fitting, parameter, frame.function)))
    return value


# Both


def variables(entry: Entry) -> Iterable[tuple[str, str]]:
    """Pairs of the PyTorch tensors of a layer and the Keras variables, by the names that their initializers have."""
    for rule in entry.weights.rules if entry.weights is not None else ():
        if rule.torch.combine == rule.keras.combine == "one" and not rule.counted:
            name = rule.keras.names[0]
            depthwise = name == "kernel" and any(
                _head(p).startswith("keras.layers.Depthwise") for p in _patterns(entry)
            )
            yield rule.torch.names[0], "depthwise" if depthwise else name


def _patterns(entry: Entry) -> Iterable[Pat]:
    return (pattern for case in entry.cases for pattern in case.keras)


def _head(pattern: Pat) -> str:
    return pattern.api if isinstance(pattern, Call) else ""


def _entries(frame: Frame, layer: LayerAt | Submodule) -> Sequence[Entry]:
    analysis = frame.analysis
    if isinstance(layer, LayerAt):
        sites = [analysis.tables.sites[node] for node in sorted(layer.sites, key=analysis.site_order)]
        return [alternative.entry for site in sites for alternative, _ in site.candidates]
    return [found.entry for api in sorted(layer.apis) for found in analysis.catalog.alternatives(analysis.source, api)]


def _of_variables(distribution: Distribution, names: Sequence[str]) -> Distribution | None:
    """A distribution as the variables of the other side see it; None where they see different ones."""
    if distribution.kind == "scaling" and "embeddings" in names and distribution.mode != "fan_avg":
        # The rows of a table are its inputs in Keras' formula and its outputs in PyTorch's.
        return distribution.transposed() if set(names) == {"embeddings"} else None
    return distribution


def _of_parameter(distribution: Distribution, value: Tensor) -> Distribution | None:
    if distribution.kind in ("scaling", "orthogonal", "identity"):
        return distribution.transposed() if value.rank == 2 else None
    return distribution


# Walks over modules


def is_class_test(frame: Frame, node: cst.Call) -> bool:
    """``isinstance(m, nn.Conv2d)`` of one of all modules, which is decided here."""
    if len(node.args) != 2 or not isinstance(raw(frame, node.args[0].value), Submodule):
        return False
    classes = _classes(node.args[1].value)
    apis = [frame.api_of(cls) for cls in classes]
    if None not in apis and all(frame.analysis.catalog.alternatives(frame.analysis.source, api or "") for api in apis):
        frame.decide(node.args[1].value, Replace("tested_classes", "", data=tuple(api for api in apis if api)))
        return True
    for cls, api in zip(classes, apis, strict=True):
        if api is not None:
            frame.decline(cls, "T105", f"{api} is not known as the class of a layer", api)
    return True


def _classes(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    return [e.value for e in node.elements] if isinstance(node, cst.Tuple) else [node]


def refine(frame: Frame, test: cst.BaseExpression) -> None:
    """What ``isinstance`` shows of one of all modules holds where the test does."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        refine(frame, test.left)
        refine(frame, test.right)
        return
    if not isinstance(test, cst.Call) or len(test.args) != 2 or not isinstance(test.args[0].value, cst.Name):
        return
    name = test.args[0].value.value
    if not isinstance(frame.env.get(name), Submodule):
        return
    classes = _classes(test.args[1].value)
    apis = [frame.api_of(cls) for cls in classes]
    if None not in apis:
        frame.env[name] = Submodule(frozenset(api for api in apis if api is not None))
    elif len(classes) == 1 and isinstance(classes[0], cst.Name) and classes[0].value in frame.analysis.tables.classes:
        frame.env[name] = Instance(classes[0].value)


def walk(frame: Frame, node: cst.Call, api: str) -> Value:
    """``self.modules()`` and ``all_layers(self)``."""
    owner = _owner(frame, node, api)
    if owner is None:
        return frame.decline(node, "T102", f"{api} of what is not known to be a module", api, _HINT)
    frame.decide(node, Replace("walk", api, data=owner))
    return Many(Submodule())


def apply_function(frame: Frame, node: cst.Call, api: str) -> Value:
    """``self.apply(self._init_weights)`` and ``apply_to_layers(self, self._init_weights)``."""
    owner = _owner(frame, node, api)
    function = raw(frame, node.args[-1].value) if node.args else UNKNOWN
    called: list[tuple[Function, int]] = []
    if isinstance(function, MethodRef):
        classes = [function.cls, *frame.analysis.descendants(function.cls)] if function.virtual else [function.cls]
        methods = [frame.analysis.find_method(cls, function.name) for cls in classes]
        called = [(m, 0 if _static(m) else 1) for m in methods if m is not None]
    elif isinstance(function, FunctionRef):
        called = [(frame.analysis.tables.functions[function.key], 0)]
    if owner is None or not called or any(len(f.parameters) != index + 1 for f, index in called):
        return frame.decline(node, "T102", f"{api} with a function that is not known", api, _HINT)
    for callee, index in called:
        frame.analysis.pass_argument(frame.function, callee, callee.parameters[index], Submodule())
    frame.decide(node, Replace("apply_function", api, data=(owner, node.args[-1].value)))
    return raw(frame, owner)


def _static(function: Function) -> bool:
    decorators = function.node.decorators if isinstance(function.node, cst.FunctionDef) else ()
    return any(isinstance(d.decorator, cst.Name) and d.decorator.value == "staticmethod" for d in decorators)


def _owner(frame: Frame, node: cst.Call, api: str) -> cst.BaseExpression | None:
    """The module that is walked over, with the arguments checked."""
    count = 1 if api.rsplit(".", 1)[1] in ("apply", "apply_to_layers") else 0
    if any(arg.star or arg.keyword is not None for arg in node.args):
        return None
    if api.startswith("helpers."):
        if len(node.args) != count + 1:
            return None
        owner = node.args[0].value
    else:
        if len(node.args) != count or not isinstance(node.func, cst.Attribute):
            return None
        owner = node.func.value
    value = raw(frame, owner)
    return owner if all(isinstance(o, Instance | Container) for o in options(value)) else None


# Whether a layer has a bias


def has_weight(frame: Frame, node: cst.Comparison) -> bool:
    """``m.bias is not None``; whether it is such a test of a layer's weight."""
    left, comparisons = node.left, node.comparisons
    if len(comparisons) != 1 or not isinstance(comparisons[0].operator, cst.Is | cst.IsNot):
        return False
    layer = _layer_of(frame, left) if frame.analysis.source == "torch" else None
    if layer is None or literal(comparisons[0].comparator) is not None:
        return False
    assert isinstance(left, cst.Attribute)
    pairs = {p for entry in _entries(frame, layer) for p in variables(entry) if p[0] == left.attr.value}
    flags = {FLAGS.get(variable) for _, variable in pairs}
    if len(flags) != 1 or None in flags:
        frame.decline(node, "T102", f"whether layers of these classes have a {left.attr.value}", hint=_HINT)
        return True
    frame.decide(
        node, Replace("has_weight", data=(left.value, flags.pop(), isinstance(comparisons[0].operator, cst.Is)))
    )
    return True


def weight_flag(frame: Frame, node: cst.Attribute, layer: LayerAt | Submodule) -> bool:
    """``layer.use_bias``; whether it is an attribute that says if the layer has a weight."""
    if frame.analysis.source != "keras" or node.attr.value not in FLAGS.values():
        return False
    pairs = {p for entry in _entries(frame, layer) for p in variables(entry) if FLAGS.get(p[1]) == node.attr.value}
    names = {name for name, _ in pairs}
    if len(names) != 1:
        return False
    frame.decide(node, Replace("weight_flag", data=(node.value, names.pop())))
    return True
