"""What people type at first: the refusal says what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import TORCH, fwtranslate


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(TORCH)
    return path


@pytest.mark.parametrize(
    ("word", "meant"), [("tensorflow", "keras"), ("TF", "keras"), ("PyTorch", "torch"), ("tf.keras", "keras")]
)
@pytest.mark.parametrize("command", [(), ("coverage",)])
def test_another_name_of_a_framework_is_refused_with_the_word_to_write(
    model: Path, command: tuple[str, ...], word: str, meant: str
) -> None:
    complaint = fwtranslate(*command, "model.py", "--to", word, cwd=model.parent).complaint
    assert f"'--to': '{word}' is written '{meant}' (see" in complaint


def test_capitals_do_not_matter(model: Path) -> None:
    assert fwtranslate("model.py", "--to", "Keras", cwd=model.parent).code == 0


def test_a_configured_word_is_checked_alike(model: Path) -> None:
    (model.parent / "pyproject.toml").write_text('[tool.fwtranslate]\nto = "pytorch"\n')
    assert "to: 'pytorch' is written 'torch'" in fwtranslate("model.py", cwd=model.parent).complaint


@pytest.mark.frameworks
@pytest.mark.parametrize("text", ["Net(", "Net(3))", "for", "Net()=="])
def test_a_model_that_is_no_expression_is_named_without_the_parsers_words(model: Path, text: str) -> None:
    complaint = fwtranslate("model.py", "--to", "keras", "--verify", "--model", text, cwd=model.parent).complaint
    assert f"--model {text!r} is no Python expression" in complaint


def test_a_file_of_which_only_imports_change_is_not_called_unchanged(model: Path) -> None:
    model.write_text("import torch\n\nx = 1\n")
    done = fwtranslate("model.py", "--to", "keras", cwd=model.parent)
    assert done.code == 0
    assert ("unchanged" in done.err) is (done.out == model.read_text())


@pytest.mark.frameworks
def test_a_file_is_not_verified_against_itself(model: Path) -> None:
    complaint = fwtranslate("verify", "model.py", "model.py", cwd=model.parent).complaint
    assert "model.py is the same text as SOURCE; give its translation" in complaint
