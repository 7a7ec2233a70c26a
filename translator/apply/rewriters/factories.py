"""Classes as values: each becomes its counterpart, with what the calls do not say fixed by ``functools.partial``.

``norm_layer=nn.BatchNorm2d`` and ``norm_layer(planes)`` become ``norm_layer=partial(layers.BatchNormalization,
momentum=0.9, epsilon=1e-5)`` and ``norm_layer()``. What may arrive at one call must leave it with one set of arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from translator.apply.arguments import Argument, Source, join_arguments
from translator.apply.code import Unwritable
from translator.apply.engine import Scribe
from translator.catalog.pattern import Call
from translator.dataclass import dataclass
from translator.infer.factories import Group, Key, decline_group
from translator.infer.facts import Declined, Function, Replace, Rewrite
from translator.infer.values import Builtin


@dataclass(frozen=True, slots=True)
class Spelled:
    """How the members of a group are written: each reference, and the arguments of each call."""

    references: dict[Key, str]
    arguments: dict[cst.Call, str]


def rewrite_factory(scribe: Scribe, node: cst.CSTNode, decision: Replace) -> str:
    """A reference, or a ``functools.partial``, of a class or function of the framework."""
    key: Key = decision.api if decision.data is None else decision.data
    spelled = _spelled(scribe, scribe.analysis.factories[key])
    return scribe.source(node) if spelled is None else spelled.references[key]


def rewrite_factory_call(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """A call of what comes as a value."""
    spelled = _spelled(scribe, scribe.analysis.factories[decision.data.options[0][0]])
    if spelled is None:
        return scribe.source(node)
    return f"{scribe.text_of(node.func)}{spelled.arguments[node]}"


def _spelled(scribe: Scribe, group: Group) -> Spelled | None:
    """How a group is written, found once; None where it cannot be, and is declined."""
    known = scribe.factories.get(id(group), "")
    if known == "":
        found = _spell(scribe, group, lazy=False)
        if isinstance(found, str) and scribe.analysis.to == "torch":
            found = _spell(scribe, group, lazy=True)
        scribe.factories[id(group)] = found if isinstance(found, Spelled) else None
        if isinstance(found, str):
            scribe.late = True
            decline_group(group, found)
            for node in (*group.references, *group.calls):
                scribe.declines[node] = Declined("T105", found, "name the class where it is used")
        return found if isinstance(found, Spelled) else None
    return known if isinstance(known, Spelled) else None


@dataclass(frozen=True, slots=True)
class _Option:
    """One thing that may be called: its name, what is always given to it, and what each call gives."""

    name: str
    fixed: str
    given: dict[cst.Call, str]


def _spell(scribe: Scribe, group: Group, *, lazy: bool) -> Spelled | str:
    """How to write a group, or why it cannot be written; ``lazy`` where no size is given at the calls."""
    keys = dict.fromkeys(key for _, called in group.calls.values() for key, _ in called.options)
    options: dict[Key, _Option] = {}
    for key in keys:
        try:
            found = _option(scribe, group, key, lazy)
        except Unwritable as problem:
            return str(problem)
        if isinstance(found, str):
            return found
        options[key] = found
    arguments: dict[cst.Call, str] = {}
    for call, (_, called) in group.calls.items():
        texts = {options[key].given[call] for key, _ in called.options}
        if len(texts) != 1:
            return "what may arrive at a call wants different arguments there in the target"
        arguments[call] = texts.pop()
        same = arguments[call] == _source_arguments(scribe, call)
        if called.fixed and not same:
            return "what may arrive at a call wants other arguments in the target than the file's own code there"
    if group.compared and any(option.fixed for option in options.values()):
        return "a class is compared that needs further arguments in the target"
    return Spelled({key: _reference(scribe, option) for key, option in options.items()}, arguments)


def _source_arguments(scribe: Scribe, call: cst.Call) -> str:
    start, end = scribe.tree.outer(call.func)[1], scribe.tree.span(call)[1]
    return scribe.text[start:end].strip()


def _option(scribe: Scribe, group: Group, key: Key, lazy: bool) -> _Option | str:
    """What one class or function wants at every call that may receive it."""
    names: set[str] = set()
    constant: list[dict[str, str]] = []
    rest: dict[cst.Call, list[tuple[Argument, bool]]] = {}
    """The arguments of each call in the target, and whether they come from the call itself."""
    sources: dict[cst.Call, Source] = {}
    for call, (function, called) in group.calls.items():
        alone = dict(called.options).get(key)
        if alone is None:
            continue
        decision = _decision(scribe, function, alone, lazy)
        target = scribe.target(decision, alone)
        if not isinstance(target, Call) or target.api.startswith("torch.Tensor."):
            return "a function whose counterpart is no function may arrive here"
        sources[call] = scribe.source_of(call)
        names.add(scribe.names.spell(target.api))
        written = scribe.writer(decision).arguments(target, sources[call])
        own = _nodes(call.args)
        rest[call] = [(a, inferred or any(n in own for n in a.nodes)) for a, inferred in written]
        constant.append({a.param.name: a.text for a, from_call in rest[call] if not from_call})
    if len(names) != 1:
        return "a class has several counterparts, depending on where it is called"
    fixed = {n: t for n, t in constant[0].items() if all(other.get(n) == t for other in constant)}
    if _is_alias(group):
        fixed = {}
    given = {}
    for call, written_ in rest.items():
        left = [a for a, from_call in written_ if from_call or a.param.name not in fixed]
        first = min((a.index for a, _ in written_ if a.param.name in fixed), default=len(written_))
        plain = [replace(a, leading=a.leading and a.index < first) for a in left]
        given[call] = f"({join_arguments(plain, sources[call], 0)})"
    return _Option(names.pop(), ", ".join(f"{n}={t}" for n, t in fixed.items()), given)


def _decision(scribe: Scribe, function: Function, alone: cst.Call, lazy: bool) -> Rewrite:
    """What one class becomes at one call."""
    site = scribe.analysis.tables.sites.get(alone)
    decision = function.decisions[alone]
    if lazy and site is not None and site.lazy is not None:
        site.candidates = [(site.lazy.alternative, site.lazy.bindings)]
        decision = site.lazy
    assert isinstance(decision, Rewrite)
    return decision


def _is_alias(group: Group) -> bool:
    """Whether a name of the module stands for one class: then its calls say all that they need."""
    at_top = all(function.node is None and function.owner is None for function, _ in group.references.values())
    return at_top and len({key for _, key in group.references.values()}) == 1


def _nodes(args: Sequence[cst.Arg]) -> set[cst.CSTNode]:
    return {arg.value for arg in args}


def _reference(scribe: Scribe, option: _Option) -> str:
    if not option.fixed:
        return option.name
    return f"{_partial(scribe)}({option.name}, {option.fixed})"


def _partial(scribe: Scribe) -> str:
    """How ``functools.partial`` is called in this file."""
    for name, value in scribe.analysis.tables.globals.items():
        if value == Builtin("functools.partial"):
            return name
    if scribe.analysis.tables.globals.get("functools") == Builtin("functools"):
        return "functools.partial"
    if "partial" in scribe.names.taken:
        scribe.names.imports.add("import functools")
        return "functools.partial"
    scribe.names.imports.add("from functools import partial")
    return "partial"
