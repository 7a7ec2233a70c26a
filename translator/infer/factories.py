"""Classes and functions of the framework as values: ``norm_layer=nn.BatchNorm2d``, later called ``norm_layer(planes)``.

The calls of one name and the references that may arrive there are settled together; ``apply/rewriters/factories.py``
writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from translator.dataclass import dataclass
from translator.infer.arguments import arguments
from translator.infer.evaluate import escape, evaluate
from translator.infer.facts import Declined, Function, LayerSite, Replace, Rewrite
from translator.infer.frame import Frame
from translator.infer.framework import SPECIAL, framework
from translator.infer.functions import pass_arguments
from translator.infer.joins import join
from translator.infer.values import BOTTOM, UNKNOWN, Bottom, ClassRef, FrameworkRef, Partial, Value

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis

Key = str | cst.CSTNode
"""What may be called: a framework name, or a ``functools.partial`` of one."""
CALL, REFERENCE = "factory_call", "factory"


@dataclass(frozen=True, slots=True)
class Called:
    """A call of something that comes as a value: per thing that it may be, the call as if its name stood there.

    ``fixed`` where it may also be code of the file's own, so that the arguments must stay as they are.
    """

    options: tuple[tuple[Key, cst.Call], ...]
    fixed: bool


@dataclass(frozen=True, slots=True)
class Given:
    """The framework name of a ``functools.partial`` and the arguments that it fixes."""

    api: str
    args: tuple[cst.Arg, ...]


def call_factory(frame: Frame, node: cst.Call, options: Sequence[FrameworkRef | Partial], fixed: bool) -> Value:
    """Call each of ``options`` with the arguments of ``node``; what the call may give."""
    result: Value = BOTTOM
    made: list[tuple[Key, cst.Call]] = []
    for option in sorted(options, key=lambda o: _key_text(frame.analysis, o)):
        given = _given(frame.analysis, option)
        if given.api in SPECIAL or any(arg.star for arg in (*given.args, *node.args)):
            arguments(frame, node)
            return frame.decline(node, "T105", f"{given.api} comes as a value and is called here", given.api)
        key: Key = option.site if isinstance(option, Partial) else option.api
        alone = _spelled_out(frame, node, key, given)
        value = framework(frame, alone, given.api, None)
        made.append((key, alone))
        decision = frame.function.decisions.get(alone)
        if isinstance(decision, Declined):
            frame.decide(node, decision)
            return value
        result = join(result, value)
    frame.decide(node, Replace(CALL, data=Called(tuple(made), fixed)))
    return result


def _key_text(analysis: Analysis, option: FrameworkRef | Partial) -> str:
    given = _given(analysis, option)
    return f"{given.api} {len(given.args)}"


def _given(analysis: Analysis, option: FrameworkRef | Partial) -> Given:
    return analysis.partials[option.site] if isinstance(option, Partial) else Given(option.api, ())


def _spelled_out(frame: Frame, node: cst.Call, key: Key, given: Given) -> cst.Call:
    """The call with the name of what is called; the same node every time, since layers are known by it."""
    calls = frame.analysis.spelled_out
    found = calls.get((node, key))
    if found is None:
        later = {arg.keyword.value for arg in node.args if arg.keyword is not None}
        fixed = [arg for arg in given.args if arg.keyword is None or arg.keyword.value not in later]
        positional = [arg for arg in (*fixed, *node.args) if arg.keyword is None]
        named = [arg for arg in (*fixed, *node.args) if arg.keyword is not None]
        found = calls[node, key] = cst.Call(cst.Name("factory"), args=[*positional, *named])
    signature = frame.analysis.catalog.signatures.get(given.api)
    if signature is not None and signature.kind == "class" and found not in frame.analysis.tables.sites:
        start = frame.function.tree.start_of(node)
        frame.analysis.tables.sites[found] = LayerSite(found, frame.function, given.api, start=start, place=node)
    return found


def make_partial(frame: Frame, node: cst.Call) -> Value:
    """``functools.partial(nn.BatchNorm2d, eps=1e-3)``."""
    if not node.args or node.args[0].keyword is not None or node.args[0].star:
        arguments(frame, node)
        return UNKNOWN
    value = evaluate(frame, node.args[0].value)
    if isinstance(value, ClassRef) and all(a.keyword is not None for a in node.args[1:]):
        # What is given here reaches the constructor, wherever the rest comes from.
        init = frame.analysis.find_method(value.name, "__init__")
        if init is not None:
            frame.analysis.tables.classes[value.name].inside = True
            rest = node.with_changes(args=node.args[1:])
            pass_arguments(frame, rest, init, skip_self=True)
            return value
    for arg in node.args[1:]:
        escape(frame, evaluate(frame, arg.value))
    if not isinstance(value, FrameworkRef) or not can_be_value(frame.analysis, value.api):
        return UNKNOWN
    frame.function.decisions.pop(node.args[0].value, None)
    frame.decide(node, Replace(REFERENCE, value.api, data=node))
    frame.analysis.partials[node] = Given(value.api, tuple(node.args[1:]))
    return Partial(node)


def can_be_value(analysis: Analysis, api: str) -> bool:
    """Whether a framework name may stand as a value: its calls are known."""
    return api not in SPECIAL and bool(analysis.catalog.alternatives(analysis.source, api))


# after the fixpoint


@dataclass
class Group:
    """Everything that must agree: the references that arrive at some calls, and all calls where they arrive."""

    calls: dict[cst.Call, tuple[Function, Called]]
    references: dict[cst.CSTNode, tuple[Function, Key]]
    compared: bool = False


def settle_factories(analysis: Analysis) -> None:
    """Put calls and references together, and decline those that cannot be translated."""
    groups: dict[Key, Group] = {}
    for function in analysis.tables.functions.values():
        for node, decision in list(function.decisions.items()):
            if isinstance(decision, Replace) and decision.rewriter == CALL:
                assert isinstance(node, cst.Call)
                keys = [key for key, _ in decision.data.options]
                merged = _merged(groups, keys)
                merged.calls[node] = function, decision.data
    for function in analysis.tables.functions.values():
        for node, decision in list(function.decisions.items()):
            if isinstance(decision, Replace) and decision.rewriter == REFERENCE:
                key = decision.api if decision.data is None else decision.data
                if key in groups:
                    groups[key].references[node] = function, key
                    groups[key].compared |= decision.target == "compared"
                else:
                    function.decisions[node] = _alone(analysis, decision)
    analysis.factories = groups
    for group in {id(g): g for g in groups.values()}.values():
        problem = _problem(analysis, group)
        if problem:
            decline_group(group, problem)


def _merged(groups: dict[Key, Group], keys: Sequence[Key]) -> Group:
    found = [groups[key] for key in keys if key in groups]
    merged = found[0] if found else Group({}, {})
    for other in found[1:]:
        if other is not merged:
            merged.calls.update(other.calls)
            merged.references.update(other.references)
    members = [key for key, group in groups.items() if any(group is other for other in found)]
    for key in (*members, *keys):
        groups[key] = merged
    return merged


def _alone(analysis: Analysis, decision: Replace) -> Replace | Declined:
    """A name that no call of the file receives."""
    target = analysis.reference_target(decision.api)
    if target is not None and decision.data is None:
        return Replace("reference", decision.api, target)
    return Declined("T105", f"{decision.api} is used as a value, only its calls are translated", "", decision.api)


def _problem(analysis: Analysis, group: Group) -> str:
    for function, called in group.calls.values():
        functions = 0
        for key, alone in called.options:
            decision = function.decisions.get(alone)
            if not isinstance(decision, Rewrite):
                return f"{_name(analysis, key)} cannot be translated at one of the calls where it may arrive"
            site = analysis.tables.sites.get(alone)
            if site is not None and site.form != "plain":
                return f"{_name(analysis, key)} needs padding or an activation beside it at one of its calls"
            functions += site is None
            if site is None and len(called.options) > 1 and decision.alternative.entry.layout != "free":
                return f"{_name(analysis, key)} treats axes in its own way where other functions may be called, too"
        if functions not in (0, len(called.options)):
            return "classes and functions may arrive at the same call"
    return ""


def _name(analysis: Analysis, key: Key) -> str:
    return key if isinstance(key, str) else analysis.partials[key].api


def decline_group(group: Group, problem: str) -> None:
    """Leave all references and calls of a group as they are."""
    declined = Declined("T105", problem, "name the class where it is used")
    for node, (function, _) in group.references.items():
        function.decisions[node] = declined
    for call, (function, _) in group.calls.items():
        function.decisions[call] = declined


def receives(value: Value) -> tuple[list[FrameworkRef | Partial], list[Value]]:
    """The framework's classes and functions among what a value may be, and the others."""
    found = getattr(value, "options", None) or [value]
    known: list[FrameworkRef | Partial] = [o for o in found if isinstance(o, FrameworkRef | Partial)]
    return known, [o for o in found if not isinstance(o, FrameworkRef | Partial | Bottom)]
