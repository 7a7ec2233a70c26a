"""Distributions that weights are drawn from, as functions of torch.nn.init and as objects of keras.initializers.

Both compute their fans alike, from the same axes: fan_in is the number of inputs of a unit times the receptive field.
https://docs.pytorch.org/docs/stable/nn.init.html, https://keras.io/api/layers/initializers/
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Literal

import libcst as cst

from translator.dataclass import dataclass
from translator.infer.evaluate import evaluate
from translator.infer.frame import Frame
from translator.infer.initial import Setting
from translator.infer.values import DType, Items, Made, Tensor
from translator.syntax import literal

Kind = Literal["zeros", "ones", "constant", "normal", "truncated", "uniform", "scaling", "orthogonal", "identity"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution with its numbers.

    "truncated" is a normal distribution that is cut at two standard deviations. "scaling" has the variance ``scale``
    (or ``gain`` squared) over the fan that ``mode`` names, and is ``shape`` uniform or normal. ``doubt`` says what
    the other library draws differently.
    """

    kind: Kind
    settings: Mapping[str, Setting] = field(default_factory=dict)
    mode: str = ""
    shape: str = ""
    doubt: str = ""

    def transposed(self) -> Distribution:
        """The same distribution of a matrix whose axes the other library names the other way round."""
        return replace(self, mode={"fan_in": "fan_out", "fan_out": "fan_in"}.get(self.mode, self.mode))


_TORCH: Mapping[str, tuple[str, ...]] = {
    "zeros_": (),
    "ones_": (),
    "eye_": (),
    "constant_": ("val",),
    "uniform_": ("a", "b"),
    "normal_": ("mean", "std"),
    "trunc_normal_": ("mean", "std", "a", "b"),
    "xavier_uniform_": ("gain",),
    "xavier_normal_": ("gain",),
    "kaiming_uniform_": ("a", "mode", "nonlinearity"),
    "kaiming_normal_": ("a", "mode", "nonlinearity"),
    "orthogonal_": ("gain",),
}
"""The functions of torch.nn.init and their parameters after the tensor."""

METHODS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "zero_": ("zeros_", ()),
    "fill_": ("constant_", ("value",)),
    "normal_": ("normal_", ("mean", "std")),
    "uniform_": ("uniform_", ("from", "to")),
}
"""Methods of tensors that fill them, with the function that does the same."""
_SAME = {"value": "val", "from": "a", "to": "b"}

_FAR = 5.0
"""Standard deviations beyond which a normal distribution has less than a millionth of its values."""

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "relu": math.sqrt(2.0), "tanh": 5.0 / 3.0, "selu": 0.75}
"""torch.nn.init.calculate_gain without a slope."""


def torch_functions() -> tuple[str, ...]:
    """The canonical names of the functions that are understood, the deprecated spellings among them."""
    return tuple(f"torch.nn.init.{spelled}" for name in _TORCH for spelled in (name, name.removesuffix("_")))


def torch_distribution(
    frame: Frame, function: str, args: Sequence[cst.Arg], method: bool = False
) -> Distribution | None:
    """What a function of torch.nn.init, or a method, fills a tensor with; ``args`` are those after the tensor.

    None where the arguments decide nothing that could be told.
    """
    name, names = METHODS[function] if method else (function, _TORCH.get(function, ()))
    if name not in _TORCH:
        return None
    given = _arguments(args, names)
    if given is None:
        return None
    given = {_SAME.get(key, key): node for key, node in given.items()}
    given.pop("generator", None)
    words: dict[str, object] = {key: literal(given.pop(key)) for key in ("mode", "nonlinearity") if key in given}
    if any(not _is_number(frame, node) for node in given.values()):
        return None
    match name:
        case "zeros_":
            return Distribution("zeros")
        case "ones_":
            return Distribution("ones")
        case "eye_":
            return Distribution("identity")
        case "constant_":
            return _constant(given["val"]) if "val" in given else None
        case "uniform_":
            return Distribution("uniform", {"low": given.get("a", 0.0), "high": given.get("b", 1.0)})
        case "normal_":
            return Distribution("normal", {"mean": given.get("mean", 0.0), "std": given.get("std", 1.0)})
        case "trunc_normal_":
            return _truncated(frame, given)
        case "orthogonal_":
            return Distribution("orthogonal", {"gain": given.get("gain", 1.0)})
    if name.startswith("xavier"):
        return _xavier(frame, name, given)
    return _kaiming(frame, name, given, words)


