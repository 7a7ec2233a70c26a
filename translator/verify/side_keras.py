"""A Keras model inside a worker."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from translator.model import Framework
from translator.verify import autodiff_jax, autodiff_tensorflow
from translator.verify.leaks import KERAS_LAYER_LEAKS
from translator.verify.leaves import flatten
from translator.verify.lift_keras import keep_float64, lift_float32, record_dropout, record_leaks
from translator.verify.protocol import Array, Arrays
from translator.verify.side import LEARNING_RATE, Call, Capture, Mode, Side
from translator.weights import live
from translator.weights.skeleton import write_skeleton
from translator.weights.tree import ModuleTree

_NOISE = {"GaussianDropout": "rate", "AlphaDropout": "rate", "GaussianNoise": "stddev"}


class KerasSide(Side):
    """See :class:`Side`."""

    framework: Framework = "keras"
    live = live.of("keras")

    def start(self) -> None:
        import keras

        if keras.backend.backend() == "jax" and self.dtype == "float64":
            import jax

            jax.config.update("jax_enable_x64", True)  # https://docs.jax.dev/en/latest/default_dtypes.html
            keep_float64()
        keras.config.set_floatx(self.dtype)
        record_dropout(self)
        record_leaks(self)
        if self.dtype == "float64":
            lift_float32(self)

    def seed(self, seed: int) -> None:
        import keras

        keras.utils.set_random_seed(seed)

    def check_model(self) -> None:
        import keras

        if not isinstance(self.model, keras.layers.Layer):
            raise TypeError(f"the expression gives {type(self.model).__name__}, not a keras.layers.Layer")

    def finish_build(self) -> None:
        for layer in self.model._flatten_layers():
            attribute = _NOISE.get(type(layer).__name__)
            if attribute is not None:
                setattr(layer, attribute, 0.0)

    def arguments(self) -> tuple[list[tuple[str, bool]], bool]:
        inputs = self._symbolic_inputs()
        if inputs:
            return [(tensor.name, True) for tensor in inputs], len(inputs) > 1
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = inspect.signature(self.model.call).parameters.values()
        return [
            (p.name, p.default is p.empty) for p in parameters if p.kind in kinds and p.name not in ("training", "mask")
        ], False

    def layers(self) -> list[dict[str, Any]]:
        inputs = [
            {"type": "Input", "shape": list(tensor.shape[1:]), "dtype": str(tensor.dtype)}
            for tensor in self._symbolic_inputs()
        ]
        described: list[dict[str, Any]] = []
        for path, layer in self.live.describe(self.model)[2].items():
            if path and type(layer).__module__.partition(".")[0] == "keras":
                high = getattr(layer, "input_dim", None) if type(layer).__name__ == "Embedding" else None
                described.append({"type": type(layer).__name__, "num_embeddings": high})
        return inputs + described

    def tensor(self, array: Array) -> Any:
        import keras

        if np.issubdtype(array.dtype, np.floating):
            return keras.ops.convert_to_tensor(array, dtype=self.dtype)
        return keras.ops.convert_to_tensor(array, dtype="int32" if array.dtype == np.int64 else None)

    def array(self, tensor: Any) -> Array | None:
        if hasattr(tensor, "shape") and hasattr(tensor, "dtype"):
            return self.live.read(tensor)
        return np.asarray(tensor) if isinstance(tensor, (bool, int, float)) else None

    def forward(self, call: Call, mode: Mode) -> Arrays:
        return self._arrays(self._run(self.tensors(call), call, mode))

    def gradients(self, call: Call, mode: Mode, cotangents: Mapping[str, Array], step: bool) -> tuple[Arrays, Arrays]:
        import keras

        tensors = self.tensors(call)
        inputs = {n: t for n, t in tensors.items() if np.issubdtype(call.arrays[n].dtype, np.floating)}
        trainable = {id(variable) for variable in self.model.trainable_variables}
        variables = {p: v for p, v in self.live.describe(self.model)[1].items() if id(v) in trainable}
        weights = {path: self.tensor(cotangent) for path, cotangent in cotangents.items()}

        def loss(changed: Mapping[str, Any]) -> Any:
            outputs = self._run({**tensors, **changed}, call, mode)
            return sum(keras.ops.sum(outputs[path] * weight) for path, weight in weights.items())

        autodiff = autodiff_jax if keras.backend.backend() == "jax" else autodiff_tensorflow
        by_variable, by_input = autodiff.gradients(loss, variables, inputs, self.model)
        if step:
            for path, variable in variables.items():
                variable.assign(variable - LEARNING_RATE * by_variable[path])
        return (
            {path: self.live.read(gradient) for path, gradient in by_variable.items()},
            {name: self.live.read(gradient) for name, gradient in by_input.items()},
        )

    def describe(self) -> ModuleTree:
        tree = super().describe()
        self.events.leaks.update(node.type for node in tree.walk() if node.type in KERAS_LAYER_LEAKS)
        return tree

    def skeleton(self, path: Path) -> list[str]:
        return write_skeleton(self.model, self.live.describe(self.model)[1], path)

    def calibrate(self, call: Call) -> None:
        normalisations = [layer for layer in self.model._flatten_layers() if hasattr(layer, "moving_variance")]
        momenta = [layer.momentum for layer in normalisations]
        for layer in normalisations:
            layer.momentum = 0.0
        try:
            self.forward(call, "train")
        finally:
            for layer, momentum in zip(normalisations, momenta, strict=True):
                layer.momentum = momentum

    def capture(self, call: Call) -> list[Capture]:
        captures: dict[str, Capture] = {}

        def watch(path: str, original: Callable[..., Any]) -> Callable[..., Any]:
            def keep(*args: Any, **kwargs: Any) -> Any:
                output = original(*args, **kwargs)
                captures.setdefault(path, Capture(path, self._arrays(flatten(args)), self._arrays(flatten(output))))
                return output

            return keep

        layers = self.live.describe(self.model)[2]
        for path, layer in layers.items():
            # Past Layer.__setattr__, which would track the wrapper as state of the layer.
            object.__setattr__(layer, "call", watch(path, layer.call))
        try:
            self.forward(call, "eval")
        finally:
            for layer in layers.values():
                object.__delattr__(layer, "call")
        return list(captures.values())

    def _symbolic_inputs(self) -> list[Any]:
        import keras

        functional = getattr(self.model, "_functional", None) or self.model
        return list(functional.inputs) if isinstance(functional, keras.Model) and hasattr(functional, "_nodes") else []

    def _run(self, tensors: Mapping[str, Any], call: Call, mode: Mode) -> dict[str, Any]:
        self.seed(call.seed)
        positional, keyword = self.call_arguments(call, tensors)
        return flatten(self.model(*positional, **keyword, training=mode == "train"))

    def _arrays(self, leaves: Mapping[str, Any]) -> Arrays:
        arrays = {path: self.array(leaf) for path, leaf in leaves.items()}
        return {path: array for path, array in arrays.items() if array is not None}
