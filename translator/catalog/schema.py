"""Read mapping files into entries; every mistake is one CatalogError with file and line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args

from translator.catalog import pattern as patterns
from translator.catalog.entry import Around, Case, Condition, Entry, ExactForm, HoleKind, LayoutBehaviour, Limit, Shape
from translator.catalog.helpers import parameters
from translator.catalog.pattern import Call, Pat, PatternError, Seq
from translator.catalog.predicates import PREDICATES
from translator.catalog.signatures import Param, Signatures
from translator.catalog.transforms import CONTEXTUAL, TRANSFORMS
from translator.catalog.weights import WeightRules, parse_weight_rules
from translator.errors import CatalogError
from translator.model import Aspect, Framework

FIELDS = frozenset(
    "torch keras tensorflow case only before infer inputs output dtype layout kinds weights axes synthesize "
    "limit drop view mode ranks doc when reject around dimensions fields states call pair".split()
)
CASE_FIELDS = frozenset("name torch keras only total when reject around note given".split())
_DIMENSIONS = {1: "l", 2: "h w", 3: "d h w"}
"""Names of the spatial axes of 1, 2 and 3 dimensions, as in the shapes of PyTorch's documentation."""
_AROUND = ("", "(SELF)")
"""What may follow the name of a helper in ``fidelity_exact``."""
_DTYPES = ("", "float", "int", "bool", "number", "operand", "unknown")
_DTYPE = re.compile(r"(\w+)(?: or (\w+))?$")
_SHAPE = re.compile(r"(float|int|bool)\[([^\]]*)\](?:<(.+))?$")
_CONDITION = re.compile(r"(\w+)\(([\w, ]*)\)$")
_FIELD_OR_TABLE = re.compile(r"\w+\s*=|\[")


class _Reader:
    """One mapping file: remembers where each entry and field stands."""

    def __init__(self, text: str, path: str, signatures: Signatures) -> None:
        self.lines = text.split("\n")
        self.path = path
        self.signatures = signatures

    def fail(self, message: str, entry: str = "", field: str = "", text: str = "") -> CatalogError:
        return CatalogError(message, path=self.path, line=self.line(entry, field, text) if entry else None)

    def line(self, entry: str, field: str = "", text: str = "") -> int:
        """The line of an entry, of one of its fields, or of the first line of that field with a text in it."""
        header = next((i for i, line in enumerate(self.lines) if _heads(line, entry)), 0)
        if field:
            for index in range(header + 1, len(self.lines)):
                stripped = self.lines[index].strip()
                if stripped.startswith("["):
                    break
                if re.match(rf"{field}\b", stripped):
                    return self._line_with(text, index) + 1
        return header + 1

    def _line_with(self, text: str, start: int) -> int:
        for index in range(start, len(self.lines)):
            if index > start and _FIELD_OR_TABLE.match(self.lines[index]):
                break
            if text in self.lines[index]:
                return index
        return start

    @contextmanager
    def reading(self, entry: str, field: str) -> Iterator[None]:
        """Report what a field's value lacks, or has too much of, at the field."""
        try:
            yield
        except KeyError as error:
            raise self.fail(f"[{entry}] {field} has no {error}", entry, field) from None
        except (AttributeError, SyntaxError, TypeError, ValueError) as error:
            raise self.fail(f"[{entry}] {field} is malformed: {error}", entry, field) from None


def _heads(line: str, entry: str) -> bool:
    """Whether a line opens the table of an entry, which may be one of several dimensions: ``["conv_{n}d"]``."""
    name = line.strip().partition("]")[0].removeprefix("[").strip('"')
    return line.lstrip().startswith("[") and entry in {name, *(name.replace("{n}", str(n)) for n in _DIMENSIONS)}


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
    for name, row in _expanded(data, reader):
        if not isinstance(row, dict):
            raise CatalogError(f"{name} is no entry", path=path, line=1)
        try:
            entries.append(_entry(name, row, reader))
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise reader.fail(f"[{name}] is malformed: {type(error).__name__} {error}", name) from None
    return entries


