"""Which tensors of the source model become which tensors of the target model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from translator.catalog.weights import Operand, WeightRule, WeightRules
from translator.errors import WeightError
from translator.model import ClassPlan, WeightPlan
from translator.weights.align import align, is_sequence, weighted_children
from translator.weights.move import MisfitError, Move, broadcast_rule, fit
from translator.weights.tree import ModuleTree, TensorInfo, join

RulesLookup = Callable[[str, str], WeightRules | None]
"""(PyTorch API, Keras API) -> the rules for that pair of layers, ``None`` where no entry pairs them."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The moves that fill the target, and the modules that correspond: (source path, target path), parents first."""

    moves: tuple[Move, ...]
    modules: tuple[tuple[str, str], ...]


def pair(source: ModuleTree, target: ModuleTree, plan: WeightPlan, rules: RulesLookup) -> Pairing:
    """Pair every parameter and buffer of both sides.

    Attribute names pair (after ``plan.classes`` renames) inside the user's classes, order pairs inside containers,
    ``rules`` pair the tensors of two framework layers. Raises :class:`WeightError` that lists what is left over.
    """
    pairer = _Pairer(source, target, plan, rules)
    pairer.nodes(source, target)
    pairer.account()
    return Pairing(tuple(pairer.moves.values()), tuple(pairer.modules))


