"""Patterns as Python for readers: what is filled in by the axis order is left out, transforms are written as code."""

from __future__ import annotations

from collections.abc import Iterator

from translator.catalog.pattern import SELF, Apply, Call, Cond, Hole, Lit, Pat, Ref, Seq, Sub, Upper, Xform
from translator.catalog.transforms import TRANSFORMS

METHODS = "torch.Tensor."

LAYER = "layer"
"""What stands for the translated layer in the text of an ``around``."""


def text_of(pattern: Pat) -> str:
    """A pattern as a reader would write the call."""
    match pattern:
        case Lit(value=value):
            return repr(value)
        case Hole(name=name, star=star):
            return f"*{name}" if star else name
        case Upper(name=name):
            return LAYER if name == SELF else name
        case Ref(api=api):
            return short(api)
        case Call():
            return _call(pattern)
        case Seq(items=items, is_list=is_list):
            inner = ", ".join(text_of(item) for item in items)
            return f"[{inner}]" if is_list else f"({inner}{',' if len(items) == 1 else ''})"
        case Xform():
            return _transformed(pattern)
        case Cond(test=test, body=body, orelse=orelse):
            return f"{text_of(body)} if {text_of(test)} else {text_of(orelse)}"
        case Apply(function=function, argument=argument):
            return f"{text_of(function)}({text_of(argument)})"
        case Sub(value=value, index=index):
            return f"{text_of(value)}[{text_of(index)}]"


def argument(name: str, part: Pat) -> str:
    """An argument of a call as it is written, its name left out where it says nothing."""
    if name.isdigit() or (isinstance(part, Hole) and (part.star or part.name == name)):
        return text_of(part)
    return f"{name}={text_of(part)}"


def short(api: str) -> str:
    """A helper by the name it has in an output; everything else as it is."""
    return api.rpartition(".")[2] if api.startswith("helpers.") else api


def decided_by_layout(pattern: Pat | None) -> bool:
    """LAYOUT and CHANNEL, which no author writes in the default layout."""
    return isinstance(pattern, Upper) and pattern.name != SELF


def operands(pattern: Pat) -> tuple[Pat, ...]:
    """What a transform is applied to."""
    if not isinstance(pattern, Xform):
        return (pattern,)
    return pattern.operand.items if isinstance(pattern.operand, Seq) else (pattern.operand,)


def calls(pattern: Pat) -> Iterator[Call]:
    """Every call in a pattern, outermost first."""
    match pattern:
        case Call(args=args):
            yield pattern
            for _, part in args:
                yield from calls(part)
        case Seq(items=items):
            for item in items:
                yield from calls(item)
        case Xform(operand=operand):
            yield from calls(operand)
        case Cond(test=test, body=body, orelse=orelse):
            for part in (body, test, orelse):
                yield from calls(part)
        case Apply(function=function, argument=argument):
            yield from calls(function)
            yield from calls(argument)
        case Sub(value=value, index=index):
            yield from calls(value)
            yield from calls(index)
        case _:
            return


def names(pattern: Pat) -> Iterator[str]:
    """The framework names that a pattern calls or refers to, the outermost first."""
    if isinstance(pattern, Ref):
        yield pattern.api
    for call in calls(pattern):
        if call.api != SELF:
            yield call.api


def _call(call: Call) -> str:
    given = [(name, part) for name, part in call.args if not decided_by_layout(part)]
    name = LAYER if call.api == SELF else short(call.api)
    if call.api.startswith(METHODS) and given:
        name = f"{text_of(given[0][1])}.{call.api.removeprefix(METHODS)}"
        given = given[1:]
    return f"{name}({', '.join(argument(parameter, part) for parameter, part in given)})"


def _transformed(pattern: Xform) -> str:
    texts = [text_of(part) for part in operands(pattern)]
    transform = TRANSFORMS.get(pattern.name)
    template = transform.code if transform is not None else ""
    if template.count("{}") == len(texts):
        return template.format(*texts)
    return texts[0] if len(texts) == 1 else f"{pattern.name}({', '.join(texts)})"
