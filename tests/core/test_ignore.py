"""``# fwtranslate: ignore[...]`` silences what it names, and nothing else."""

from __future__ import annotations

import pytest

from translator import Translation, translate

HEADER = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"


def run(line: str, above: str = "") -> Translation:
    return translate(f"{HEADER}def f(x):\n{above}    y = {line}\n    return F.relu(y)\n", to="keras")


def errors(t: Translation) -> list[str]:
    return [d.code for d in t.diagnostics if d.severity == "error"]


def test_without_a_comment_it_is_an_error() -> None:
    t = run("torch.fft.fft(x)")
    assert "T101" in errors(t)
    assert "# fwtranslate: T101" in t.code
    assert not t.exact


@pytest.mark.parametrize("comment", ["ignore[T101]", "ignore", "ignore[T104, T101]", "ignore[T101,T104]"])
def test_the_named_code_is_silenced(comment: str) -> None:
    t = run(f"torch.fft.fft(x)  # fwtranslate: {comment}")
    assert "T101" not in errors(t)
    assert f"torch.fft.fft(x)  # fwtranslate: {comment}" in t.code
    assert "# fwtranslate: T101" not in t.code


def test_what_is_silenced_is_still_not_exact() -> None:
    t = run("torch.fft.fft(x)  # fwtranslate: ignore[T101]")
    assert not t.exact
    assert t.coverage.count("declined") >= 1


@pytest.mark.parametrize("comment", ["ignore[T104]", "ignore[T10]", "ignore[]", "ignore[T1011]"])
def test_another_code_does_not_silence(comment: str) -> None:
    t = run(f"torch.fft.fft(x)  # fwtranslate: {comment}")
    assert "T101" in errors(t)
    assert "# fwtranslate: T101" in t.code
    assert f"# fwtranslate: {comment}" in t.code


def test_a_comment_on_another_statement_does_not_silence() -> None:
    assert "T101" in errors(run("torch.fft.fft(x)", "    z = 1  # fwtranslate: ignore[T101]\n"))


def test_a_comment_inside_a_multi_line_statement_counts() -> None:
    assert "T101" not in errors(run("torch.fft.fft(\n        x,  # fwtranslate: ignore[T101]\n    )"))


@pytest.mark.parametrize("mark", ["# fwtranslate: T104 an old reason", "# fwtranslate: T101 stale"])
def test_old_marks_are_replaced(mark: str) -> None:
    t = run("torch.fft.fft(x)", f"    {mark}\n")
    assert mark not in t.code
    assert t.code.count("# fwtranslate:") == len({(d.code, d.message) for d in t.diagnostics if d.severity == "error"})


def test_a_mark_whose_reason_is_gone_is_removed() -> None:
    t = run("torch.relu(x)", "    # fwtranslate: T101 stale\n")
    assert "fwtranslate" not in t.code or not t.exact


def test_a_text_that_quotes_the_mark_is_kept() -> None:
    t = run("F.relu(x), '# fwtranslate: T101 quoted'")
    assert "'# fwtranslate: T101 quoted'" in t.code
