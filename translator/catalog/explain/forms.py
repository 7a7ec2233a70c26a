"""The forms that an entry may write, told apart by what differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from translator.catalog.entry import Case, Condition
from translator.catalog.explain import words
from translator.catalog.explain.arguments import Pairing, spellings
from translator.catalog.explain.pages import Form
from translator.catalog.explain.patterns import argument, decided_by_layout, operands, text_of
from translator.catalog.pattern import Call, Hole, Lit, Pat
from translator.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Shared:
    """A call that several forms have in common: what is the same in all of them, and the names of what is not."""

    text: str
    varying: frozenset[str]

    @staticmethod
    def of(patterns: Sequence[Pat]) -> Shared | None:
        """What patterns share; None where they are not all calls of the same thing."""
        calls = [pattern for pattern in patterns if isinstance(pattern, Call)]
        if len(calls) != len(patterns) or len({call.api for call in calls}) != 1:
            return None
        names = list(dict.fromkeys(name for call in calls for name, _ in call.args))
        varying = [name for name in names if len({call.arg(name) for call in calls}) > 1]
        same = [(name, part) for name, part in calls[0].args if name not in varying]
        text = text_of(Call(calls[0].api, tuple(same))).removesuffix(")")
        if varying:
            text += ("" if text.endswith("(") else ", ") + ", ".join(f"{name}=..." for name in varying)
        return Shared(f"{text})", frozenset(varying))


@dataclass(frozen=True, slots=True)
class Forms:
    """All forms of an entry in one direction.

    ``source`` and ``target`` are None where there is one form, or nothing shared; ``when`` and ``unless`` hold for all.
    """

    cases: tuple[Case, ...]
    pairings: tuple[Pairing, ...]
    source: Shared | None
    target: Shared | None
    when: tuple[str, ...]
    unless: tuple[str, ...]

    @staticmethod
    def of(cases: Sequence[Case], pairings: Sequence[Pairing]) -> Forms:
        source, target = Shared.of([p.source for p in pairings]), Shared.of([p.target for p in pairings])
        if len(cases) < 2 or source is None or target is None:
            return Forms(tuple(cases), tuple(pairings), None, None, (), _rejected(_common(cases), spellings(pairings)))
        equal = [set(_equal(pairing)) for pairing in pairings]
        when = tuple(one for one in _equal(pairings[0]) if all(one in other for other in equal))
        return Forms(
            tuple(cases), tuple(pairings), source, target, when, _rejected(_common(cases), spellings(pairings))
        )

    def rows(self) -> tuple[Form, ...]:
        """One form for each case."""
        spelt = spellings(self.pairings)
        return tuple(self._row(case, p, spelt) for case, p in zip(self.cases, self.pairings, strict=True))

    def _row(self, case: Case, pairing: Pairing, spelt: Mapping[str, str]) -> Form:
        common = _common(self.cases)
        when = [*self._literals(pairing), *(one for one in _equal(pairing) if one not in self.when)]
        return Form(
            name=case.name.replace("_", " "),
            source=text_of(pairing.source),
            target=text_of(pairing.target),
            source_differs=_differing(pairing.source, self.source, pairing.target),
            target_differs=_differing(pairing.target, self.target, pairing.source),
            when=(*when, *(_reasoned(words.condition(c, spelt), c.why) for c in case.when)),
            unless=_rejected([c for c in case.reject if c not in common], spelt),
            around=tuple(_around(case)),
            total=case.total,
            note=case.note,
        )

    def _literals(self, pairing: Pairing) -> Iterator[str]:
        """The literals by which a form is told from the others."""
        if not isinstance(pairing.source, Call):
            return
        for name, part in pairing.source.args:
            same = all(isinstance(o.source, Call) and o.source.arg(name) == part for o in self.pairings)
            if isinstance(part, Lit) and not same and self.source is None:
                yield f"`{argument(name, part)}`"


def _reasoned(condition: str, why: str) -> str:
    return f"{condition} ({why})" if why else condition


def _common(cases: Sequence[Case]) -> list[Condition]:
    return [c for c in cases[0].reject if all(c in case.reject for case in cases)]


def _rejected(conditions: Sequence[Condition], spelt: Mapping[str, str]) -> tuple[str, ...]:
    texts = ((words.condition(c, spelt), c.why) for c in conditions)
    return tuple(f"{text}: {why}" if why else text for text, why in texts)


def _differing(pattern: Pat, shared: Shared | None, other: Pat) -> str:
    """The arguments of one form that are not shared, without those that merely pass a value on."""
    if shared is None or not isinstance(pattern, Call):
        return ""
    there = {p.name for call in (other,) if isinstance(call, Call) for _, part in call.args for p in _holes_of(part)}
    given = [
        (name, part)
        for name, part in pattern.args
        if name in shared.varying
        and not decided_by_layout(part)
        and not (isinstance(part, Hole) and part.name in there)
    ]
    return ", ".join(argument(name, part) for name, part in given)


def _holes_of(part: Pat) -> Iterator[Hole]:
    yield from (one for one in operands(part) if isinstance(one, Hole))


def _equal(pairing: Pairing) -> Iterator[str]:
    """The arguments that must be the same, since one hole stands for all of them."""
    if not isinstance(pairing.source, Call):
        return
    named: dict[str, list[str]] = {}
    for name, part in pairing.source.args:
        if isinstance(part, Hole) and not part.star:
            named.setdefault(part.name, []).append(name)
    for names in named.values():
        first, *others = names
        if others:
            listed = " and ".join(f"`{name}`" for name in others)
            yield f"{listed} {'equals' if len(others) == 1 else 'equal'} `{first}`"


def _around(case: Case) -> Iterator[str]:
    around = case.around
    if around is None:
        return
    yield f"`{text_of(around.call)}` where the layer is called"
    yield f"`{', '.join(text_of(layer) for layer in around.layers)}` inside a container"
