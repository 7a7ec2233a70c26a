"""Translations made by hand, so that reports are tested apart from translating."""

from __future__ import annotations

from collections.abc import Sequence

from translator.model import (
    Comparison,
    Coverage,
    Diagnostic,
    ModelInfo,
    ModelVerdict,
    Outcome,
    Severity,
    Site,
    Span,
    TextEdit,
    Translation,
    VerifyReport,
    WeightPlan,
)
from translator.report.result import FileResult

SOURCE = "import torch\r\n\r\nname = '\U0001f600'; layer = torch.a(1); other = torch.b(2)\r\n\r\nlast = torch.c(3)\r\n"
"""Line ends of two characters, and a character of two UTF-16 units before the calls of line 3."""


def span(text: str, source: str = SOURCE) -> Span:
    """Where ``text`` stands first; it holds no line end. Lines count from 1, columns from 0."""
    start = source.index(text)
    before = source[:start]
    line, column = before.count("\n") + 1, start - (before.rfind("\n") + 1)
    return Span(line, column, line, column + len(text), start, start + len(text))


def diagnostic(text: str, code: str = "T101", severity: Severity = "error", hint: str = "Do it.") -> Diagnostic:
    return Diagnostic(code, severity, span(text), f"{text}: 100 % declined", hint, text)


def site(text: str, outcome: Outcome) -> Site:
    return Site(span(text), text.partition("(")[0], "", outcome)


def translation(
    changes: Sequence[tuple[str, str]] = (),
    diagnostics: Sequence[Diagnostic] = (),
    sites: Sequence[Site] = (),
) -> Translation:
    """``changes`` pairs texts of SOURCE with what replaces them, in order."""
    edits = tuple(TextEdit(span(old), new) for old, new in changes)
    code = SOURCE
    for edit in reversed(edits):
        code = code[: edit.span.start] + edit.text + code[edit.span.end :]
    models = {"layer": ModelInfo("layer", "layer", "variable", span("layer"), {"x": "n c h w -> n h w c", "y": None})}
    return Translation(
        code,
        tuple(diagnostics),
        Coverage(tuple(sites)),
        exact=not diagnostics,
        models=models,
        plan=WeightPlan("torch", "keras"),
        changes=edits,
        source=SOURCE,
        filename="model.py",
        from_="torch",
        to="keras",
        layout="channels_last",
        fidelity="idiomatic",
    )


def result(
    changes: Sequence[tuple[str, str]] = (), diagnostics: Sequence[Diagnostic] = (), path: str = "model.py"
) -> FileResult:
    return FileResult(path, translation(changes, diagnostics))


VERIFIED = ModelVerdict(
    "ResNet",
    "resnet18()",
    "verified",
    "",
    (
        Comparison("outputs", "float64", "eval", 1e-15, 1e-11, "logits", passed=True, case="n=2"),
        Comparison("outputs", "float64", "eval", 3e-15, 1e-11, "logits", passed=True, case="n=3"),
        Comparison("gradients", "float64", "eval", 1e-12, 1e-9, "conv1.weight", passed=True),
        Comparison("state", "float64", "train", 2e-16, 1e-11, "bn1.running_mean", passed=True),
        Comparison("outputs", "float32", "eval", 1e-6, 1e-5, "logits", passed=True),
    ),
    {"x": "float32[2,3,32,32]"},
    executed_lines=37,
    model_lines=40,
    missed_lines=(12, 13, 20),
)
DIFFERENT = ModelVerdict(
    "Net",
    "Net(3)",
    "different",
    "outputs differ by 0.5",
    (Comparison("outputs", "float64", "eval", float("nan"), 1e-11, "y", passed=False),),
    first_divergence="features.2",
    counterexample="import torch\nprint(1)",
)


def report(*models: ModelVerdict) -> VerifyReport:
    return VerifyReport(models)
