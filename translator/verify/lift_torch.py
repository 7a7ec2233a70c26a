"""Watch a PyTorch model run: lift requests for float32, switch dropout off, note operations that leak float32."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from translator.verify.leaks import TORCH_LEAKS
from translator.verify.side import Side

_DROPOUTS = ["dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def float64_mode(side: Side) -> AbstractContextManager[object]:
    """A mode in which ``.float()``, ``.to(torch.float32)`` and ``dtype=torch.float32`` mean float64.

    A ``TorchFunctionMode`` sees every call of the public API, constructors included:
    https://docs.pytorch.org/docs/stable/notes/extending.html#extending-all-torch-api-with-modes
    """
    import torch
    from torch.overrides import TorchFunctionMode

    creators = {torch.tensor, torch.as_tensor, torch.from_numpy}

    def lifted(value: Any) -> Any:
        return torch.float64 if value is torch.float32 else value

    class Float64(TorchFunctionMode):  # type: ignore[misc]  # torch is not followed by mypy
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            name = getattr(func, "__name__", "")
            if name in TORCH_LEAKS:
                side.events.leaks.add(f"torch.nn.functional.{name}")
            if func is torch.Tensor.float:
                side.events.lifted.add(_note(side, ".float()"))
                return args[0].double()
            if any(value is torch.float32 for value in (*args, *kwargs.values())):
                side.events.lifted.add(_note(side, f"{name}(torch.float32)"))
                args = tuple(lifted(value) for value in args)
                kwargs = {key: lifted(value) for key, value in kwargs.items()}
            result = func(*args, **kwargs)
            if func in creators and result.dtype is torch.float32:
                side.events.lifted.add(_note(side, f"{name} of float32 data"))
                return result.double()
            return result

    return Float64()


def _note(side: Side, what: str) -> str:
    line = side.user_line()
    return f"{what} ({line})" if line else what


def record_dropout(side: Side) -> None:
    """Make every dropout function the identity, and note the rate where one is in effect.

    Modules and user code reach these through ``torch.nn.functional``, so that is where they are replaced.
    """
    from torch.nn import functional

    def replace(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def dropout(
            input: Any,  # noqa: A002  # PyTorch's own name, which callers may use
            p: float = 0.5,
            training: bool = True,
            inplace: bool = False,
        ) -> Any:
            if training and p > 0:
                side.events.dropouts.append(float(p))
            return input

        return dropout

    for name in _DROPOUTS:
        original = getattr(functional, name)
        setattr(functional, name, replace(original))

    attention = functional.scaled_dot_product_attention

    @functools.wraps(attention)
    def without_dropout(
        query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, *a: Any, **k: Any
    ) -> Any:
        if dropout_p > 0:
            side.events.dropouts.append(float(dropout_p))
        return attention(query, key, value, attn_mask, 0.0, *a, **k)

    functional.scaled_dot_product_attention = without_dropout
