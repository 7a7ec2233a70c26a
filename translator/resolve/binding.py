"""Arguments to parameters: pair a call's arguments with a signature, as Python would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import libcst as cst

from translator.catalog.pattern import Call
from translator.catalog.signatures import Param, Signatures
from translator.catalog.unify import BoundCall, Literal
from translator.syntax import NOT_LITERAL, literal, same_code


def bind(
    api: str,
    params: Sequence[Param],
    args: Sequence[cst.Arg],
    receiver: cst.BaseExpression | None = None,
    aliases: Mapping[str, str] | None = None,
) -> BoundCall | str:
    """Pair arguments with ``params``; a string says why they do not fit. ``receiver`` is a method's object."""
    bound: dict[str, cst.BaseExpression | tuple[cst.CSTNode, ...]] = {}
    slots = [p for p in params if p.kind in ("", "pos")]
    star = next((p for p in params if p.kind == "*"), None)
    values: list[cst.BaseExpression | cst.Arg] = [receiver] if receiver is not None else []
    named: list[cst.Arg] = []
    for arg in args:
        if arg.star == "**":
            return "** arguments cannot be bound"
        if arg.star == "*":
            if star is None:
                return "star-arguments cannot be bound"
            values.append(arg)
        elif arg.keyword is None:
            values.append(arg.value)
        else:
            named.append(arg)
    before_star = [p for p in slots if star is None or list(params).index(p) < list(params).index(star)]
    rest: list[cst.CSTNode] = []
    for index, value in enumerate(values):
        if index < len(before_star) and not isinstance(value, cst.Arg):
            bound[before_star[index].name] = value
        elif star is not None and index >= len(before_star):
            rest.append(value)
        else:
            return (
                f"{api} takes at most {len(before_star)} positional arguments"
                if star is None
                else "star-arguments cannot be bound"
            )
    if rest and star is not None:
        bound[star.name] = tuple(rest)
    return _bind_named(api, params, named, bound, aliases or {})


def _bind_named(
    api: str,
    params: Sequence[Param],
    named: Sequence[cst.Arg],
    bound: dict[str, cst.BaseExpression | tuple[cst.CSTNode, ...]],
    aliases: Mapping[str, str],
) -> BoundCall | str:
    names = {p.name for p in params if p.kind not in ("*", "**", "pos")}
    open_ended = any(p.kind == "**" for p in params)
    stars = {p.name for p in params if p.kind == "*"}
    for arg in named:
        assert arg.keyword is not None
        name = arg.keyword.value
        name = name if name in names else aliases.get(name, name)
        if name in stars and name not in bound:
            bound[name] = (arg.value,)
            continue
        if name not in names and not open_ended:
            return f"{api} has no parameter {name}"
        if name in bound:
            return f"{api} gets {name} twice"
        bound[name] = arg.value
    return BoundCall(api, bound, tuple(params))


class NodeReader:
    """Answers the unifier's questions about libcst nodes; ``name_of`` resolves an expression to a framework name."""

    def __init__(
        self,
        signatures: Signatures,
        name_of: Callable[[cst.CSTNode], str | None],
        method_of: Callable[[cst.Call], tuple[str, cst.BaseExpression] | None],
    ) -> None:
        self.signatures = signatures
        self.name_of = name_of
        self.method_of = method_of
        self._literals: dict[cst.CSTNode, Literal | None] = {}

    def literal(self, node: cst.CSTNode) -> Literal | None:
        try:
            return self._literals[node]
        except KeyError:
            value = literal(node)
            found = self._literals[node] = None if value is NOT_LITERAL else Literal(value, node)
            return found

    def call(self, node: cst.CSTNode, pattern: Call) -> BoundCall | str | None:
        if not isinstance(node, cst.Call):
            return None
        method = self.method_of(node)
        api, receiver = method if method is not None else (self.name_of(node.func), None)
        if api != pattern.api:
            return None
        return self.bind(pattern, node.args, receiver)

    def bind(self, pattern: Call, args: Sequence[cst.Arg], receiver: cst.BaseExpression | None) -> BoundCall | str:
        signature = self.signatures.get(pattern.api)
        if signature is None:
            return f"{pattern.api} has no signature"
        params = signature.overloads[pattern.overload] if signature.overloads else ()
        return bind(pattern.api, params, args, receiver, signature.aliases)

    def items(self, node: cst.CSTNode) -> list[cst.CSTNode] | None:
        if isinstance(node, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in node.elements):
            return [e.value for e in node.elements]
        return None

    def reference(self, node: cst.CSTNode) -> str | None:
        return self.name_of(node)

    def conditional(self, node: cst.CSTNode) -> tuple[cst.CSTNode, cst.CSTNode, cst.CSTNode] | None:
        return (node.test, node.body, node.orelse) if isinstance(node, cst.IfExp) else None

    def subscript(self, node: cst.CSTNode) -> tuple[cst.CSTNode, cst.CSTNode] | None:
        if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
            return node.value, node.slice[0].slice.value
        return None

    def same(self, left: cst.CSTNode, right: cst.CSTNode) -> bool:
        return same_code(left, right)