def _arguments(args: Sequence[cst.Arg], names: Sequence[str]) -> dict[str, cst.BaseExpression] | None:
    given: dict[str, cst.BaseExpression] = {}
    for index, arg in enumerate(args):
        name = arg.keyword.value if arg.keyword is not None else names[index] if index < len(names) else ""
        if arg.star or (name not in names and name != "generator"):
            return None
        given[name] = arg.value
    return given


def _is_number(frame: Frame, node: cst.BaseExpression) -> bool:
    # The numbers of a configuration are of no known type; what is known to be something else gives no number.
    return _value(frame, node) is not None or not isinstance(evaluate(frame, node), Tensor | Items | Made | DType)


def _value(frame: Frame, setting: Setting | None) -> float | None:
    """The number that a setting is, where it is written out: a literal, a root of one, or the gain of a function."""
    if setting is None or isinstance(setting, float | int):
        return setting
    value = literal(setting)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(setting, cst.Call) and setting.args and frame.api_of(setting.func) == "torch.nn.init.calculate_gain":
        return _gain([literal(arg.value) for arg in setting.args])
    if isinstance(setting, cst.Call) and len(setting.args) == 1 and isinstance(setting.func, cst.Attribute):
        owner, inner = setting.func.value, _value(frame, setting.args[0].value)
        if isinstance(owner, cst.Name) and owner.value in ("math", "np", "numpy") and setting.func.attr.value == "sqrt":
            return math.sqrt(inner) if inner is not None and inner >= 0 else None
    return None


def _gain(arguments: Sequence[object]) -> float | None:
    name, slope = arguments[0], arguments[1] if len(arguments) > 1 else None
    if name == "leaky_relu" and (slope is None or isinstance(slope, int | float)):
        return math.sqrt(2.0 / (1 + (0.01 if slope is None else slope) ** 2))
    if isinstance(name, str) and (name.startswith("conv") or name in _GAINS):
        return _GAINS.get(name, 1.0)
    return None


def _constant(value: Setting) -> Distribution:
    number = literal(value) if isinstance(value, cst.CSTNode) else value
    named: Mapping[object, Kind] = {0: "zeros", 1: "ones"}
    kind = named.get(number) if isinstance(number, int | float) else None
    return Distribution(kind) if kind is not None else Distribution("constant", {"value": value})


def _truncated(frame: Frame, given: Mapping[str, Setting]) -> Distribution:
    settings = {"mean": given.get("mean", 0.0), "std": given.get("std", 1.0)}
    mean, std = _value(frame, settings["mean"]), _value(frame, settings["std"])
    low, high = _value(frame, given.get("a", -2.0)), _value(frame, given.get("b", 2.0))
    if mean is not None and std is not None and low is not None and high is not None and std > 0:
        nearest, farthest = sorted(abs(bound - mean) / std for bound in (low, high))
        if nearest >= _FAR:
            return Distribution("normal", settings)
        if math.isclose(nearest, 2) and math.isclose(farthest, 2):
            return Distribution("truncated", settings)
    elif "a" not in given and "b" not in given:
        # Standard deviations are far below 2/5 in practice, but this one is not known.
        return Distribution(
            "normal", settings, doubt="PyTorch cuts the normal distribution at -2 and 2, Keras does not"
        )
    return Distribution("normal", settings, doubt="PyTorch cuts the normal distribution at other points than Keras can")


def _xavier(frame: Frame, name: str, given: Mapping[str, Setting]) -> Distribution:
    shape = "uniform" if "uniform" in name else "normal"
    gain = given.get("gain", 1.0)
    value = _value(frame, gain)
    settings: Mapping[str, Setting] = {"gain": gain} if value is None else {"scale": rounded(value * value)}
    return Distribution("scaling", settings, "fan_avg", shape)


def _kaiming(frame: Frame, name: str, given: Mapping[str, Setting], words: Mapping[str, object]) -> Distribution | None:
    mode, function = words.get("mode", "fan_in"), words.get("nonlinearity", "leaky_relu")
    slope = _value(frame, given.get("a", 0.0))
    gain = _gain([function, slope]) if slope is not None else None
    if mode not in ("fan_in", "fan_out") or gain is None:
        return None
    shape = "uniform" if "uniform" in name else "normal"
    return Distribution("scaling", {"scale": rounded(gain * gain)}, str(mode), shape)


