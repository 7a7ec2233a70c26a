"""Overloads of compiled torch functions from their operator schemas, where the stubs have none or leave gaps.

https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/README.md describes the schemas. The Python bindings
call the first tensor of a function ``input`` where the schema says ``self``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mappings.signatures.rows import UNKNOWN_DEFAULT, Overload, Parameter, default_text, distinct

_OUT = Parameter("out", "None", "kw")


def schemas_of(operator: str) -> list[Any]:
    """The schemas of ``aten::operator`` in their order of registration; empty if there is no such operator."""
    torch = importlib.import_module("torch")
    return list(torch._C._jit_get_schemas_for_operator(f"aten::{operator}"))


def schema_overloads(operator: str) -> tuple[Overload, ...]:
    """The overloads of a function that is a plain binding of ``aten::operator``; empty if there is no such operator.

    Each ``out`` variant becomes the keyword-only parameter ``out`` of the overload it belongs to.
    """
    schemas = schemas_of(operator)
    with_out = {_base_name(schema) for schema in schemas if _is_out_variant(schema)}
    return distinct(
        (*_overload(schema), _OUT) if _base_name(schema) in with_out else _overload(schema)
        for schema in schemas
        if not _is_out_variant(schema)
    )


def completed(overloads: Iterable[Overload], operator: str) -> tuple[Overload, ...]:
    """Stub overloads with what the stubs leave out, where all schemas of the operator agree on it.

    That is the value of a default written ``...``; that a parameter is required (torch.linspace refuses a call without
    ``steps``, its stub gives None); that one is keyword-only (the stub of torch.tensor lets ``dtype`` be positional).
    """
    schemas = schema_overloads(operator)
    return tuple(_completed(overload, schemas) for overload in overloads)


def _completed(overload: Overload, schemas: tuple[Overload, ...]) -> Overload:
    # Stubs of functions say `self` in forms that the schemas lack or order otherwise, such as add(self, alpha, other).
    deprecated = any(parameter.name == "self" for parameter in overload)
    parameters: list[Parameter] = []
    keyword_only = False
    for parameter in overload:
        known = [each for schema in schemas for each in schema if each.name == parameter.name]
        default = parameter.default
        if known and all(each.default is None for each in known) and len(known) == len(schemas):
            default = None
        elif known and default == UNKNOWN_DEFAULT:
            default = known[-1].default
        if not deprecated and parameter.marker == "":
            keyword_only |= bool(known) and all(each.marker == "kw" for each in known)
        marker = "kw" if keyword_only and parameter.marker == "" else parameter.marker
        parameters.append(Parameter(parameter.name, default, marker))
    return tuple(parameters)


def with_schema_names(overloads: Iterable[Overload], operator: str) -> tuple[Overload, ...]:
    """Overloads of a stub written by hand, with the names that the schema has in the same places.

    The stub of one_hot calls its tensor ``tensor``, where torch takes ``input`` alone.
    """
    schemas = schema_overloads(operator)
    known = {parameter.name for schema in schemas for parameter in schema}

    def rename(parameter: Parameter, index: int) -> Parameter:
        if parameter.name in known or not schemas or index >= len(schemas[0]):
            return parameter
        return replace(parameter, name=schemas[0][index].name)

    return tuple(tuple(rename(parameter, index) for index, parameter in enumerate(overload)) for overload in overloads)


def _is_out_variant(schema: Any) -> bool:
    return any(argument.is_out for argument in schema.arguments)


def _base_name(schema: Any) -> str:
    """The overload name that an ``out`` variant shares with its plain form: "ord_str" of "ord_str_out"."""
    name = str(schema.overload_name)
    return name.removesuffix("out").removesuffix("_") if _is_out_variant(schema) else name


def _overload(schema: Any) -> Overload:
    return tuple(
        Parameter(
            "input" if argument.name == "self" else argument.name,
            default_text(_value(argument.default_value)) if argument.has_default_value() else None,
            "kw" if argument.kwarg_only else "",
        )
        for argument in schema.arguments
    )


def _value(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
