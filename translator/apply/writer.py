"""Write a matched pattern of the target side as text: arguments in the author's order and style, defaults left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

import libcst as cst

from translator.apply import padding
from translator.apply.arguments import Argument, Source, in_one_line, join_arguments, wrote_first
from translator.apply.code import Unwritable, atom, literal_text, operand, tuple_text
from translator.apply.requirements import Requirements, hole_of
from translator.catalog import transforms
from translator.catalog.dtypes import DTYPE_KINDS
from translator.catalog.entry import Entry
from translator.catalog.pattern import SELF, Apply, Call, Cond, Hole, Lit, Pat, Ref, Seq, Sub, Upper, Xform
from translator.catalog.signatures import Param, Signatures
from translator.catalog.unify import Applied, Bound, Code, Facts, Items, Literal, same_value
from translator.dataclass import dataclass
from translator.emit.names import Names
from translator.infer.values import Order
from translator.model import Framework
from translator.syntax import NOT_LITERAL, literal

_BY_POSITION = frozenset({"tensor", "known_tensor", "tensors", "operand", "number"})
"""Kinds of holes that are data rather than settings."""


@dataclass
class Writer:
    """Writes patterns of one rewrite. ``text_of`` gives the updated text of a source node."""

    names: Names
    signatures: Signatures
    text_of: Callable[[cst.CSTNode], str]
    entry: Entry
    bindings: Mapping[str, Bound]
    to: Framework
    order: Order | None = None
    rank: int | None = None
    axes: Mapping[str, object] = field(default_factory=dict)
    channels_last: bool = True
    this: str = ""
    requirements: Requirements = field(default_factory=Requirements)
    keeps_first: bool = False

    def write(self, pattern: Pat, source: Source | None = None) -> str:
        """The text of a pattern."""
        match pattern:
            case Lit(value=value):
                return literal_text(value)
            case Hole(name=name):
                return self.hole(name)
            case Upper(name="SELF"):
                return self.this
            case Upper(name=name):
                return literal_text(self.upper(name))
            case Ref(api=api):
                return self.names.spell(api)
            case Call():
                return self.call(pattern, source)
            case Seq(items=items, is_list=is_list):
                texts = [self.write(item) for item in items]
                return "[" + ", ".join(texts) + "]" if is_list else tuple_text(texts)
            case Xform():
                return self.transform(pattern)
            case Cond(test=test, body=body, orelse=orelse):
                return f"{self.write(body)} if {self.write(test)} else {self.write(orelse)}"
            case Apply(function=function, argument=argument):
                return f"{self.write(function)}({self.write(argument)})"
            case Sub(value=value, index=index):
                return f"{self.write(value)}[{self.write(index)}]"

    def upper(self, name: str) -> object:
        """LAYOUT, CHANNEL or SPATIAL as this rewrite's tensors are stored."""
        rank = self.rank or 4
        if name == "LAYOUT":
            return "channels_last" if self.channels_last else "channels_first"
        if name == "CHANNEL":
            return -1 if self.channels_last or rank <= 2 else 1
        if name == "SPATIAL":
            return tuple(range(1, rank - 1)) if self.channels_last else tuple(range(2, rank))
        raise ValueError(name)

    def hole(self, name: str) -> str:
        if name in self.axes:
            return literal_text(self._given_axes(name, self.axes[name]))
        bound = self.bindings.get(name)
        if bound is None:
            raise KeyError(name)
        if isinstance(bound, Literal) and self._given_axes(name, bound.value) is not bound.value:
            return literal_text(self._given_axes(name, bound.value))
        if self.entry.kind(name) in ("shape", "sizes"):
            return self._shape(bound)
        if self.entry.kind(name) == "axes" and isinstance(bound, Items):
            return tuple_text([self.item(node) for node in self._spread(bound)])
        if self.entry.kind(name) in DTYPE_KINDS and isinstance(bound, Literal) and isinstance(bound.value, str):
            return self.names.spell(f"torch.{bound.value}") if self.to == "torch" else literal_text(bound.value)
        if self.entry.kind(name) == "int_tuple" and isinstance(bound, Literal) and bound.node is None:
            return literal_text(_collapsed(bound.value))
        return self.bound(bound)

    def _given_axes(self, name: str, value: object) -> object:
        """One axis as the sequence that a function wants which takes several."""
        alone = self.entry.kind(name) == "axes" and isinstance(value, int)
        return (value,) if alone else value

    def bound(self, bound: Bound) -> str:
        match bound:
            case Literal(value=value, node=node):
                return self.text_of(node) if node is not None else literal_text(value)
            case Code(node=node):
                return self.text_of(node)
            case Items(nodes=nodes):
                return ", ".join(self.item(node) for node in nodes)
            case Facts(text=text):
                return text
            case Applied():
                return self._applied(bound)

    def item(self, node: cst.CSTNode) -> str:
        return f"*{atom(self.text_of(node.value))}" if isinstance(node, cst.Arg) else self.text_of(node)

    def _shape(self, bound: Bound) -> str:
        if isinstance(bound, Items):
            if len(bound.nodes) == 1 and not isinstance(bound.nodes[0], cst.Arg):
                node = bound.nodes[0]
                return (
                    self.text_of(node)
                    if not isinstance(node, cst.Integer | cst.UnaryOperation)
                    else f"({self.text_of(node)},)"
                )
            if len(bound.nodes) == 1 and isinstance(bound.nodes[0], cst.Arg):
                return self.text_of(bound.nodes[0].value)
            return tuple_text([self.item(node) for node in bound.nodes])
        return self.bound(bound)

    def _applied(self, bound: Applied) -> str:
        inner = self.bound(bound.operand)
        transform = transforms.TRANSFORMS[bound.transform]
        return (transform.uncode if bound.inverse else transform.code).format(operand(inner))

    # transforms of the target side

    def transform(self, pattern: Xform) -> str:
        if pattern.name in transforms.CONTEXTUAL:
            return self.contextual(pattern)
        transform = transforms.TRANSFORMS[pattern.name]
        if (
            isinstance(pattern.operand, Seq)
            and transform.code
            and any(self._value(p) is _NONE for p in pattern.operand.items)
        ):
            return transform.code.format(*(operand(self.write(part)) for part in pattern.operand.items))
        bound = self.operand_of(pattern)
        if isinstance(bound, Items):
            bound = _literal_items(bound)
        if isinstance(bound, Literal):
            value = transform.forward(bound.value, dict(pattern.params))
            if value is transforms.NOT_APPLICABLE:
                raise Unwritable(f"{bound.value!r} has no counterpart")
            unchanged = all(isinstance(value, t) == isinstance(bound.value, t) for t in (tuple | list, float))
            if bound.node is not None and unchanged and same_value(value, bound.value):
                return self.text_of(bound.node)
            return literal_text(value)
        if isinstance(bound, Code) and isinstance(bound.node, cst.Tuple | cst.List):
            shown = tuple(_Text(self._element(e)) for e in bound.node.elements)
            value = transform.forward(shown, dict(pattern.params))
            if value is not transforms.NOT_APPLICABLE:
                return literal_text(value)
        if isinstance(bound, Applied) and bound.transform == pattern.name and bound.inverse:
            return self.bound(bound.operand)
        if not transform.code:
            raise Unwritable(f"a symbolic argument stands where its value decides ({pattern.name})")
        if transform.involution and isinstance(bound, Code):
            stripped = _strip(bound.node, pattern.name)
            if stripped is not None:
                return self.text_of(stripped)
        text = self.bound(bound)
        return text if transform.code == "{}" else transform.code.format(operand(text))

    def operand_of(self, pattern: Xform) -> Bound:
        if isinstance(pattern.operand, Hole):
            return self.bindings[pattern.operand.name]
        if isinstance(pattern.operand, Lit):
            return Literal(pattern.operand.value)
        if isinstance(pattern.operand, Seq):
            parts = [self._value(part) for part in pattern.operand.items]
            if not any(part is _NONE for part in parts):
                return Literal(tuple(parts))
        raise Unwritable(f"{pattern.name} of a pattern")

    def contextual(self, pattern: Xform) -> str:
        bound = self.operand_of(pattern)
        rank = self.rank if self.rank is not None or self.to == "keras" else padding.written_rank(bound)
        if rank is None:
            raise Unwritable("the tensor's rank is not known")
        if pattern.name == "spatial_pads":
            pads = padding.spatial_texts(bound, rank - 2, self.bound)
            pairs = [f"({p}, {p})" for p in pads]
            none = "(0, 0)"
            return tuple_text([none, *pairs, none] if self.channels_last else [none, none, *pairs])
        if pattern.name == "spatial_crops":
            return padding.crops(bound, rank, self.channels_last)
        moved = self.order == "moved"
        if self.to == "keras":
            return padding.first_axis_first(bound, rank, moved, self.text_of)
        return padding.last_axis_first(bound, rank, moved, self.text_of, pattern.name == "all_flat_pads")

    # calls

    def call(self, pattern: Call, source: Source | None) -> str:
        """A call; ``source`` is the author's call that it stands for, None for a part of what is written."""
        if pattern.api == SELF:
            return f"{self.this}({', '.join(self.write(p) for _, p in pattern.args)})"
        method = pattern.api.startswith("torch.Tensor.")
        params = self._params(pattern)
        written = list(self._arguments(pattern, params, source))
        if method:
            receiver = atom(written[0].text)
            head = f"{receiver}.{pattern.api.removeprefix('torch.Tensor.')}"
            signature = self.signatures.get(pattern.api)
            if signature is not None and signature.kind == "property":
                return head
            return f"{head}({join_arguments(written[1:], in_one_line(source), 1)})"
        return f"{self.names.spell(pattern.api)}({join_arguments(written, source or Source(), 0)})"

    def arguments(self, pattern: Call, source: Source | None) -> list[tuple[Argument, bool]]:
        """The arguments of a call, one by one, and whether each holds only where the call stands: an inferred size."""
        given = pattern.named
        written = self._arguments(pattern, self._params(pattern), source)
        return [(a, isinstance(self.bindings.get(hole_of(given.get(a.param.name)) or ""), Facts)) for a in written]

    def _params(self, pattern: Call) -> Sequence[Param]:
        signature = self.signatures.get(pattern.api)
        if signature is None:
            return tuple(Param(name) for name, _ in pattern.args)
        params = signature.overloads[pattern.overload] if signature.overloads else ()
        known = {p.name for p in params}
        return (*params, *(Param(name, None, "kw") for name, _ in pattern.args if name not in known))

    def _arguments(self, pattern: Call, params: Sequence[Param], source: Source | None) -> list[Argument]:
        given = pattern.named
        result = []
        for index, param in enumerate(params):
            part = given.get(param.name)
            if part is None or (self._is_default(part, param) and not self._is_kept(part, index, source)):
                continue
            if param.kind == "*":
                result += self._star(part, index)
                continue
            first = index == 0 and self.keeps_first
            tensor = isinstance(part, Hole) and self.entry.kind(part.name) in _BY_POSITION
            nodes, leading = self._nodes(part), self._leads(part, param, index, source) or first
            text = self.write(part)
            fixed = isinstance(part, Lit)
            result.append(Argument(param, index, text, nodes, param.required or first, leading, tensor, fixed))
        return result

    def _is_kept(self, part: Pat, index: int, source: Source | None) -> bool:
        """Whether an argument stays although it equals the default: a side requires it.

        Whether it is there must not depend on the direction, or the way back would lose what the way there kept.
        """
        if index == 0 and self.keeps_first:
            return True
        return source is not None and hole_of(part) in self.requirements.anywhere

    def _leads(self, part: Pat, param: Param, index: int, source: Source | None) -> bool:
        """Whether an argument may go by position: all sides require it, or the author wrote it first."""
        hole = hole_of(part)
        if index == 0 and self._wrote_first(part, source):
            return True
        if source is None or hole is None:
            return param.required and not isinstance(part, Upper)
        return hole in self.requirements.everywhere

    def _wrote_first(self, part: Pat, source: Source | None) -> bool:
        """Whether the author gave by position what comes first on both sides: ``LeakyReLU(0.1)``, ``Dropout(0.5)``."""
        if source is None or hole_of(part) not in self.requirements.first:
            return False
        return any(wrote_first(node, source) for node in self._nodes(part))

    def _star(self, part: Pat, index: int) -> list[Argument]:
        """A star parameter takes the items of a shape one by one."""
        bound = self.bindings.get(part.name) if isinstance(part, Hole) else None
        if isinstance(part, Hole) and part.name in self.axes:
            bound = Literal(self.axes[part.name])
        star = Param("", kind="*")
        if isinstance(part, Seq):
            return [Argument(star, index, self.write(item), (), True, True) for item in part.items]
        if isinstance(part, Hole) and isinstance(bound, Items):
            nodes = bound.nodes if self.entry.kind(part.name) == "shape" else self._spread(bound)
            return [Argument(star, index, self.item(node), (node,), True, True) for node in nodes]
        if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
            return [Argument(star, index, literal_text(v), (), True, True) for v in bound.value]
        if isinstance(bound, Code) and isinstance(bound.node, cst.Tuple | cst.List):
            elements = bound.node.elements
            return [Argument(star, index, self._element(e), (e.value,), True, True) for e in elements]
        return [Argument(star, index, self.write(part), (), True, True)]

    @staticmethod
    def _spread(bound: Items) -> Sequence[cst.CSTNode]:
        """The items of a star parameter, also where the author gave them as one tuple or list."""
        node = bound.nodes[0] if len(bound.nodes) == 1 else None
        if isinstance(node, cst.Tuple | cst.List) and all(isinstance(e, cst.Element) for e in node.elements):
            return [element.value for element in node.elements]
        return bound.nodes

    def _element(self, element: cst.BaseElement) -> str:
        text = self.text_of(element.value)
        return f"*{atom(text)}" if isinstance(element, cst.StarredElement) else text

    def _nodes(self, part: Pat) -> tuple[cst.CSTNode, ...]:
        """The source nodes that an argument was made from, to find its place among the author's arguments."""
        if isinstance(part, Xform):
            part = part.operand
        bound = self.bindings.get(part.name) if isinstance(part, Hole | Upper) else None
        while isinstance(bound, Applied):
            bound = bound.operand
        node = getattr(bound, "node", None) or getattr(bound, "origin", None)
        return (node,) if node is not None else ()

    def _is_default(self, part: Pat, param: Param) -> bool:
        if param.required or param.kind == "*":
            return False
        value = self._value(part)
        if value is _NONE:
            return False
        if isinstance(part, Upper) and part.name == "LAYOUT":
            return value == "channels_last"
        return same_value(value, param.default)

    def _value(self, part: Pat) -> object:
        """The literal that an argument will be, or _NONE."""
        match part:
            case Lit(value=value):
                return value
            case Upper(name=name) if name != "SELF":
                return self.upper(name)
            case Hole(name=name):
                if name in self.axes:
                    return self.axes[name]
                bound = self.bindings.get(name)
                if isinstance(bound, Facts) and bound.text.isdigit():
                    return int(bound.text)
                return bound.value if isinstance(bound, Literal) else _NONE
            case Xform(name=name, operand=Hole(name=hole), params=params) if name in transforms.TRANSFORMS:
                bound = self.bindings.get(hole)
                if isinstance(bound, Literal):
                    return transforms.forward(name, bound.value, dict(params))
            case Xform(name=name, operand=Seq(items=items), params=params) if name in transforms.TRANSFORMS:
                parts = [self._value(item) for item in items]
                if not any(part is _NONE for part in parts):
                    return transforms.forward(name, tuple(parts), dict(params))
        return _NONE


_NONE = object()


@dataclass(frozen=True, slots=True)
class _Text:
    """An item of a display that is code: transforms may move it, and it is written as it stands."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _literal_items(bound: Items) -> Bound:
    """Separate arguments that are all literals, as one tuple."""
    values = [literal(node) for node in bound.nodes]
    return bound if any(v is NOT_LITERAL for v in values) else Literal(tuple(values))


def _collapsed(value: object) -> object:
    """A default such as (2, 2) as the number that a person would write."""
    return value[0] if isinstance(value, tuple) and value and len(set(value)) == 1 else value


def _strip(node: cst.CSTNode, transform: str) -> cst.CSTNode | None:
    """The operand of code that already has the form of an involution: ``1 - m`` and ``not flag``."""
    if transform == "one_minus" and isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Subtract):
        return node.right if isinstance(node.left, cst.Integer) and node.left.value == "1" else None
    if transform == "not_" and isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        return node.expression
    return None
