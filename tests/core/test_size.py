"""Long and deep inputs: they are translated, or refused cleanly; never a RecursionError, never a crash."""

from __future__ import annotations

import sys

import pytest

from translator import SourceError, translate

HEADER = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"


def test_an_expression_of_900_chained_terms_of_tensors() -> None:
    terms = " + ".join(["x", *(f"F.relu(x * {n}.0)" for n in range(900))])
    init = "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(3, 3)\n\n"
    body = f"        x = self.fc(x)\n        return {terms}\n"
    t = translate(f"{HEADER}class Net(nn.Module):\n{init}    def forward(self, x):\n{body}", to="keras")
    assert t.exact
    assert t.code.count("ops.relu(x * ") == 900
    assert translate(t.code, to="keras").code == t.code


def test_900_chained_terms_of_an_unknown_dtype_are_translated_or_declined() -> None:
    terms = " + ".join(["x", *(f"F.relu(x * {n}.0)" for n in range(900))])
    t = translate(f"{HEADER}class Net(nn.Module):\n    def forward(self, x):\n        return {terms}\n", to="keras")
    assert t.exact != ("F.relu(" in t.code)
    assert "def call(self, x):" in t.code


def test_900_chained_method_calls() -> None:
    chain = "x" + ".relu()" * 900
    t = translate(
        f"{HEADER}class Net(nn.Module):\n    def forward(self, x: torch.Tensor):\n        return {chain}\n", to="keras"
    )
    assert t.code.count("ops.relu(") == 900 or not t.exact


@pytest.mark.parametrize("depth", [150, 3000])
@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("[", "]"), ("F.relu(", ")"), ("-", ""), ("not ", "")])
def test_nesting_is_translated_or_refused(opening: str, closing: str, depth: int) -> None:
    text = f"{HEADER}y = {opening * depth}x{closing * depth}\n"
    before = sys.getrecursionlimit()
    refusals: list[str] = []
    try:
        code = translate(text, to="keras", filename="deep.py").code
    except SourceError as error:
        refusals.append(error.filename)
    else:
        assert code.count(opening) >= depth or opening == "F.relu("
    assert refusals in ([], ["deep.py"])
    assert depth > 1000 or not refusals
    assert sys.getrecursionlimit() == before


def test_deeply_nested_blocks() -> None:
    body = "".join(f"{' ' * n}if x:\n" for n in range(90)) + f"{' ' * 90}y = torch.cat([a, b], 0)\n"
    assert translate(f"import torch\n{body}", to="keras").code.count("if x:") == 90


def test_a_file_of_20_000_lines() -> None:
    block = '''class Block{n}(nn.Module):
    """Block {n}."""

    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)  # no padding
        self.fc = nn.Linear(width, {n} + 1)

    def forward(self, x):
        x = F.relu(self.conv(x))
        # the mean of each map
        x = x.mean(dim=(2, 3))
        return self.fc(x)


def helper{n}(values):
    """No tensors here."""
    total = 0
    for value in values:
        total += value
    return total


'''
    count = 20_000 // block.count("\n") + 1
    source = HEADER + "".join(block.format(n=n) for n in range(count))
    assert source.count("\n") >= 20_000
    t = translate(source, to="keras")
    assert t.exact
    assert t.code.count("layers.Conv2D(width, 3)  # no padding") == count
    assert t.code.count("ops.mean(x, axis=(1, 2))") == count
    assert t.code.count("# the mean of each map") == count
    assert len(t.models) == count