def _expanded(data: Mapping[str, Any], reader: _Reader) -> Iterable[tuple[str, Any]]:
    """Entries by name; one that holds for several ``dimensions`` becomes one for each of them.

    In its strings ``{n}`` stands for the number, ``{sizes}`` for the spatial sizes in a shape (``h, w``), ``{axes}``
    for the spatial axes in a rule for weights (``h w``), ``{blanks}`` and ``{ones}`` for unknown sizes and sizes of 1.
    """
    for name, row in data.items():
        dimensions = row.get("dimensions") if isinstance(row, dict) else None
        if dimensions is None:
            yield name, row
            continue
        if not isinstance(dimensions, list) or not set(dimensions) <= set(_DIMENSIONS) or "{n}" not in name:
            raise reader.fail(f"[{name}] dimensions is no list of 1, 2 and 3, or {{n}} is not in the name", name)
        for number in dimensions:
            yield name.replace("{n}", str(number)), _instance(row, number)


def _instance(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _instance(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_instance(item, number) for item in value]
    if not isinstance(value, str):
        return value
    axes = _DIMENSIONS[number]
    words = {
        "n": str(number),
        "axes": axes,
        "sizes": axes.replace(" ", ", "),
        "blanks": ", _" * number,
        "ones": ", 1" * number,
    }
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), value)


def _entry(name: str, row: Mapping[str, Any], reader: _Reader) -> Entry:
    unknown = set(row) - FIELDS
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
    kinds = _kinds(name, row, inputs, listed, reader)
    _check_dtype(name, row, kinds, reader)
    output = row.get("output", "same")
    first, *also = [output] if isinstance(output, str) else output
    return Entry(
        name=name,
        cases=tuple(_cases(name, row, bases, reader)),
        layout=layout,
        infer=dict(row.get("infer", {})),
        inputs=inputs,
        listed=listed,
        output=first,
        also=tuple(also),
        fields=tuple(row.get("fields", ())),
        dtype=row.get("dtype", ""),
        kinds=kinds,
        weights=_weights(name, row, reader),
        limits=_limits(name, row, reader),
        drop=dict(row.get("drop", {})),
        before=tuple(row.get("before", ())),
        view=bool(row.get("view", False)),
        mode=bool(row.get("mode", False)),
        ranks=tuple(row.get("ranks", ())),
        states=int(row.get("states", 0)),
        call=_call(name, row, reader),
        pair=row.get("pair", ""),
        doc=row.get("doc", ""),
        path=reader.path,
        line=reader.line(name),
    )


def _call(name: str, row: Mapping[str, Any], reader: _Reader) -> tuple[Param, ...]:
    """The parameters in ``call``, written as in a function's definition; ``pair`` begins with one of them."""
    with reader.reading(name, "call"):
        definition = ast.parse(f"def call({row.get('call', '')}): ...").body[0]
    assert isinstance(definition, ast.FunctionDef)
    found = parameters(definition.args)
    wanted = row.get("pair", "").partition(" or ")[0]
    if wanted and wanted not in {param.name for param in found}:
        raise reader.fail(f"[{name}] pair names no parameter of its call", name, "pair")
    return found


def _check_dtype(name: str, row: Mapping[str, Any], kinds: Mapping[str, HoleKind], reader: _Reader) -> None:
    """A dtype is a kind, a hole for a dtype, or such a hole with the kind that holds where it is not given."""
    text = row.get("dtype", "")
    found = _DTYPE.fullmatch(text)
    holes = {hole for hole, kind in kinds.items() if kind in ("dtype", "known_dtype")}
    if text not in _DTYPES and not (found and found[1] in holes and (found[2] or "") in _DTYPES):
        raise reader.fail(f"[{name}] dtype {text!r} is none of {', '.join(_DTYPES)}", name, "dtype")


def _patterns(name: str, side: str, row: Mapping[str, Any], reader: _Reader) -> tuple[Pat, ...]:
    texts = row[side] if isinstance(row[side], list) else [row[side]]
    if side == "keras":
        texts = texts + list(row.get("tensorflow", ()))
    return tuple(_pattern(name, side, text, reader) for text in texts)