def rounded(value: float) -> float:
    """A number without the noise of its last digits, so that squares of roots are what they were."""
    return float(f"{value:.15g}")


_KERAS: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "zeros": ("zeros", ()),
    "ones": ("ones", ()),
    "constant": ("constant", ("value",)),
    "randomnormal": ("normal", ("mean", "stddev")),
    "randomuniform": ("uniform", ("minval", "maxval")),
    "truncatednormal": ("truncated", ("mean", "stddev")),
    "orthogonal": ("orthogonal", ("gain",)),
    "identity": ("identity", ("gain",)),
    "variancescaling": ("scaling", ("scale", "mode", "distribution")),
}
_KERAS_NAMES = {"stddev": "std", "minval": "low", "maxval": "high"}
_KERAS_NUMBERS: Mapping[Kind, Mapping[str, float]] = {
    "constant": {"value": 0.0},
    "normal": {"mean": 0.0, "std": 0.05},
    "truncated": {"mean": 0.0, "std": 0.05},
    "uniform": {"low": -0.05, "high": 0.05},
    "orthogonal": {"gain": 1.0},
    "scaling": {"scale": 1.0},
}
_SCALINGS = {
    "glorotuniform": (1.0, "fan_avg", "uniform"),
    "glorotnormal": (1.0, "fan_avg", "truncated_normal"),
    "heuniform": (2.0, "fan_in", "uniform"),
    "henormal": (2.0, "fan_in", "truncated_normal"),
    "lecununiform": (1.0, "fan_in", "uniform"),
    "lecunnormal": (1.0, "fan_in", "truncated_normal"),
}
_SHAPES = {"truncated_normal": "normal", "normal": "normal", "untruncated_normal": "normal", "uniform": "uniform"}
_CUT = "Keras cuts the normal distribution at two standard deviations, PyTorch does not"


def keras_distribution(frame: Frame, node: cst.BaseExpression) -> Distribution | None:
    """The distribution that an initializer of Keras draws from, given by its name or as an object; None if unknown."""
    value = literal(node)
    call = node if isinstance(node, cst.Call) else None
    api = frame.api_of(call.func if call is not None else node)
    if isinstance(value, str):
        name = value
    elif api is not None and api.startswith(("keras.initializers.", "tf.initializers.")):
        name = api.rsplit(".", 1)[1]
    else:
        return None
    name = name.lower().replace("_", "")
    args = [a for a in (call.args if call is not None else ()) if a.keyword is None or a.keyword.value != "seed"]
    if name in _SCALINGS:
        scale, mode, shape = _SCALINGS[name]
        return _scaling({"scale": scale}, mode, shape) if not args else None
    if name not in _KERAS:
        return None
    kind, names = _KERAS[name]
    given = _arguments(args, names)
    if given is None or (kind == "identity" and given):
        return None
    words = {key: literal(given.pop(key)) for key in ("mode", "distribution") if key in given}
    if any(not _is_number(frame, part) for part in given.values()):
        return None
    settings: dict[str, Setting] = {**_KERAS_NUMBERS.get(kind, {})}
    settings |= {_KERAS_NAMES.get(key, key): part for key, part in given.items()}
    if kind == "scaling":
        number = _value(frame, settings["scale"])
        wanted: Mapping[str, Setting] = settings if number is None else {"scale": number}
        return _scaling(wanted, str(words.get("mode", "fan_in")), str(words.get("distribution", "truncated_normal")))
    return _constant(settings["value"]) if kind == "constant" else Distribution(kind, settings)


def _scaling(settings: Mapping[str, Setting], mode: str, shape: str) -> Distribution | None:
    doubt = _CUT if shape in ("truncated_normal", "normal") else ""
    shape = _SHAPES.get(shape, "")
    scale = settings["scale"]
    if not shape or mode not in ("fan_in", "fan_out", "fan_avg"):
        return None
    if mode != "fan_avg" and not (isinstance(scale, float | int) and 0 < scale <= 2):
        # Kaiming's distributions take no gain, only slopes.
        return None
    if isinstance(scale, cst.BinaryOperation) and isinstance(scale.operator, cst.Power) and literal(scale.right) == 2:
        return Distribution("scaling", {"gain": scale.left}, mode, shape, doubt)
    return Distribution("scaling", settings, mode, shape, doubt)
