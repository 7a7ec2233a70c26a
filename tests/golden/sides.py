"""Live models of either framework in float64: build, randomise, run, differentiate. Leaves of outputs go by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from translator.model import Framework

Array: TypeAlias = npt.NDArray[Any]
Arguments: TypeAlias = Sequence["Array | list[Array]"]
"""The arguments of one call: arrays, or lists of arrays."""
Cotangents: TypeAlias = Callable[[str, tuple[int, ...]], "Array"]
"""The weights of an output in the sum that is differentiated, by the output's path and shape."""


@dataclass(frozen=True, slots=True)
class Result:
    """Outputs by path, gradients of the inputs in the order of the arrays, gradients of the trainable tensors by path.

    All gradients are those of sum(output * cotangent), summed over the outputs.
    """

    outputs: Mapping[str, Array]
    inputs: Sequence[Array]
    parameters: Mapping[str, Array]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The tensors of a nested output: positions of tuples and lists, sorted keys of dicts, field names."""
    if hasattr(value, "_fields"):
        children = [(name, getattr(value, name)) for name in value._fields]
    elif is_dataclass(value) and not isinstance(value, type):
        children = [(field.name, getattr(value, field.name)) for field in fields(value)]
    elif isinstance(value, dict):
        children = [(str(key), value[key]) for key in sorted(value)]
    elif isinstance(value, (tuple, list)):
        children = [(str(index), item) for index, item in enumerate(value)]
    else:
        yield path, value
        return
    for name, child in children:
        yield from leaves(child, f"{path}.{name}" if path else name)


def flat(arguments: Arguments) -> list[Array]:
    return [array for argument in arguments for array in (argument if isinstance(argument, list) else [argument])]


def side(framework: Framework, model: Any, code: str) -> TorchSide | KerasSide:
    """``code`` is the text that made the model: Keras has no float64 kernels for channels_first outside XLA."""
    return TorchSide(model) if framework == "torch" else KerasSide(model, compiled="channels_first" in code)


class TorchSide:
    """A PyTorch module in evaluation mode."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval()

    def build(self, arguments: Arguments) -> None:
        import torch
        from torch.nn.parameter import is_lazy

        if any(is_lazy(tensor) for tensor in (*self.model.parameters(), *self.model.buffers())):
            with torch.no_grad():
                self.model(*_nested(arguments, list(map(torch.from_numpy, flat(arguments)))))

    def randomise(self, rng: np.random.Generator) -> None:
        import torch

        with torch.no_grad():
            saved = set(self.model.state_dict())  # other buffers are constants that the constructor computes
            for name, tensor in (*self.model.named_parameters(), *self.model.named_buffers()):
                if tensor.is_floating_point() and name in saved:
                    tensor.copy_(torch.from_numpy(_random(rng, tuple(tensor.shape), fan_out=0)))

    def run(self, arguments: Arguments, cotangents: Cotangents) -> Result:
        import torch

        tensors = [torch.from_numpy(array).requires_grad_(array.dtype.kind == "f") for array in flat(arguments)]
        outputs = dict(leaves(self.model(*_nested(arguments, tensors))))
        total = sum((y * torch.from_numpy(cotangents(path, tuple(y.shape)))).sum() for path, y in outputs.items())
        parameters = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        wanted = [*(tensor for tensor in tensors if tensor.requires_grad), *parameters.values()]
        found = torch.autograd.grad(total, wanted, allow_unused=True, materialize_grads=True)
        gradients = [gradient.numpy() for gradient in found]
        return Result(
            {path: output.detach().numpy() for path, output in outputs.items()},
            _by_argument(flat(arguments), gradients[: len(wanted) - len(parameters)]),
            dict(zip(parameters, gradients[len(wanted) - len(parameters) :], strict=True)),
        )

    def second_biases(self) -> list[str]:
        """The biases of recurrent layers that are added to another one, which Keras does not have; a GRU's are not."""
        import torch

        kinds = (torch.nn.LSTM, torch.nn.RNN, torch.nn.LSTMCell, torch.nn.RNNCell)
        names = {
            f"{path}.{name}".lstrip(".")
            for path, module in self.model.named_modules()
            if isinstance(module, kinds)
            for name, _ in module.named_parameters(recurse=False)
            if name.startswith("bias_hh")
        }
        return sorted(names)

    def read(self) -> dict[str, Array]:
        return {name: p.detach().numpy().copy() for name, p in self.model.named_parameters() if p.requires_grad}

    def write(self, values: Mapping[str, Array]) -> None:
        import torch

        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name in values:
                    parameter.copy_(torch.from_numpy(values[name]))


