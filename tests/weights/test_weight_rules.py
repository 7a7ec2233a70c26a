from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.weights.pairs import RULES
from translator.catalog.weights import Axes, WeightRule, parse_pattern, parse_weight_rules
from translator.model import Framework
from translator.weights.move import Move, broadcast_rule, forward, inverse, pullback
from translator.weights.rearrange import apply_layout, lengths, permutation, rearrange, reverse_layout, solve


def rule(key: str, value: str) -> WeightRule:
    return parse_weight_rules({key: value}, axes={}, synthesize={}, where="[test]").rules[0]


def move(key: str, value: str, origin: Framework = "torch", **sizes: int) -> Move:
    parsed = rule(key, value)
    sides = (parsed.torch.names, parsed.keras.names)
    sources, targets = sides if origin == "torch" else sides[::-1]
    return Move(sources, targets, parsed, origin, sizes)


def test_a_kernel_is_transposed() -> None:
    weight = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    [kernel] = forward(move("weight", "kernel: o i h w -> h w i o"), [weight])
    assert np.array_equal(kernel, weight.transpose(2, 3, 1, 0))


def test_a_depthwise_kernel_is_split_by_a_known_length() -> None:
    weight = np.arange(6 * 9).reshape(6, 1, 3, 3)
    step = move("weight", "kernel: (c m) 1 h w -> h w c m", c=3)
    [kernel] = forward(step, [weight])
    assert np.array_equal(kernel, weight.reshape(3, 2, 3, 3).transpose(2, 3, 0, 1))
    assert np.array_equal(inverse(step, [kernel])[0], weight)


def test_a_split_without_a_known_length_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves the lengths of c, m undetermined"):
        forward(move("weight", "kernel: (c m) 1 h w -> h w c m"), [np.zeros((6, 1, 3, 3))])


def test_attention_projections_are_unstacked_and_stacked_again() -> None:
    weight = np.arange(12 * 4).reshape(12, 4)
    step = move("in_proj", "query/kernel, key/kernel, value/kernel: (3 h d) e -> 3 e h d", h=2)
    query, key, value = forward(step, [weight])
    assert query.shape == (4, 2, 2)
    assert np.array_equal(value.reshape(4, 4).T, weight[8:])
    assert np.array_equal(inverse(step, [query, key, value])[0], weight)


def test_gates_take_the_order_of_the_other_side() -> None:
    [kernel] = forward(move("w", "k: (r|z|n g) i -> i (z|r|n g)"), [np.repeat([[1], [2], [3]], 2, axis=0)])
    assert kernel.tolist() == [[2, 2, 1, 1, 3, 3]]


def test_a_sum_comes_back_as_one_term_and_zeros() -> None:
    step = move("b_ih + b_hh", "cell/bias")
    assert forward(step, [np.ones(3), np.full(3, 2.0)])[0].tolist() == [3, 3, 3]
    assert [part.tolist() for part in inverse(step, [np.full(3, 5.0)])] == [[5, 5, 5], [0, 0, 0]]


def test_every_term_of_a_sum_has_its_gradient() -> None:
    step = move("b_ih + b_hh", "cell/bias")
    assert [part.tolist() for part in pullback(step, [np.arange(3.0)])] == [[0, 1, 2], [0, 1, 2]]
    back = move("b_ih + b_hh", "cell/bias", "keras")
    assert [part.tolist() for part in pullback(back, [np.arange(3.0), np.full(3, 9.0)])] == [[0, 1, 2]]


@pytest.mark.parametrize("origin", ["torch", "keras"])
@given(data=st.data())
def test_every_rule_is_undone_exactly(origin: Framework, data: st.DataObject) -> None:
    parsed = data.draw(st.sampled_from([r for rules in RULES.values() for r in rules.rules]))
    sides = (parsed.torch, parsed.keras) if origin == "torch" else (parsed.keras, parsed.torch)
    axes = sides[0].axes or parse_pattern("a b -> a b", where="test")[0]
    sizes = {f.key: data.draw(st.integers(1, 4)) for axis in axes for f in axis if f.size is None}
    shape = lengths(axes, sizes)
    whole = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape)
    sources = list(whole) if sides[0].combine == "stack" else [whole] * len(sides[0].names)
    step = Move(sides[0].names, sides[1].names, parsed, origin, sizes)
    targets = forward(step, sources)
    again = forward(step, inverse(step, targets))
    assert all(np.array_equal(one, other) for one, other in zip(targets, again, strict=True))
    if sides[0].combine != "sum":
        assert all(np.array_equal(one, other) for one, other in zip(sources, inverse(step, targets), strict=True))


