"""Weight strings of mapping entries: which tensors of a layer pair, and how their axes are rearranged.

A rule pairs tensors of the PyTorch layer (left, the key) with variables of the Keras layer (right, the value):

=============================================================  ====================================================
``weight = "kernel: o i h w -> h w i o"``                      one tensor, its axes in another order
``bias = "bias"``                                              one tensor, unchanged
``weight = "depthwise_kernel: (c m) 1 h w -> h w c m"``        axes split, joined, and axes of length 1
``in_proj_weight = "query/kernel, key/kernel: (2 e) i -> 2 i e"``  several variables, stacked along a new leading axis
``"bias_ih_l0 + bias_hh_l0" = "lstm_cell/bias"``               a sum; on the way back the second one becomes zero
``weight_ih_l0 = "gru_cell/kernel: (r|z|n g) i -> i (z|r|n g)"``  named blocks (gates) in another order
``weight_ih_l{k} = "layers/{k}/cell/kernel: g i -> i g"``       the same for k = 0, 1, ... as far as there are tensors
=============================================================  ====================================================

The text before ``->`` names the axes of the PyTorch side, the text after it those of the Keras side. Every rule is
invertible. The notation follows einops, https://einops.rocks/api/rearrange/, of which it is a subset plus blocks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal, TypeAlias

from translator.dataclass import dataclass

Combine = Literal["one", "sum", "stack"]

_NAME = re.compile(r"[A-Za-z_][\w]*(?:[./][A-Za-z_0-9][\w]*)*\Z")
_COUNTER = "{k}"
_FACTOR = re.compile(r"[A-Za-z_]\w*(?:\|[A-Za-z_]\w*)+\Z|[A-Za-z_]\w*\Z|[1-9]\d*\Z")


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of an axis: a named length, a literal length, or named blocks (``labels``) in a certain order.

    ``key`` is what both sides of a pattern share; a literal 1 that only one side has is an axis without content and
    has the key "".
    """

    key: str
    size: int | None = None
    labels: tuple[str, ...] = ()


