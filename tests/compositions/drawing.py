"""A PyTorch module of several statements as it is drawn. Each statement is tried at once, so that all programs run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

T = TypeVar("T")
Choose = Callable[[int], int]
"""Gives one of the numbers below its argument."""

LARGEST = 3000
"""Elements of a tensor: what grows beyond is dropped again."""

_HEAD = """import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
"""


class Drawing:
    """The text so far, and the live layers and tensors that it stands for."""

    def __init__(self, choose: Choose, shape: tuple[int, ...]) -> None:
        self.choose = choose
        self.layers: list[str] = []
        self.lines: list[str] = []
        self.shape = shape
        self.scope: dict[str, Any] = {
            "torch": torch,
            "nn": torch.nn,
            "F": torch.nn.functional,
            "self": torch.nn.Module(),
            "x": torch.rand(shape),
        }

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.choose(len(options))]

    def coin(self) -> bool:
        return self.choose(2) == 1

    def axis(self, name: str) -> int:
        """An axis of a tensor, counted from either end."""
        rank = max(len(self.sizes(name)), 1)
        return self.choose(rank) - (rank if self.coin() else 0)

    def unit_axis(self, name: str) -> int:
        """An axis of size 1. Raises ValueError where there is none."""
        return self.sizes(name).index(1)

    def sizes(self, name: str) -> tuple[int, ...]:
        return tuple(self.scope[name].shape)

    def tensors(self) -> list[str]:
        """The tensors; the last one counts three times, since programs use what they have just computed."""
        names = [name for name, value in self.scope.items() if isinstance(value, torch.Tensor)]
        return [*names, names[-1], names[-1]]

    def layer(self, text: str) -> str:
        """Make a layer or parameter in the constructor; gives the expression for it."""
        line = f"self.part{len(self.layers)} = {text}"
        exec(line, self.scope)  # noqa: S102  # the tests' own text
        self.layers.append(line)
        return line.partition(" ")[0]

    def add(self, statement: Callable[[Drawing, str], str]) -> bool:
        """Add what an operation writes, if PyTorch takes it and its results stay small."""
        layers, before = len(self.layers), self.scope
        name = self.one_of(self.tensors())
        self.scope = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in before.items()}
        try:
            with torch.no_grad():
                text = statement(self, name)
                exec(text, self.scope)  # noqa: S102  # the tests' own text
            found = [v for v in self.scope.values() if isinstance(v, torch.Tensor)]
            fits = all(0 < v.numel() <= LARGEST and v.ndim <= 5 and v.is_floating_point() for v in found)
        except Exception:  # noqa: BLE001  # whatever PyTorch does not take is no program
            fits = False
        if not fits:
            del self.layers[layers:]
            self.scope = before
            return False
        self.lines += text.splitlines()
        return True

    def bind(self, expression: str, old: str) -> str:
        """The statement that gives an expression a name: that of the tensor it comes from, or a new one."""
        names = [f"y{number}" for number in range(9) if f"y{number}" not in self.scope]
        return f"{old if self.coin() or not names else names[0]} = {expression}"

    def text(self, result: str) -> str:
        body = "".join(f"        {line}\n" for line in self.layers)
        forward = "".join(f"        {line}\n" for line in self.lines)
        return f"{_HEAD}{body}\n    def forward(self, x):\n{forward}        return {result}\n"
