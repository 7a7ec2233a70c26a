"""Read mapping files into entries; every mistake is one CatalogError with file and line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from translator.catalog import pattern as patterns
from translator.catalog.entry import Around, Case, Condition, Entry, HoleKind, LayoutBehaviour, Limit, Shape
from translator.catalog.pattern import Call, Pat, PatternError, Seq
from translator.catalog.predicates import PREDICATES
from translator.catalog.signatures import Signatures
from translator.catalog.transforms import CONTEXTUAL, TRANSFORMS
from translator.catalog.weights import WeightRules, parse_weight_rules
from translator.errors import CatalogError
from translator.model import Aspect

_FIELDS = frozenset(
    "torch keras tensorflow case only before infer inputs output layout kinds weights axes synthesize "
    "limit drop view ranks doc when reject around".split()
)
_CASE_FIELDS = frozenset("name torch keras only total when reject around note".split())
_SHAPE = re.compile(r"(float|int|bool)\[([^\]]*)\](?:<(.+))?$")
_CONDITION = re.compile(r"(\w+)\(([\w, ]*)\)$")


class _Reader:
    """One mapping file: remembers where each entry and field stands."""

    def __init__(self, text: str, path: str, signatures: Signatures) -> None:
        self.lines = text.split("\n")
        self.path = path
        self.signatures = signatures

    def fail(self, message: str, entry: str = "", field: str = "") -> CatalogError:
        return CatalogError(message, path=self.path, line=self.line(entry, field) if entry else None)

    def line(self, entry: str, field: str = "") -> int:
        header = next((i for i, line in enumerate(self.lines) if line.strip().startswith(f"[{entry}]")), 0)
        if field:
            for index in range(header + 1, len(self.lines)):
                stripped = self.lines[index].strip()
                if stripped.startswith("["):
                    break
                if re.match(rf"{field}\b", stripped):
                    return index + 1
        return header + 1


def read_entries(text: str, path: str, signatures: Signatures) -> list[Entry]:
    """Parse one mapping file. Raises CatalogError."""
    import tomllib  # only where the cache does not hold the catalog yet

    reader = _Reader(text, path, signatures)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise CatalogError(str(error), path=path, line=int(found[1]) if found else None) from None
    entries = []
    for name, row in data.items():
        if not isinstance(row, dict):
            raise CatalogError(f"{name} is no entry", path=path, line=1)
        try:
            entries.append(_entry(name, row, reader))
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise reader.fail(f"[{name}] is malformed: {type(error).__name__} {error}", name) from None
    return entries


def _entry(name: str, row: Mapping[str, Any], reader: _Reader) -> Entry:
    unknown = set(row) - _FIELDS
    if unknown:
        field = min(unknown)
        raise reader.fail(f"[{name}] has an unknown field {field!r}", name, field)
    for side in ("torch", "keras"):
        if side not in row:
            raise reader.fail(f"[{name}] has no {side!r} pattern", name)
        texts = row[side] if isinstance(row[side], list) else [row[side]]
        if not all(isinstance(text, str) for text in texts):
            raise reader.fail(f"[{name}] {side} is no pattern text", name, side)
    bases = {side: _patterns(name, side, row, reader) for side in ("torch", "keras")}
    layout = row.get("layout", "ordered")
    if layout not in get_args(LayoutBehaviour):
        raise reader.fail(
            f"[{name}] layout {layout!r} is none of {', '.join(get_args(LayoutBehaviour))}", name, "layout"
        )
    inputs, listed = _inputs(name, row, reader)
    return Entry(
        name=name,
        cases=tuple(_cases(name, row, bases, reader)),
        layout=layout,
        infer=dict(row.get("infer", {})),
        inputs=inputs,
        listed=listed,
        output=row.get("output", "same"),
        kinds=_kinds(name, row, inputs, listed, reader),
        weights=_weights(name, row, reader),
        limits=tuple(_limit(name, item, reader) for item in row.get("limit", ())),
        drop=dict(row.get("drop", {})),
        before=tuple(row.get("before", ())),
        view=bool(row.get("view", False)),
        ranks=tuple(row.get("ranks", ())),
        doc=row.get("doc", ""),
        path=reader.path,
        line=reader.line(name),
    )


def _patterns(name: str, side: str, row: Mapping[str, Any], reader: _Reader) -> tuple[Pat, ...]:
    texts = row[side] if isinstance(row[side], list) else [row[side]]
    if side == "keras":
        texts = texts + list(row.get("tensorflow", ()))
    return tuple(_pattern(name, side, text, reader) for text in texts)


def _pattern(name: str, field: str, text: str, reader: _Reader) -> Pat:
    try:
        compiled = patterns.compile_pattern(text, reader.signatures)
    except PatternError as error:
        raise reader.fail(f"[{name}] {error}", name, field) from None
    _check_transforms(name, field, compiled, reader)
    return compiled


def _check_transforms(name: str, field: str, compiled: Pat, reader: _Reader) -> None:
    known = set(TRANSFORMS) | CONTEXTUAL
    stack: list[Any] = [compiled]
    while stack:
        part = stack.pop()
        if isinstance(part, patterns.Xform):
            if part.name not in known:
                raise reader.fail(f"[{name}] there is no value transform {part.name!r}", name, field)
            stack.append(part.operand)
        elif isinstance(part, Call):
            stack.extend(arg for _, arg in part.args)
        elif isinstance(part, Seq):
            stack.extend(part.items)


def _cases(name: str, row: Mapping[str, Any], bases: Mapping[str, tuple[Pat, ...]], reader: _Reader) -> Iterable[Case]:
    rows = row.get("case", [{}])
    for item in rows:
        unknown = set(item) - _CASE_FIELDS
        if unknown:
            raise reader.fail(f"[{name}] a case has an unknown field {min(unknown)!r}", name, "case")
        sides = {}
        for side in ("torch", "keras"):
            sides[side] = tuple(_extend(name, base, item.get(side, ""), reader) for base in bases[side])
        yield Case(
            name=item.get("name", ""),
            torch=sides["torch"],
            keras=sides["keras"],
            only=item.get("only", row.get("only")),
            total=bool(item.get("total", False)),
            when=_conditions(name, item.get("when", row.get("when", ())), reader),
            reject=_conditions(name, item.get("reject", row.get("reject", ())), reader),
            around=_around(name, item.get("around", row.get("around")), reader),
            note=item.get("note", ""),
        )


def _extend(name: str, base: Pat, text: str, reader: _Reader) -> Pat:
    if not text:
        return base
    if not isinstance(base, Call):
        raise reader.fail(f"[{name}] cases need call patterns", name, "case")
    try:
        return patterns.compile_arguments(text, base, reader.signatures)
    except PatternError as error:
        raise reader.fail(f"[{name}] {error}", name, "case") from None


def _conditions(name: str, value: Any, reader: _Reader) -> tuple[Condition, ...]:
    items = [value] if isinstance(value, str | dict) else list(value)
    result = []
    for item in items:
        text, why = (item, "") if isinstance(item, str) else (item["if"], item.get("why", ""))
        found = _CONDITION.match(text.strip())
        if not found or found[1] not in PREDICATES:
            raise reader.fail(f"[{name}] {text!r} is no known condition", name)
        result.append(Condition(found[1], tuple(h.strip() for h in found[2].split(",") if h.strip()), why))
    return tuple(result)


def _around(name: str, value: Any, reader: _Reader) -> Around | None:
    if value is None:
        return None
    call = _pattern(name, "around", value["call"], reader)
    layers = _pattern(name, "around", value["layers"], reader)
    if not isinstance(layers, Seq):
        raise reader.fail(f"[{name}] around.layers is no list", name, "around")
    return Around(call, layers.items)


def _inputs(name: str, row: Mapping[str, Any], reader: _Reader) -> tuple[dict[str, tuple[Shape, ...]], frozenset[str]]:
    result: dict[str, tuple[Shape, ...]] = {}
    listed = set()
    for argument, text in row.get("inputs", {}).items():
        stripped = text.strip()
        if stripped.startswith("["):
            listed.add(argument)
            parts = re.findall(r"(?:float|int|bool)\[[^\]]*\](?:<\w+)?", stripped[1:-1])
        else:
            parts = [stripped]
        result[argument] = tuple(_shape(name, part, reader) for part in parts)
    return result, frozenset(listed)


def _shape(name: str, text: str, reader: _Reader) -> Shape:
    found = _SHAPE.match(text.strip())
    if not found:
        raise reader.fail(f"[{name}] {text!r} is no shape such as 'float[n, c]' or 'int[n]<k'", name, "inputs")
    dims = tuple(d.strip() for d in found[2].split(",") if d.strip())
    return Shape(found[1], dims, found[3] or "")


def _kinds(
    name: str,
    row: Mapping[str, Any],
    inputs: Mapping[str, tuple[Shape, ...]],
    listed: frozenset[str],
    reader: _Reader,
) -> dict[str, HoleKind]:
    kinds: dict[str, HoleKind] = {argument: "tensors" if argument in listed else "tensor" for argument in inputs}
    for hole, kind in row.get("kinds", {}).items():
        if kind not in get_args(HoleKind):
            raise reader.fail(f"[{name}] {kind!r} is no kind of hole", name, "kinds")
        kinds[hole] = kind
    return kinds


def _weights(name: str, row: Mapping[str, Any], reader: _Reader) -> WeightRules | None:
    if "weights" not in row:
        return None
    if not isinstance(row["weights"], dict):
        raise reader.fail(f"[{name}] weights is no table of rules", name, "weights")
    try:
        return parse_weight_rules(
            row["weights"], axes=row.get("axes", {}), synthesize=row.get("synthesize", {}), where=f"[{name}]"
        )
    except ValueError as error:
        raise reader.fail(str(error), name, "weights") from None


def _limit(name: str, item: Mapping[str, Any], reader: _Reader) -> Limit:
    if item.get("affects") not in get_args(Aspect):
        raise reader.fail(f"[{name}] a limit affects one of {', '.join(get_args(Aspect))}", name, "limit")
    when = _conditions(name, item["when"], reader)[0] if "when" in item else None
    return Limit(item["affects"], item.get("what", ""), item["why"], when)


def literal(text: str) -> object:
    """A literal in a mapping file's string."""
    return ast.literal_eval(text)
