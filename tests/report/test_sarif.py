"""SARIF holds to its schema, carries every fix, and counts columns as editors do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.report import made
from translator.report.result import FileResult, Problem, RunResult
from translator.report.sarif import render

SCHEMA = json.loads((Path(__file__).parent / "sarif_subset.json").read_text("utf-8"))


def rendered(*files: FileResult) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(RunResult(files)))
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    for found in run["results"]:
        assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    return dict(run)


def applied(source: str, run: dict[str, Any]) -> str:
    """The source after all fixes of the log, each applied once, as an editor would that counts UTF-16 units."""
    lines = source.split("\n")
    units = [line.encode("utf-16-le") for line in lines]
    changes = {
        json.dumps(replacement)
        for found in run["results"]
        for fix in found.get("fixes", [])
        for change in fix["artifactChanges"]
        for replacement in change["replacements"]
    }
    replacements = [json.loads(change) for change in changes]
    for replacement in sorted(replacements, key=lambda one: -one["deletedRegion"]["startColumn"]):
        region = replacement["deletedRegion"]
        assert region["startLine"] == region["endLine"]
        line = units[region["startLine"] - 1]
        start, end = 2 * (region["startColumn"] - 1), 2 * (region["endColumn"] - 1)
        inserted = replacement["insertedContent"]["text"].encode("utf-16-le")
        units[region["startLine"] - 1] = line[:start] + inserted + line[end:]
    return "\n".join(line.decode("utf-16-le") for line in units)


CHANGES = (("import torch", "import keras"), ("torch.b(2)", "keras.b(2)"), ("last = torch.c(3)", "last = keras.c(3)"))


@pytest.mark.parametrize(
    "diagnostics",
    [
        (),
        (made.diagnostic("torch.c(3)"),),
        (
            made.diagnostic("torch.a(1)"),
            made.diagnostic("torch.b(2)"),
            made.diagnostic("torch.c(3)", "T201", "warning"),
        ),
    ],
)
def test_the_fixes_together_give_the_translation(diagnostics: tuple[Any, ...]) -> None:
    file = made.result(CHANGES, diagnostics)
    assert file.translation is not None
    assert applied(made.SOURCE, rendered(file)) == file.translation.code


def test_a_diagnostic_carries_the_change_that_covers_it() -> None:
    run = rendered(made.result(CHANGES, [made.diagnostic("torch.c(3)")]))
    by_rule = [
        (found["ruleId"], found["locations"][0]["physicalLocation"]["region"]["startLine"]) for found in run["results"]
    ]
    assert by_rule == [("T101", 5), ("T000", 1), ("T000", 3)]
    assert all(found["fixes"] for found in run["results"])


def test_columns_count_utf16_units() -> None:
    run = rendered(made.result((), [made.diagnostic("torch.a(1)")]))
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    column = made.SOURCE.split("\n")[2].index("torch.a(1)") + 1
    assert run["columnKind"] == "utf16CodeUnits"
    assert (region["startColumn"], region["endColumn"]) == (column + 1, column + 1 + len("torch.a(1)"))


def test_an_unreadable_file_makes_the_invocation_unsuccessful() -> None:
    run = rendered(FileResult("bad.py", problem=Problem("syntax error", line=3, column=4)))
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    assert len(invocation["toolExecutionNotifications"]) == 1
    assert run["results"] == []


def test_a_difference_found_by_verification_is_a_result() -> None:
    verified = made.result(CHANGES)
    file = FileResult("model.py", verified.translation, verification=made.report(made.VERIFIED, made.DIFFERENT))
    found = [found for found in rendered(file)["results"] if found["ruleId"] == "V000"]
    assert [one["level"] for one in found] == ["error"]
    assert "outputs differ by 0.5" in found[0]["message"]["text"]


@pytest.mark.parametrize("path", ["a b/grün#1%.py", "/abs/model.py", "../up.py", "undecodable-\udcff.py", "<stdin>"])
def test_any_path_becomes_a_valid_uri(path: str) -> None:
    run = rendered(made.result((), [made.diagnostic("torch.a(1)")], path))
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert ("uriBaseId" in artifact) is not path.startswith("/")
