"""Which model of a translation a live Sequential or bare layer is, of which no class of the file's own tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from translator.errors import WeightError
from translator.model import ModelInfo, Translation
from translator.weights.align import is_sequence
from translator.weights.tree import ModuleTree

Layouts = Callable[[str], frozenset[str]]
"""API of the source framework -> the layout behaviours of its mapping entries."""


def find_anonymous(t: Translation, tree: ModuleTree, rank: int, layouts: Layouts) -> ModelInfo | None:
    """The builder or variable that the model came from, so far as the axes of an input of ``rank`` axes are concerned.

    Where several take such an input in different orders, the entry of the first layer that minds the order decides,
    as it did when the file was translated. ``None`` where no order is to be minded. Raises :class:`WeightError`
    where neither decides.
    """
    if rank <= 2:
        return None
    single = [info for info in t.models.values() if info.kind != "class" and len(info.inputs) == 1]
    found = [info for info in single if next(iter(info.ranks.values()), None) in (None, rank)]
    if found and len({_rule(info) for info in found}) == 1:
        return found[0]
    moved = _wants_moved(t, tree, layouts)
    fitting = [info for info in found if (_rule(info) is not None) == moved]
    if moved is None or not fitting:
        names = ", ".join(info.name for info in found) or "none of its models"
        raise WeightError(
            f"the axis order of the target's input is not known: the {tree.type} may be {names}; "
            "call the target once on an input of its own, then pass no inputs="
        )
    return fitting[0]


def _rule(info: ModelInfo) -> str | None:
    return next(iter(info.inputs.values()))


def _wants_moved(t: Translation, tree: ModuleTree, layouts: Layouts) -> bool | None:
    """Whether the first layer that minds the order of the axes takes that of the target; ``None`` if unknown."""
    for node in _layers(tree):
        if node.type in t.models:
            info = t.models[node.type]
            rules = set(info.inputs.values())
            known = None not in info.ranks.values()
            return None not in rules if len(rules) == 1 and (known or None not in rules) else None
        behaviours = next(filter(None, map(layouts, (node.type, *node.bases))), frozenset[str]())
        if behaviours != {"free"}:
            return behaviours == {"spatial"} if len(behaviours) == 1 else None
    return None


def _layers(tree: ModuleTree) -> Iterator[ModuleTree]:
    if is_sequence(tree):
        for child in tree.children.values():
            yield from _layers(child)
    else:
        yield tree
