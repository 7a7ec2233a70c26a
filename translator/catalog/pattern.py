"""Call patterns written as Python, compiled to a small tree that one unifier reads and one writer writes.

Lowercase names are holes, UPPERCASE names are filled by the layout pass, dotted names are framework references, and
a call of a bare name is a value transform (see ``transforms``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import field

from translator.catalog.signatures import Signatures
from translator.dataclass import dataclass

ROOTS = ("torch", "keras", "tf", "helpers")
SELF = "SELF"


@dataclass(frozen=True, slots=True)
class Lit:
    """A Python literal that must match by value."""

    value: object


@dataclass(frozen=True, slots=True)
class Hole:
    """An argument shared by both sides; ``star`` takes all remaining positional arguments."""

    name: str
    star: bool = False


@dataclass(frozen=True, slots=True)
class Upper:
    """LAYOUT, CHANNEL or SELF: known only where the pattern is applied."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A framework object by its canonical name."""

    api: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a framework function or of another pattern's layer (``SELF``); arguments go by parameter name."""

    api: str
    args: tuple[tuple[str, Pat], ...]
    overload: int = 0
    named: Mapping[str, Pat] = field(init=False, repr=False, compare=False)
    """The arguments by parameter name."""
    fixed: tuple[tuple[str, object], ...] = field(init=False, repr=False, compare=False)
    """Those that must be one literal, which tells the cases of an API apart."""

    def __post_init__(self) -> None:
        # A call is matched and written more often than anything else: these are found once.
        object.__setattr__(self, "named", dict(self.args))
        fixed = tuple((name, part.value) for name, part in self.args if isinstance(part, Lit))
        object.__setattr__(self, "fixed", fixed)

    def arg(self, name: str) -> Pat | None:
        return self.named.get(name)


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Pat, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Xform:
    """An invertible value transform of one operand with literal parameters."""

    name: str
    operand: Pat
    params: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Cond:
    """A conditional expression ``body if test else orelse``."""

    test: Pat
    body: Pat
    orelse: Pat


@dataclass(frozen=True, slots=True)
class Apply:
    """The call of what a pattern gives: ``keras.layers.Flatten()(x)``. Written, never read."""

    function: Pat
    argument: Pat


@dataclass(frozen=True, slots=True)
class Sub:
    value: Pat
    index: Pat


Pat = Lit | Hole | Upper | Ref | Call | Seq | Xform | Cond | Apply | Sub


class PatternError(ValueError):
    """The pattern text is not of the language above."""


def compile_pattern(text: str, signatures: Signatures) -> Pat:
    """Compile one pattern. Raises PatternError with the reason."""
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except SyntaxError as error:
        raise PatternError(f"pattern {text!r} is no Python expression: {error.msg}") from None
    return _expression(tree, signatures)


def compile_arguments(text: str, base: Call, signatures: Signatures) -> Call:
    """Return ``base`` with the keyword arguments of a case (``"padding='same', strides=1"``) added or replaced."""
    added = compile_call(f"{base.api}({text})", signatures) if text.strip() else Call(base.api, ())
    merged = {**dict(base.args), **dict(added.args)}
    return Call(base.api, tuple(merged.items()), _overload(base.api, merged, signatures))


def compile_call(text: str, signatures: Signatures) -> Call:
    pattern = compile_pattern(text, signatures)
    if not isinstance(pattern, Call):
        raise PatternError(f"pattern {text!r} is not a call")
    return pattern


def holes(pattern: Pat) -> Iterator[Hole]:
    """Every hole of a pattern, outermost first."""
    match pattern:
        case Hole():
            yield pattern
        case Call():
            for _, arg in pattern.args:
                yield from holes(arg)
        case Seq():
            for item in pattern.items:
                yield from holes(item)
        case Xform():
            yield from holes(pattern.operand)
        case Cond():
            for part in (pattern.test, pattern.body, pattern.orelse):
                yield from holes(part)
        case Apply():
            yield from holes(pattern.function)
            yield from holes(pattern.argument)
        case Sub():
            yield from holes(pattern.value)
            yield from holes(pattern.index)
        case _:
            return


