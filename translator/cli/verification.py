"""What `translate --verify` and `verify` share: the frameworks must be there, and runs take long."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

import click

from translator.cli.progress import status
from translator.dataclass import dataclass
from translator.model import Translation, VerifyReport

_NEEDED: Final = ("numpy", "torch", "keras")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is run and where; ``timeout`` in seconds and ``memory`` in MiB hold for each worker process."""

    models: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    timeout: float = 300.0
    memory: int = 8192
    device: str = "cpu"
    backend: str = "tensorflow"


def require_frameworks(backend: str = "tensorflow") -> None:
    """Raises click.ClickException that names what is missing and the command that installs it."""
    missing = [name for name in (*_NEEDED, backend) if find_spec(name) is None]
    if missing:
        extra = "verify-jax" if backend == "jax" else "verify"
        raise click.ClickException(
            f"verifying needs {', '.join(missing)}, not installed here: pip install 'fwtranslate[{extra}]'"
        )


def check_what_runs(models: Sequence[str], inputs: Sequence[str]) -> None:
    """Raises click.UsageError for a model or input that cannot be read, before any time is spent."""
    from translator.verify.inputs import parse_input

    try:
        for text in models:
            _names(text)
        for text in inputs:
            parse_input(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def run_verification(source: str, translated: str, translation: Translation, limits: Limits) -> VerifyReport:
    """Run both sides. Raises click.UsageError for a model or input that cannot be read."""
    from translator.verify.api import verify  # only here: it is the one room that starts frameworks

    with status(f"verifying {translation.filename}") as on_progress:
        try:
            return verify(
                source,
                translated,
                translation=translation,
                filename=translation.filename,
                models=limits.models,
                inputs=limits.inputs,
                device=limits.device,
                backend=limits.backend,
                timeout=limits.timeout,
                memory_mib=limits.memory,
                on_progress=on_progress,
            )
        except ValueError as error:  # what verify documents for a malformed model or input
            raise click.UsageError(str(error)) from None


def models_of(translation: Translation, models: Sequence[str]) -> tuple[str, ...]:
    """Those of the ``--model`` expressions that use a model of this file."""
    return tuple(model for model in models if _names(model) & translation.models.keys())


def _names(model: str) -> set[str]:
    """Every name of the source expression. Raises ValueError if there is none."""
    from translator.verify.roots import split_model

    source, _ = split_model(model)
    return {node.id for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Name)}
