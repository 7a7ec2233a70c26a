"""The rows of a lock file: how one API, its overloads and its parameters are written down."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["class", "function", "method", "property", "constant"]
Marker = Literal["", "*", "**", "kw", "pos"]

_MARKERS: Mapping[inspect._ParameterKind, Marker] = {
    inspect.Parameter.POSITIONAL_ONLY: "pos",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.KEYWORD_ONLY: "kw",
    inspect.Parameter.VAR_KEYWORD: "**",
}

UNKNOWN_DEFAULT = "!..."
"""What ``= ...`` in a stub or an overload reads as: there is a default, but not said which."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``default`` is Python text, prefixed with ``!`` where it is no literal; ``None`` if required."""

    name: str
    default: str | None = None
    marker: Marker = ""

    def as_json(self) -> list[str | None]:
        if self.marker:
            return [self.name, self.default, self.marker]
        return [self.name] if self.default is None else [self.name, self.default]


Overload = tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One public name. ``aliases`` maps an alternative keyword to the parameter it stands for.

    ``same_as`` is the primary name of the same object, "" where this name is the primary one.
    """

    kind: Kind
    overloads: tuple[Overload, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    same_as: str = ""

    def as_json(self) -> dict[str, object]:
        row: dict[str, object] = {"kind": self.kind}
        if self.overloads:
            row["overloads"] = [[parameter.as_json() for parameter in overload] for overload in self.overloads]
        if self.aliases:
            row["aliases"] = dict(self.aliases)
        if self.same_as:
            row["same_as"] = self.same_as
        return row


def is_literal(text: str) -> bool:
    """Whether ``text`` is a Python literal that carries a value (``...`` does not)."""
    try:
        return ast.literal_eval(text) is not ...
    except (ValueError, SyntaxError):
        return False


def default_text(value: object) -> str:
    """The text of a live default: its repr where that is a literal, else a stable description prefixed with ``!``.

    Addresses and paths differ from run to run and from machine to machine, so functions, classes and modules are
    given by name, and other objects whose repr holds an address by their type.
    """
    if value is ...:
        return UNKNOWN_DEFAULT
    text = repr(value)
    if is_literal(text):
        return text
    if inspect.ismodule(value):
        return f"!{value.__name__}"
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"!{value.__module__}.{value.__qualname__}"
    if re.search(r"\bat 0x[0-9a-f]+", text):
        return f"!{type(value).__module__}.{type(value).__qualname__}"
    return f"!{text}"


def overload_of(signature: inspect.Signature, *, skip_receiver: bool = False) -> Overload:
    """The parameters of a live signature; ``skip_receiver`` leaves out the first one, the ``self`` of ``__init__``."""
    parameters = list(signature.parameters.values())[1 if skip_receiver else 0 :]
    return tuple(
        Parameter(
            parameter.name,
            None if parameter.default is inspect.Parameter.empty else default_text(parameter.default),
            _MARKERS[parameter.kind],
        )
        for parameter in parameters
    )


def live_overloads(function: Callable[..., object], *, skip_receiver: bool = False) -> tuple[Overload, ...]:
    """The overloads of a callable written in Python.

    Where its own signature is just ``*args, **kwargs``, the ones declared with ``typing.overload`` say more.
    """
    own = overload_of(inspect.signature(function), skip_receiver=skip_receiver)
    if not swallows_everything(own[-2:]) or not inspect.isfunction(function):
        return (own,)
    declared = (
        overload_of(inspect.signature(each), skip_receiver=skip_receiver) for each in typing.get_overloads(function)
    )
    return distinct(overload for overload in declared if not swallows_everything(overload)) or (own,)


def method_overloads(function: Callable[..., object]) -> tuple[Overload, ...]:
    """The overloads of a method written in Python, with its receiver under the name ``self``."""
    return tuple((replace(receiver, name="self", marker=""), *rest) for receiver, *rest in live_overloads(function))


def swallows_everything(overload: Overload) -> bool:
    """Whether an overload is just ``*args, **kwargs``, which says nothing about what the callable accepts."""
    return [parameter.marker for parameter in overload] == ["*", "**"]


def distinct(overloads: Iterable[Overload]) -> tuple[Overload, ...]:
    """The overloads in order, each once: those that differ only in types are one row here."""
    return tuple(dict.fromkeys(overloads))