def dotted(node: ast.expr) -> str | None:
    """The dotted name of an attribute chain, or None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def _expression(node: ast.expr, signatures: Signatures) -> Pat:
    match node:
        case ast.Constant(value=value):
            return Lit(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return Lit(-number)
        case ast.Name(id=name):
            return Upper(name) if name.isupper() else Hole(name)
        case ast.Starred(value=ast.Name(id=name)):
            return Hole(name, star=True)
        case ast.Attribute():
            name = dotted(node) or ""
            if name.split(".")[0] in ROOTS:
                return Ref(name)
            raise PatternError(f"{ast.unparse(node)!r} is no framework name")
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return _sequence([_expression(item, signatures) for item in items], isinstance(node, ast.List))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return Cond(*(_expression(part, signatures) for part in (test, body, orelse)))
        case ast.Subscript(value=value, slice=index):
            return Sub(_expression(value, signatures), _expression(index, signatures))
        case ast.Call():
            return _call(node, signatures)
        case _:
            raise PatternError(f"{ast.unparse(node)!r} is not allowed in a pattern")


def _sequence(items: list[Pat], is_list: bool) -> Pat:
    if items and all(isinstance(item, Lit) for item in items):
        values = [item.value for item in items if isinstance(item, Lit)]
        return Lit(values if is_list else tuple(values))
    return Seq(tuple(items), is_list)


def _call(node: ast.Call, signatures: Signatures) -> Pat:
    if isinstance(node.func, ast.Call):
        return Apply(_expression(node.func, signatures), _expression(node.args[0], signatures))
    if isinstance(node.func, ast.Name) and node.func.id == "float":
        return Lit(float(ast.literal_eval(node.args[0])))
    if isinstance(node.func, ast.Name) and node.func.id != SELF:
        return _transform(node, signatures)
    api = SELF if isinstance(node.func, ast.Name) else dotted(node.func) or ""
    if api != SELF and api.split(".")[0] not in ROOTS:
        raise PatternError(f"{ast.unparse(node.func)!r} is no framework name")
    plain = (arg.value if isinstance(arg, ast.Starred) else arg for arg in node.args)
    mentioned = {arg.id for arg in plain if isinstance(arg, ast.Name)}
    mentioned |= {keyword.arg for keyword in node.keywords if keyword.arg}
    star = any(isinstance(arg, ast.Starred) for arg in node.args)
    params = signatures.best(api, mentioned, star) if api != SELF else None
    if api != SELF and params is None:
        raise PatternError(f"{api} is not in the signature lock")
    args: dict[str, Pat] = {}
    star_name = next((p.name for p in params or () if p.kind == "*"), None)
    for index, arg in enumerate(node.args):
        name = _parameter(api, index, arg, params)
        if name == star_name and not isinstance(arg, ast.Starred):
            before = args.get(name)
            items = before.items if isinstance(before, Seq) else ()
            args[name] = Seq((*items, _expression(arg, signatures)), is_list=False)
        else:
            args[name] = _expression(arg, signatures)
    for keyword in node.keywords:
        if keyword.arg is None:
            raise PatternError("** is not allowed in a pattern")
        if params is not None and not any(p.name == keyword.arg or p.kind == "**" for p in params):
            raise PatternError(f"{api} has no parameter {keyword.arg!r}")
        args[keyword.arg] = _expression(keyword.value, signatures)
    return Call(api, tuple(args.items()), _overload(api, args, signatures) if api != SELF else 0)


def _parameter(api: str, index: int, arg: ast.expr, params: tuple[object, ...] | None) -> str:
    if params is None:
        return str(index)
    names = [getattr(p, "name", "") for p in params]
    if isinstance(arg, ast.Starred):
        star = next((n for n, p in zip(names, params, strict=True) if getattr(p, "kind", "") == "*"), None)
        if star is None:
            raise PatternError(f"{api} takes no star-arguments")
        return star
    if isinstance(arg, ast.Name) and arg.id in names:
        return arg.id
    if index < len(names):
        return names[index]
    if params and getattr(params[-1], "kind", "") == "*":
        return names[-1]
    raise PatternError(f"{api} takes {len(names)} arguments, pattern gives more")


def _overload(api: str, args: dict[str, Pat], signatures: Signatures) -> int:
    return signatures.best_index(api, set(args), any(isinstance(p, Hole) and p.star for p in args.values()))


def _transform(node: ast.Call, signatures: Signatures) -> Pat:
    assert isinstance(node.func, ast.Name)
    if not node.args:
        raise PatternError(f"transform {node.func.id} needs an operand")
    values = [arg for arg in node.args if isinstance(arg, ast.Name)]
    operands = [_expression(arg, signatures) for arg in values or node.args[:1]]
    # Several operands: a value that is computed from them and cannot be read back.
    operand = operands[0] if len(operands) == 1 else Seq(tuple(operands), is_list=False)
    literals = [arg for arg in node.args[1:] if arg not in values]
    positional = [(str(index), ast.literal_eval(arg)) for index, arg in enumerate(literals)]
    named = [(keyword.arg or "", ast.literal_eval(keyword.value)) for keyword in node.keywords]
    return Xform(node.func.id, operand, (*positional, *named))
