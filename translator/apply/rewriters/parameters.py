"""Parameters and buffers: nn.Parameter and register_buffer on one side, add_weight and keras.Variable on the other."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from translator.apply.code import literal_text, operand, tuple_text
from translator.apply.engine import Scribe
from translator.infer.facts import Replace
from translator.infer.initial import OTHER, Initial, Setting
from translator.infer.parameters import Weight
from translator.syntax import literal


def rewrite_variable(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """What makes a parameter or buffer."""
    weight: Weight = decision.data
    if scribe.analysis.to == "torch":
        settings = "" if weight.trainable else ", requires_grad=False"
        return f"{scribe.names.spell('torch.nn.Parameter')}({_values(scribe, weight)}{settings})"
    return _keras_weight(scribe, weight)


def rewrite_attribute_set(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``self.register_buffer("name", ...)`` and its like as an assignment."""
    name, part = decision.data
    assert isinstance(node.func, cst.Attribute)
    text = _keras_weight(scribe, part) if isinstance(part, Weight) else scribe.text_of(part)
    owner = scribe.text_of(node.func.value)
    if isinstance(name, cst.CSTNode):
        return f"setattr({owner}, {scribe.text_of(name)}, {text})"
    return f"{owner}.{scribe.analysis.renamed(name)} = {text}"


def rewrite_buffer(scribe: Scribe, node: cst.Assign, decision: Replace) -> str:
    """``self.name = self.add_weight(..., trainable=False)`` as a buffer."""
    target, weight = decision.data
    owner, name = scribe.text_of(target.value), literal_text(scribe.analysis.renamed(target.attr.value))
    return f"{owner}.register_buffer({name}, {_values(scribe, weight)})"


# Keras


def _keras_weight(scribe: Scribe, weight: Weight) -> str:
    """A weight of its layer where the shape and the distribution are known, else a variable with given values."""
    parts = [] if weight.trainable else ["trainable=False"]
    if weight.name:
        parts.append(f"name={literal_text(scribe.analysis.renamed(weight.name))}")
    if weight.initial is None:
        assert weight.data is not None
        return f"{scribe.names.spell('keras.Variable')}({', '.join([scribe.text_of(weight.data), *parts])})"
    shape, initializer = _shape_tuple(scribe, weight.initial), _initializer(scribe, weight.initial)
    if isinstance(weight.owner, cst.Name):
        given = [f"shape={shape}", f"initializer={initializer}", *parts]
        return f"{weight.owner.value}.add_weight({', '.join(given)})"
    return f"{scribe.names.spell('keras.Variable')}({', '.join([initializer, f'shape={shape}', *parts])})"


def _initializer(scribe: Scribe, initial: Initial) -> str:
    spell = scribe.names.spell
    match initial.kind:
        case "constant":
            return f"{spell('keras.initializers.Constant')}({_setting(scribe, initial, 'value')})"
        case "normal":
            mean, std = _setting(scribe, initial, "mean"), _setting(scribe, initial, "std")
            given = f"stddev={std}" if mean == "0.0" else f"mean={mean}, stddev={std}"
            return f"{spell('keras.initializers.RandomNormal')}({given})"
        case "uniform":
            low, high = _setting(scribe, initial, "low"), _setting(scribe, initial, "high")
            return f"{spell('keras.initializers.RandomUniform')}(minval={low}, maxval={high})"
    return literal_text(initial.kind)


def _setting(scribe: Scribe, initial: Initial, name: str) -> str:
    value: Setting = initial.settings[name]
    return scribe.text_of(value) if isinstance(value, cst.CSTNode) else literal_text(value)


def _shape_tuple(scribe: Scribe, initial: Initial) -> str:
    if isinstance(initial.shape, tuple):
        return tuple_text([scribe.text_of(node) for node in initial.shape])
    return scribe.text_of(initial.shape)


# PyTorch


def _values(scribe: Scribe, weight: Weight) -> str:
    """The tensor that a parameter starts with."""
    if weight.initial is None:
        assert weight.data is not None
        return scribe.text_of(weight.data)
    initial = weight.initial
    sizes = _sizes(scribe, initial)
    dtype = f", dtype={scribe.names.spell(f'torch.{initial.dtype}')}" if initial.dtype else ""

    def fresh(name: str) -> str:
        return f"{scribe.names.spell(f'torch.{name}')}({sizes}{dtype})"

    match initial.kind:
        case "zeros" | "ones":
            return fresh(initial.kind)
        case "constant":
            value = _setting(scribe, initial, "value")
            if not isinstance(_number(initial.settings["value"]), float) and not dtype:
                # A whole number would give a tensor of integers.
                return f"{fresh('ones')} * {operand(value)}"
            return f"{scribe.names.spell('torch.full')}({_shape_tuple(scribe, initial)}, {value}{dtype})"
        case "normal":
            return _normal(scribe, initial, fresh)
        case "uniform":
            low, high = (_setting(scribe, initial, name) for name in ("low", "high"))
            plain = _is(initial, "low", 0) and _is(initial, "high", 1)
            return fresh("rand") if plain else f"{fresh('empty')}.uniform_({low}, {high})"
        case "glorot_uniform":
            return f"{scribe.names.spell('torch.nn.init.xavier_uniform_')}({fresh('empty')})"
    assert initial.kind == OTHER
    return f"{fresh('randn')} * 0.05"


def _normal(scribe: Scribe, initial: Initial, fresh: Callable[[str], str]) -> str:
    if not _is(initial, "mean", 0):
        return f"{fresh('empty')}.normal_({_setting(scribe, initial, 'mean')}, {_setting(scribe, initial, 'std')})"
    if _is(initial, "std", 1):
        return fresh("randn")
    return f"{fresh('randn')} * {operand(_setting(scribe, initial, 'std'))}"


def _is(initial: Initial, name: str, number: float) -> bool:
    return _number(initial.settings[name]) == number


def _number(value: Setting) -> object:
    return literal(value) if isinstance(value, cst.CSTNode) else value


def _sizes(scribe: Scribe, initial: Initial) -> str:
    if isinstance(initial.shape, tuple) and initial.shape:
        return ", ".join(scribe.text_of(node) for node in initial.shape)
    return _shape_tuple(scribe, initial)
