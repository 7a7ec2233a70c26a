"""Keyword names from numpy that compiled torch functions take beside their own, found out by calling them.

The argument parser of torch knows them for every compiled function and method:
https://github.com/pytorch/pytorch/blob/main/torch/csrc/utils/python_arg_parser.cpp (numpy_compatibility_arg_names).
Functions written in Python take no name but those in their signature.
"""

from __future__ import annotations

import importlib
import itertools
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mappings.signatures.rows import Overload, Row

CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "dim": ("axis",),
    "keepdim": ("keepdims",),
    "input": ("a", "x", "x1"),
    "other": ("x2",),
}
# Of quantised tensors, which the arguments below are not.
_NOT_CALLED = ("quantize", "dequantize", "fake_quantize", "fused_")
# clamp takes its bounds as optional, but refuses a call without either.
_NEEDED = ("min",)
_MOST_ATTEMPTS = 400


def keyword_aliases(name: str, row: Row) -> tuple[tuple[str, str], ...]:
    """The pairs (alias, parameter) that the callable ``name`` accepts, sorted; empty where none could be shown.

    A call with the documented keywords must work first; then the alias must work in its place.
    """
    function = operator.attrgetter(name.removeprefix("torch."))(importlib.import_module("torch"))
    if not _is_compiled(function) or function.__name__.startswith(_NOT_CALLED):
        return ()
    accepted: set[tuple[str, str]] = set()
    for overload in row.overloads:
        wanted = {
            (alias, parameter.name)
            for parameter in overload
            for alias in CANDIDATES.get(parameter.name, ())
            if parameter.marker in ("", "kw")
        } - accepted
        if wanted:
            accepted |= _accepted(function, overload, wanted)
    return tuple(sorted(accepted))


def _is_compiled(value: object) -> bool:
    return type(value).__name__ in ("builtin_function_or_method", "method_descriptor")


def _accepted(
    function: Callable[..., object], overload: Overload, wanted: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    for arguments in itertools.islice(_argument_sets(overload), _MOST_ATTEMPTS):
        if _works(function, arguments):
            return {
                (alias, name)
                for alias, name in wanted
                if _works(function, {alias if key == name else key: value for key, value in arguments.items()})
            }
    return set()


def _argument_sets(overload: Overload) -> Iterator[dict[str, Any]]:
    """Tiny arguments for the required parameters and those that have aliases, likely ones first."""
    names = [
        parameter.name
        for parameter in overload
        if parameter.marker in ("", "kw", "pos")
        and (parameter.default is None or parameter.name in CANDIDATES or parameter.name in _NEEDED)
    ]
    for values in itertools.product(*(_likely_values(name) for name in names)):
        yield dict(zip(names, values, strict=True))


def _likely_values(name: str) -> tuple[Any, ...]:
    torch = importlib.import_module("torch")
    matrix = torch.full((2, 2), 0.5)
    integers = torch.zeros((2, 2), dtype=torch.int64)
    shapes = ((2,), (1, 2, 2, 2), (1, 2, 2), (3, 3), (1, 1, 1, 1, 1))
    tensors = (matrix, integers, matrix > 0, *map(torch.ones, shapes), matrix.to(torch.complex64))
    known: Mapping[str, tuple[Any, ...]] = {
        "dim": (0, (0,), (0, 1)),
        "keepdim": (True,),
        "tensors": ((matrix, matrix),),
        "dims": ((1, 0),),
        "reduce": ("sum", "prod"),
        "shape": ((4,),),
        "index": (integers, integers[0], 0),
        "min": (0,),
        "train": (True,),
        "mask": (matrix > 0,),
        "size": ((2, 2), (4,), 1),
        "repeats": (2, integers[0]),
    }
    return known.get(name, tensors if name in ("self", "input", "other") else (1, *tensors, 0.5, (1,), (matrix,)))


def _works(function: Callable[..., object], arguments: Mapping[str, Any]) -> bool:
    receiver = [_fresh(value) for key, value in arguments.items() if key == "self"]
    keywords = {key: _fresh(value) for key, value in arguments.items() if key != "self"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(*receiver, **keywords)
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError):
        return False
    return True


def _fresh(value: Any) -> Any:
    """A copy of a tensor, since functions whose name ends in an underscore write to it."""
    return value.clone() if hasattr(value, "clone") else value
