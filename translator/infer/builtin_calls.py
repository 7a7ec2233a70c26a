"""Calls of builtins, of ``super()`` and of list methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import libcst as cst

from translator.infer.arguments import arguments, decline_values
from translator.infer.dictionaries import of_pairs
from translator.infer.direction import FORWARD
from translator.infer.dynamic import attribute_like, pattern_of, write_like
from translator.infer.evaluate import escape, evaluate
from translator.infer.factories import make_partial
from translator.infer.facts import Replace
from translator.infer.frame import Frame
from translator.infer.growth import add_to_sequential
from translator.infer.initializing import is_class_test
from translator.infer.joins import element, join
from translator.infer.modules import call_module
from translator.infer.sequences import called_super, construct_base
from translator.infer.unknown import call_unknown
from translator.infer.values import (
    UNKNOWN,
    Bottom,
    Builtin,
    ClassRef,
    Const,
    Container,
    Instance,
    ListMethod,
    Made,
    Many,
    Number,
    Record,
    Super,
    Tensor,
    Value,
)
from translator.infer.values import Items as ItemsValue
from translator.infer.values import Mapping as MappingValue
from translator.resolve.names import FRAMEWORK_ROOTS
from translator.syntax import literal

_MATH: dict[str, Literal["int", "float", "number"]] = {
    **dict.fromkeys(("math.ceil", "math.floor", "math.trunc", "math.gcd", "math.isqrt", "math.comb"), "int"),
    **dict.fromkeys(
        ("math.sqrt", "math.exp", "math.log", "math.log2", "math.log10", "math.log1p", "math.sin"), "float"
    ),
    **dict.fromkeys(("math.cos", "math.tan", "math.tanh", "math.pow", "math.radians", "math.erf"), "float"),
    "math.prod": "number",
}
"""The kind of number that a function of Python's own math gives."""
_STANDARD = frozenset(
    ["functools.partial", "collections.namedtuple", "typing.NamedTuple", "importlib.import_module", *_MATH]
)
_CONSTANTS = frozenset(["math.pi", "math.e", "math.tau", "math.inf", "math.nan"])
_TENSOR_TYPES = {"torch": "torch.Tensor", "keras": "keras.KerasTensor"}
STANDARD_MODULES = frozenset(name.rpartition(".")[0] for name in _STANDARD)


def standard(origin: str) -> Builtin | Number | None:
    """What an imported name of the standard library stands for, where calls of it are understood."""
    if origin in _CONSTANTS:
        return Number("float")
    return Builtin(origin) if origin in _STANDARD or origin in STANDARD_MODULES else None


_LOOKING = frozenset(
    ["isinstance", "issubclass", "type", "callable", "id", "repr", "print", "str", "getattr", "hasattr", "map"]
)
"""Builtins to which a class of the framework is not the same as its counterpart, or that call it out of sight."""
_ITERATING = frozenset(["list", "tuple", "reversed", "enumerate", "zip", "len", "iter"])


def call_builtin(frame: Frame, node: cst.Call, name: str) -> Value:
    if name == "super":
        arguments(frame, node)
        owner = frame.function.owner
        if node.args:
            value = frame.memo.get(node.args[0].value)
            owner = value.name if isinstance(value, ClassRef) else owner
        return Super(owner) if owner is not None else UNKNOWN
    if name.startswith("super."):
        return _super_call(frame, node, name)
    if name == "functools.partial":
        return make_partial(frame, node)
    if name == "isinstance" and is_class_test(frame, node):
        return UNKNOWN
    values = arguments(frame, node)
    if name in _MATH:
        return call_unknown(frame, node) if any(isinstance(v, Tensor) for v in values) else Number(_MATH[name])
    if name in _LOOKING and not (name == "getattr" and isinstance(values[0], Instance)):
        decline_values(frame, node, values)
    if name in _ITERATING:
        values = [frame.sequence(value, runs=False) for value in values]
    first = values[0] if values else UNKNOWN
    if name in ("collections.namedtuple", "typing.NamedTuple"):
        return _record_class(node)
    if name in ("importlib.import_module", "__import__"):
        return _import_by_name(frame, node)
    if name in ("getattr", "setattr") and isinstance(first, Instance) and len(node.args) > 1:
        return _dynamic_attribute(frame, node, name, first, values)
    if name == "isinstance" and len(node.args) == 2 and _tensor_type(frame, node.args[1].value):
        frame.function.decisions.pop(node.args[1].value, None)
        frame.decide(node, Replace("is_tensor", _TENSOR_TYPES[frame.analysis.source]))
        return UNKNOWN
    if isinstance(first, Tensor) and name in ("float", "int", "bool"):
        return frame.decline(node, "T109", f"{name}() of a tensor")
    for arg, value in zip(node.args, values, strict=True):
        if name in _ITERATING:
            frame.iterated(arg.value, value)
    if name == "dict" and node.args and all(arg.keyword is not None for arg in node.args):
        names = [arg.keyword.value for arg in node.args if arg.keyword is not None]
        return MappingValue(tuple(zip(names, values, strict=True)))
    if name == "dict" and len(node.args) == 1 and node.args[0].keyword is None:
        return first if isinstance(first, MappingValue | Bottom) else of_pairs(frame, node.args[0].value)
    if name in ("list", "tuple", "sorted", "reversed", "set"):
        return first if isinstance(first, ItemsValue) and name in ("list", "tuple") else Many(element(first))
    if name == "enumerate":
        return Many(ItemsValue((Number("int"), element(first))))
    if name == "zip":
        return Many(ItemsValue(tuple(element(v) for v in values)))
    if name == "range":
        return Many(Number("int"))
    if name in ("len", "int"):
        return Number("int", first.dim if isinstance(first, Number) else None)
    if name in ("float", "round", "abs"):
        return (
            first if name == "abs" and isinstance(first, Tensor) else Number("float" if name == "float" else "number")
        )
    if name in ("sum", "max", "min") and any(isinstance(v, Tensor) or isinstance(element(v), Tensor) for v in values):
        return frame.decline(node, "T109", f"the built-in {name}() over tensors", hint="write the operations out")
    if name in ("max", "min"):
        return Number("int") if all(isinstance(v, Number | Const) for v in values) else UNKNOWN
    return UNKNOWN


