"""What a live model looks like to the weight transfer: its modules, tensors and sizes, without any framework object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A parameter or buffer. ``shape`` is ``None`` while a lazy module does not know it.

    ``optional`` marks what a saved state leaves out (non-persistent buffers): it may stay without a counterpart.
    ``name`` is the tensor's own name where it differs from the attribute that holds it (Keras variables).
    """

    shape: tuple[int, ...] | None
    dtype: str
    trainable: bool
    optional: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class ModuleTree:
    """One module and everything below it.

    ``type`` is the public API name of a framework class (``"torch.nn.Conv2d"``), the bare class name of any other
    class, or ``"list"``, ``"dict"`` for plain Python containers; ``bases`` continues along its MRO. ``path`` is the
    dotted path from the root, the identity of the module. A module reached a second time is recorded as ``alias``: the
    first path, without tensors or children; ``aliases`` does the same for single tensors.
    ``sizes`` holds the integer attributes, which weight rules may ask for.
    """

    type: str
    path: str = ""
    bases: tuple[str, ...] = ()
    children: Mapping[str, ModuleTree] = field(default_factory=dict)
    tensors: Mapping[str, TensorInfo] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    name: str = ""
    alias: str | None = None
    activated: bool = False

    @property
    def is_framework(self) -> bool:
        """Whether the class itself belongs to PyTorch or Keras."""
        return "." in self.type

    def walk(self) -> Iterator[ModuleTree]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children.values():
            yield from child.walk()

    def tensor_paths(self) -> dict[str, TensorInfo]:
        """Every tensor at or below this node, keyed by its full path."""
        return {join(node.path, name): info for node in self.walk() for name, info in node.tensors.items()}

    def has_tensors(self) -> bool:
        """Whether any tensor lies at or below this node; a repeated module counts as having some."""
        return any(node.tensors or node.aliases or node.alias is not None for node in self.walk())


def join(path: str, name: str) -> str:
    """The dotted path of ``name`` below ``path``."""
    return f"{path}.{name}" if path else name


def tree_to_json(tree: ModuleTree) -> dict[str, Any]:
    """A JSON-ready form of the tree; :func:`tree_from_json` is its inverse."""
    return {
        "type": tree.type,
        "path": tree.path,
        "bases": list(tree.bases),
        "children": {name: tree_to_json(child) for name, child in tree.children.items()},
        "tensors": {
            name: {
                "shape": None if info.shape is None else list(info.shape),
                "dtype": info.dtype,
                "trainable": info.trainable,
                "optional": info.optional,
                "name": info.name,
            }
            for name, info in tree.tensors.items()
        },
        "aliases": dict(tree.aliases),
        "sizes": dict(tree.sizes),
        "name": tree.name,
        "alias": tree.alias,
        "activated": tree.activated,
    }


def tree_from_json(data: Mapping[str, Any]) -> ModuleTree:
    """The tree that :func:`tree_to_json` wrote."""
    return ModuleTree(
        type=data["type"],
        path=data["path"],
        bases=tuple(data["bases"]),
        children={name: tree_from_json(child) for name, child in data["children"].items()},
        tensors={
            name: TensorInfo(
                shape=None if info["shape"] is None else tuple(info["shape"]),
                dtype=info["dtype"],
                trainable=info["trainable"],
                optional=info["optional"],
                name=info["name"],
            )
            for name, info in data["tensors"].items()
        },
        aliases=data["aliases"],
        sizes=data["sizes"],
        name=data["name"],
        alias=data["alias"],
        activated=data["activated"],
    )
