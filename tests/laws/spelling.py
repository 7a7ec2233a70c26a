"""Calls as a user may write them: positional, by keyword, keywords in any order, or only what is required."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isinf
from random import Random
from typing import Literal

from tests.laws.values import parameters
from translator.catalog import transforms
from translator.catalog.dtypes import DTYPE_KINDS
from translator.catalog.entry import Entry
from translator.catalog.pattern import Call, Cond, Hole, Lit, Pat, Ref, Seq, Sub, Upper, Xform
from translator.catalog.signatures import Opaque, Param, Signatures
from translator.model import Framework, Layout

Style = Literal["positional", "keyword", "shuffled", "defaults"]
STYLES: tuple[Style, ...] = ("positional", "keyword", "shuffled", "defaults")


def _upper(name: str, layout: Layout, rank: int) -> object:
    """What an UPPERCASE name of a pattern stands for in a tensor of this rank."""
    last = layout == "channels_last"
    spatial = tuple(range(1, rank - 1) if last else range(2, rank))
    return {"LAYOUT": layout, "CHANNEL": -1 if last else 1, "SPATIAL": spatial}[name]


_SHORT = (("torch.nn.functional.", "F."), ("torch.nn.", "nn."), ("keras.layers.", "layers."), ("keras.ops.", "ops."))


class UnwritableError(Exception):
    """The drawn values have no form on this side (a transform does not apply)."""


@dataclass
class Speller:
    """Writes patterns as source text. ``values`` holds the holes' values, ``texts`` the holes that are code."""

    entry: Entry
    signatures: Signatures
    values: Mapping[str, object]
    texts: Mapping[str, str]
    style: Style
    layout: Layout
    short: bool
    random: Random
    rank: int = 4
    framework: Framework = "torch"
    helpers: set[str] = field(default_factory=set)

    def write(self, pattern: Pat) -> str:
        match pattern:
            case Hole(name=name) if name in self.texts:
                return self.texts[name]
            case Hole(name=name) if self.entry.kind(name) in DTYPE_KINDS and self.values[name] is not None:
                return f"torch.{self.values[name]}" if self.framework == "torch" else repr(self.values[name])
            case Lit() | Hole() | Upper() | Xform():
                return _text(self._value(pattern))
            case Ref(api=api):
                return self._name(api)
            case Seq(items=items, is_list=is_list):
                inner = ", ".join(self.write(item) for item in items)
                return f"[{inner}]" if is_list else f"({inner}{',' * (len(items) == 1)})"
            case Cond(test=test, body=body, orelse=orelse):
                return f"{self.write(body)} if {self.write(test)} else {self.write(orelse)}"
            case Sub(value=value, index=index):
                return f"{self.write(value)}[{self.write(index)}]"
            case Call():
                return self._call(pattern)
            case _:
                raise UnwritableError(repr(pattern))

    def _call(self, call: Call) -> str:
        positional, keyword = self._arguments(call)
        if call.api.startswith("torch.Tensor."):
            name = f"{positional.pop(0)}.{call.api.removeprefix('torch.Tensor.')}"
            signature = self.signatures.get(call.api)
            if signature is not None and signature.kind == "property":
                return name
        else:
            name = self._name(call.api)
        if self.style == "shuffled":
            self.random.shuffle(keyword)
        return f"{name}({', '.join([*positional, *(f'{key}={text}' for key, text in keyword)])})"

    def _arguments(self, call: Call) -> tuple[list[str], list[tuple[str, str]]]:
        positional: list[str] = []
        keyword: list[tuple[str, str]] = []
        method = call.api.startswith("torch.Tensor.")
        by_position = self.style == "positional"
        for param in parameters(call, self.signatures):
            if param.kind == "*":
                positional += self._star(call.arg(param.name))
                continue
            text = self._argument_text(call.arg(param.name), param)
            if text is None:
                by_position = by_position and param.kind == "kw"  # what comes after a gap needs its name
            elif param.kind == "pos" or (method and param.name == "self") or (by_position and param.kind != "kw"):
                positional.append(text)
            else:
                keyword.append((param.name, text))
        return positional, keyword

    def _argument_text(self, part: Pat | None, param: Param) -> str | None:
        if part is None:
            return self._unmentioned(param)
        if not isinstance(part, Lit | Hole | Upper | Xform) or (isinstance(part, Hole) and part.name in self.texts):
            return self.write(part)
        value = self._value(part)
        defaulted = not param.required and not isinstance(param.default, Opaque)
        same = defaulted and (value == param.default or (param.default is None and value == "channels_last"))
        if same and type(value) is not bool and isinstance(param.default, bool):
            same = False
        if same and (self.style == "defaults" or self.random.random() < 0.5):
            return None
        return self.write(part)

    def _unmentioned(self, param: Param) -> str | None:
        """A parameter without influence takes any value; another one, now and then, its default."""
        if param.required or param.kind == "**" or self.style == "defaults":
            return None
        if not isinstance(param.default, bool | int | float | str):
            return None
        if param.name in self.entry.drop and isinstance(param.default, bool):
            return self.random.choice((None, "True", "False"))
        return _text(param.default) if self.random.random() < 0.1 else None

    def _star(self, part: Pat | None) -> list[str]:
        if part is None:
            return []
        if isinstance(part, Hole) and part.name in self.texts:
            return [self.texts[part.name][1:-1]]
        value = self._value(part)
        items = [_text(item) for item in value] if isinstance(value, tuple | list) else [_text(value)]
        return items if self.random.random() < 0.7 else [f"({', '.join(items)}{',' * (len(items) == 1)})"]

    def _value(self, pattern: Pat) -> object:
        match pattern:
            case Lit(value=value):
                return value
            case Hole(name=name):
                return self.values[name]
            case Upper(name=name):
                return _upper(name, self.layout, self.rank)
            case Xform(name=name, operand=operand) if name in transforms.CONTEXTUAL:
                return self._value(operand)
            case Xform(name=name, operand=operand, params=params):
                value = transforms.forward(name, self._value(operand), dict(params))
                if value is transforms.NOT_APPLICABLE:
                    raise UnwritableError(name)
                return value
            case _:
                raise UnwritableError(repr(pattern))

    def _name(self, api: str) -> str:
        if api.startswith("helpers."):
            self.helpers.add(api)
            return api.rpartition(".")[2]
        if api.startswith("keras.backend."):
            return f"tf.{api}"  # where TensorFlow keeps what Keras 3 has no longer
        if self.short:
            for long, short in _SHORT:
                if api.startswith(long):
                    return short + api.removeprefix(long)
        return api


def _text(value: object) -> str:
    if isinstance(value, float) and isinf(value):
        return "float('-inf')" if value < 0 else "float('inf')"
    return repr(value)
