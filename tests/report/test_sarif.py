"""SARIF holds to its schema, carries every fix, and counts columns as editors do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from tests.report import made
from translator import translate
from translator.report.result import FileResult, Problem, RunResult
from translator.report.sarif import render

# The schema of OASIS as it is published, in the one package of the registry that ships it; none of its code runs here.
OFFICIAL: Final = json.loads(
    Path(str(distribution("linceo").locate_file("linceo/data/sarif-schema-2.1.0.json"))).read_text("utf-8")
)
SCHEMA: Final = jsonschema.validators.validator_for(OFFICIAL)(OFFICIAL)
FIXTURES: Final = Path(__file__).parent.parent.parent / "fixtures"
_URI: Final = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:@/-]+")


def rendered(*files: FileResult) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(RunResult(files)))
    SCHEMA.validate(log)
    assert log["$schema"] == OFFICIAL["id"]
    # The schema leaves formats to whoever validates.
    assert [uri for uri in _uris(log["runs"]) if not _URI.fullmatch(uri)] == []
    (run,) = log["runs"]
    for found in run["results"]:
        assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    return dict(run)


def _uris(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (uri for key, uri in value.items() if key == "uri")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _uris(item)


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


def test_the_schema_is_the_official_one_and_refuses_what_is_wrong() -> None:
    assert OFFICIAL["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    log = json.loads(render(RunResult((made.result((), [made.diagnostic("torch.a(1)")]),))))
    region = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    for key, wrong in (("startLine", 0), ("startColumn", "1"), ("line", 1)):
        kept = dict(region)
        region[key] = wrong
        assert not SCHEMA.is_valid(log), key
        region.clear()
        region.update(kept)
    assert SCHEMA.is_valid(log)


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


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("golden/models/resnet/torch_version.py", "note"),
        ("golden/models/lenet/keras_version.py", "note"),
        ("declined/torch/mixed.py", "error"),
        ("declined/keras/gradient_tape.py", "error"),
    ],
)
def test_the_report_of_a_real_file_holds_to_the_schema(name: str, level: str) -> None:
    source = (FIXTURES / name).read_text("utf-8")
    translation = translate(source, to="keras" if "torch" in name else "torch", filename=name)
    results = rendered(FileResult(name, translation))["results"]
    assert level in {found["level"] for found in results}
    regions = [found["locations"][0]["physicalLocation"]["region"] for found in results]
    assert all(1 <= region["startLine"] <= region["endLine"] <= source.count("\n") + 1 for region in regions)
