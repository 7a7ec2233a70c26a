"""What the entries say of one API: forms, arguments, limits, axis order, weights and helpers, for one direction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from translator.catalog.entry import Direction, Entry, Limit
from translator.catalog.explain import arguments, topics, words
from translator.catalog.explain.arguments import Pairing
from translator.catalog.explain.forms import Forms
from translator.catalog.explain.links import links
from translator.catalog.explain.pages import ApiPage, Difference, HelperUse, MappingFacts
from translator.catalog.explain.patterns import names, short, text_of
from translator.catalog.load import Alternative, Catalog
from translator.catalog.pattern import Call, Hole, Pat
from translator.model import Framework

_AWAY: Mapping[Framework, Direction] = {"torch": "to_keras", "keras": "to_torch"}
_OTHER: Mapping[Framework, Framework] = {"torch": "keras", "keras": "torch"}
_DOCSTRING = re.compile(r'\A(?:[^\n]*[^:\n]\n)*[^\n]*:\n\s+"""([^\n]*?)(?:"""|\n)')
_CALLED = re.compile(r"(?<![\w.])(\w+)\(")
_MARKS = re.compile(r"^if:|\[\]$")


def heads(api: str) -> str:
    """The API of a key of the catalog, which marks conditional expressions and subscripts."""
    return _MARKS.sub("", api)


def api_page(catalog: Catalog, api: str, side: Framework) -> ApiPage:
    """What becomes of an API. Raises KeyError where no entry reads it."""
    found = [a for key in (api, f"{api}[]", f"if:{api}") for a in catalog.alternatives(side, key)]
    if not found:
        raise KeyError(api)
    entries = list(dict.fromkeys(a.entry.name for a in found))
    facts = tuple(
        _facts(catalog, catalog.entry(name), side, [a for a in found if a.entry.name == name]) for name in entries
    )
    targets = [a.case.keras[0] if side == "torch" else a.case.torch[0] for a in found]
    becomes = tuple(dict.fromkeys(_head(target) for target in targets))
    linked = dict.fromkeys([api, *(name for target in targets for name in names(target))])
    return ApiPage(
        name=short(api),
        side=side,
        becomes=becomes,
        spellings=tuple(_spellings(catalog, api, side, entries)),
        mappings=facts,
        topics=tuple(name for name, page in topics.load().items() if api in page.apis),
        links=links(linked, catalog.known),
    )


def entry_facts(catalog: Catalog, entry: Entry, side: Framework) -> MappingFacts | None:
    """What an entry says of its own first spelling on a side; None where it does not read that side."""
    cases = [case for case in entry.cases if case.only in (None, _AWAY[side])]
    found = [Alternative(entry, case, (case.torch if side == "torch" else case.keras)[0]) for case in cases]
    return _facts(catalog, entry, side, found) if found else None


def _facts(catalog: Catalog, entry: Entry, side: Framework, found: Sequence[Alternative]) -> MappingFacts:
    pairings = [_pairing(a, side) for a in found]
    spelt = arguments.spellings(pairings)
    carried = _carried(catalog, next(names(found[0].pattern), ""), side)
    sources = [p.source for p in pairings if isinstance(p.source, Call)]
    parameters = {param.name for call in sources for param in arguments.params(catalog.signatures, call)}
    forms = Forms.of([a.case for a in found], pairings)
    return MappingFacts(
        entry=entry.name,
        place=f"{entry.path}:{entry.line}",
        says=entry.doc,
        source=forms.source.text if forms.source is not None else "",
        target=forms.target.text if forms.target is not None else "",
        forms=forms.rows(),
        when=forms.when,
        unless=forms.unless,
        arguments=arguments.table(entry, pairings, catalog.signatures),
        declined=arguments.declined(entry, pairings, catalog.signatures, carried),
        carried=carried,
        dropped={name: why for name, why in entry.drop.items() if name in parameters},
        layout=words.LAYOUT.get(entry.layout, ""),
        applies=words.applies(entry),
        results=words.results(entry),
        differences=tuple(_difference(limit, spelt, _OTHER[side]) for limit in entry.limits),
        weights=words.weights(entry.weights) if entry.weights is not None else (),
        helpers=tuple(_helpers(catalog, pairings, side)),
    )


def _pairing(found: Alternative, side: Framework) -> Pairing:
    target = found.case.keras[0] if side == "torch" else found.case.torch[0]
    case = found.case
    beside = (case.around.call, *case.around.layers) if case.around is not None else ()
    return Pairing(found.pattern, target, beside, case.when, case.reject)


def _difference(limit: Limit, spelt: Mapping[str, str], target: Framework) -> Difference:
    form = limit.fidelity_exact.get(target)
    place = "around it" if form is not None and form.around else "instead"
    return Difference(
        aspect=limit.affects,
        what=limit.what,
        why=limit.why,
        when=words.condition(limit.when, spelt) if limit.when is not None else "",
        remedy=f"`--fidelity exact` writes `{short(form.api)}` {place}" if form is not None else "",
    )


def _carried(catalog: Catalog, api: str, side: Framework) -> dict[str, str]:
    """The arguments of an API that are taken off before its entries match, and what becomes of each."""
    signature = catalog.signatures.get(api)
    policies = catalog.peel.get(side, {})
    known = {param.name for overload in signature.overloads for param in overload} if signature is not None else set()
    is_class = signature is not None and signature.kind == "class"
    if not policies or api.startswith("helpers."):
        return {}
    if side == "keras" and is_class:
        known |= {"name", "dtype", "trainable"}
    patterns = (a.pattern for a in catalog.alternatives(side, api))
    read = {name for pattern in patterns if isinstance(pattern, Call) for name, _ in pattern.args}
    return {
        name: words.CARRIED.get(policy, policy)
        for name, policy in policies.items()
        if name in known - read and (side == "torch" or is_class or policy == "drop")
    }


def _spellings(catalog: Catalog, api: str, side: Framework, entries: Iterable[str]) -> Iterator[str]:
    """Other names that are read alike: aliases, and the other spellings of the same entries."""
    seen = {api}
    aliases = [a for a, primary in {**catalog.aliases, **catalog.signatures.same_as}.items() if primary == api]
    cases = [case for name in entries for case in catalog.entry(name).cases]
    written = [[next(names(p), "") for p in (case.torch if side == "torch" else case.keras)] for case in cases]
    for name in (*sorted(aliases), *(name for alike in written if api in alike for name in alike)):
        if name and name not in seen and not name.startswith("helpers."):
            seen.add(name)
            yield name


def _head(target: Pat) -> str:
    if isinstance(target, Hole):
        return "nothing"
    return short(next(names(target), "")) or text_of(target)


def _helpers(catalog: Catalog, pairings: Iterable[Pairing], side: Framework) -> Iterator[HelperUse]:
    """The helpers that some form writes, and those that they call."""
    wanted = [name for p in pairings for part in (p.target, *p.beside) for name in names(part)]
    seen: set[str] = set()
    while wanted:
        name = wanted.pop(0)
        if name in seen or name not in catalog.helpers or catalog.helpers[name].side == side:
            continue
        seen.add(name)
        yield HelperUse(short(name), helper_says(catalog.helpers[name].text))
        called = set(_CALLED.findall(catalog.helpers[name].text))
        wanted += [other for other in catalog.helpers if short(other) in called]


def helper_says(text: str) -> str:
    """The first line of a helper's docstring."""
    found = _DOCSTRING.search(text)
    return found[1].strip() if found else ""