Axes: TypeAlias = tuple[tuple[Factor, ...], ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a rule: tensor names, how several of them combine into one array, and the axes of that array.

    ``axes`` is ``None`` where the array is taken as it is. For "stack" the first axis runs over the tensors.
    """

    names: tuple[str, ...]
    combine: Combine
    axes: Axes | None = None

    def at(self, number: int) -> Operand:
        """The operand with a number in the place of ``{k}``."""
        return replace(self, names=tuple(name.replace(_COUNTER, str(number)) for name in self.names))


@dataclass(frozen=True, slots=True)
class WeightRule:
    """One invertible correspondence between tensors of the two layers; ``counted`` where its names have ``{k}``."""

    torch: Operand
    keras: Operand

    @property
    def counted(self) -> bool:
        return any(_COUNTER in name for name in self.torch.names)

    def at(self, number: int) -> WeightRule:
        """The rule for one value of ``{k}``."""
        return WeightRule(self.torch.at(number), self.keras.at(number))


@dataclass(frozen=True, slots=True)
class WeightRules:
    """All correspondences of one pair of layers.

    ``axes`` maps an axis name to the integer attribute of the live source module that holds its length.
    ``synthesize`` maps a tensor that only one side has to its value: ignored where it is in the source, created in
    the target.
    """

    rules: tuple[WeightRule, ...]
    axes: Mapping[str, str] = field(default_factory=dict)
    synthesize: Mapping[str, float] = field(default_factory=dict)


def parse_weight_rules(
    weights: Mapping[str, str], *, axes: Mapping[str, str], synthesize: Mapping[str, str], where: str
) -> WeightRules:
    """The rules of one entry. ``where`` (entry, file, line) opens every message; raises ``ValueError``."""
    rules = tuple(_parse_rule(key, value, f"{where}: weights.{key}") for key, value in weights.items())
    for side in ("torch", "keras"):
        names = Counter(name for rule in rules for name in getattr(rule, side).names)
        for name, count in names.items():
            if count > 1:
                raise ValueError(f"{where}: weights: the {side} tensor {name!r} occurs in {count} rules")
    known = {factor.key for rule in rules for factor in _factors(rule.torch) if factor.size is None}
    for axis in axes:
        if axis not in known:
            raise ValueError(f"{where}: axes.{axis}: no weight rule has an axis of that name")
    return WeightRules(rules, dict(axes), _parse_values(synthesize, where))


def parse_pattern(pattern: str, *, where: str) -> tuple[Axes, Axes]:
    """Both sides of ``"o i h w -> h w i o"``; raises ``ValueError`` with ``where`` in front."""
    left, arrow, right = pattern.partition("->")
    if not arrow or "->" in right:
        raise ValueError(f"{where}: the pattern {pattern.strip()!r} needs exactly one '->'")
    return _match(_parse_axes(left, where), _parse_axes(right, where), where)


def _parse_values(synthesize: Mapping[str, str], where: str) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, text in synthesize.items():
        try:
            values[name] = float(text)
        except ValueError:
            raise ValueError(f"{where}: synthesize.{name}: {text!r} is not a number") from None
    return values


def _factors(operand: Operand) -> list[Factor]:
    return [factor for axis in operand.axes or () for factor in axis]


def _parse_rule(key: str, value: str, where: str) -> WeightRule:
    names, colon, pattern = value.partition(":")
    torch_names, torch_combine = _parse_names(key, where)
    keras_names, keras_combine = _parse_names(names, where)
    if (_COUNTER in key) != (_COUNTER in names):
        raise ValueError(f"{where}: {_COUNTER} must stand on both sides")
    if "one" not in (torch_combine, keras_combine):
        raise ValueError(f"{where}: only one side may combine several tensors")
    if not colon:
        if "stack" in (torch_combine, keras_combine):
            raise ValueError(f"{where}: stacked tensors need a pattern that names the new leading axis")
        return WeightRule(Operand(torch_names, torch_combine), Operand(keras_names, keras_combine))
    torch_axes, keras_axes = parse_pattern(pattern, where=where)
    rule = WeightRule(Operand(torch_names, torch_combine, torch_axes), Operand(keras_names, keras_combine, keras_axes))
    _check_stack(rule.torch, where)
    _check_stack(rule.keras, where)
    return rule


def _parse_names(text: str, where: str) -> tuple[tuple[str, ...], Combine]:
    if "+" in text and "," in text:
        raise ValueError(f"{where}: {text.strip()!r} mixes '+' and ','")
    combine: Combine = "sum" if "+" in text else "stack" if "," in text else "one"
    names = tuple(name.strip() for name in re.split(r"[+,]", text))
    for name in names:
        if not _NAME.match(name.replace(_COUNTER, "0")):
            raise ValueError(f"{where}: {name!r} is not the name of a tensor")
    return names, combine


def _parse_axes(text: str, where: str) -> list[list[str]]:
    """The factors of each axis, as written: ``"(a b) 1 c"`` gives ``[["a", "b"], ["1"], ["c"]]``."""
    axes: list[list[str]] = []
    inside = False
    for token in text.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            if inside:
                raise ValueError(f"{where}: nested parentheses in {text.strip()!r}")
            axes.append([])
        elif token == ")":
            if not inside or not axes[-1]:
                raise ValueError(f"{where}: unbalanced or empty parentheses in {text.strip()!r}")
        elif not _FACTOR.match(token):
            raise ValueError(f"{where}: {token!r} is neither an axis name nor a positive length")
        elif inside:
            axes[-1].append(token)
        else:
            axes.append([token])
        inside = token == "(" or (inside and token != ")")
    if inside:
        raise ValueError(f"{where}: unbalanced or empty parentheses in {text.strip()!r}")
    return axes


def _match(left: list[list[str]], right: list[list[str]], where: str) -> tuple[Axes, Axes]:
    """Give the factors of both sides shared keys, and hold that each occurs exactly once on each side."""
    ones = min(_count(left, "1"), _count(right, "1"))
    sides = [_keyed(axes, ones) for axes in (left, right)]
    keys = [Counter(factor.key for axis in side for factor in axis if factor.key) for side in sides]
    for key in keys[0] | keys[1]:
        shown = key.partition("#")[0]
        if keys[0][key] != 1 or keys[1][key] != 1:
            raise ValueError(f"{where}: the axis {shown!r} must occur once on each side of '->'")
    return sides[0], sides[1]


def _count(axes: list[list[str]], text: str) -> int:
    return sum(axis.count(text) for axis in axes)


def _keyed(axes: list[list[str]], shared_ones: int) -> Axes:
    seen: Counter[str] = Counter()

    def factor(text: str) -> Factor:
        if "|" in text:
            labels = tuple(text.split("|"))
            return Factor("|".join(sorted(labels)), len(labels), labels)
        if not text.isdigit():
            return Factor(text)
        seen[text] += 1
        if text == "1" and seen[text] > shared_ones:
            return Factor("", 1)
        return Factor(f"{text}#{seen[text]}", int(text))

    return tuple(tuple(factor(text) for text in axis) for axis in axes)


def _check_stack(operand: Operand, where: str) -> None:
    if operand.combine != "stack" or operand.axes is None:
        return
    first = operand.axes[0] if operand.axes else ()
    if len(first) != 1 or first[0].size != len(operand.names):
        raise ValueError(f"{where}: the leading axis of {len(operand.names)} stacked tensors must be that length")
