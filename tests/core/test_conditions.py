"""What is exact only under a condition that the code may show: else the report says so."""

from __future__ import annotations

import pytest

from translator import translate

HEADER = "import torch\nimport torch.nn as nn\n\n\n"
NORM = """class Norm(nn.Module):
    def __init__(self, {parameter}):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
{more}
    def forward(self, x):
        return self.norm(x)
"""
CALLER = """

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.norm = Norm(width)

    def forward(self, x):
        return self.norm(self.first(x))
"""


@pytest.mark.parametrize(
    ("parameter", "more", "after"),
    [
        ("dim: int", "", ""),
        ("dim=64", "", ""),
        ("dim", "        self.fc = nn.Linear(dim, 4)\n", ""),
        ("dim", "", CALLER),
    ],
    ids=["annotated", "by its default", "used as a size", "passed by a caller that uses it as a size"],
)
def test_a_size_is_known_to_be_one(parameter: str, more: str, after: str) -> None:
    t = translate(HEADER + NORM.format(parameter=parameter, more=more) + after, to="keras")
    assert t.exact, [str(d) for d in t.diagnostics]
    assert "layers.LayerNormalization(epsilon=1e-5)" in t.code


def test_a_size_that_may_be_several_is_a_warning() -> None:
    t = translate(HEADER + NORM.format(parameter="dim", more=""), to="keras")
    assert not t.exact
    warnings = [d for d in t.diagnostics if d.severity == "warning"]
    assert [d.code for d in warnings] == ["T201"]
    assert "dim is taken for one size" in warnings[0].message
    assert "dim: int" in warnings[0].hint


ENCODER = """class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, batch_first=True), 2{nested})

    def forward(self, x, padding):
        return self.encoder(x, src_key_padding_mask={mask})
"""


@pytest.mark.parametrize(
    ("nested", "mask", "exact"),
    [("", "padding", False), ("", "None", True), (", enable_nested_tensor=False", "padding", True)],
)
def test_what_pytorch_computes_otherwise_without_gradients_is_a_warning(nested: str, mask: str, exact: bool) -> None:
    t = translate(HEADER + ENCODER.format(nested=nested, mask=mask), to="keras")
    assert t.exact is exact
    assert ("T201" in {d.code for d in t.diagnostics}) is not exact
