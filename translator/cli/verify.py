"""``fwtranslate verify SOURCE TRANSLATED``: prove a translation that already stands in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click

from translator.cli import options
from translator.cli.config import apply_config
from translator.cli.terminal import style_for, write_text
from translator.cli.verification import Limits, check_what_runs, require_frameworks, run_verification
from translator.model import Fidelity, Framework, Layout, Translation, VerifyReport

_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command(context_settings=options.CONTEXT)
@click.argument("source", type=_FILE)
@click.argument("translated", type=_FILE)
@options.verification
@click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where models run."
)
@click.option(
    "--backend",
    type=click.Choice(["tensorflow", "jax"]),
    default="tensorflow",
    show_default=True,
    help="What Keras runs on.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of the result."
)
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:
    """Run SOURCE and TRANSLATED with the same weights and compare outputs, gradients and training state."""
    configured = apply_config(context, [str(context.params["source"])], ["translator.cli.translate"])
    if configured["form"] not in ("text", "json"):
        configured["form"] = "text"  # sarif and github are formats of a translation's report
    limits = Limits(
        configured["models"],
        configured["inputs"],
        configured["timeout"],
        configured["memory"],
        configured["device"],
        configured["backend"],
    )
    require_frameworks(limits.backend)
    check_what_runs(limits.models, limits.inputs)
    source, translated = read_text(configured["source"]), read_text(configured["translated"])
    if source == translated:
        raise click.UsageError(f"{configured['translated']} is the same text as SOURCE; give its translation")
    translation = derive(source, translated, str(configured["source"]))
    report = run_verification(source, translated, translation, limits)
    _write(report, translation.filename, configured["form"])
    return 0 if report.passed else 1


def read_text(path: Path) -> str:
    """Raises SourceError if the bytes are no Python source, click.ClickException if there are none."""
    from translator import parse

    try:
        data = path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be read: {error.strerror}") from None
    return parse.read_source(data, str(path)).text


def derive(source: str, translated: str, filename: str) -> Translation:
    """The translation that comes closest to ``translated``: how names, axes and weights pair is read off it."""
    import difflib

    from translator.pipeline import translate
    from translator.project.direction import opposite

    to: Framework = "torch" if opposite(source) == "torch" else "keras"
    best: tuple[float, Translation] | None = None
    for layout, fidelity in _ways():
        translation = translate(source, to=to, filename=filename, layout=layout, fidelity=fidelity)
        if translation.code == translated:
            return translation
        likeness = difflib.SequenceMatcher(None, translation.code.splitlines(), translated.splitlines()).ratio()
        if best is None or likeness > best[0]:
            best = (likeness, translation)
    assert best is not None
    return best[1]


def _ways() -> Iterator[tuple[Layout | None, Fidelity]]:
    """The default first: of equally close translations the first is taken."""
    layouts: tuple[Layout | None, ...] = (None, "channels_last", "channels_first")
    fidelities: tuple[Literal["idiomatic", "exact"], ...] = ("idiomatic", "exact")
    yield from ((layout, fidelity) for fidelity in fidelities for layout in layouts)


def _write(report: VerifyReport, path: str, form: str) -> None:
    if form == "json":
        from translator.report.json_ import dumps, verification_object

        write_text(sys.stdout, dumps(verification_object(report)))
        return
    from translator.report.verification import verification_lines

    lines = verification_lines(path, report, style_for(sys.stdout))
    write_text(sys.stdout, "".join(f"{line}\n" for line in lines))
