"""Every golden file, both layouts: nothing is lost, nothing moves, and translating again changes nothing."""

from __future__ import annotations

import ast

import pytest

from tests.golden.cases import LAYOUTS, Golden, goldens, other, translated
from tests.golden.expected import NOT_EXACT
from tests.golden.text import comments, docstrings, is_subsequence, undefined_names, untouched
from translator import Translation
from translator.model import Layout

FILES = goldens()
every_file = pytest.mark.parametrize("golden", FILES, ids=str)
both_layouts = pytest.mark.parametrize("layout", LAYOUTS)


def round_trip_layouts(golden: Golden) -> tuple[Layout, ...]:
    """PyTorch code in channels_last order has transposes that Keras code in either order has no use for."""
    return LAYOUTS if golden.to == "keras" else ("channels_first",)


def translation(golden: Golden, layout: Layout) -> Translation:
    return translated(golden.source, golden.to, layout)


@every_file
def test_exact_unless_listed_with_its_codes(golden: Golden) -> None:
    result = translation(golden, golden.default_layout)
    codes = {d.code for d in result.diagnostics if d.severity != "note"}
    assert codes == NOT_EXACT.get(golden.name, set())
    assert result.exact == (golden.name not in NOT_EXACT)


def test_expectations_name_golden_files_only() -> None:
    assert set(NOT_EXACT) <= {golden.name for golden in FILES}
    assert all(NOT_EXACT.values())


@pytest.mark.parametrize("model", ["lenet", "resnet"])
@pytest.mark.parametrize("side", ["torch", "keras"])
def test_whole_models_have_no_exception(model: str, side: str) -> None:
    name = f"models/{model}/{side}_version.py"
    assert name in {golden.name for golden in FILES}
    assert name not in NOT_EXACT


@every_file
@both_layouts
def test_output_parses_and_defines_what_it_uses(golden: Golden, layout: Layout) -> None:
    code = translation(golden, layout).code
    ast.parse(code)
    if "import *" not in golden.source:
        assert undefined_names(golden.source) == set()
        assert undefined_names(code) == set()


@every_file
@both_layouts
def test_translating_the_output_again_changes_nothing(golden: Golden, layout: Layout) -> None:
    once = translation(golden, layout)
    again = translated(once.code, golden.to, layout)
    assert again.code == once.code
    assert again.changes == ()


@every_file
@both_layouts
def test_comments_and_docstrings_survive_in_order(golden: Golden, layout: Layout) -> None:
    code = translation(golden, layout).code
    assert is_subsequence(comments(golden.source), comments(code)) is None
    assert is_subsequence(docstrings(golden.source), docstrings(code)) is None


@every_file
@both_layouts
def test_lines_without_framework_names_are_identical_and_in_order(golden: Golden, layout: Layout) -> None:
    result = translation(golden, layout)
    renamed = {name for plan in result.plan.classes.values() for name in plan.renames}
    assert is_subsequence(untouched(golden.source, renamed), result.code.split("\n")) is None


def test_the_survivors_are_many_enough_to_count() -> None:
    """Guards the three tests above against looking at nothing."""
    sources = [golden.source for golden in FILES]
    assert len(FILES) >= 70
    assert sum(len(comments(source)) for source in sources) >= 150
    assert sum(len(docstrings(source)) for source in sources) >= 50
    lines = sum(source.count("\n") for source in sources)
    assert sum(len(untouched(source)) for source in sources) >= 0.3 * lines


@pytest.mark.parametrize(
    ("golden", "layout"), [(g, layout) for g in FILES for layout in round_trip_layouts(g)], ids=str
)
def test_there_back_and_there_again_is_the_first_translation(golden: Golden, layout: Layout) -> None:
    first = translation(golden, layout)
    if not first.exact:
        pytest.skip("not exact: the way back begins from code of both frameworks")
    back = translated(first.code, golden.from_)
    assert back.exact, [(d.code, d.message) for d in back.diagnostics if d.severity != "note"]
    third = translated(back.code, golden.to, layout)
    assert third.code == first.code


@every_file
def test_every_public_name_keeps_its_signature(golden: Golden) -> None:
    """Except the forward or call of a model, whose mode is an argument on one side only."""
    result = translation(golden, golden.default_layout)
    after = _signatures(result.code)
    for name, parameters in _signatures(golden.source).items():
        assert after.get(result.models[name].target if name in result.models else name) == parameters


def test_both_sides_are_covered() -> None:
    assert {golden.from_ for golden in FILES} == {"torch", "keras"}
    assert other("torch") == "keras"


def _signatures(text: str) -> dict[str, list[str]]:
    """Parameter names of the top-level functions and of the constructors of top-level classes, helpers aside."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = _parameters(node)
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                    found[node.name] = _parameters(member)
    return found


def _parameters(node: ast.FunctionDef) -> list[str]:
    arguments = node.args
    rows = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    rows += [f"*{a.arg}" for a in (arguments.vararg,) if a] + [f"**{a.arg}" for a in (arguments.kwarg,) if a]
    return rows