def _tensor_type(frame: Frame, node: cst.BaseExpression) -> bool:
    """``torch.Tensor``: the classes of computed tensors have no common name in Keras, but a function knows them."""
    return frame.api_of(node) in (_TENSOR_TYPES[frame.analysis.source], "tensorflow.Tensor")


def _record_class(node: cst.Call) -> Value:
    """``namedtuple("Out", ["maps", "flat"])``, its fields given in any of the ways that it takes."""
    names: Any = literal(node.args[1].value) if len(node.args) > 1 and node.args[1].star == "" else None
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    if not isinstance(names, list | tuple) and len(node.args) > 1:
        display = node.args[1].value
        pairs = [e.value for e in display.elements] if isinstance(display, cst.List | cst.Tuple) else []
        names = [literal(p.elements[0].value) for p in pairs if isinstance(p, cst.Tuple) and p.elements]
    fields = tuple(name for name in names or () if isinstance(name, str))
    return Record(fields) if names and len(fields) == len(names) else UNKNOWN


def _import_by_name(frame: Frame, node: cst.Call) -> Value:
    """A framework's module that is imported by a name in a string."""
    name = literal(node.args[0].value) if node.args else None
    if not isinstance(name, str) or FRAMEWORK_ROOTS.get(name.split(".")[0]) != frame.analysis.source:
        return UNKNOWN
    frame.decline(node, "T105", f"{name} is imported by its name in a string", name, "import it with a statement")
    return Made(apis=frozenset([name]))


def _dynamic_attribute(frame: Frame, node: cst.Call, name: str, owner: Instance, values: Sequence[Value]) -> Value:
    """``getattr(self, name)``: known where the name is a literal; a computed name may stand for any layer."""
    attribute = literal(node.args[1].value)
    module = frame.analysis.tables.classes[owner.cls].module
    if isinstance(attribute, str):
        if name == "setattr" and len(values) > 2:
            escape(frame, values[2])
            frame.analysis.write(frame.function, ("attribute", owner.cls, attribute), values[2])
            return UNKNOWN
        found = frame.analysis.attribute(owner.cls, attribute, frame.function)
        return UNKNOWN if isinstance(found, Bottom) else found
    pattern = pattern_of(node.args[1].value)
    if pattern is not None and name == "setattr" and len(values) > 2:
        escape(frame, values[2])
        write_like(frame, owner.cls, pattern, values[2])
        return UNKNOWN
    if pattern is not None:
        found = attribute_like(frame, owner.cls, pattern)
        return UNKNOWN if isinstance(found, Bottom) else found
    if module:
        return frame.decline(node, "T105", f"{name}() with a computed attribute name", hint="keep the layers in a list")
    return UNKNOWN


def _super_call(frame: Frame, node: cst.Call, name: str) -> Value:
    method = name.removeprefix("super.")
    info = frame.analysis.tables.classes.get(frame.function.owner or "")
    if info is not None and info.sequential and method == "__init__":
        return construct_base(frame, node)
    if info is not None and info.sequential and method == FORWARD[frame.analysis.source]:
        return call_module(frame, node, called_super(frame, node))
    arguments(frame, node)
    if method == "__init__":
        if info is not None and info.module:
            frame.decide(node, Replace("super_init"))
        return UNKNOWN
    if info is not None and (info.module or info.framework_bases):
        return frame.decline(node, "T101", f"super().{method}() has no counterpart in the mapping database")
    return UNKNOWN


def call_list_method(frame: Frame, node: cst.Call, method: ListMethod) -> Value:
    values = [evaluate(frame, arg.value) for arg in node.args]
    for value in values:
        escape(frame, value)
    if method.name in ("add_module", "register_module") and (len(values) != 2 or any(a.keyword for a in node.args)):
        return frame.decline(node, "T103", f".{method.name}() with these arguments")
    item = values[-1] if values else UNKNOWN
    if method.name == "extend":
        item = element(item)
    target = method.target
    base = method.value
    if isinstance(base, Container):
        updated: Value = Container(base.site, base.runs, (Many(join(element(base), item)),))
        if base.runs:
            return add_to_sequential(frame, node, target, base, item)
    else:
        updated = Many(join(element(base), item))
    if isinstance(target, cst.Name):
        frame.bind(target.value, updated)
    elif isinstance(target, cst.Attribute):
        owner = frame.memo.get(target.value)
        if isinstance(owner, Instance):
            frame.analysis.write(frame.function, ("attribute", owner.cls, target.attr.value), updated)
    if isinstance(base, Container) and frame.analysis.to == "keras" and isinstance(node.func, cst.Attribute):
        frame.decide(node.func, Replace("module_list_append", data=method.name))
    return UNKNOWN
