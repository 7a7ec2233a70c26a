"""Sequential and ModuleList on one side, keras.Sequential and lists on the other."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from translator.apply.arguments import gaps
from translator.apply.code import operand
from translator.apply.creation import permutation_of
from translator.apply.engine import Scribe
from translator.apply.rewriters import layers
from translator.infer.containers import layers_of_pairs
from translator.infer.dims import inverse, moved_axes
from translator.infer.facts import Conversion, Replace, Rewrite
from translator.infer.operators import SYMBOLS


def rewrite_sequential(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """A Sequential; ``data`` says how its elements were given: items, display, star, list, value or empty."""
    keras = scribe.analysis.to == "keras"
    if decision.data == "empty":
        # keras.Sequential refuses an empty list when it is called.
        grown = node in scribe.analysis.grown
        if keras and not grown and not _is_base(node):
            return f"{scribe.names.spell('keras.layers.Identity')}()"
        return f"{_head(scribe, node)}()"
    if decision.data == "star":
        inner = scribe.text_of(node.args[0].value)
        return f"{_head(scribe, node)}({inner})"
    if decision.data == "value":
        return f"{_head(scribe, node)}(*{scribe.text_of(_layers_argument(node))})"
    if decision.data == "list":
        texts = [f"{arg.star}{scribe.text_of(arg.value)}" for arg in node.args]
        elements = _arrange([[text] for text in texts], *_argument_gaps(scribe, node))
        return f"{_head(scribe, node)}([{elements}])"
    if decision.data == "display_with_stars":
        display = _layers_argument(node)
        start, end = scribe.tree.outer(display)
        assert scribe.splicer is not None
        return f"{_head(scribe, node)}({scribe.splicer.between(start + 1, end - 1)})"
    return _literal(scribe, node, keras, decision.data)


def _is_base(node: cst.Call) -> bool:
    """Whether a call is ``super().__init__(...)`` in a class derived from Sequential."""
    return isinstance(node.func, cst.Attribute) and node.func.attr.value == "__init__"


def _head(scribe: Scribe, node: cst.Call) -> str:
    """What is called with the elements: Sequential, or the constructor of the base class."""
    if _is_base(node):
        return scribe.inside(node.func)
    return scribe.names.spell("keras.Sequential" if scribe.analysis.to == "keras" else "torch.nn.Sequential")


def _argument_gaps(scribe: Scribe, node: cst.Call) -> tuple[str, Sequence[str], str]:
    source = scribe.source_of(node)
    return source.lead, source.separators, source.tail


def _layers_argument(node: cst.Call) -> cst.BaseExpression:
    return next(a.value for a in node.args if a.keyword is None or a.keyword.value == "layers")


def _literal(scribe: Scribe, node: cst.Call, keras: bool, data: str) -> str:
    """Element by element, with the author's line breaks and comments; what an element needs beside it goes between."""
    nodes: Sequence[cst.BaseExpression]
    separators: Sequence[str]
    if keras and data == "pairs":
        nodes = layers_of_pairs(node.args[0].value) or []
        lead, separators, tail = _pair_gaps(scribe, nodes)
    elif keras:
        nodes = [a.value for a in node.args]
        source = scribe.source_of(node)
        lead, separators, tail = source.lead, source.separators, source.tail
    else:
        display = _layers_argument(node)
        assert isinstance(display, cst.List | cst.Tuple)
        nodes = [e.value for e in display.elements]
        lead, separators, tail = _display_gaps(scribe, display, nodes)
    between = scribe.analysis.tables.containers.get(node, {})
    texts: list[list[str]] = []
    for index, element in enumerate(nodes):
        group = []
        if index in between:
            decision = scribe.decision_of(element)
            after = inverse(_axes(scribe, between[index])) if isinstance(decision, Rewrite) else ()
            if isinstance(decision, Rewrite) and permutation_of(decision) == after:
                # The element undoes the transpose that would stand before it.
                texts.append([])
                continue
            group.append(_permute(scribe, between[index]))
        group += layers.spliced(scribe, element)
        texts.append(group)
    body = _arrange(texts, lead, separators, tail)
    if keras:
        return f"{_head(scribe, node)}([{body}])"
    return f"{_head(scribe, node)}({body})"


