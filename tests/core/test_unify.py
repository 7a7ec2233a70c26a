"""The unifier answers yes, no, or unknown; unknown never turns into yes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator import translate
from translator.catalog.entry import Entry
from translator.catalog.pattern import Call, compile_call
from translator.catalog.predicates import PREDICATES, UNKNOWN
from translator.catalog.signatures import Param, Signature, Signatures
from translator.catalog.unify import BoundCall, Code, Literal, Mismatch, Undecided, same_value, unify

PARAMS = (Param("size"), Param("mode", "zeros"), Param("flag", False))
SIGNATURES = Signatures(
    {"torch.f": Signature("function", (PARAMS,)), "torch.g": Signature("function", ((Param("x"),),))}, {}
)
ENTRY = Entry(name="f", cases=())


class AstReader:
    """Reads Python's own trees; nothing is imported, and calls are of ``torch.g`` only."""

    def literal(self, node: ast.expr) -> Literal | None:
        try:
            return Literal(ast.literal_eval(node), node)
        except ValueError:
            return None

    def call(self, node: ast.expr, pattern: Call) -> BoundCall | str | None:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.g" == pattern.api:
            return BoundCall("torch.g", {"x": node.args[0]}, (Param("x"),))
        return None

    def items(self, node: ast.expr) -> Sequence[ast.expr] | None:
        return node.elts if isinstance(node, ast.Tuple | ast.List) else None

    def reference(self, node: ast.expr) -> str | None:
        return ast.unparse(node) if isinstance(node, ast.Attribute) else None

    def conditional(self, node: ast.expr) -> tuple[ast.expr, ast.expr, ast.expr] | None:
        return (node.test, node.body, node.orelse) if isinstance(node, ast.IfExp) else None

    def subscript(self, node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
        return (node.value, node.slice) if isinstance(node, ast.Subscript) else None

    def same(self, left: ast.expr, right: ast.expr) -> bool:
        return ast.dump(left) == ast.dump(right)


def outcome(pattern: str, call: str) -> object:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    names = [param.name for param in PARAMS]
    args = dict(zip(names, node.args, strict=False)) | {k.arg or "": k.value for k in node.keywords}
    bound = BoundCall("torch.f", args, PARAMS)
    return unify(compile_call(pattern, SIGNATURES), node, bound, ENTRY, AstReader(), SIGNATURES)


@pytest.mark.parametrize(
    ("pattern", "call", "expected"),
    [
        ("torch.f(size, mode='zeros')", "f(3)", dict),
        ("torch.f(size, mode='zeros')", "f(3, 'zeros')", dict),
        ("torch.f(size, mode='zeros')", "f(3, 'circular')", Mismatch),
        ("torch.f(size, mode='zeros')", "f(3, m)", Undecided),
        ("torch.f(size, mode='circular')", "f(3)", Mismatch),
        ("torch.f(size)", "f(3)", dict),
        ("torch.f(size)", "f(3, mode='zeros')", dict),
        ("torch.f(size)", "f(3, mode='reflect')", Mismatch),
        ("torch.f(size)", "f(3, mode=m)", Undecided),
        ("torch.f(size, flag=flag)", "f(n, flag=v)", dict),
        ("torch.f(size=torch.g(x))", "f(torch.g(a))", dict),
        ("torch.f(size=torch.g(x))", "f(a)", Mismatch),
        ("torch.f(size=one_minus(size))", "f(0.1)", dict),
        ("torch.f(size=one_minus(size))", "f(n)", dict),
        ("torch.f(size=one_minus(size))", "f('a')", Mismatch),
        ("torch.f(size=choice(size, a='b'))", "f('b')", dict),
        ("torch.f(size=choice(size, a='b'))", "f('c')", Mismatch),
        ("torch.f(size=choice(size, a='b'))", "f(s)", Undecided),
        ("torch.f(size=(a, a))", "f((2, 2))", dict),
        ("torch.f(size=(a, a))", "f((2, 3))", Mismatch),
        ("torch.f(size=(a, a))", "f((n, n))", dict),
        ("torch.f(size=(a, a))", "f(pair)", (Mismatch, Undecided)),
        ("torch.f(size=(a, a))", "f((n, 3))", (Mismatch, Undecided)),
        # A definite no is not made unknown by another argument that is unknown.
        ("torch.f(size=3, mode='zeros')", "f(4, m)", Mismatch),
        ("torch.f(size=3, mode='zeros')", "f(n, 'circular')", Mismatch),
    ],
)
def test_three_answers(pattern: str, call: str, expected: type | tuple[type, ...]) -> None:
    assert isinstance(outcome(pattern, call), expected)


def test_bindings_hold_values_and_code() -> None:
    bound = outcome("torch.f(size, flag=flag)", "f(n * 2, flag=True)")
    assert isinstance(bound, dict)
    assert isinstance(bound["size"], Code)
    assert bound["flag"].value is True


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (2, (2, 2), True),
        ((2, 2), [2, 2], True),
        ((2, 3), 2, False),
        (True, 1, False),
        (0, False, False),
        (1, 1.0, True),
        (None, None, True),
        (None, 0, False),
        ("SAME", "same", True),
        ("same", "valid", False),
        ((), 2, False),
        ("2", 2, False),
    ],
)
def test_values_equal_as_the_libraries_see_them(left: object, right: object, equal: bool) -> None:
    assert same_value(left, right) is equal
    assert same_value(right, left) is equal


SIZES = st.integers(0, 5) | st.tuples(st.integers(0, 5), st.integers(0, 5)) | st.sampled_from(["same", "valid"])


# What these decide for a symbol is right for every value that it may have.
RIGHT_FOR_ALL = {"may_be_several"}


@pytest.mark.parametrize("name", sorted(set(PREDICATES) - RIGHT_FOR_ALL))
@given(data=st.data())
def test_a_predicate_decides_only_what_every_completion_agrees_on(name: str, data: st.DataObject) -> None:
    count = PREDICATES[name].__code__.co_argcount
    values = [data.draw(SIZES) for _ in range(count)]
    whole = PREDICATES[name](*values)
    for hidden in product([False, True], repeat=count):
        seen = [UNKNOWN if hide else value for hide, value in zip(hidden, values, strict=True)]
        partial = PREDICATES[name](*seen)
        assert partial is None or whole is None or partial == whole, (seen, values)


LAYER = "import torch.nn as nn\n\n\ndef make({args}):\n    return nn.Conv2d(3, 8, {rest})\n"


@pytest.mark.parametrize(
    ("args", "rest", "code"),
    [
        ("", "3, padding_mode='zeros'", None),
        ("mode", "3, padding_mode=mode", "T104"),
        ("p", "3, padding=p", None),
        ("k, d", "3, dilation=d, stride=2", "T104"),
        ("args", "*args", "T103"),
        ("kw", "3, **kw", "T103"),
        ("", "3, no_such=1", "T102"),
    ],
)
def test_the_answers_reach_the_user_as_codes(args: str, rest: str, code: str | None) -> None:
    t = translate(LAYER.format(args=args, rest=rest), to="keras")
    assert {d.code for d in t.diagnostics if d.severity == "error"} == ({code} if code else set())
    assert t.exact == (code is None)
    assert ("nn.Conv2d(3, 8" in t.code) == (code is not None)
