"""Modules of two containers in order, past the layers without weights that only one side has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from translator.weights.tree import ModuleTree

_SEQUENCES = frozenset(
    {"torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ParameterList", "keras.Sequential", "list"}
)

Compatible = Callable[[ModuleTree, ModuleTree], bool]


def is_sequence(node: ModuleTree) -> bool:
    """Whether the order of its children, not their names, says what they are."""
    return node.type in _SEQUENCES or any(base in _SEQUENCES for base in node.bases)


def weighted_children(node: ModuleTree) -> tuple[ModuleTree, ...]:
    """The children that hold tensors. The others (padding, activations, reshapes) have no part in pairing weights."""
    return tuple(child for child in node.children.values() if child.has_tensors())


def align(
    sources: Sequence[ModuleTree], targets: Sequence[ModuleTree], compatible: Compatible
) -> list[tuple[ModuleTree, ModuleTree]]:
    """Pairs of corresponding modules in order.

    One to one where the numbers agree; else after opening plain containers nested on either side; else the longest
    run of compatible pairs, so that an error can name exactly the modules that are left over.
    """
    if len(sources) != len(targets):
        opened = _opened(sources), _opened(targets)
        if len(opened[0]) == len(opened[1]):
            sources, targets = opened
    if len(sources) == len(targets):
        return list(zip(sources, targets, strict=True))
    return _longest(sources, targets, compatible)


def _opened(nodes: Sequence[ModuleTree]) -> list[ModuleTree]:
    flat: list[ModuleTree] = []
    for node in nodes:
        if node.type in _SEQUENCES and not node.tensors:
            flat += _opened(weighted_children(node))
        else:
            flat.append(node)
    return flat


def _longest(
    sources: Sequence[ModuleTree], targets: Sequence[ModuleTree], compatible: Compatible
) -> list[tuple[ModuleTree, ModuleTree]]:
    """The longest common subsequence under ``compatible``."""
    rows, columns = len(sources), len(targets)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    fits = [[compatible(one, other) for other in targets] for one in sources]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            skipped = max(best[row + 1][column], best[row][column + 1])
            best[row][column] = max(skipped, 1 + best[row + 1][column + 1]) if fits[row][column] else skipped
    pairs: list[tuple[ModuleTree, ModuleTree]] = []
    row = column = 0
    while row < rows and column < columns:
        if fits[row][column] and best[row][column] == 1 + best[row + 1][column + 1]:
            pairs.append((sources[row], targets[column]))
            row, column = row + 1, column + 1
        elif best[row + 1][column] >= best[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs
