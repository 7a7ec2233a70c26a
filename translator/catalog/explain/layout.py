"""Pages of plain data laid out as documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from translator.catalog.explain import words
from translator.catalog.explain.document import Block, Code, Heading, Items, Links, Paragraph, Table
from translator.catalog.explain.pages import (
    ApiPage,
    Argument,
    Choice,
    CodePage,
    Difference,
    Form,
    MappingFacts,
    Page,
    TopicPage,
    Unknown,
)
from translator.model import Framework

LIBRARY: Mapping[Framework, str] = {"torch": "PyTorch", "keras": "Keras"}
_OTHER: Mapping[Framework, Framework] = {"torch": "keras", "keras": "torch"}


def blocks(page: Page) -> list[Block]:
    """The document of any page."""
    match page:
        case ApiPage():
            return list(_api(page))
        case CodePage():
            return list(_code(page))
        case TopicPage():
            return list(_topic(page))
        case Choice():
            return list(_choice(page))
        case Unknown():
            return list(_unknown(page))


def _api(page: ApiPage) -> Iterator[Block]:
    target = LIBRARY[_OTHER[page.side]]
    yield Heading(1, f"`{page.name}`")
    yield Paragraph(f"In {target}: {', '.join(f'`{name}`' if name != 'nothing' else name for name in page.becomes)}")
    if page.spellings:
        yield Paragraph(f"Other spellings: {', '.join(f'`{name}`' for name in page.spellings)}")
    said: set[str] = set()
    if len(page.mappings) > 1:
        yield Paragraph("The first of these that fits is written.")
    for facts in page.mappings:
        if len(page.mappings) > 1:
            yield Heading(2, title(facts.entry))
        yield from mapping(facts, page.side, 2 if len(page.mappings) == 1 else 3, said)

    if page.topics:
        yield Paragraph(f"See also: {', '.join(f'`fwtranslate explain {name}`' for name in page.topics)}")
    if page.links:
        yield Heading(2, "Documentation")
        yield Links(tuple((link.label, link.url) for link in page.links))


def _carried(carried: Mapping[str, str]) -> Iterator[str]:
    for says in dict.fromkeys(carried.values()):
        yield f"{', '.join(f'`{name}`' for name, other in carried.items() if other == says)}: {says}"


def title(entry: str) -> str:
    """The heading of an entry: ``conv_2d_lazy`` -> Conv 2d lazy."""
    words_of = entry.replace("_", " ")
    return words_of[:1].upper() + words_of[1:]


def mapping(facts: MappingFacts, side: Framework, level: int, said: set[str] | None = None) -> Iterator[Block]:
    """What an entry says in one direction, under headings of the given level, without what has been ``said``."""
    if facts.says:
        yield Paragraph(facts.says)
    if facts.source:
        yield Paragraph(f"`{facts.source}` becomes `{facts.target}`{_when(facts.when)}:")
    yield Items(tuple(line for form in facts.forms for line in _form(form, facts)))
    if facts.unless:
        yield Paragraph(f"Not translated where {'; or where '.join(facts.unless)}.")
    if facts.arguments:
        yield Heading(level, "Arguments")
        yield _table(facts.arguments, side)
    repeated = []
    for name, items in _sections(facts):
        if items and said is not None and f"{name}: {items}" in said:
            repeated.append(name)
        elif items:
            yield Heading(level, name)
            yield Items(items)
        if said is not None:
            said.add(f"{name}: {items}")
    if repeated:
        yield Paragraph(f"As above: {', '.join(name.lower() for name in repeated)}.")
    if facts.results:
        yield Paragraph(f"Results: {facts.results}")
    if facts.layout:
        applies = f" Holds for {facts.applies}." if facts.applies else ""
        yield Paragraph(f"Axis order: {facts.layout}{applies}")


def _sections(facts: MappingFacts) -> Iterator[tuple[str, tuple[str, ...]]]:
    closed = [*_carried(facts.carried), *(f"`{name}`: left out; {why}" for name, why in facts.dropped.items())]
    if facts.declined:
        closed.append(f"covered only with their defaults: {', '.join(facts.declined)}")
    yield "Other arguments", tuple(closed)
    yield "Limits", tuple(_difference(one) for one in facts.differences)
    yield "Weights", facts.weights
    helpers = tuple(f"`{one.name}`: {one.says}" if one.says else f"`{one.name}`" for one in facts.helpers)
    yield "Helpers written into the output", helpers


def _form(form: Form, facts: MappingFacts) -> Iterator[str]:
    several = len(facts.forms) > 1
    label = f"{form.name}: " if form.name and several else ""
    symbolic = ", also where values are not literals" if form.total and several else ""
    yield f"{label}{_change(form, facts)}{_when(form.when)}{symbolic}"
    yield from (f" with {beside}" for beside in form.around)
    yield from (f" not where {unless}" for unless in form.unless)
    if form.note:
        yield f" {form.note}"


def _change(form: Form, facts: MappingFacts) -> str:
    """What becomes of what: in full, or where several forms share a call, what differs between them."""
    if not facts.source:
        return f"`{form.source}` becomes `{form.target}`"
    if form.source_differs and form.target_differs:
        return f"`{form.source_differs}` becomes `{form.target_differs}`"
    if form.source_differs:
        return f"with `{form.source_differs}`"
    return f"adds `{form.target_differs}`" if form.target_differs else "otherwise"


def _when(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""


def _table(rows: Sequence[Argument], side: Framework) -> Table:
    here, there = LIBRARY[side], LIBRARY[_OTHER[side]]
    lines = [
        (_name(r.here), _default(r.here_default), _name(r.there), _default(r.there_default), r.change) for r in rows
    ]
    return Table((here, "default", there, "default", "value"), tuple(lines))


def _name(text: str) -> str:
    return ", ".join(f"`{name}`" for name in text.split(", ")) if text else ""


def _default(text: str) -> str:
    return text if text in ("", "required", "any number") else f"`{text}`"


def _difference(one: Difference) -> str:
    where = f" where {one.when}" if one.when else ""
    what = f" ({one.what})" if one.what else ""
    remedy = f"; {one.remedy}" if one.remedy else ""
    return f"{words.ASPECTS[one.aspect]}{what}{where}: {one.why}{remedy}"


def _code(page: CodePage) -> Iterator[Block]:
    yield Heading(1, f"{page.name} ({page.severity}): {page.title}")
    for name, text in (("What", page.what), ("Why", page.why), ("What to do", page.todo)):
        yield Heading(2, name)
        yield Paragraph(text)
    if page.before:
        yield Heading(2, "Example")
        yield Code("", page.before)
    if page.after:
        yield Code("Write instead:" if page.severity == "error" else "Translated:", page.after)


def _topic(page: TopicPage) -> Iterator[Block]:
    yield Heading(1, page.title)
    if page.what:
        yield Paragraph(page.what)
    if page.rules:
        yield Items(page.rules)
    if page.examples:
        yield Heading(2, "Examples")
    for example in page.examples:
        sides = [("PyTorch", example.torch), ("Keras", example.keras)]
        for caption, text in reversed(sides) if example.direction == "to_torch" else sides:
            yield Code(f"{caption}:", text)
    if page.limits:
        yield Heading(2, "Not translated")
        yield Items(page.limits)
    if page.apis:
        yield Paragraph(f"Covers: {', '.join(f'`{api}`' for api in page.apis)}")
    if page.codes:
        yield Paragraph(f"Codes: {', '.join(f'`{code}`' for code in page.codes)}")


def _choice(page: Choice) -> Iterator[Block]:
    yield Paragraph(f"`{page.name}` may mean one of these; ask for one by its full name.")
    yield Table(("name", "becomes"), tuple((f"`{name}`", becomes) for name, becomes in page.options))


def _unknown(page: Unknown) -> Iterator[Block]:
    if page.framework:
        yield Paragraph(f"`{page.name}` is a name of {page.framework} that this version does not translate; see T101.")
    else:
        yield Paragraph(
            f"`{page.name}` is neither a diagnostic code, a topic, nor an API that this version translates."
        )
    if page.close:
        yield Paragraph(f"Did you mean {', '.join(f'`{name}`' for name in page.close)}?")
