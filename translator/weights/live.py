"""What the transfer does with a live model, for each framework; the frameworks are imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from translator.model import Framework
from translator.weights.describe_keras import describe_keras
from translator.weights.describe_torch import describe_torch
from translator.weights.tree import ModuleTree

if TYPE_CHECKING:
    from translator.weights.rearrange import Array


@dataclass(frozen=True, slots=True)
class Live:
    """``describe`` gives tree, tensors and modules by path; ``read`` and ``write`` copy one tensor to and from numpy.

    ``is_unbuilt`` tells whether some weights do not exist before the first call, which ``dry_run(model, positional,
    keyword)`` makes: numpy arguments, evaluation mode, no gradients.
    """

    describe: Callable[[Any], tuple[ModuleTree, dict[str, Any], dict[str, Any]]]
    read: Callable[[Any], Array]
    write: Callable[[Any, Array], None]
    is_unbuilt: Callable[[Any], bool]
    dry_run: Callable[[Any, Sequence[Any], Mapping[str, Any]], None]


def of(framework: Framework) -> Live:
    """The operations for models of one framework."""
    return _TORCH if framework == "torch" else _KERAS


def map_arrays(change: Callable[[Any], Any], value: Any) -> Any:
    """``value`` with every leaf of its nested tuples, lists and dicts changed."""
    if isinstance(value, dict):
        return {key: map_arrays(change, item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_arrays(change, item) for item in value))
    if isinstance(value, (tuple, list)):
        return type(value)(map_arrays(change, item) for item in value)
    return change(value)


def to_numpy(value: Any) -> Any:
    """A tensor of either framework as a numpy array; anything else unchanged."""
    module = type(value).__module__.partition(".")[0]
    if module == "torch":
        return _read_torch(value) if hasattr(value, "detach") else value
    if module in ("tensorflow", "keras", "jax", "jaxlib"):
        return _read_keras(value)
    return value


def _read_torch(tensor: Any) -> Array:
    import torch

    array = tensor.detach().cpu()
    if array.dtype == torch.bfloat16:  # numpy has no bfloat16; float32 holds every value of it
        array = array.float()
    result: Array = array.numpy().copy()
    return result


def _write_torch(tensor: Any, array: Array) -> None:
    import numpy as np
    import torch

    with torch.no_grad():
        tensor.copy_(torch.from_numpy(np.array(array)))  # a copy: torch wants writable, contiguous memory


def _is_lazy(model: Any) -> bool:
    from torch.nn.parameter import is_lazy

    return any(is_lazy(tensor) for tensor in [*model.parameters(), *model.buffers()])


def _run_torch(model: Any, positional: Sequence[Any], keyword: Mapping[str, Any]) -> None:
    import numpy as np
    import torch

    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))

    def tensor(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        moved = torch.from_numpy(np.array(value)).to(like.device)
        return moved.to(like.dtype) if moved.is_floating_point() else moved

    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            model(*map_arrays(tensor, list(positional)), **map_arrays(tensor, dict(keyword)))
    finally:
        for module, training in modes:
            module.training = training


def _read_keras(tensor: Any) -> Array:
    import keras
    import numpy as np

    return np.array(keras.ops.convert_to_numpy(tensor))


def _write_keras(variable: Any, array: Array) -> None:
    variable.assign(array)


def _has_unbuilt(model: Any) -> bool:
    return any(not layer.built for layer in model._flatten_layers())


def _run_keras(model: Any, positional: Sequence[Any], keyword: Mapping[str, Any]) -> None:
    import keras
    import numpy as np

    def tensor(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        is_float = np.issubdtype(value.dtype, np.floating)
        return keras.ops.convert_to_tensor(value, dtype=keras.config.floatx() if is_float else None)

    model(*map_arrays(tensor, list(positional)), **map_arrays(tensor, dict(keyword)), training=False)


_TORCH = Live(describe_torch, _read_torch, _write_torch, _is_lazy, _run_torch)
_KERAS = Live(describe_keras, _read_keras, _write_keras, _has_unbuilt, _run_keras)