class KerasSide:
    """A Keras model in evaluation mode on TensorFlow; ``compiled`` runs it as one XLA computation."""

    def __init__(self, model: Any, *, compiled: bool) -> None:
        self.model = model
        self.compiled = compiled

    def build(self, arguments: Arguments) -> None:
        if not self.model.built or any(not layer.built for layer in self.model._flatten_layers()):
            self._run(flat(arguments), lambda tensors: self._outputs(arguments, tensors))

    def randomise(self, rng: np.random.Generator) -> None:
        for variable in self.model.variables:
            if "float" in variable.dtype:
                variable.assign(_random(rng, tuple(variable.shape), fan_out=-1))

    def run(self, arguments: Arguments, cotangents: Cotangents) -> Result:
        arrays = flat(arguments)
        outputs, gradients = self._run(arrays, lambda tensors: self._gradients(arguments, tensors, cotangents))
        return Result(
            {path: output.numpy() for path, output in outputs.items()},
            _by_argument(arrays, [gradient.numpy() for gradient in gradients[: _floats(arrays)]]),
            dict(zip(self._paths(), (g.numpy() for g in gradients[_floats(arrays) :]), strict=True)),
        )

    def second_biases(self) -> list[str]:
        return []

    def read(self) -> dict[str, Array]:
        return {path: v.numpy().copy() for path, v in zip(self._paths(), self.model.trainable_variables, strict=True)}

    def write(self, values: Mapping[str, Array]) -> None:
        for path, variable in zip(self._paths(), self.model.trainable_variables, strict=True):
            variable.assign(values[path])

    def _paths(self) -> list[str]:
        """Paths of variables are not unique; their order is fixed once a model is built."""
        return [f"{index} {v.path}" for index, v in enumerate(self.model.trainable_variables)]

    def _run(self, arrays: Sequence[Array], compute: Callable[[list[Any]], Any]) -> Any:
        import tensorflow as tf

        run = tf.function(compute, jit_compile=True) if self.compiled else compute
        return run([tf.constant(array) for array in arrays])

    def _outputs(self, arguments: Arguments, tensors: Sequence[Any]) -> dict[str, Any]:
        return dict(leaves(self.model(*_nested(arguments, tensors), training=False)))

    def _gradients(
        self, arguments: Arguments, tensors: Sequence[Any], cotangents: Cotangents
    ) -> tuple[dict[str, Any], list[Any]]:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
            tape.watch(floats)
            outputs = self._outputs(arguments, tensors)
            total = sum(tf.reduce_sum(y * cotangents(path, tuple(y.shape))) for path, y in outputs.items())
        variables = [v.value for v in self.model.trainable_variables]
        found = tape.gradient(total, [*floats, *variables], unconnected_gradients="zero")
        return outputs, [tf.convert_to_tensor(gradient) for gradient in found]


def _floats(arrays: Sequence[Array]) -> int:
    return sum(array.dtype.kind == "f" for array in arrays)


def _by_argument(arrays: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
    """One gradient for each argument: those of integers are zero."""
    remaining = iter(gradients)
    return [next(remaining) if array.dtype.kind == "f" else np.zeros(array.shape) for array in arrays]


def _nested(arguments: Arguments, tensors: Sequence[Any]) -> list[Any]:
    """The flat tensors in the nesting of the arguments."""
    remaining = iter(tensors)
    return [
        [next(remaining) for _ in argument] if isinstance(argument, list) else next(remaining) for argument in arguments
    ]


def _random(rng: np.random.Generator, shape: tuple[int, ...], fan_out: int) -> Array:
    """Kernels that keep the scale of their input; vectors around 1, which suit scales, shifts and variances alike."""
    if len(shape) < 2:
        return rng.uniform(0.5, 1.5, shape)
    fan_in = np.prod(shape) / shape[fan_out]
    kernel: Array = rng.standard_normal(shape) / np.sqrt(fan_in)
    return kernel
