"""The laws see a wrong translation, a decline without reason, and a limit that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.laws import checks
from tests.laws.checks import Law
from tests.laws.pairs import translation
from tests.laws.programs import Program
from tests.laws.running import Subject, conclude, run
from tests.laws.tally import Tally
from translator.catalog.load import load
from translator.model import Translation

DRAWS = settings(
    deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck), max_examples=20
)

MISTAKES: list[tuple[str, Law, str, str]] = [
    ("batch_norm_2d", "outputs", "epsilon=", "epsilon=1.001 * "),
    ("batch_norm_2d", "state", "momentum=", "momentum=0.5 * "),
    ("conv_2d", "outputs", "dilation_rate=", "strides="),
    ("max_pool_2d_layer", "outputs", "MaxPooling2D", "AveragePooling2D"),
    ("linear", "outputs", "return self.", "return 1.000001 * self."),
    ("softmax", "outputs", "axis=0", "axis=1"),
    ("relu_layer", "round_trip", "ReLU()", "ReLU(max_value=None)"),
    ("linear", "weights", "use_bias=False", "use_bias=True"),
]


@pytest.mark.frameworks
@pytest.mark.parametrize(("entry", "law", "right", "wrong"), MISTAKES)
def test_a_planted_mistake_breaks_the_law(
    entry: str, law: Law, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(program: Program) -> Translation:
        found = translation(program)
        return replace(found, code=found.code.replace(right, wrong))

    monkeypatch.setattr(checks, "translation", mistaken)
    with pytest.raises(AssertionError):
        run(Subject(load().entry(entry), "to_keras", law), DRAWS)


@pytest.mark.frameworks
def test_a_decline_of_what_the_entry_covers_breaks_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import torch\n\ny = torch.fft.rfft2(1)\n"

    def declining(program: Program) -> Translation:
        return translation(replace(program, source=source))

    monkeypatch.setattr(checks, "translation", declining)
    with pytest.raises(AssertionError):
        run(Subject(load().entry("linear"), "to_keras", "outputs"), DRAWS)


def test_a_limit_that_is_never_seen_is_dishonest() -> None:
    subject = Subject(load().entry("batch_norm_2d"), "to_keras", "state")
    conclude(subject, Tally(checked=5, limits={"running_var": 0.1}))
    with pytest.raises(AssertionError, match="is not there"):
        conclude(subject, Tally(checked=5, limits={"running_var": 1e-13}))


def test_more_declines_than_translations_break_the_law() -> None:
    with pytest.raises(AssertionError, match="were declined"):
        conclude(Subject(load().entry("relu"), "to_keras", "outputs"), Tally(checked=2, declined=3))


def test_nothing_checked_is_no_proof() -> None:
    with pytest.raises(AssertionError, match="no draw"):
        conclude(Subject(load().entry("relu"), "to_keras", "outputs"), Tally())
