"""Entries read aloud: what an API becomes, argument by argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from translator.catalog.entry import Case, Entry
from translator.catalog.load import Catalog, load
from translator.catalog.pattern import Apply, Call, Cond, Hole, Lit, Pat, Ref, Seq, Sub, Upper, Xform
from translator.catalog.signatures import REQUIRED, Opaque, Param
from translator.model import Framework

_LAYOUT = {
    "free": "elementwise: works in any axis order",
    "axes": "axis arguments follow the axes where they are stored",
    "spatial": "runs with the channel axis where the target wants it",
    "ordered": "needs the source's axis order; a transpose is put before it where the axes have moved",
    "reshaping": "needs the source's axis order, unless all spatial sizes are 1",
}
_ROOTS: Mapping[str, Framework] = {"torch": "torch", "keras": "keras", "tf": "keras"}
_DOCUMENTATION = {
    "torch": "https://docs.pytorch.org/docs/stable/generated/{api}.html",
    "keras": "https://keras.io/search.html?query={api}",
}


def explain_api(name: str) -> str | None:
    """Markdown on a mapped API of either library, or None where no entry reads it."""
    catalog = load()
    api = catalog.canonical(name)
    side = _ROOTS.get(api.split(".")[0])
    if side is None:
        return None
    alternatives = catalog.alternatives(side, api)
    if not alternatives:
        return None
    entries = list(dict.fromkeys(a.entry.name for a in alternatives))
    parts = [f"# {api}"]
    for entry_name in entries:
        entry = catalog.entry(entry_name)
        cases = [a.case for a in alternatives if a.entry.name == entry_name]
        parts.append(_entry(catalog, entry, cases, side))
    links = ", ".join(_links(entries, catalog, api, side))
    return "\n\n".join([*parts, f"Documentation: {links}"]) + "\n"


def _entry(catalog: Catalog, entry: Entry, cases: Iterable[Case], side: Framework) -> str:
    lines = [f"## {entry.name.replace('_', ' ')}"]
    if entry.doc:
        lines.append(entry.doc)
    for case in dict.fromkeys(cases):
        source, target = (case.torch, case.keras) if side == "torch" else (case.keras, case.torch)
        head = f"- {case.name}: " if case.name else "- "
        lines.append(f"{head}`{text_of(source[0])}` becomes `{text_of(target[0])}`")
        if case.around is not None:
            lines.append(f"  with `{text_of(case.around.call)}` at its calls")
        lines += [f"  not where {c.why or c.predicate}" for c in case.reject]
        lines += _argument_rows(catalog, source[0], target[0])
    lines.append(f"Axis order: {_LAYOUT[entry.layout]}.")
    lines += [f"Limit on {limit.affects} ({limit.what}): {limit.why}." for limit in entry.limits]
    lines += [f"`{name}` is dropped: {why}." for name, why in entry.drop.items()]
    return "\n".join(lines)


def _argument_rows(catalog: Catalog, source: Pat, target: Pat) -> list[str]:
    """Renamed arguments and differing defaults, where both sides are calls."""
    if not isinstance(source, Call) or not isinstance(target, Call):
        return []
    ours, theirs = _params(catalog, source), _params(catalog, target)
    rows = []
    for name, part in source.args:
        other = next((n for n, p in target.args if _hole(p) is not None and _hole(p) == _hole(part)), None)
        if other is None:
            continue
        left, right = _default(ours.get(name)), _default(theirs.get(other))
        if name != other or left != right:
            rows.append(f"  | `{name}` ({left}) | `{other}` ({right}) |")
    return ["  | argument (default) | becomes (default) |", "  |---|---|", *rows] if rows else []


def _params(catalog: Catalog, call: Call) -> dict[str, Param]:
    signature = catalog.signatures.get(call.api)
    if signature is None or not signature.overloads:
        return {}
    return {p.name: p for p in signature.overloads[call.overload]}


def _default(param: Param | None) -> str:
    if param is None or param.default == REQUIRED:
        return "required"
    return param.default.text if isinstance(param.default, Opaque) else repr(param.default)


def _hole(pattern: Pat) -> str | None:
    if isinstance(pattern, Xform):
        return _hole(pattern.operand)
    return pattern.name if isinstance(pattern, Hole | Upper) else None


def _links(entries: Iterable[str], catalog: Catalog, api: str, side: Framework) -> list[str]:
    names = {api: side}
    for name in entries:
        for case in catalog.entry(name).cases:
            for other, pattern in (("torch", case.torch[0]), ("keras", case.keras[0])):
                if isinstance(pattern, Call | Ref) and not pattern.api.startswith("helpers."):
                    names.setdefault(pattern.api, "torch" if other == "torch" else "keras")
    return [_DOCUMENTATION[where].format(api=name) for name, where in names.items()]


def text_of(pattern: Pat) -> str:
    """A pattern as Python, the way mapping files write it."""
    match pattern:
        case Lit(value=value):
            return repr(value)
        case Hole(name=name, star=star):
            return f"*{name}" if star else name
        case Upper(name=name):
            return name
        case Ref(api=api):
            return api
        case Call(api=api, args=args):
            return f"{api}({', '.join(_argument(name, part) for name, part in args)})"
        case Seq(items=items, is_list=is_list):
            inner = ", ".join(text_of(item) for item in items)
            return f"[{inner}]" if is_list else f"({inner})"
        case Xform(name=name, operand=operand, params=params):
            extra = "".join(f", {key}={value!r}" for key, value in params)
            return f"{name}({text_of(operand)}{extra})"
        case Cond(test=test, body=body, orelse=orelse):
            return f"{text_of(body)} if {text_of(test)} else {text_of(orelse)}"
        case Apply(function=function, argument=argument):
            return f"{text_of(function)}({text_of(argument)})"
        case Sub(value=value, index=index):
            return f"{text_of(value)}[{text_of(index)}]"


def _argument(name: str, part: Pat) -> str:
    if isinstance(part, Hole) and (part.star or part.name == name):
        return text_of(part)
    return f"{name}={text_of(part)}"