def _pattern(name: str, field: str, text: str, reader: _Reader) -> Pat:
    try:
        compiled = patterns.compile_pattern(text, reader.signatures)
    except PatternError as error:
        raise reader.fail(f"[{name}] {error}", name, field, text) from None
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
        unknown = set(item) - CASE_FIELDS
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
            when=_conditions(name, "when", item, row, reader),
            reject=_conditions(name, "reject", item, row, reader),
            around=_around(name, item, row, reader),
            note=item.get("note", ""),
            given=dict(item.get("given", {})),
        )


def _extend(name: str, base: Pat, text: str, reader: _Reader) -> Pat:
    if not text:
        return base
    if not isinstance(base, Call):
        raise reader.fail(f"[{name}] cases need call patterns", name, "case")
    try:
        return patterns.compile_arguments(text, base, reader.signatures)
    except PatternError as error:
        raise reader.fail(f"[{name}] {error}", name, "case", text) from None


def _conditions(
    name: str, field: str, case: Mapping[str, Any], row: Mapping[str, Any], reader: _Reader
) -> tuple[Condition, ...]:
    """The conditions of a case, which it has itself or from its entry."""
    value, place = (case[field], "case") if field in case else (row.get(field, ()), field)
    with reader.reading(name, place):
        items = [value] if isinstance(value, str | dict) else list(value)
        return tuple(_condition(name, item, place, reader) for item in items)


def _condition(name: str, item: Any, field: str, reader: _Reader) -> Condition:
    text, why = (item, "") if isinstance(item, str) else (item["if"], item.get("why", ""))
    found = _CONDITION.match(text.strip())
    if not found or found[1] not in PREDICATES:
        raise reader.fail(f"[{name}] {text!r} is no known condition", name, field, text)
    return Condition(found[1], tuple(h.strip() for h in found[2].split(",") if h.strip()), why)


def _around(name: str, case: Mapping[str, Any], row: Mapping[str, Any], reader: _Reader) -> Around | None:
    value, place = (case["around"], "case") if "around" in case else (row.get("around"), "around")
    if value is None:
        return None
    with reader.reading(name, place):
        call, layers = (_pattern(name, place, value[part], reader) for part in ("call", "layers"))
    if not isinstance(layers, Seq):
        raise reader.fail(f"[{name}] around.layers is no list", name, place, value["layers"])
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


def _limits(name: str, row: Mapping[str, Any], reader: _Reader) -> tuple[Limit, ...]:
    with reader.reading(name, "limit"):
        return tuple(_limit(name, item, reader) for item in row.get("limit", ()))


def _limit(name: str, item: Mapping[str, Any], reader: _Reader) -> Limit:
    if item["affects"] not in get_args(Aspect):
        raise reader.fail(
            f"[{name}] a limit affects one of {', '.join(get_args(Aspect))}", name, "limit", str(item["affects"])
        )
    when = _condition(name, item["when"], "limit", reader) if "when" in item else None
    forms = {side: _exact_form(name, side, text, reader) for side, text in dict(item.get("fidelity_exact", {})).items()}
    return Limit(item["affects"], item.get("what", ""), item["why"], when, forms)


def _exact_form(name: str, side: str, text: str, reader: _Reader) -> ExactForm:
    """``helpers.keras.Layer``, a class in the layer's place, or ``helpers.keras.function(SELF)`` around it."""
    api, opening, _ = text.partition("(")
    if side not in get_args(Framework) or not api.startswith(f"helpers.{side}.") or text[len(api) :] not in _AROUND:
        raise reader.fail(f"[{name}] {text!r} is no helper class or function of {side}", name, "limit", text)
    if api not in reader.signatures:
        raise reader.fail(f"[{name}] {api} is not in the signature lock", name, "limit", text)
    return ExactForm(api, bool(opening))


def literal(text: str) -> object:
    """A literal in a mapping file's string."""
    return ast.literal_eval(text)
