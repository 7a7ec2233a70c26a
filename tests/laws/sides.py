"""Live models of either framework, driven alike: build, randomise, run, differentiate, step. Independent of verify/."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from translator.model import Framework
from translator.weights import live

Array: TypeAlias = npt.NDArray[Any]
LEARNING_RATE = 0.1

_numbers = itertools.count()


@contextmanager
def float64() -> Iterator[None]:
    """Both frameworks compute in float64 inside, and as before afterwards."""
    import keras
    import torch

    floatx, policy, dtype = keras.config.floatx(), keras.config.dtype_policy(), torch.get_default_dtype()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    torch.set_default_dtype(torch.float64)
    try:
        with _max_pool_of_volumes():
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
        torch.set_default_dtype(dtype)


@contextmanager
def _max_pool_of_volumes() -> Iterator[None]:
    """TensorFlow has no max pooling of volumes in float64: there it is done along the rows and columns, then the depth.

    See the types of MaxPool3D in https://www.tensorflow.org/api_docs/python/tf/raw_ops/MaxPool3D.
    """
    import tensorflow as tf

    native = tf.nn.max_pool

    def max_pool(images: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: Any = None) -> Any:
        if len(images.shape) != 5 or images.dtype != tf.float64:
            return native(images, ksize, strides, padding, data_format, name)
        sizes, steps = (list(np.broadcast_to(value, 3)) for value in (ksize, strides))
        first = data_format == "NCDHW"
        x = tf.transpose(images, (0, 2, 3, 4, 1)) if first else images
        n, d, h, w, c = tf.unstack(tf.shape(x))
        x = native(tf.reshape(x, (n * d, h, w, c)), sizes[1:], steps[1:], padding)
        h, w = tf.shape(x)[1], tf.shape(x)[2]
        x = native(tf.reshape(x, (n, d, h * w, c)), (sizes[0], 1), (steps[0], 1), padding)
        x = tf.reshape(x, (n, tf.shape(x)[1], h, w, images.shape[1 if first else -1]))
        return tf.transpose(x, (0, 4, 1, 2, 3)) if first else x

    tf.nn.max_pool = max_pool
    try:
        yield
    finally:
        tf.nn.max_pool = native


@contextmanager
def executed(source: str) -> Iterator[ModuleType]:
    """The module that ``source`` defines, for as long as its models live."""
    module = ModuleType(f"law_program_{next(_numbers)}")
    sys.modules[module.__name__] = module
    try:
        # One file name for all: Hypothesis tells failures apart by where they were raised.
        exec(compile(source, "<law program>", "exec"), module.__dict__)  # noqa: S102  # the tests' own text
        yield module
    finally:
        del sys.modules[module.__name__]


class Side(Protocol):
    """One model. Arrays come and go in the model's own axis order; ``training`` selects the mode."""

    model: Any

    def run(self, inputs: Sequence[Array], *, training: bool = False) -> Array: ...

    def gradients(
        self, inputs: Sequence[Array], cotangent: Array, *, training: bool = False
    ) -> tuple[list[Array], dict[str, Array]]:
        """Gradients of sum(output * cotangent) by input, and by path for every trainable tensor."""

    def step(self, gradients: Mapping[str, Array]) -> None: ...


def side(framework: Framework, model: Any) -> Side:
    return TorchSide(model) if framework == "torch" else KerasSide(model)


def state(framework: Framework, model: Any) -> dict[str, Array]:
    """Every parameter and buffer by path."""
    one = live.of(framework)
    return {path: np.array(one.read(tensor)) for path, tensor in one.describe(model)[1].items()}


def randomise(framework: Framework, model: Any, rng: np.random.Generator) -> None:
    """Normal parameters; buffers (running statistics) away from zero, so that a variance stays one."""
    one = live.of(framework)
    for _, tensor in sorted(one.describe(model)[1].items()):
        before = np.array(one.read(tensor))
        if np.issubdtype(before.dtype, np.floating):
            trainable = tensor.requires_grad if framework == "torch" else tensor.trainable
            drawn = rng.normal(size=before.shape) if trainable else rng.uniform(0.5, 1.5, size=before.shape)
            one.write(tensor, drawn.astype(before.dtype))


