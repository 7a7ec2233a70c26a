"""Parameters and buffers that a module holds itself: nn.Parameter, register_buffer, add_weight, keras.Variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import libcst as cst

from translator.dataclass import dataclass
from translator.infer.arguments import arguments
from translator.infer.dynamic import pattern_of, write_like
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.initial import OTHER, Initial, keras_initial, torch_initial
from translator.infer.joins import element
from translator.infer.orders import require
from translator.infer.unknown import made_by
from translator.infer.values import BOTTOM, NONE, Bottom, Instance, Items, Many, Tensor, Value
from translator.syntax import literal

VARIABLE = "variable"
"""The rewriter of what makes a parameter or buffer."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A parameter or buffer that is made here.

    Its values are ``initial``, or what ``data`` gives. ``name`` is the attribute that holds it and ``owner`` the
    module, where both are known.
    """

    initial: Initial | None
    data: cst.BaseExpression | None
    trainable: bool
    name: str = ""
    owner: cst.BaseExpression | None = None


def torch_parameter(frame: Frame, node: cst.Call, api: str) -> Value:
    """``nn.Parameter(data, requires_grad=True)``."""
    given = _given(node, ("data", "requires_grad"))
    if given is None or "data" not in given:
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api} without its data", api, "give the parameter its values")
    flag = literal(given["requires_grad"]) if "requires_grad" in given else True
    if not isinstance(flag, bool):
        arguments(frame, node)
        return frame.decline(node, "T104", f"{api}: requires_grad must be a literal", api)
    return _made(frame, node, api, given["data"], flag)


def _given(node: cst.Call, names: Sequence[str]) -> dict[str, cst.BaseExpression] | None:
    """The arguments of a call by name, None where they cannot be told."""
    given: dict[str, cst.BaseExpression] = {}
    for index, arg in enumerate(node.args):
        name = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
        if arg.star or name not in names:
            return None
        given[name] = arg.value
    return given


def _made(frame: Frame, node: cst.Call, api: str, data: cst.BaseExpression, trainable: bool) -> Value:
    initial = torch_initial(frame, data)
    if initial is not None:
        return _decided(frame, node, api, Weight(initial, None, trainable))
    value = evaluate(frame, data)
    if isinstance(value, Bottom):
        return BOTTOM
    if not isinstance(value, Tensor):
        return frame.decline(node, "T111", f"{api} of something that is not known to be a tensor", api)
    value = require(frame, data, value, "source")
    return _decided(frame, node, api, Weight(None, data, trainable), value)


def _decided(frame: Frame, node: cst.Call, api: str, weight: Weight, value: Tensor | None = None) -> Value:
    frame.decide(node, Replace(VARIABLE, api, data=weight))
    frame.analysis.variables.add(node)
    if weight.initial is not None:
        known = weight.initial.known
        value = Tensor(None if known is None else len(known), "source", known, weight.initial.dtype or "float")
    assert value is not None
    return replace(value, origins=frozenset(), token=node)


def parameter_list(frame: Frame, node: cst.Call, api: str) -> Value:
    """``nn.ParameterList([...])``: a plain list, whose variables Keras tracks."""
    if len(node.args) > 1 or any(arg.star or arg.keyword is not None for arg in node.args):
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    value = evaluate(frame, node.args[0].value) if node.args else Items((), is_list=True)
    frame.decide(node, Replace("module_list", api))
    return replace(value, is_list=True) if isinstance(value, Items) else Many(element(value))


def name_weight(
    frame: Frame, target: cst.Attribute, source: cst.BaseExpression | None, statement: cst.CSTNode | None
) -> None:
    """A parameter is assigned to an attribute of its module: it gets that name."""
    if isinstance(source, cst.IfExp):
        name_weight(frame, target, source.body, None)
        name_weight(frame, target, source.orelse, None)
        return
    decision = frame.function.decisions.get(source) if source is not None else None
    if not (isinstance(decision, Replace) and decision.rewriter == VARIABLE and isinstance(decision.data, Weight)):
        return
    weight = replace(decision.data, name=target.attr.value, owner=target.value)
    frame.decide(source, replace(decision, data=weight))  # type: ignore[arg-type]  # not None: it has a decision
    if frame.analysis.to == "torch" and not weight.trainable and statement is not None:
        frame.decide(statement, Replace("buffer", decision.api, data=(target, weight)))


def register_parameter(frame: Frame, node: cst.Call, api: str) -> Value:
    """``self.register_parameter("bias", nn.Parameter(...))``, or None in the place of the parameter."""
    given = _given(node, ("name", "param"))
    if given is None or len(given) != 2:
        arguments(frame, node)
        return frame.decline(node, "T103", f"{api} with these arguments", api)
    value = evaluate(frame, given["param"])
    if value != NONE and not isinstance(value, Bottom | Tensor):
        return frame.decline(node, "T111", f"{api} of something that is not known to be a parameter", api)
    return hold(frame, node, api, given["name"], given["param"], value)


def register_buffer(frame: Frame, node: cst.Call, api: str) -> Value:
    """``self.register_buffer(name, tensor, persistent=True)``: one that is not saved is a plain attribute."""
    given = _given(node, ("name", "tensor", "persistent"))
    saved = literal(given["persistent"]) if given is not None and "persistent" in given else True
    if given is None or not {"name", "tensor"} <= set(given) or not isinstance(saved, bool):
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api} with these arguments", api)
    data = given["tensor"]
    if literal(data) is None:
        evaluate(frame, data)
        return hold(frame, node, api, given["name"], data, NONE)
    if not saved:
        value = evaluate(frame, data)
        if isinstance(value, Tensor):
            frame.analysis.variables.add(node)
            value = replace(require(frame, data, value, "source"), token=node)
        elif not isinstance(value, Bottom):
            return frame.decline(node, "T111", f"{api} of something that is not known to be a tensor", api)
        return hold(frame, node, api, given["name"], data, value)
    value = _made(frame, node, api, data, trainable=False)
    decision = frame.function.decisions.get(node)
    if not (isinstance(decision, Replace) and isinstance(decision.data, Weight)):
        return value
    return hold(frame, node, api, given["name"], None, value, decision.data)


def hold(
    frame: Frame,
    node: cst.Call,
    api: str,
    name: cst.BaseExpression,
    data: cst.BaseExpression | None,
    value: Value,
    weight: Weight | None = None,
) -> Value:
    """A statement that gives a module an attribute: ``data``, or a ``weight`` that is made for it."""
    owner = node.func.value if isinstance(node.func, cst.Attribute) else None
    instance = frame.memo.get(owner) if owner is not None else None
    if not isinstance(instance, Instance) or owner is None:
        return frame.decline(node, "T102", f"{api} of something else than a module of the file", api)
    if frame.bare is not node:
        return frame.decline(node, "T102", f"{api} inside an expression", api)
    attribute = literal(name)
    computed = not isinstance(attribute, str) or not attribute.isidentifier()
    pattern = pattern_of(name) if computed else str(attribute)
    if computed:
        evaluate(frame, name)
    if pattern is None:
        return frame.decline(node, "T105", f"{api} with a computed name", api, "keep them in a list")
    called = "" if computed else pattern
    if weight is not None:
        weight = replace(weight, name=called, owner=owner)
    elif data is not None and called:
        name_weight(frame, cst.Attribute(owner, cst.Name(called)), data, None)
    part = weight if weight is not None else data
    frame.decide(node, Replace("attribute_set", api, data=(name if computed else called, part)))
    write_like(frame, instance.cls, pattern, value)
    return NONE


def keras_weight(frame: Frame, node: cst.Call, api: str) -> Value:
    """``self.add_weight(shape=, initializer=, dtype=, trainable=, name=)``."""
    if frame.function.name == "build":
        arguments(frame, node)
        why = "build() is called by Keras alone, so what it makes has no counterpart"
        return frame.decline(node, "T101", why, api, "make the weight in the constructor")
    names = tuple("shape initializer dtype trainable autocast regularizer constraint name".split())
    args = list(node.args)
    if args and args[0].keyword is None and isinstance(literal(args[0].value), str):
        # Keras 2 had the name first.
        names = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
    given = _given(node, names)
    problem = _uncovered(given)
    if given is None or problem:
        arguments(frame, node)
        return frame.decline(node, "T102", f"{api}: {problem}", api)
    initial = keras_initial(frame, given.get("shape"), given.get("initializer"))
    if initial is None:
        return frame.decline(node, "T104", f"{api}: the initializer is not known", api)
    dtype = literal(given["dtype"]) if "dtype" in given else None
    if isinstance(dtype, str) and dtype.startswith(("int", "bool", "uint")):
        initial = replace(initial, dtype="bool" if dtype == "bool" else dtype)
    if initial.kind == OTHER:
        frame.note(node, "T003", "add_weight: PyTorch's initialisers draw from other distributions here")
    flag = literal(given["trainable"]) if "trainable" in given else True
    return _decided(frame, node, api, Weight(initial, None, bool(flag)))


def _uncovered(given: Mapping[str, cst.BaseExpression] | None) -> str:
    """Which arguments of ``add_weight`` are not understood; "" where all are."""
    if given is None:
        return "its arguments cannot be told"
    if not isinstance(literal(given["trainable"]) if "trainable" in given else True, bool):
        return "trainable must be a literal"
    dtype = literal(given["dtype"]) if "dtype" in given else None
    if dtype not in (None, "float32", "int32", "int64", "bool"):
        return "this dtype is not covered"
    for name in ("regularizer", "constraint"):
        if name in given and literal(given[name]) is not None:
            return f"{name}= has no counterpart"
    return ""


def keras_variable(frame: Frame, node: cst.Call, api: str) -> Value:
    """``keras.Variable(initializer, shape=None, dtype=None, trainable=True, ..., name=None)``."""
    given = _given(node, ("initializer", "shape", "dtype", "trainable", "autocast", "aggregation", "name"))
    flag = literal(given["trainable"]) if given is not None and "trainable" in given else True
    if given is None or "initializer" not in given or "dtype" in given or not isinstance(flag, bool):
        arguments(frame, node)
        frame.decline(node, "T102", f"{api} with these arguments", api)
        return made_by(api)
    if "shape" in given:
        initial = keras_initial(frame, given["shape"], given["initializer"])
        if initial is None:
            return frame.decline(node, "T104", f"{api}: the initializer is not known", api)
        return _decided(frame, node, api, Weight(initial, None, flag))
    data = given["initializer"]
    value = evaluate(frame, data)
    if isinstance(value, Bottom):
        return BOTTOM
    if not isinstance(value, Tensor):
        frame.decline(node, "T111", f"{api} of something that is not known to be a tensor", api)
        return made_by(api)
    return _decided(frame, node, api, Weight(None, data, flag), require(frame, data, value, "source"))


MEMBERS: Mapping[str, Mapping[str, str]] = {
    "torch": {
        "register_parameter": "torch.nn.Module.register_parameter",
        "register_buffer": "torch.nn.Module.register_buffer",
        "add_module": "torch.nn.Module.add_module",
        "register_module": "torch.nn.Module.add_module",
        "modules": "torch.nn.Module.modules",
        "apply": "torch.nn.Module.apply",
    },
    "keras": {"add_weight": "keras.layers.Layer.add_weight"},
}
"""Methods of the module classes that make parts of a module, by their names."""


def add_module(frame: Frame, node: cst.Call, api: str) -> Value:
    """``self.add_module("name", module)`` outside a Sequential: an attribute of that name."""
    given = _given(node, ("name", "module"))
    if given is None or len(given) != 2:
        arguments(frame, node)
        return frame.decline(node, "T103", f"{api} with these arguments", api)
    value = evaluate(frame, given["module"])
    escape(frame, value)
    return hold(frame, node, api, given["name"], given["module"], value)


def is_weight(frame: Frame, value: Value) -> bool:
    """Whether a value may be a parameter or buffer itself."""
    if not isinstance(value, Tensor) or value.token is None:
        return False
    tokens = value.token if isinstance(value.token, frozenset) else frozenset([value.token])
    return any(token in frame.analysis.variables for token in tokens)
