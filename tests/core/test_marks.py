"""Marks from run to run: each stands until its statement is translated, or its author takes it away."""

from __future__ import annotations

import pytest

from translator import Translation, translate

HEADER = "import torch\nfrom torch import nn\n\n\n"
NET = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)


"""


def errors(t: Translation) -> list[tuple[str, int]]:
    return [(d.code, d.span.line) for d in t.diagnostics if d.severity == "error"]


def marks(code: str) -> list[str]:
    return [line.strip() for line in code.split("\n") if line.strip().startswith("# fwtranslate: T")]


def started(body: str) -> Translation:
    return translate(
        f"{HEADER}{NET}def start(batch, device):\n    net = Net()\n{body}    return torch.fft.fft(batch)\n", to="keras"
    )


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_nothing_shows_any_more_stays_marked_and_reported(times: int) -> None:
    first = started("    net.train()\n")
    assert marks(first.code)[0] == (
        "# fwtranslate: T106 .train of nn.Module has no counterpart in the mapping database (to Keras)"
    )
    again = first
    for _ in range(times):
        again = translate(again.code, from_="torch", to="keras")
    assert again.code == first.code
    assert [code for code, _ in errors(again)] == ["T106", "T101"]
    assert not again.exact
    assert again.coverage.count("declined") == 2


def test_the_order_of_marks_stays() -> None:
    first = started("    net.train(); torch.save(net, 'x'); net.zero_grad()\n")
    assert len(marks(first.code)) == 4
    again = translate(first.code, from_="torch", to="keras")
    assert again.code == first.code


def test_a_mark_goes_when_its_statement_is_translated() -> None:
    mark = "# fwtranslate: T101 torch.relu has no counterpart in the mapping database (to Keras)"
    source = f"{HEADER}{mark}\ny = torch.relu(torch.zeros(2))\n"
    t = translate(source, to="keras")
    assert marks(t.code) == []
    assert errors(t) == []


def test_a_mark_goes_when_its_author_takes_it_away() -> None:
    first = started("    net.train()\n")
    mark = marks(first.code)[0]
    again = translate(first.code.replace(f"    {mark}\n", ""), from_="torch", to="keras")
    assert mark not in again.code


def test_a_mark_of_the_other_direction_goes() -> None:
    first = started("    net.train()\n")
    back = translate(first.code, from_="keras", to="torch")
    assert marks(back.code) == []


def test_a_mark_can_be_ignored() -> None:
    first = started("    net.train()\n")
    code = first.code.replace("net.train()", "net.train()  # fwtranslate: ignore[T106]")
    again = translate(code, from_="torch", to="keras")
    assert [line for line in marks(again.code) if "T106" in line] == []
    assert [code for code, _ in errors(again)] == ["T101"]


def test_code_of_the_target_framework_is_left_alone() -> None:
    source = f"""import keras
{HEADER}def features(images):
    body = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.ReLU()])
    return body(nn.Conv2d(3, 4, 3)(images))
"""
    t = translate(source, from_="torch", to="keras")
    assert errors(t) == []
    assert "body = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.ReLU()])" in t.code
