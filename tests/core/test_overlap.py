"""Two entries that match one call need an order, unless one is an exception to the other."""

from __future__ import annotations

import pytest

from translator.catalog.compile import compile_catalog
from translator.catalog.load import Catalog
from translator.catalog.signatures import Signatures, read_lock
from translator.errors import CatalogError


@pytest.fixture(scope="module")
def lock() -> Signatures:
    return read_lock()


def entry(name: str, torch: str, keras: str, more: str = "") -> str:
    return f'[{name}]\ntorch = "{torch}"\nkeras = "{keras}"\ninputs = {{ x = "float[n, c]" }}\n{more}\n'


def drop(name: str, arguments: str, more: str = "") -> str:
    """An entry that reads Dropout with some arguments; the Keras side takes no part."""
    return entry(name, f"torch.nn.Dropout({arguments})", "keras.layers.Dropout(0.5)", f'only = "to_keras"\n{more}')


def compiled(lock: Signatures, *entries: str) -> Catalog:
    return compile_catalog({"a.toml": "\n".join(entries)}, lock)


def order(catalog: Catalog, api: str = "torch.nn.Dropout") -> list[str]:
    return [a.entry.name for a in catalog.alternatives("torch", api)]


APART = {
    "two literals": ("p=0.1", "", "p=0.2", ""),
    "a literal and a default": ("p=0.1", "", "", ""),
    "two kinds of a hole": ("p=p", 'kinds = { p = "float" }', "p=p", 'kinds = { p = "str" }'),
    "conditions that exclude each other": ("p=p", 'when = "is_zero(p)"', "p=p", 'reject = "is_zero(p)"'),
    "two ranks": ("p=p", "ranks = [2]", "p=p", "ranks = [3, 4]"),
}


@pytest.mark.parametrize("how", APART)
def test_entries_that_share_no_call_need_no_order(how: str, lock: Signatures) -> None:
    one, one_more, two, two_more = APART[how]
    assert order(compiled(lock, drop("one", one, one_more), drop("two", two, two_more))) == ["one", "two"]
    assert order(compiled(lock, drop("two", two, two_more), drop("one", one, one_more))) == ["two", "one"]


EXCEPTIONS = {
    "a literal": ("p=0.1", "", "p=p", 'kinds = { p = "float" }'),
    "a condition": ("p=p", 'when = "is_zero(p)"', "p=p", ""),
    "a case that is ruled out": ("p=p", 'reject = "is_zero(p)"', "p=p", ""),
    "a rank": ("p=p", "ranks = [2]", "p=p", ""),
    "a parameter that is left out": ("", "", "p=p", 'kinds = { p = "float" }'),
}


@pytest.mark.parametrize("how", EXCEPTIONS)
def test_an_exception_comes_first_by_itself_but_never_second(how: str, lock: Signatures) -> None:
    narrow, narrow_more, wide, wide_more = EXCEPTIONS[how]
    exception, rule = drop("exception", narrow, narrow_more), drop("rule", wide, wide_more)
    assert order(compiled(lock, exception, rule)) == ["exception", "rule"]
    with pytest.raises(
        CatalogError, match=r"mappings/a\.toml:\d+: \[exception\] and \[rule\] of mappings/a\.toml:1 both"
    ):
        compiled(lock, rule, exception)
    ordered = compiled(lock, rule, drop("exception", narrow, f'{narrow_more}\nbefore = ["rule"]'))
    assert order(ordered) == ["exception", "rule"]


def test_entries_that_each_take_calls_of_the_other_need_an_order(lock: Signatures) -> None:
    def pad(name: str, arguments: str, more: str = "") -> str:
        keras = "keras.ops.flip(x)"
        return entry(name, f"torch.nn.functional.dropout(input=x, {arguments})", keras, f'only = "to_keras"\n{more}')

    one, two = pad("one", "p=0.1, training=training"), pad("two", "p=p, training=True")
    with pytest.raises(CatalogError, match=r"both match a call of torch\.nn\.functional\.dropout"):
        compiled(lock, one, two)
    ordered = compiled(lock, one, pad("two", "p=p, training=True", 'before = ["one"]'))
    assert order(ordered, "torch.nn.functional.dropout") == ["two", "one"]


def test_a_parameter_that_one_requires_and_the_other_forbids_tells_them_apart(lock: Signatures) -> None:
    keras = "keras.ops.flip(x)"
    one = entry("one", "torch.nn.functional.pad(input=x, pad=pad, value=None)", keras, 'only = "to_keras"')
    two = entry("two", "torch.nn.functional.pad(input=x, pad=pad, value=value)", keras, 'only = "to_keras"')
    two = f'{two}kinds = {{ value = "float" }}\nwhen = "is_int(value)"\n'
    assert order(compiled(lock, two, one), "torch.nn.functional.pad") == ["two", "one"]
