"""Helper files: real, tested Python under ``mappings/helpers/<side>/`` whose definitions are copied into outputs.

Each helper file defines one public function or class with the file's name semantics; the patterns call it
``helpers.<side>.<name>``. The body is compared on the way back: an unedited helper is recognised, an edited
one is the user's code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from translator.catalog.signatures import REQUIRED, Opaque, Param, Signature
from translator.model import Framework


def read_helpers(name: str, text: str) -> Iterator[tuple[Framework, str, str, tuple[str, ...]]]:
    """Yield side, qualified name, source text, and the import lines of every public definition of a helper file."""
    side: Framework = "keras" if name.split("/")[1] == "keras" else "torch"
    tree = ast.parse(text)
    lines = text.split("\n")
    # What one helper file takes from another is copied beside it, not imported.
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) and not _is_own(n)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            needed = tuple(ast.unparse(n) for n in imports if used & {a.asname or a.name for a in n.names})
            yield side, f"helpers.{side}.{node.name}", body, needed


def _is_own(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("mappings.", "__future__"))


def signatures_of(name: str, text: str, known: Mapping[str, Signature]) -> dict[str, Signature]:
    """Signatures of the helpers of a file, read from its source; a class without __init__ has its framework base's."""
    side = name.split("/")[1]
    rows: dict[str, Signature] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            inits = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
            name_of_base = ast.unparse(node.bases[0]) if node.bases else ""
            names = (f"helpers.{side}.{name_of_base}", f"torch.{name_of_base}", name_of_base)
            base = next((found for name in names if (found := rows.get(name) or known.get(name))), None)
            overloads = (parameters(inits[0].args)[1:],) if inits else ((),) if base is None else base.overloads
            rows[f"helpers.{side}.{node.name}"] = Signature("class", overloads)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            rows[f"helpers.{side}.{node.name}"] = Signature("function", (parameters(node.args),))
    return rows


def normalised(text: str) -> str:
    """A form of a definition that ignores comments, blank lines and formatting, for recognition."""
    return ast.dump(ast.parse(text))


def parameters(args: ast.arguments) -> tuple[Param, ...]:
    """The parameters of a definition, as a signature holds them."""
    names = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(names) - len(args.defaults)) + list(args.defaults)
    rows = [Param(a.arg, _default(d)) for a, d in zip(names, defaults, strict=True)]
    if args.vararg:
        rows.append(Param(args.vararg.arg, REQUIRED, "*"))
    rows += [Param(a.arg, _default(d), "kw") for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    if args.kwarg:
        rows.append(Param(args.kwarg.arg, REQUIRED, "**"))
    return tuple(rows)


def _default(node: ast.expr | None) -> object:
    if node is None:
        return REQUIRED
    try:
        return ast.literal_eval(node)
    except ValueError:
        return Opaque(ast.unparse(node))
