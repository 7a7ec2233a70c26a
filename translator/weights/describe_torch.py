"""A live ``torch.nn.Module`` as a :class:`ModuleTree`, and its tensors by path."""

from __future__ import annotations

from typing import Any

from translator.weights.tree import ModuleTree, TensorInfo, join


def describe_torch(model: Any) -> tuple[ModuleTree, dict[str, Any], dict[str, Any]]:
    """The tree of ``model``, its tensors (``torch.Tensor``) and its modules, both by dotted path.

    Walks ``_modules``, ``_parameters`` and ``_buffers``, which hold exactly what ``state_dict`` saves:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html. A module or tensor that is reached twice is
    described at its first path and recorded as an alias at the others.
    """
    walk = _Walk()
    return walk.module(model, ""), walk.tensors, walk.modules


class _Walk:
    def __init__(self) -> None:
        self.tensors: dict[str, Any] = {}
        self.modules: dict[str, Any] = {}
        self._module_paths: dict[int, str] = {}
        self._tensor_paths: dict[int, str] = {}

    def module(self, module: Any, path: str) -> ModuleTree:
        names = _class_names(type(module))
        first = self._module_paths.setdefault(id(module), path)
        if first != path:
            return ModuleTree(names[0], path, names[1:], alias=first)
        self.modules[path] = module
        tensors, aliases = self._own_tensors(module, path)
        children = {
            name: self.module(child, join(path, name)) for name, child in module._modules.items() if child is not None
        }
        return ModuleTree(names[0], path, names[1:], children, tensors, aliases, _sizes(module))

    def _own_tensors(self, module: Any, path: str) -> tuple[dict[str, TensorInfo], dict[str, str]]:
        tensors: dict[str, TensorInfo] = {}
        aliases: dict[str, str] = {}
        for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
            if tensor is None:
                continue
            full = join(path, name)
            first = self._tensor_paths.setdefault(id(tensor), full)
            if first != full:
                aliases[name] = first
                continue
            self.tensors[full] = tensor
            tensors[name] = TensorInfo(
                shape=_shape(tensor),
                dtype=str(tensor.dtype).removeprefix("torch."),
                trainable=name in module._parameters and tensor.requires_grad,
                optional=name in module._non_persistent_buffers_set,
            )
        return tensors, aliases


def _shape(tensor: Any) -> tuple[int, ...] | None:
    from torch.nn.parameter import is_lazy

    return None if is_lazy(tensor) else tuple(int(size) for size in tensor.shape)


def _class_names(cls: type) -> tuple[str, ...]:
    """The public name of the class and of its bases, up to ``torch.nn.Module`` (excluded)."""
    from torch import nn

    names = []
    for base in cls.__mro__:
        if base is nn.Module:
            break
        if base.__module__.partition(".")[0] != "torch":
            names.append(base.__name__)
        elif getattr(nn, base.__name__, None) is base:
            names.append(f"torch.nn.{base.__name__}")
        else:
            names.append(f"{base.__module__}.{base.__name__}")
    return tuple(names) or ("torch.nn.Module",)


def _sizes(module: Any) -> dict[str, int]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, int) and not isinstance(value, bool) and not name.startswith("_")
    }
