"""Each kind of mistake in a mapping file is one CatalogError that names the file and the line."""

from __future__ import annotations

import pytest

from translator.catalog.compile import compile_catalog
from translator.catalog.schema import read_entries
from translator.catalog.signatures import Signatures, read_lock
from translator.errors import CatalogError

GOOD = """# a comment
[first]
torch = "torch.flatten(input=x)"
keras = "keras.ops.reshape(x, newshape=(-1,))"
inputs = { x = "float[n, c]" }

[linear]
torch   = "torch.nn.Linear(in_features, out_features, bias)"
keras   = "keras.layers.Dense(units=out_features, use_bias=bias)"
infer   = { in_features = "x.shape[-1]" }
inputs  = { x = "float[n, in_features]" }
layout  = "ordered"
kinds   = { in_features = "int" }
weights = { weight = "kernel: o i -> i o", bias = "bias" }
limit   = [{ affects = "initial", what = "weight", why = "because" }]
"""


@pytest.fixture(scope="module")
def lock() -> Signatures:
    return read_lock()


def test_the_unspoilt_file_is_read(lock: Signatures) -> None:
    first, linear = read_entries(GOOD, "good.toml", lock)
    assert (first.name, linear.name, linear.line, linear.path) == ("first", "linear", 7, "good.toml")


MISTAKES = {
    "no TOML": ('layout  = "ordered"', "layout = ordered", 12, ""),
    "unknown field": ('layout  = "ordered"', 'lay_out = "ordered"', 12, "unknown field 'lay_out'"),
    "layout that is none": ('"ordered"', '"sideways"', 12, "sideways"),
    "missing side": ('torch   = "torch.nn.Linear(in_features, out_features, bias)"', "", 7, "no 'torch' pattern"),
    "pattern that is no Python": (
        "in_features, out_features, bias)",
        "in_features, out_features,, bias)",
        8,
        "no Python",
    ),
    "name outside the lock": ("torch.nn.Linear(", "torch.nn.Lineal(", 8, "not in the signature lock"),
    "parameter that is none": ("out_features, bias)", "out_features, bayes=bias)", 8, "no parameter 'bayes'"),
    "too many arguments": ("units=out_features", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23", 9, ""),
    "unknown transform": ("use_bias=bias", "use_bias=negate(bias)", 9, "no value transform 'negate'"),
    "transform without operand": ("use_bias=bias", "use_bias=not_()", 9, "needs an operand"),
    "star keywords": ("use_bias=bias", "**bias", 9, "**"),
    "no framework name": ("keras.layers.Dense(", "numpy.Dense(", 9, "no framework name"),
    "expression that is no pattern": ("use_bias=bias", "use_bias=bias + 1", 9, "not allowed"),
    "kind that is none": ('in_features = "int"', 'in_features = "natural"', 13, "natural"),
    "shape that is none": ('"float[n, in_features]"', '"float(n, in_features)"', 11, "no shape"),
    "weight rule without arrow": ("kernel: o i -> i o", "kernel: o i", 14, "->"),
    "weight rule that loses an axis": ("kernel: o i -> i o", "kernel: o i -> i", 14, "once on each side"),
    "tensor in two rules": ('bias = "bias" }', 'bias = "kernel" }', 14, "occurs in 2 rules"),
    "limit on nothing known": ('affects = "initial"', 'affects = "colour"', 15, "a limit affects one of"),
    "condition that is none": ('layout  = "ordered"', 'when = "is_prime(out_features)"', 12, "no known condition"),
    "case with unknown field": ('layout  = "ordered"', 'case = [{ nam = "x" }]', 12, "unknown field 'nam'"),
    "case with bad arguments": ('layout  = "ordered"', 'case = [{ torch = "bias=" }]', 12, ""),
    "around without list": ('layout  = "ordered"', 'around = { call = "SELF(x)", layers = "SELF" }', 12, "no list"),
    "limit without reason": (', why = "because"', "", 15, ""),
    "around without layers": ('layout  = "ordered"', 'around = { call = "SELF(x)" }', 12, ""),
    "torch that is no text": ('"torch.nn.Linear(in_features, out_features, bias)"', "3", 8, ""),
    "entry that is none": ("# a comment", "answer = 42", 1, "answer"),
    "weights that are no table": ('{ weight = "kernel: o i -> i o", bias = "bias" }', '"kernel"', 14, ""),
    "condition without if": ('layout  = "ordered"', 'reject = [{ why = "no" }]', 12, ""),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_names_file_and_line(kind: str, lock: Signatures) -> None:
    old, new, line, message = MISTAKES[kind]
    assert GOOD.count(old) == 1
    with pytest.raises(CatalogError) as caught:
        read_entries(GOOD.replace(old, new), "mappings/spoilt.toml", lock)
    assert str(caught.value).startswith(f"mappings/spoilt.toml:{line}: ")
    assert message in str(caught.value)


def test_two_entries_of_one_name_in_two_files(lock: Signatures) -> None:
    with pytest.raises(
        CatalogError, match=r"mappings/b\.toml:2: \[first\] is defined twice, first in mappings/a\.toml:2"
    ):
        compile_catalog({"a.toml": GOOD, "b.toml": GOOD}, lock)


def test_before_an_entry_that_is_none(lock: Signatures) -> None:
    with pytest.raises(CatalogError, match=r"mappings/a\.toml:7: .*unknown entry 'lineal'"):
        compile_catalog({"a.toml": GOOD + 'before = ["lineal"]\n'}, lock)


def test_two_entries_that_match_one_call_need_an_order(lock: Signatures) -> None:
    twin = GOOD[GOOD.index("[linear]") :].replace("[linear]", "[twin]")
    with pytest.raises(CatalogError, match="twin"):
        compile_catalog({"a.toml": GOOD + "\n" + twin}, lock)
    catalog = compile_catalog({"a.toml": GOOD + "\n" + twin + 'before = ["linear"]\n'}, lock)
    assert [a.entry.name for a in catalog.alternatives("torch", "torch.nn.Linear")] == ["twin", "linear"]
