"""The text, JSON, GitHub and coverage reports of hand-made results."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.report import made
from translator.model import Comparison, ModelVerdict, Verdict
from translator.report import coverage, github, json_, text
from translator.report.result import FileResult, Problem, RunResult
from translator.report.style import Style
from translator.report.verification import verdict_line, verification_lines, worst_by_group

DECLINED = made.diagnostic("torch.c(3)")


def lines(run: RunResult) -> list[str]:
    return text.render(run).splitlines()


def test_a_diagnostic_is_one_line_with_its_hint_below() -> None:
    report = lines(RunResult((made.result((), [DECLINED]),)))
    assert report[:2] == ["model.py:5:8: error T101 torch.c(3): 100 % declined", "    Do it."]


def test_a_changed_axis_order_is_reported_per_argument() -> None:
    sites = [made.site("torch.a(1)", "exact")]
    report = lines(RunResult((FileResult("model.py", made.translation((), (), sites)),)))
    assert "    argument x of layer: n c h w -> n h w c" in report
    assert not any("argument y" in line for line in report)


def test_the_summary_counts_uses_by_outcome() -> None:
    sites = [made.site("torch.a(1)", "exact"), made.site("torch.b(2)", "noted"), made.site("torch.c(3)", "declined")]
    report = lines(RunResult((FileResult("model.py", made.translation((), [DECLINED], sites)),)))
    assert report[-2] == (
        "model.py: torch -> keras, channels_last, not exact: "
        "3 framework uses: 1 exact, 1 noted, 1 declined (66.7 % exact or noted)"
    )


def test_a_problem_is_one_line_with_its_place() -> None:
    run = RunResult((FileResult("bad.py", problem=Problem("syntax error", line=3, column=4)),))
    assert lines(run) == ["bad.py:3:5: error: syntax error"]


def test_colour_changes_nothing_but_colour() -> None:
    run = RunResult((made.result((), [DECLINED]), FileResult("bad.py", problem=Problem("broken"))), verify=True)
    coloured = text.render(run, Style(colour=True))
    assert "\x1b[31m" in coloured
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"):
        coloured = coloured.replace(code, "")
    assert coloured == text.render(run)


def test_the_verdict_names_model_expression_and_errors() -> None:
    assert verdict_line(made.VERIFIED) == (
        "verified: ResNet via resnet18() (float64 forward 3e-15, gradients 1e-12, state after one step 2e-16)"
    )


def test_a_difference_that_a_note_announces_is_told_apart_from_the_errors() -> None:
    limit = Comparison(
        "state", "float64", "train", 0.06, float("inf"), "bn1.running_var (known limit)", passed=True, case="n=2"
    )
    model = replace(made.VERIFIED, comparisons=(*made.VERIFIED.comparisons, limit))
    lines = list(verification_lines("model.py", made.report(model)))
    assert lines[-1].endswith("state after one step 2e-16)")
    assert "    state after one step differs by 6.0e-02, as a note says: bn1.running_var (known limit)" in lines


def test_a_reason_of_several_lines_stays_one_line() -> None:
    model = replace(made.DIFFERENT, verdict="failed", message="the process ended\n  Traceback\n  ValueError")
    assert verdict_line(model) == "failed: Net via Net(3): the process ended Traceback ValueError"


def test_a_difference_names_its_reason_where_it_begins_and_how_to_see_it() -> None:
    report = list(verification_lines("model.py", made.report(made.DIFFERENT)))
    assert report[-1] == "different: Net via Net(3): outputs differ by 0.5"
    assert "    first submodule that differs: features.2" in report
    assert "        import torch" in report


def test_lines_that_never_ran_are_listed() -> None:
    report = list(verification_lines("model.py", made.report(made.VERIFIED)))
    assert "    executed 37 of 40 lines of the model on both sides; never ran: lines 12-13, 20" in report


def test_a_failed_comparison_is_shown_before_any_that_passed() -> None:
    failed = replace(made.VERIFIED.comparisons[0], error=float("nan"), passed=False)
    assert worst_by_group([*made.VERIFIED.comparisons, failed])[0] is failed


@pytest.mark.parametrize("verdict", ["different", "inconclusive", "failed", "not_run"])
def test_any_verdict_but_verified_fails_the_run(verdict: Verdict) -> None:
    model = ModelVerdict("Net", "Net()", verdict, "because")
    file = replace(made.result((("torch.c(3)", "keras.c(3)"),)), verification=made.report(made.VERIFIED, model))
    run = RunResult((file,), verify=True)
    assert run.exit_code == 1
    assert text.render(run).splitlines()[-1].endswith(": Net via Net(): because")


def test_a_run_with_nothing_to_verify_fails_and_says_so() -> None:
    run = RunResult((made.result(),), verify=True)
    assert run.exit_code == 1
    assert lines(run)[-1] == "not verified: there is no model to run"


@pytest.mark.parametrize(("verdict", "code"), [("verified", 0), ("verified_float32", 0)])
def test_a_verified_run_succeeds(verdict: Verdict, code: int) -> None:
    file = replace(made.result(), verification=made.report(ModelVerdict("Net", "Net()", verdict, "")))
    assert RunResult((file,), verify=True).exit_code == code


def test_json_has_no_number_that_readers_refuse() -> None:
    file = replace(made.result(), verification=made.report(made.DIFFERENT))
    report = json.loads(json_.render(RunResult((file,), verify=True)), parse_constant=pytest.fail)
    (model,) = report["files"][0]["verification"]["models"]
    assert model["comparisons"][0]["error"] is None
    assert (model["verdict"], report["exit_code"]) == ("different", 1)


def test_json_changes_give_the_translation() -> None:
    file = made.result((("torch.a(1)", "keras.a(1)"), ("last = torch.c(3)", "last = keras.c(3)")))
    source_lines = made.SOURCE.split("\n")
    (found,) = json.loads(json_.render(RunResult((file,))))["files"]
    for change in found["changes"]:
        span = change["span"]
        line = source_lines[span["line"] - 1]
        source_lines[span["line"] - 1] = line[: span["column"] - 1] + change["text"] + line[span["end_column"] - 1 :]
    assert file.translation is not None
    assert "\n".join(source_lines) == file.translation.code


def test_github_commands_escape_what_would_end_them() -> None:
    tricky = replace(DECLINED, message="100 %\r\nand :: more", hint="a, b: c")
    report = github.render(RunResult((made.result((), [tricky], "a,b:c%.py"),)))
    assert report == ("::error file=a%2Cb%3Ac%25.py,line=5,col=8,title=T101::100 %25%0D%0Aand :: more%0Aa, b: c\n")


def test_github_has_a_command_for_every_severity_and_problem() -> None:
    diagnostics = [
        made.diagnostic("torch.a(1)", "T002", "note", ""),
        made.diagnostic("torch.b(2)", "T201", "warning", ""),
    ]
    bad = FileResult("bad.py", problem=Problem("broken", line=2))
    report = github.render(RunResult((bad, made.result((), diagnostics)))).splitlines()
    assert [line.split(" ")[0] for line in report] == ["::error", "::notice", "::warning"]


def test_coverage_lists_the_most_frequent_reasons_first() -> None:
    sites = [made.site("torch.a(1)", "exact"), made.site("torch.c(3)", "declined")]
    diagnostics = [made.diagnostic("torch.b(2)", "T201", "warning"), DECLINED, DECLINED]
    run = RunResult((FileResult("model.py", made.translation((), diagnostics, sites)),))
    report = coverage.render(run).splitlines()
    assert report[0].split() == ["uses", *text.OUTCOMES, "file"]
    assert report[1].split() == ["2", "1", "0", "0", "1", "0", "model.py"]
    reasons = report[report.index("most frequent reasons") + 1 :]
    assert reasons[0].split()[:2] == ["2", "T101"]
    assert "torch.c" in reasons[-1]