class TorchSide:
    """See :class:`Side`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def run(self, inputs: Sequence[Array], *, training: bool = False) -> Array:
        import torch

        self.model.train(training)
        with torch.no_grad():
            output = self.model(*(torch.from_numpy(np.array(value, order="C")) for value in inputs))
        return np.array(output.numpy())

    def uses_random_numbers(self, inputs: Sequence[Array], *, training: bool) -> bool:
        """Whether a call draws random numbers. What it changes in buffers is put back."""
        import torch

        one = live.of("torch")
        tensors = one.describe(self.model)[1]
        buffers = {path: one.read(tensor) for path, tensor in tensors.items()}
        before = torch.get_rng_state()
        self.run(inputs, training=training)
        for path, array in buffers.items():
            one.write(tensors[path], array)
        return not torch.equal(before, torch.get_rng_state())

    def gradients(
        self, inputs: Sequence[Array], cotangent: Array, *, training: bool = False
    ) -> tuple[list[Array], dict[str, Array]]:
        import torch

        self.model.train(training)
        leaves = [torch.from_numpy(np.array(value, order="C")) for value in inputs]
        leaves = [leaf.requires_grad_() if leaf.is_floating_point() else leaf for leaf in leaves]
        # Clones, because an operation in place is refused on a leaf that requires a gradient.
        output = self.model(*(leaf.clone() for leaf in leaves))
        tensors = live.of("torch").describe(self.model)[1]
        parameters = {path: tensor for path, tensor in tensors.items() if tensor.requires_grad}
        wanted = [*(leaf for leaf in leaves if leaf.requires_grad), *parameters.values()]
        if not output.requires_grad:
            return [np.zeros(leaf.shape) for leaf in leaves if leaf.requires_grad], {}
        found = torch.autograd.grad(output, wanted, torch.from_numpy(np.array(cotangent, order="C")), allow_unused=True)
        arrays = [np.zeros(w.shape) if g is None else np.array(g.numpy()) for w, g in zip(wanted, found, strict=True)]
        count = len(wanted) - len(parameters)
        return arrays[:count], dict(zip(parameters, arrays[count:], strict=True))

    def step(self, gradients: Mapping[str, Array]) -> None:
        import torch

        tensors = live.of("torch").describe(self.model)[1]
        with torch.no_grad():
            for path, gradient in gradients.items():
                tensors[path] -= LEARNING_RATE * torch.from_numpy(gradient)


class KerasSide:
    """See :class:`Side`. What has no CPU kernel in float64 (convolution in channels_first) runs compiled by XLA."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def run(self, inputs: Sequence[Array], *, training: bool = False) -> Array:
        self._build(inputs)
        return np.array(self._kernels(lambda values: self._call(values, training), self._tensors(inputs)))

    def gradients(
        self, inputs: Sequence[Array], cotangent: Array, *, training: bool = False
    ) -> tuple[list[Array], dict[str, Array]]:
        import tensorflow as tf

        self._build(inputs)
        described = live.of("keras").describe(self.model)[1]
        variables = {path: v for path, v in described.items() if v.trainable and str(v.dtype).startswith("float")}

        def differentiate(values: Sequence[Any]) -> Any:
            floats = [value for value in values if value.dtype.is_floating]
            with tf.GradientTape() as tape:
                for value in floats:
                    tape.watch(value)
                output = self._call(values, training)
            wanted = [*floats, *(variable.value for variable in variables.values())]
            found = tape.gradient(output, wanted, tf.constant(cotangent), unconnected_gradients="zero")
            return [tf.convert_to_tensor(gradient) for gradient in found]

        arrays = [np.array(g) for g in self._kernels(differentiate, self._tensors(inputs))]
        count = len(arrays) - len(variables)
        return arrays[:count], dict(zip(variables, arrays[count:], strict=True))

    def step(self, gradients: Mapping[str, Array]) -> None:
        one = live.of("keras")
        described = one.describe(self.model)[1]
        for path, gradient in gradients.items():
            before: Array = one.read(described[path])
            described[path].assign(before - LEARNING_RATE * gradient)

    def _tensors(self, inputs: Sequence[Array]) -> list[Any]:
        import tensorflow as tf

        return [tf.constant(value) for value in inputs]

    def _call(self, values: Sequence[Any], training: bool) -> Any:
        return self.model(*values, training=training)

    def _build(self, inputs: Sequence[Array]) -> None:
        """Create the variables symbolically, which needs no kernels."""
        import keras

        if all(layer.built for layer in self.model._flatten_layers()):
            return
        symbols = [keras.Input(batch_shape=value.shape, dtype=str(value.dtype)) for value in inputs]
        self.model(*symbols)

    @staticmethod
    def _kernels(work: Callable[[Sequence[Any]], Any], values: Sequence[Any]) -> Any:
        import tensorflow as tf

        try:
            return work(values)
        except (tf.errors.UnimplementedError, tf.errors.NotFoundError, tf.errors.InvalidArgumentError):
            return tf.function(work, jit_compile=True)(values)
