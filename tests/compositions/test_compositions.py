"""Programs of several operations, drawn statement by statement: what is called exact computes the same, both ways.

The laws try each entry alone; here the orders of axes, broadcasting, reshaping, slicing and changes in place meet.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from translator.model import Layout

SHAPES = ((2, 3, 4, 5), (2, 4, 4, 4), (1, 2, 3, 3), (2, 3, 6, 4), (3, 2, 2, 2), (2, 4, 6), (2, 6))
LONGEST = 7
EXAMPLES = max(150, settings().max_examples)
"""One takes a thirtieth of a second."""
TRIES = 40


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    from tests.laws.sides import float64

    with float64(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of axes of length 1, which are drawn on purpose
        yield


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, tuple[int, ...]]:
    """The text of a module, and the shape of its input."""
    from tests.compositions.drawing import Drawing
    from tests.compositions.operations import OPERATIONS

    shape = draw(st.sampled_from(SHAPES))
    d = Drawing(lambda count: draw(st.integers(0, count - 1)), shape)
    if d.coin():
        d.add(lambda _, v: f"{v} = {v} * 1.5")  # what is changed in place is not the caller's then
    wanted = draw(st.integers(1, LONGEST))
    for _ in range(TRIES):
        if len(d.lines) >= wanted:
            break
        d.add(draw(st.sampled_from(OPERATIONS)))
    names = list(dict.fromkeys(d.tensors()))[-2:]
    both = ", ".join(names)
    named = ", ".join(f"'{name}': {name}" for name in names)
    return d.text(draw(st.sampled_from((names[-1], both, f"{{{named}}}")))), shape


@pytest.mark.frameworks
@pytest.mark.timeout(7200)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(program=programs(), layout=st.sampled_from(("channels_last", "channels_last", "channels_first")))
def test_what_is_called_exact_computes_the_same_there_and_back(
    program: tuple[str, tuple[int, ...]], layout: Layout
) -> None:
    from tests.compositions.comparing import NoSuchProgramError, compare, run_source, translated

    source, shape = program
    there = translated(source, "keras", layout)
    event("exact" if there is not None else "left to the user")
    if there is None:
        return
    try:
        before = run_source(source, shape, len(source))
    except NoSuchProgramError:
        assume(False)
    after = compare(before, there)
    back = translated(there.code, "torch", None)
    event("back exact" if back is not None else "back left to the user")
    if back is not None:
        compare(after, back)
