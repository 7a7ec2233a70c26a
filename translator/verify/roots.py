"""Which models of a file are run, and how each is constructed on both sides."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from translator.model import ModelInfo, Span, Translation

_NOWHERE = Span(1, 0, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Root:
    """One model to run: expressions that construct it, and what the translation says of its inputs and outputs."""

    name: str
    expression: str
    target: str
    info: ModelInfo


def chosen_roots(models: Sequence[str], translation: Translation) -> list[Root]:
    """The roots that ``--model SRC[=TGT]`` asks for; raises ``ValueError`` for text that is no expression."""
    roots = []
    for text in models:
        source, target = split_model(text)
        name = _called(source)
        info = translation.models.get(name) or ModelInfo(name, name, "class", _NOWHERE)
        roots.append(Root(name, source, target or target_expression(source, translation), info))
    return roots


def own_roots(translation: Translation) -> list[Root]:
    """The roots that the translation knows how to construct."""
    return [
        Root(name, info.construct, target_expression(info.construct, translation), info)
        for name, info in importable_models(translation).items()
        if info.root and info.construct is not None
    ]


def importable_models(translation: Translation) -> dict[str, ModelInfo]:
    """The models that importing the source defines: not the variables of its ``if __name__ == "__main__":`` block."""
    script_only = _script_names(translation.source)
    return {
        name: info for name, info in translation.models.items() if info.kind != "variable" or name not in script_only
    }


def _script_names(source: str) -> set[str]:
    """Names that only the block for running the file as a script assigns."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return set()  # the worker reports it, with the line
    guarded = [s for s in statements if isinstance(s, ast.If) and "__name__" in ast.unparse(s.test)]
    other = {name for s in statements if s not in guarded for name in _assigned(s)}
    return {name for s in guarded for name in _assigned(s)} - other


def _assigned(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def target_expression(expression: str, translation: Translation) -> str:
    """The same constructor expression with the model names of the translation."""
    tree = ast.parse(expression, mode="eval")
    renamed = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in translation.models:
            target = translation.models[node.id].target
            renamed = renamed or target != node.id
            node.id = target
    return ast.unparse(tree) if renamed else expression


def split_model(text: str) -> tuple[str, str]:
    """Split ``"Net(a=1)=Net(a=1)"`` at the ``=`` outside brackets; the second part is "" where there is none."""
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            depth += (token.string in "([{" and token.type == tokenize.OP) - (
                token.string in ")]}" and token.type == tokenize.OP
            )
            if token.string == "=" and depth == 0:
                source, target = text[: token.start[1]].strip(), text[token.end[1] :].strip()
                break
        else:
            source, target = text.strip(), ""
        ast.parse(source, mode="eval")
        if target:
            ast.parse(target, mode="eval")
    except (SyntaxError, tokenize.TokenError):
        raise ValueError(
            f"--model {text!r} is no Python expression; one that builds a model is wanted, as Net(3)"
        ) from None
    return source, target


def _called(expression: str) -> str:
    """The name that the expression begins with: ``Net`` of ``Net(3).eval()``."""
    node: ast.expr = ast.parse(expression, mode="eval").body
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        else:
            return expression
    return node.id
