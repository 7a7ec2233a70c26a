"""Arithmetic on dimensions, permutations between the two axis orders, and window sizes."""

from __future__ import annotations

import re

from translator.infer.values import Dim, Symbol
from translator.model import Framework

_SIMPLE = re.compile(r"[\w.]+$|[\w.]+\([^()]*\)$|\d+$")


def moved_axes(rank: int, to: Framework) -> tuple[int, ...]:
    """The permutation from source to moved order: moved axis i is source axis p[i]. Rank 2 and below stay."""
    if rank <= 2:
        return tuple(range(rank))
    if to == "keras":
        return (0, *range(2, rank), 1)
    return (0, rank - 1, *range(1, rank - 1))


def inverse(permutation: tuple[int, ...]) -> tuple[int, ...]:
    result = [0] * len(permutation)
    for index, axis in enumerate(permutation):
        result[axis] = index
    return tuple(result)


def moved_axis(axis: int, rank: int, to: Framework) -> int:
    """Where source axis ``axis`` lies in moved order; the last axis of a channels-last tensor is written -1."""
    positive = axis % rank
    position = moved_axes(rank, to).index(positive)
    return -1 if to == "keras" and rank > 2 and position == rank - 1 else position


def channel_axis(source: Framework) -> int:
    """The channel axis of an image tensor in the source framework's default order."""
    return 1 if source == "torch" else -1


def add(left: Dim, right: Dim) -> Dim:
    return _binary(left, right, "+")


def subtract(left: Dim, right: Dim) -> Dim:
    return _binary(left, right, "-")


def multiply(left: Dim, right: Dim) -> Dim:
    if left == 1:
        return right
    if right == 1:
        return left
    return _binary(left, right, "*")


def _binary(left: Dim, right: Dim, operator: str) -> Dim:
    if left is None or right is None:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return left + right if operator == "+" else left - right if operator == "-" else left * right
    scopes = {d.scope for d in (left, right) if isinstance(d, Symbol)}
    if len(scopes) != 1:
        return None
    texts = [_operand(d, operator, i == 1) for i, d in enumerate((left, right))]
    return Symbol(f"{texts[0]} {operator} {texts[1]}", scopes.pop())


def _operand(dim: Dim, operator: str, right: bool) -> str:
    text = dim.text if isinstance(dim, Symbol) else str(dim)
    simple = _SIMPLE.match(text) is not None or (operator == "+" and not right)
    return text if simple else f"({text})"


def window(size: Dim, kernel: int, stride: int, before: int, after: int, dilation: int, ceil: bool) -> Dim:
    """Output size of a sliding window over one axis; None where the input size is unknown.

    A ceil window must start inside the input or the left padding, as in
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """
    if not isinstance(size, int):
        return None
    span = size + before + after - dilation * (kernel - 1) - 1
    result = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (result - 1) * stride >= size + before:
        result -= 1
    return result
