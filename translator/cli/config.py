"""Defaults from ``[tool.fwtranslate]`` of the nearest pyproject.toml, with the long options as keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

_FILE: Final = "pyproject.toml"
_PER_RUN: Final = frozenset({"help", "version"})

Value = str | bool | float | list[str]


def apply_config(context: click.Context, paths: Sequence[str], others: Sequence[str] = ()) -> dict[str, Any]:
    """The command's parameters, with configured values where the command line gave none.

    ``others`` are the modules of commands whose options may stand in the table too. Raises click.UsageError with file
    and key.
    """
    parameters = dict(context.params)
    place = _nearest(paths)
    if place is None:
        return parameters
    file, table = place
    own = _options(context.command)
    known = own.keys() | {key for other in others for key in _options(import_module(other).command)}
    for key, value in table.items():
        if key not in known:
            raise _bad(file, f"unknown key {key!r}; known are {', '.join(sorted(known))}")
        option = own.get(key)
        if option is not None and option.name is not None:
            checked = _checked(file, key, value, option, context)
            if context.get_parameter_source(option.name) is not click.core.ParameterSource.COMMANDLINE:
                parameters[option.name] = checked
    return parameters


def given(context: click.Context, *names: str) -> bool:
    """Whether the command line itself gave one of the parameters."""
    return any(context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE for name in names)


def _nearest(paths: Sequence[str]) -> tuple[Path, Mapping[str, Any]] | None:
    """The table of the closest pyproject.toml that has one, seen from the folder that the paths share."""
    folders = [_folder(path) for path in paths] or [str(Path.cwd())]
    start = Path(os.path.commonpath(folders))
    for folder in (start, *start.parents):
        file = folder / _FILE
        if file.is_file():
            table = _read(file).get("tool", {}).get("fwtranslate")
            if isinstance(table, dict):
                return file, table
            if table is not None:
                raise _bad(file, "tool.fwtranslate must be a table")
    return None


def _folder(path: str) -> str:
    whole = Path.cwd() if path == "-" else Path(os.path.abspath(path))
    return str(whole if whole.is_dir() else whole.parent)


def _read(file: Path) -> Mapping[str, Any]:
    import tomllib  # only projects that have the file pay for it

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise _bad(file, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _bad(file, "is not valid UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _bad(file, str(error)) from None


def _options(command: click.Command) -> dict[str, click.Option]:
    """Options by long name, without the dashes."""
    found: dict[str, click.Option] = {}
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in _PER_RUN:
            found |= {name.removeprefix("--"): option for name in option.opts if name.startswith("--")}
    return found


def _checked(file: Path, key: str, value: Value, option: click.Option, context: click.Context) -> Any:
    if option.is_flag:
        if not isinstance(value, bool):
            raise _bad(file, f"{key} must be true or false")
        return value
    if isinstance(value, bool):
        raise _bad(file, f"{key} takes a value, not true or false")
    values = value if isinstance(value, list) else [value]
    if len(values) != 1 and not option.multiple:
        raise _bad(file, f"{key} takes one value")
    try:
        converted = [option.type.convert(one, option, context) for one in values]
    except click.BadParameter as error:
        raise _bad(file, f"{key}: {error.message}") from None
    return tuple(converted) if option.multiple else converted[0]


def _bad(file: Path, reason: str) -> click.UsageError:
    return click.UsageError(f"{file}: [tool.fwtranslate] {reason}")
