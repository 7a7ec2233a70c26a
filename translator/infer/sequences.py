"""Classes that derive from Sequential: their elements, given to the base's constructor or added one by one."""

from __future__ import annotations

import libcst as cst

from translator.infer.arguments import arguments
from translator.infer.containers import keras_sequential, torch_container
from translator.infer.direction import SEQUENTIAL
from translator.infer.evaluate import evaluate
from translator.infer.facts import Replace
from translator.infer.frame import ELEMENTS, Frame
from translator.infer.growth import add_element
from translator.infer.joins import element
from translator.infer.values import NONE, Bottom, Container, Instance, Many, Value, is_moduleish


def construct_base(frame: Frame, node: cst.Call) -> Value:
    """``super().__init__(...)`` in a class that derives from Sequential: the elements that it begins with."""
    api = SEQUENTIAL[frame.analysis.source]
    given = [arg for arg in node.args if arg.star != "**" and (arg.keyword is None or arg.keyword.value == "layers")]
    if frame.analysis.source == "keras" and not given:
        # The name of the layer and the like; without elements.
        arguments(frame, node)
        frame.decide(node, Replace("super_init", api))
        container: Value = frame.analysis.made(frame.function, Container(node, True, ()))
    elif frame.analysis.source == "torch":
        container = torch_container(frame, node, api)
    else:
        container = keras_sequential(frame, node, api)
    if isinstance(container, Container):
        frame.env[ELEMENTS] = container
    return NONE if not isinstance(container, Bottom) else container


def add_to_self(frame: Frame, node: cst.Call, module: cst.BaseExpression) -> Value:
    """``self.add_module(name, module)``, ``self.append(module)`` and Keras' ``self.add(layer)``."""
    value = evaluate(frame, module)
    container = frame.env.get(ELEMENTS)
    if not isinstance(container, Container) or frame.function.name != "__init__":
        return frame.decline(node, "T102", "adding to a Sequential outside its constructor")
    if isinstance(value, Bottom):
        return value

    def bind(grown: Value) -> None:
        frame.env[ELEMENTS] = grown

    return add_element(frame, node, module, container, value, bind)


def element_attribute(
    frame: Frame, target: cst.Attribute, owner: Instance, value: Value, source: cst.BaseExpression | None
) -> bool:
    """``self.conv = nn.Conv2d(...)`` in the constructor of a class derived from PyTorch's Sequential adds an element.

    See ``Module.__setattr__`` and ``Sequential.forward``, which runs all that is registered:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
    """
    info = frame.analysis.tables.classes[owner.cls]
    if frame.analysis.source != "torch" or not info.sequential or not is_moduleish(value):
        return False
    container, statement = frame.env.get(ELEMENTS), frame.assigning
    single = isinstance(statement, cst.Assign) and statement.targets[0].target is target
    if not owner.is_self or not isinstance(container, Container) or not single or source is None:
        frame.decline(target, "T102", "a module that is an attribute of a Sequential runs as one of its elements")
        return True

    def bind(grown: Value) -> None:
        frame.env[ELEMENTS] = grown

    assert isinstance(statement, cst.Assign)
    add_element(frame, statement, source, container, value, bind)
    return True


GROWING = frozenset(["add_module", "register_module", "append", "add"])
"""Methods of a Sequential that add a module."""


def grows(frame: Frame, node: cst.Call, name: str) -> cst.BaseExpression | None:
    """The module that a method call adds at the end of the Sequential that it is called on, None for other calls."""
    args = {arg.keyword.value if arg.keyword is not None else str(i): arg.value for i, arg in enumerate(node.args)}
    if frame.analysis.source == "torch" and name in ("add_module", "register_module") and len(args) == 2:
        evaluate(frame, args.get("0", args.get("name", node.args[0].value)))
        return args.get("1", args.get("module"))
    adding = "append" if frame.analysis.source == "torch" else "add"
    return next(iter(args.values())) if name == adding and len(args) == 1 else None


def publish(frame: Frame) -> None:
    """The end of a constructor: other functions may see the elements."""
    container = frame.env.get(ELEMENTS)
    if container is None or frame.function.owner is None:
        return
    if frame.returns and isinstance(container, Container):
        # It may end early, without the last elements.
        container = Container(container.site, True, (Many(element(container)),))
    frame.analysis.write(frame.function, ("attribute", frame.function.owner, ELEMENTS), container)


def called_super(frame: Frame, node: cst.Call) -> Value:
    """The elements of a class derived from Sequential, of which ``super().forward(x)`` calls one after the other."""
    assert isinstance(node.func, cst.Attribute)
    frame.decide(node.func.attr, Replace("forward_name"))
    return frame.elements(frame.function.owner or "")