def _pair_gaps(scribe: Scribe, nodes: Sequence[cst.BaseExpression]) -> tuple[str, list[str], str]:
    """Between the modules of an OrderedDict the names go; line breaks and comments stay."""
    bounds = [scribe.tree.outer(n) for n in nodes]
    gaps = [scribe.text[bounds[i][1] : bounds[i + 1][0]] for i in range(len(bounds) - 1)]
    return "", [_without_names(gap) for gap in gaps], ""


def _without_names(gap: str) -> str:
    lines = [line.strip() for line in gap.split("\n")]
    comments = [line[line.index("#") :] for line in lines if "#" in line]
    if "\n" not in gap:
        return ", "
    indent = gap[gap.rindex("\n") :]
    indent = indent[: len(indent) - len(indent.lstrip())]
    return "," + ("  " + "  ".join(comments) if comments else "") + indent


def _display_gaps(
    scribe: Scribe, display: cst.List | cst.Tuple, nodes: Sequence[cst.BaseExpression]
) -> tuple[str, list[str], str]:
    start, end = scribe.tree.outer(display)
    bounds = [scribe.tree.outer(n) for n in nodes]
    return gaps(scribe.text, bounds, start + 1, end - 1)


def _arrange(texts: Sequence[Sequence[str]], lead: str, separators: Sequence[str], tail: str) -> str:
    parts: list[str] = []
    gap = lead
    plain = ", "
    if "\n" in lead:
        plain = "," + lead.split("#")[0].rstrip(" \t") + lead[lead.rindex("\n") + 1 :] if "#" not in lead else ", "
        plain = "," + lead[lead.rindex("\n") :]
    for index, group in enumerate(texts):
        for position, text in enumerate(group):
            parts += [gap if position == 0 else plain, text]
            gap = plain
        after = separators[index] if index < len(separators) else tail
        gap = after if group else _kept(gap, after, bool(parts))
    return "".join(parts) + gap


def _kept(before: str, after: str, started: bool) -> str:
    if "#" in after:
        return before.rstrip() + after.lstrip(",") if started else after.lstrip(",")
    return before


def _axes(scribe: Scribe, conversion: Conversion) -> tuple[int, ...]:
    axes = moved_axes(conversion.rank, scribe.analysis.to)
    return axes if conversion.to == "moved" else inverse(axes)


def _permute(scribe: Scribe, conversion: Conversion) -> str:
    axes = _axes(scribe, conversion)
    if scribe.analysis.to == "keras":
        # The Permute layer counts from 1 and leaves the batch axis alone.
        return f"{scribe.names.spell('keras.layers.Permute')}(({', '.join(str(a) for a in axes[1:])}))"
    return f"{scribe.names.spell('helpers.torch.Permute')}({', '.join(str(a) for a in axes)})"


def rewrite_sequential_items(scribe: Scribe, node: cst.BaseExpression, decision: Replace) -> str:
    return f"{scribe.inside(node)}.layers" if scribe.analysis.to == "keras" else scribe.inside(node)


def rewrite_sequential_slice(scribe: Scribe, node: cst.Subscript, decision: Replace) -> str:
    """``self.features[:5]``: another Sequential, or where ``data`` is "items" its elements."""
    if scribe.analysis.to == "torch":
        return scribe.inside(node)
    owner = scribe.text_of(node.value)
    start, end = scribe.tree.outer(node.value)[1], scribe.tree.span(node)[1]
    assert scribe.splicer is not None
    items = f"{owner}.layers{scribe.splicer.between(start, end)}"
    return items if decision.data == "items" else f"{scribe.names.spell('keras.Sequential')}({items})"


