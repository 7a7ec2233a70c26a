"""What the tensors of a model are called in its checkpoint, and what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from translator.errors import WeightError
from translator.weights.formats import Stored
from translator.weights.tree import ModuleTree, TensorInfo, join


def state_names(tree: ModuleTree) -> dict[str, str]:
    """Key of ``state_dict`` -> path of the tensor, for a PyTorch model.

    A tensor that is reached in several ways has a key for each; non-persistent buffers have none, see
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.state_dict.
    """
    nodes = {node.path: node for node in tree.walk() if node.alias is None}
    infos = tree.tensor_paths()
    names: dict[str, str] = {}

    def walk(node: ModuleTree, prefix: str) -> None:
        for name in node.tensors:
            names[join(prefix, name)] = join(node.path, name)
        for name, first in node.aliases.items():
            names[join(prefix, name)] = first
        for name, child in node.children.items():
            walk(nodes[child.alias] if child.alias is not None else child, join(prefix, name))

    walk(tree, "")
    return {name: path for name, path in names.items() if not infos[path].optional}


def with_shapes(tree: ModuleTree, shapes: Mapping[str, tuple[int, ...]]) -> ModuleTree:
    """The tree with the shapes that its lazy modules do not know yet; ``shapes`` are by path."""

    def known(path: str, info: TensorInfo) -> TensorInfo:
        return replace(info, shape=shapes.get(path)) if info.shape is None else info

    return replace(
        tree,
        tensors={name: known(join(tree.path, name), info) for name, info in tree.tensors.items()},
        children={name: with_shapes(child, shapes) for name, child in tree.children.items()},
    )


def stored_shapes(names: Mapping[str, str], stored: Mapping[str, Stored]) -> dict[str, tuple[int, ...]]:
    """Shapes in the checkpoint by path; ``names`` maps its names to paths."""
    return {path: stored[name].shape for name, path in names.items() if name in stored}


def check_names(
    names: Mapping[str, str], infos: Mapping[str, TensorInfo], needed: Collection[str], stored: Mapping[str, Stored]
) -> None:
    """Raise :class:`WeightError` unless the checkpoint has what the model needs, and nothing else.

    ``names`` maps the names that the checkpoint may have to paths, ``infos`` and ``needed`` go by path.
    """
    present = {path for name, path in names.items() if name in stored}
    missing = [_shown(name, path) for name, path in names.items() if path in needed and path not in present]
    surplus = [name for name in stored if name not in names]
    misshapen = []
    for name, path in names.items():
        wanted = infos[path].shape
        if name in stored and wanted is not None and stored[name].shape != wanted:
            misshapen.append(f"{_shown(name, path)}: {stored[name].shape} in the checkpoint, {wanted} in the model")
    if missing or surplus or misshapen:
        raise WeightError(
            "the checkpoint is not one of this model",
            missing=tuple(missing),
            surplus=tuple(surplus),
            misshapen=tuple(misshapen),
        )


def _shown(name: str, path: str) -> str:
    """The name in the file and, where it is another, the tensor that it stands for."""
    return name if name == path else f"{name} ({path})"
