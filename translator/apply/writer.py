"""Write a matched pattern of the target side as text: arguments in the author's order and style, defaults left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from translator.apply import padding
from translator.apply.arguments import Argument, Source, join_arguments
from translator.apply.code import Unwritable, atom, literal_text, operand, tuple_text
from translator.catalog import transforms
from translator.catalog.entry import Entry
from translator.catalog.pattern import SELF, Apply, Call, Cond, Hole, Lit, Pat, Ref, Seq, Sub, Upper, Xform
from translator.catalog.signatures import Param, Signatures
from translator.catalog.unify import Applied, Bound, Code, Facts, Items, Literal, same_value
from translator.emit.names import Names
from translator.infer.values import Order
from translator.model import Framework
from translator.syntax import NOT_LITERAL, literal


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
    required_at_source: Sequence[str] = ()
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
                return self.call(pattern, source or Source())
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
            return literal_text(self.axes[name])
        bound = self.bindings.get(name)
        if bound is None:
            raise KeyError(name)
        if self.entry.kind(name) == "shape":
            return self._shape(bound)
        if self.entry.kind(name) == "int_tuple" and isinstance(bound, Literal) and bound.node is None:
            return literal_text(_collapsed(bound.value))
        return self.bound(bound)

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
        bound = self.operand_of(pattern)
        if isinstance(bound, Items):
            bound = _literal_items(bound)
        transform = transforms.TRANSFORMS[pattern.name]
        if isinstance(bound, Literal):
            value = transform.forward(bound.value, dict(pattern.params))
            if value is transforms.NOT_APPLICABLE:
                raise Unwritable(f"{bound.value!r} has no counterpart")
            if bound.node is not None and same_value(value, bound.value):
                return self.text_of(bound.node)
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
        raise Unwritable(f"{pattern.name} of a pattern")

    def contextual(self, pattern: Xform) -> str:
        bound = self.operand_of(pattern)
        if self.rank is None:
            raise Unwritable("the tensor's rank is not known")
        if pattern.name == "spatial_pads":
            pads = padding.spatial_texts(bound, self.rank - 2, self.bound)
            pairs = [f"({p}, {p})" for p in pads]
            none = "(0, 0)"
            return tuple_text([none, *pairs, none] if self.channels_last else [none, none, *pairs])
        moved = self.order == "moved"
        if self.to == "keras":
            return padding.first_axis_first(bound, self.rank, moved, self.text_of)
        return padding.last_axis_first(bound, self.rank, moved, self.text_of)

    # calls

    def call(self, pattern: Call, source: Source) -> str:
        if pattern.api == SELF:
            return f"{self.this}({', '.join(self.write(p) for _, p in pattern.args)})"
        method = pattern.api.startswith("torch.Tensor.")
        params = self._params(pattern)
        written = list(self._arguments(pattern, params, source))
        if method:
            receiver = atom(written[0].text)
            head = f"{receiver}.{pattern.api.removeprefix('torch.Tensor.')}"
            return f"{head}({join_arguments(written[1:], Source(), 1)})"
        return f"{self.names.spell(pattern.api)}({join_arguments(written, source, 0)})"

    def _params(self, pattern: Call) -> Sequence[Param]:
        signature = self.signatures.get(pattern.api)
        if signature is None:
            return tuple(Param(name) for name, _ in pattern.args)
        params = signature.overloads[pattern.overload] if signature.overloads else ()
        known = {p.name for p in params}
        return (*params, *(Param(name, None, "kw") for name, _ in pattern.args if name not in known))

    def _arguments(self, pattern: Call, params: Sequence[Param], source: Source) -> list[Argument]:
        given = dict(pattern.args)
        result = []
        for index, param in enumerate(params):
            part = given.get(param.name)
            kept = (index == 0 and self.keeps_first) or self._is_kept(part, source)
            if part is None or (self._is_default(part, param) and not kept):
                continue
            if param.kind == "*":
                result += self._star(part, index)
                continue
            required = param.required or (index == 0 and self.keeps_first)
            tensor = isinstance(part, Hole) and self.entry.kind(part.name) in ("tensor", "tensors")
            result.append(Argument(param, index, self.write(part), self._nodes(part), required, tensor))
        return result

    def _is_kept(self, part: Pat | None, source: Source) -> bool:
        """Whether an argument stays although it equals the default: the author had to write it, or wrote it first."""
        if part is None:
            return False
        nodes = self._nodes(part)
        place = next((i for i, arg in enumerate(source.args) if any(node is arg.value for node in nodes)), None)
        if place is None:
            return False
        arg = source.args[place]
        name = arg.keyword.value if arg.keyword is not None else None
        required = self.required_at_source
        return (place == 0 and name is None) or (name in required if name is not None else place < len(required))

    def _star(self, part: Pat, index: int) -> list[Argument]:
        """A star parameter takes the items of a shape one by one."""
        bound = self.bindings.get(part.name) if isinstance(part, Hole) else None
        if isinstance(part, Hole) and part.name in self.axes:
            bound = Literal(self.axes[part.name])
        star = Param("", kind="*")
        if isinstance(part, Seq):
            return [Argument(star, index, self.write(item), (), True) for item in part.items]
        if isinstance(bound, Items):
            return [Argument(star, index, self.item(node), (node,), True) for node in bound.nodes]
        if isinstance(bound, Literal) and isinstance(bound.value, tuple | list):
            return [Argument(star, index, literal_text(v), (), True) for v in bound.value]
        if isinstance(bound, Code) and isinstance(bound.node, cst.Tuple | cst.List):
            elements = bound.node.elements
            return [Argument(star, index, self._element(e), (e.value,), True) for e in elements]
        return [Argument(star, index, self.write(part), (), True)]

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
        node = getattr(bound, "node", None)
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
                return bound.value if isinstance(bound, Literal) else _NONE
            case Xform(name=name, operand=Hole(name=hole), params=params) if name in transforms.TRANSFORMS:
                bound = self.bindings.get(hole)
                if isinstance(bound, Literal):
                    return transforms.forward(name, bound.value, dict(params))
        return _NONE


_NONE = object()


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