def rewrite_module_dict(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """Keras tracks plain dicts."""
    if not node.args:
        return "{}"
    value = node.args[0].value
    text = scribe.text_of(value)
    made = isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.func.value == "dict"
    return text if made or isinstance(value, cst.Dict | cst.DictComp) else f"dict({text})"


def rewrite_module_list(scribe: Scribe, node: cst.BaseExpression, decision: Replace) -> str:
    """Keras tracks plain lists; PyTorch needs a ModuleList around them."""
    if scribe.analysis.to == "torch":
        return f"{scribe.names.spell(decision.data or 'torch.nn.ModuleList')}({scribe.inside(node)})"
    assert isinstance(node, cst.Call)
    if not node.args:
        return "[]"
    value = node.args[0].value
    if isinstance(value, cst.GeneratorExp):
        _, end = scribe.tree.span(node)
        opening = scribe.text.index("(", scribe.tree.outer(node.func)[1]) + 1
        assert scribe.splicer is not None
        inner = scribe.splicer.between(opening, end - 1, scribe.by_node.get(node))
        bare = inner.strip()
        return f"[{inner[: len(inner) - len(inner.lstrip())]}{bare}{inner[len(inner.rstrip()) :]}]"
    text = scribe.text_of(value)
    return text if isinstance(value, cst.List | cst.ListComp) else f"list({text})"


def rewrite_module_list_append(scribe: Scribe, node: cst.Attribute, decision: Replace) -> str:
    return scribe.inside(node)


def rewrite_sequential_add(scribe: Scribe, node: cst.Call | cst.Assign, decision: Replace) -> str:
    """``model.add(layer)`` and ``model.append(layer)``; in PyTorch also ``self.layer = layer``."""
    added = decision.data
    conversion = scribe.analysis.tables.added.get(node)
    rest = _after_undoing(scribe, added, conversion) if conversion is not None else None
    if rest is not None:
        text = rest[0] if len(rest) == 1 else _sequential_of(scribe, rest)
    elif conversion is not None:
        text = _sequential_of(scribe, [_permute(scribe, conversion), scribe.text_of(added)])
    else:
        text = scribe.text_of(added)
    adding = node.func if isinstance(node, cst.Call) else node.targets[0].target
    assert isinstance(adding, cst.Attribute)
    return f"{scribe.text_of(adding.value)}.{'add' if scribe.analysis.to == 'keras' else 'append'}({text})"


def _sequential_of(scribe: Scribe, texts: Sequence[str]) -> str:
    if scribe.analysis.to == "keras":
        return f"{scribe.names.spell('keras.Sequential')}([{', '.join(texts)}])"
    return f"{scribe.names.spell('torch.nn.Sequential')}({', '.join(texts)})"


def _after_undoing(scribe: Scribe, node: cst.BaseExpression, conversion: Conversion) -> list[str] | None:
    """The other elements of a literal Sequential whose first one undoes the transpose that would stand before it."""
    decision = scribe.decision_of_container(node)
    if not isinstance(node, cst.Call) or decision is None or decision.data not in ("items", "display"):
        return None
    display = node if decision.data == "items" else _layers_argument(node)
    assert isinstance(display, cst.Call | cst.List | cst.Tuple)
    elements = [e.value for e in (display.args if isinstance(display, cst.Call) else display.elements)]
    first = scribe.decision_of(elements[0]) if len(elements) > 1 else None
    between = scribe.analysis.tables.containers.get(node, {})
    undone = isinstance(first, Rewrite) and permutation_of(first) == inverse(_axes(scribe, conversion))
    if not undone or between or "#" in scribe.source(node):
        return None
    return [text for element in elements[1:] for text in layers.spliced(scribe, element)]


def rewrite_merge(scribe: Scribe, node: cst.Call, decision: Replace) -> str:
    """``add([x, y])`` as an operator, ``concatenate([x, y])`` as torch.cat."""
    operation, axis = decision.data
    display = next(a.value for a in node.args if isinstance(a.value, cst.List | cst.Tuple))
    texts = [scribe.text_of(e.value) for e in display.elements]
    if operation == "concatenate":
        return f"{scribe.names.spell('torch.cat')}([{', '.join(texts)}], dim={axis})"
    joined = f" {SYMBOLS[operation]} ".join(operand(text) for text in texts)
    return joined if _stands_alone(scribe, node) else f"({joined})"


def _stands_alone(scribe: Scribe, node: cst.CSTNode) -> bool:
    """Whether brackets, commas or the ends of a statement are around an expression, so that it needs no parentheses."""
    start, end = scribe.tree.outer(node)
    before, after = scribe.text[:start].rstrip(" "), scribe.text[end : end + 1]
    return (before[-1:] in "([{,=:" or before.endswith("return")) and after in ("", ")", "]", "}", ",", "\n", "\r")