@given(st.permutations("abcd"), st.lists(st.integers(1, 3), min_size=4, max_size=4))
def test_a_permutation_agrees_with_numpy(order: list[str], shape: list[int]) -> None:
    pattern = f"a b c d -> {' '.join(order)}"
    before, after = parse_pattern(pattern, where="test")
    array = np.random.default_rng(0).standard_normal(shape)
    expected = array.transpose([("abcd").index(axis) for axis in order])
    assert np.array_equal(rearrange(array, before, after, solve(tuple(shape), before, {})), expected)
    assert np.array_equal(apply_layout(apply_layout(array, pattern), reverse_layout(pattern)), array)
    assert np.array_equal(array.transpose(permutation(pattern)), expected)


@pytest.mark.parametrize(("source", "target"), [((3, 1, 1), (3,)), ((1, 3, 1, 1), (1, 1, 1, 3)), ((1,), ())])
def test_axes_of_length_one_do_not_hinder(source: tuple[int, ...], target: tuple[int, ...]) -> None:
    for origin in ("torch", "keras"):
        found = broadcast_rule(source, target, origin)
        [result] = forward(Move(("a",), ("b",), found, origin), [np.ones(source)])
        assert result.shape == target


@pytest.mark.parametrize(("source", "target"), [((3, 4), (4, 3)), ((3, 1, 4), (3, 4)), ((3,), (4,)), ((3,), (3,))])
def test_other_shapes_are_not_made_to_fit(source: tuple[int, ...], target: tuple[int, ...]) -> None:
    assert broadcast_rule(source, target, "torch") is None


def test_a_layout_rule_names_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"'n c h w -> n h w c' does not fit an array of shape \(2, 3\)"):
        apply_layout(np.zeros((2, 3)), "n c h w -> n h w c")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("weight", "kernel: o i", "needs exactly one '->'"),
        ("weight", "kernel: o i -> o", "axis 'i' must occur once on each side"),
        ("weight", "kernel: o o -> o o", "axis 'o' must occur once"),
        ("weight", "kernel: (o i -> i o", "unbalanced or empty parentheses"),
        ("weight", "kernel: o ((i)) -> i o", "nested parentheses"),
        ("weight", "kernel: o () -> o", "unbalanced or empty parentheses"),
        ("weight", "kernel: o i? -> i? o", "'i\\?' is neither an axis name"),
        ("weight", "kernel: o 3 -> o 2", "axis '3' must occur once"),
        ("weight", "ker nel", "'ker nel' is not the name of a tensor"),
        ("a + b, c", "kernel", "mixes '\\+' and ','"),
        ("a + b", "c + d", "only one side may combine"),
        ("a", "b, c", "need a pattern that names the new leading axis"),
        ("a", "b, c: (3 x) -> 3 x", "leading axis of 2 stacked tensors must be that length"),
    ],
)
def test_a_malformed_rule_says_what_is_wrong(key: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^\[entry\]: weights\.{key.replace('+', '[+]')}: .*{message}"):
        parse_weight_rules({key: value}, axes={}, synthesize={}, where="[entry]")


def test_a_tensor_in_two_rules_is_refused() -> None:
    with pytest.raises(ValueError, match="the keras tensor 'kernel' occurs in 2 rules"):
        parse_weight_rules({"a": "kernel", "b": "kernel"}, axes={}, synthesize={}, where="[entry]")


def test_an_unused_axis_and_a_value_that_is_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"axes\.h: no weight rule has an axis of that name"):
        parse_weight_rules({"a": "b: x -> x"}, axes={"h": "num_heads"}, synthesize={}, where="[entry]")
    with pytest.raises(ValueError, match=r"synthesize\.n: 'zero' is not a number"):
        parse_weight_rules({"a": "b"}, axes={}, synthesize={"n": "zero"}, where="[entry]")


def test_axes_are_plain_values() -> None:
    before: Axes = parse_pattern("o i -> i o", where="test")[0]
    assert [factor.key for axis in before for factor in axis] == ["o", "i"]
