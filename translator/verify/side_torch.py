"""A PyTorch model inside a worker."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from translator.model import Framework
from translator.verify.leaves import flatten
from translator.verify.lift_torch import float64_mode, record_dropout
from translator.verify.protocol import Array, Arrays
from translator.verify.side import LEARNING_RATE, Call, Capture, Mode, Side
from translator.weights import live

_SIZES = [
    "in_channels",
    "in_features",
    "num_embeddings",
    "input_size",
    "embed_dim",
    "num_features",
    "normalized_shape",
    "batch_first",
    "d_model",
]


class TorchSide(Side):
    """See :class:`Side`."""

    framework: Framework = "torch"
    live = live.of("torch")
    _recurrent_dropouts: list[float]

    def start(self) -> None:
        import torch

        torch.set_default_dtype(getattr(torch, self.dtype))
        record_dropout(self)

    def seed(self, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        np.random.seed(seed)  # for user code that draws from numpy's global generator

    def build(self, expression: str, seed: int, *, as_is: bool = False) -> None:
        with self._mode():
            super().build(expression, seed, as_is=as_is)

    def check_model(self) -> None:
        import torch

        if not isinstance(self.model, torch.nn.Module):
            raise TypeError(f"the expression gives {type(self.model).__name__}, not a torch.nn.Module")

    def finish_build(self) -> None:
        import torch

        if self.dtype == "float64":
            self.model.double()
        self.model.to(self.device)
        self._recurrent_dropouts = []
        for module in self.model.modules():
            if isinstance(module, torch.nn.RNNBase) and module.dropout > 0:
                # Applied between the layers, inside one native call that no replaced function sees.
                self._recurrent_dropouts += [float(module.dropout)] * (module.num_layers - 1)
                module.dropout = 0.0

    def arguments(self) -> tuple[list[tuple[str, bool]], bool]:
        parameters = inspect.signature(self.model.forward).parameters.values()
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return [(p.name, p.default is p.empty) for p in parameters if p.kind in kinds], False

    def layers(self) -> list[dict[str, Any]]:
        described = []
        for module in self.model.modules():
            cls = type(module)
            if cls.__module__.partition(".")[0] != "torch":
                continue
            sizes = {name: getattr(module, name) for name in _SIZES if isinstance(getattr(module, name, None), int)}
            described.append({"type": cls.__name__, **sizes})
        return described

    def tensor(self, array: Array) -> Any:
        import torch

        tensor = torch.from_numpy(np.array(array)).to(self.device)
        return tensor.to(getattr(torch, self.dtype)) if tensor.is_floating_point() else tensor

    def array(self, tensor: Any) -> Array | None:
        import torch

        if isinstance(tensor, torch.Tensor):
            return self.live.read(tensor)
        return np.asarray(tensor) if isinstance(tensor, (bool, int, float)) else None

    def forward(self, call: Call, mode: Mode) -> Arrays:
        import torch

        with torch.no_grad():
            return self._arrays(self._run(self.tensors(call), call, mode))

    def gradients(self, call: Call, mode: Mode, cotangents: Mapping[str, Array], step: bool) -> tuple[Arrays, Arrays]:
        import torch

        tensors = self.tensors(call)
        inputs = {name: t.requires_grad_() for name, t in tensors.items() if t.is_floating_point()}
        parameters = {p: t for p, t in self.live.describe(self.model)[1].items() if t.requires_grad}
        outputs = self._run(tensors, call, mode)
        weighted = [
            (outputs[path] * self.tensor(cotangent)).sum()
            for path, cotangent in cotangents.items()
            if outputs[path].requires_grad
        ]
        wanted = {**parameters, **{f"input {name}": tensor for name, tensor in inputs.items()}}
        if not weighted or not wanted:
            return {}, {}
        found = torch.autograd.grad(sum(weighted[1:], weighted[0]), list(wanted.values()), allow_unused=True)
        gradients = {
            name: torch.zeros_like(tensor) if gradient is None else gradient
            for (name, tensor), gradient in zip(wanted.items(), found, strict=True)
        }
        if step:
            with torch.no_grad():
                for path, parameter in parameters.items():
                    parameter -= LEARNING_RATE * gradients[path]
        arrays = {name: self.live.read(gradient) for name, gradient in gradients.items()}
        return {p: arrays[p] for p in parameters}, {name: arrays[f"input {name}"] for name in inputs}

    def calibrate(self, call: Call) -> None:
        import torch

        normalisations = [m for m in self.model.modules() if hasattr(m, "running_mean") and hasattr(m, "momentum")]
        momenta = [m.momentum for m in normalisations]
        for module in normalisations:
            module.momentum = 1.0
        try:
            with torch.no_grad():
                self._run(self.tensors(call), call, "train")
        finally:
            for module, momentum in zip(normalisations, momenta, strict=True):
                module.momentum = momentum

    def capture(self, call: Call) -> list[Capture]:
        captures: dict[str, Capture] = {}

        def hook(path: str) -> Any:
            def keep(module: Any, arguments: Any, output: Any) -> None:
                captures.setdefault(
                    path, Capture(path, self._arrays(flatten(arguments)), self._arrays(flatten(output)))
                )

            return keep

        modules = self.live.describe(self.model)[2]
        handles = [module.register_forward_hook(hook(path)) for path, module in modules.items()]
        try:
            self.forward(call, "eval")
        finally:
            for handle in handles:
                handle.remove()
        return list(captures.values())

    def _run(self, tensors: Mapping[str, Any], call: Call, mode: Mode) -> dict[str, Any]:
        self.model.train(mode == "train")
        if mode == "train":
            self.events.dropouts += self._recurrent_dropouts
        self.seed(call.seed)
        positional, keyword = self.call_arguments(call, tensors)
        with self._mode():
            return flatten(self.model(*positional, **keyword))

    def _arrays(self, leaves: Mapping[str, Any]) -> Arrays:
        arrays = {path: self.array(leaf) for path, leaf in leaves.items()}
        return {path: array for path, array in arrays.items() if array is not None}

    def _mode(self) -> AbstractContextManager[object]:
        return float64_mode(self) if self.dtype == "float64" else nullcontext()