class _Pairer:
    def __init__(self, source: ModuleTree, target: ModuleTree, plan: WeightPlan, rules: RulesLookup) -> None:
        self.source = source
        self.target = target
        self.plan = plan
        self.rules = rules
        self.moves: dict[tuple[str, ...], Move] = {}
        self.modules: list[tuple[str, str]] = []
        self.ignored: set[str] = set()
        self.misfits: list[str] = []
        self._sources = {node.path: node for node in source.walk() if node.alias is None}
        self._targets = {node.path: node for node in target.walk() if node.alias is None}
        self._seen: set[tuple[str, str]] = set()

    def nodes(self, source: ModuleTree, target: ModuleTree) -> None:
        source = self._sources[source.alias] if source.alias is not None else source
        target = self._targets[target.alias] if target.alias is not None else target
        if (source.path, target.path) in self._seen:
            return
        self._seen.add((source.path, target.path))
        self.modules.append((source.path, target.path))
        rules = self.lookup(source, target)
        if rules is not None:
            self._layers(source, target, rules)
        elif is_sequence(source) and is_sequence(target):
            self._own_tensors(source, target, ClassPlan(source.type, target.type))
            self._in_order(weighted_children(source), weighted_children(target))
        elif is_sequence(source) != is_sequence(target) and self._is_wrapped(source, target):
            self._in_order(_members(source), _members(target))
        else:
            self._by_name(source, target)

    def _is_wrapped(self, source: ModuleTree, target: ModuleTree) -> bool:
        """Whether a container of one side holds the one layer that the other side has, beside padding and the like.

        The alternative is a container that became a class, or the other way round: its layers are attributes there.
        """
        ones, others = _members(source), _members(target)
        single = target if is_sequence(source) else source
        return single.is_framework or any(self.compatible(one, other) for one in ones for other in others)

    def lookup(self, source: ModuleTree, target: ModuleTree) -> WeightRules | None:
        """The rules for two modules, by their classes or else by the framework classes they inherit from."""
        for one in (source.type, *source.bases):
            for other in (target.type, *target.bases):
                found = self.rules(one, other) if self.plan.source == "torch" else self.rules(other, one)
                if found is not None:
                    return found
        return None

    def compatible(self, source: ModuleTree, target: ModuleTree) -> bool:
        """Whether two modules can correspond, by their classes alone."""
        source = self._sources[source.alias] if source.alias is not None else source
        target = self._targets[target.alias] if target.alias is not None else target
        if self.lookup(source, target) is not None:
            return True
        if is_sequence(source) or is_sequence(target):
            ones, others = _members(source), _members(target)
            if is_sequence(source) and is_sequence(target):
                return len(ones) == len(others)
            return any(self.compatible(one, other) for one in ones for other in others)
        planned = self.plan.classes.get(source.type)
        return target.type == (planned.target if planned else source.type)

    def _in_order(self, sources: Sequence[ModuleTree], targets: Sequence[ModuleTree]) -> None:
        for one, other in align(sources, targets, self.compatible):
            self.nodes(one, other)

    def _by_name(self, source: ModuleTree, target: ModuleTree) -> None:
        planned = self.plan.classes.get(source.type)
        if planned is not None and not target.is_framework and planned.target != target.type:
            self.misfits.append(
                f"{source.path or 'the model'}: class {source.type} becomes {planned.target}, found {target.type}"
            )
        planned = planned or ClassPlan(source.type, target.type)
        self._own_tensors(source, target, planned)
        rest = dict(target.children.items())
        unpaired = []
        for name, child in source.children.items():
            found = self._counterpart(source, rest, name, planned)
            if found is None:
                unpaired.append(child)
            else:
                self.nodes(child, rest.pop(found))
        if any(is_sequence(node) or node.type.endswith("Functional") for node in (source, target)):
            ones = [child for child in unpaired if child.has_tensors()]
            self._in_order(ones, [child for child in rest.values() if child.has_tensors()])

    def _counterpart(
        self, source: ModuleTree, targets: dict[str, ModuleTree], name: str, planned: ClassPlan
    ) -> str | None:
        """The key among ``targets`` of what corresponds to the child ``name`` of ``source``."""
        wanted = [planned.renames[name]] if name in planned.renames else []
        wanted += [site.target for site in self.plan.sites if site.owner == source.type and site.source == name]
        wanted += [name, source.children[name].name]
        for key in wanted:
            if key in targets:
                return key
        return next((key for key, child in targets.items() if child.name and child.name == name), None)

    def _own_tensors(self, source: ModuleTree, target: ModuleTree, planned: ClassPlan) -> None:
        """Tensors set directly on a module: by name, with equal shapes up to axes of length 1."""
        for name in (*source.tensors, *source.aliases):
            one = self._find(self._sources, source, name)
            other = self._find(self._targets, target, planned.renames.get(name, name))
            if one is None or other is None:
                continue
            (path, info), (target_path, target_info) = one, other
            rule = broadcast_rule(info.shape, target_info.shape, self.plan.source)
            self._add(Move((path,), (target_path,), rule, self.plan.source), (info,), (target_info,))

    def _layers(self, source: ModuleTree, target: ModuleTree, rules: WeightRules) -> None:
        """The tensors of two framework layers, as the mapping entry pairs them."""
        available = {**target.sizes, **source.sizes}
        sizes = {axis: available[attribute] for axis, attribute in rules.axes.items() if attribute in available}
        for rule in self._written_out(source, rules):
            here, there = (rule.torch, rule.keras) if self.plan.source == "torch" else (rule.keras, rule.torch)
            ones = self._find_all(self._sources, source, here)
            others = self._find_all(self._targets, target, there)
            if ones is None or others is None:
                continue
            move = Move(
                tuple(path for path, _ in ones), tuple(path for path, _ in others), rule, self.plan.source, sizes
            )
            self._add(move, tuple(info for _, info in ones), tuple(info for _, info in others))
        for name, value in rules.synthesize.items():
            created = self._find(self._targets, target, name)
            if created is not None and (created[0],) not in self.moves:
                self.moves[created[0],] = Move((), (created[0],), None, self.plan.source, {}, value)
            left_out = self._find(self._sources, source, name)
            if left_out is not None:
                self.ignored.add(left_out[0])

    def _written_out(self, source: ModuleTree, rules: WeightRules) -> Iterator[WeightRule]:
        """The rules one by one, a counted one for as many numbers as the source has tensors."""
        for rule in rules.rules:
            if not rule.counted:
                yield rule
                continue
            for number in count():
                numbered = rule.at(number)
                operand = numbered.torch if self.plan.source == "torch" else numbered.keras
                if self._find_all(self._sources, source, operand) is None:
                    break
                yield numbered

    def _find_all(
        self, index: dict[str, ModuleTree], node: ModuleTree, operand: Operand
    ) -> list[tuple[str, TensorInfo]] | None:
        found = [self._find(index, node, name) for name in operand.names]
        present = [item for item in found if item is not None]
        return present if len(present) == len(found) else None

    def _find(self, index: dict[str, ModuleTree], node: ModuleTree, name: str) -> tuple[str, TensorInfo] | None:
        """The path and description of a tensor that ``name`` (``"lstm_cell/kernel"``) means below ``node``."""
        *parents, leaf = name.replace("/", ".").split(".")
        for parent in parents:
            child = node.children.get(parent) or node.children.get(f"_{parent}")
            child = child or next((child for child in node.children.values() if child.name == parent), None)
            if child is None:
                return None
            node = index[child.alias] if child.alias is not None else child
        if leaf in node.aliases:
            return node.aliases[leaf], self._canonical(index, node.aliases[leaf])
        if leaf in node.tensors:
            return join(node.path, leaf), node.tensors[leaf]
        named = [key for key, info in node.tensors.items() if info.name == leaf]
        return (join(node.path, named[0]), node.tensors[named[0]]) if len(named) == 1 else None

    @staticmethod
    def _canonical(index: dict[str, ModuleTree], path: str) -> TensorInfo:
        parent, _, name = path.rpartition(".")
        return index[parent].tensors[name]

    def _add(self, move: Move, sources: tuple[TensorInfo, ...], targets: tuple[TensorInfo, ...]) -> None:
        earlier = self.moves.get(move.targets)
        if earlier is not None and earlier.sources != move.sources:
            taken = ", ".join(earlier.sources)
            self.misfits.append(f"{', '.join(move.sources)}: {', '.join(move.targets)} is already filled from {taken}")
            return
        try:
            fit(move, [info.shape for info in sources], [info.shape for info in targets])
        except MisfitError as misfit:
            self.misfits.append(str(misfit))
        self.moves[move.targets] = move

    def account(self) -> None:
        """Raise :class:`WeightError` unless every tensor of both sides has its place."""
        used = {path for move in self.moves.values() for path in move.sources} | self.ignored
        filled = {path for move in self.moves.values() for path in move.targets}
        surplus = [path for path, info in self.source.tensor_paths().items() if path not in used and not info.optional]
        missing = [
            path for path, info in self.target.tensor_paths().items() if path not in filled and not info.optional
        ]
        if surplus or missing or self.misfits:
            raise WeightError(
                "the weights of the two models do not correspond",
                missing=tuple(missing),
                surplus=tuple(surplus),
                misshapen=tuple(self.misfits),
            )


def _members(node: ModuleTree) -> tuple[ModuleTree, ...]:
    """The weighted children of a container; any other module by itself."""
    return weighted_children(node) if is_sequence(node) else (node,)
