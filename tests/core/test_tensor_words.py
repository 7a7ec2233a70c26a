"""The words that entries for tensor code use: dtypes, devices, axes that move, several results, sizes that decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator import translate
from translator.catalog.predicates import PREDICATES, UNKNOWN
from translator.infer.dims import moved_axes
from translator.infer.rearranged import moved_insertion
from translator.model import Framework, Translation

NET = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x, other):
        x = self.conv(x)
        {0}
        return {1}
"""


def body(line: str, result: str) -> tuple[str, Translation]:
    """The last lines of the translation of a model that ends with a line and a result."""
    found = translate(NET.format(line, result), to="keras")
    return found.code.partition("x = self.conv(x)\n")[2].strip(), found


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("x.to(torch.float64)", 'ops.cast(x, "float64")'),
        ("x.long()", 'ops.cast(x, "int64")'),
        ("x.to(x.dtype)", "ops.cast(x, x.dtype)"),
        ("torch.zeros(2, 3, dtype=torch.long, device=x.device)", 'ops.zeros((2, 3), dtype="int64")'),
        ("x.to('cuda')", "x"),
        ("x.cpu()", "x"),
        ("torch.full((2,), 7)", 'ops.full((2,), 7, dtype="int32")'),
    ],
)
def test_dtypes_and_devices_are_read_from_either_form(written: str, read: str) -> None:
    line, found = body(f"y = {written}", "y")
    assert line.startswith(f"y = {read}\n")
    assert found.exact


def test_a_name_for_a_device_goes_with_its_uses() -> None:
    line, found = body("device = x.device", "torch.ones(2, device=device) + x.to(device).sum()")
    assert line == "return ops.ones((2,)) + ops.sum(x)"
    assert found.exact


def test_what_may_be_a_dtype_or_a_device_is_declined() -> None:
    _, found = body("y = x.to(other)", "y")
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["T102"]


def test_the_names_of_several_results_become_places() -> None:
    line, found = body("best = x.max(dim=2)", "best.values, best.indices.float()")
    assert "return best[0], ops.cast(best[1], " in line
    assert found.exact


def test_sizes_that_are_known_decide() -> None:
    """Keras refuses what PyTorch leaves alone: that is declined where it is known, and raised where it is not."""
    _, known = body("y = x.squeeze(1)", "y")
    _, open_ = body("y = x.squeeze(2)", "y")
    assert [d.code for d in known.diagnostics if d.severity == "error"] == ["T102"]
    assert open_.exact


@pytest.mark.parametrize(
    ("predicate", "arguments", "verdict"),
    [
        ("longer_than_one", ((2, 1), 0), True),
        ("longer_than_one", ((2, 1), -1), False),
        ("longer_than_one", ((UNKNOWN, 1), (0, 1)), None),
        ("longer_than_one", (UNKNOWN, 0), None),
        ("leaves_rest", ((5, 4), 0, 2), True),
        ("leaves_rest", ((5, 4), 1, 2), False),
        ("leaves_rest", ((UNKNOWN, 4), 0, 2), None),
        ("cut_beyond", ((5, 4), 0, [2, 6]), True),
        ("cut_beyond", ((5, 4), 0, [3, 2]), True),
        ("cut_beyond", ((5, 4), 0, [2, 3]), False),
        ("cut_beyond", (UNKNOWN, 0, [2, 3]), None),
        ("is_matrix", ((5, UNKNOWN),), True),
        ("is_no_matrix", (UNKNOWN,), None),
        ("any_negative", ((UNKNOWN, -1),), True),
        ("any_negative", ((UNKNOWN, 1),), None),
    ],
)
def test_conditions_on_sizes_are_three_valued(
    predicate: str, arguments: tuple[object, ...], verdict: bool | None
) -> None:
    assert PREDICATES[predicate](*arguments) is verdict


@given(rank=st.integers(3, 5), axis=st.integers(-6, 5), to=st.sampled_from(["keras", "torch"]))
def test_an_axis_added_to_a_moved_tensor_stands_where_that_of_the_source_would(
    rank: int, axis: int, to: Framework
) -> None:
    place = axis % (rank + 1)
    source = np.zeros(range(2, rank + 2))
    stored = source.transpose(moved_axes(rank, to))
    added = moved_insertion(axis, rank, to)
    wanted = np.expand_dims(source, place).transpose(moved_axes(rank + 1, to))
    assert added is None or np.expand_dims(stored, added).shape == wanted.shape
    channels = 1 if to == "keras" else rank - 1
    # It is None exactly where the batch or the channels of the result are another axis.
    assert (added is None) == (place == 0 or (place == 1 if to == "keras" else place > channels))
