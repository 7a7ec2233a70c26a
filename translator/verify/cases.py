"""The calls with which a root is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Protocol

from translator.model import ModelInfo
from translator.verify.bench import Bench, Case, InconclusiveError, NoInputError
from translator.verify.discover import Hints, Specs, candidates, variations, with_batch
from translator.verify.inputs import InputSpec, draw_all

SEED = 20240229


@dataclass(frozen=True, slots=True)
class Cases:
    """``evaluation`` are one or two calls of different sizes. ``training`` has a larger batch where that is possible,
    since the statistics of a batch normalisation over two values are nothing but rounding."""

    evaluation: tuple[Case, ...]
    training: Case

    def named(self, name: str) -> Case:
        """The case of that name."""
        return next(case for case in (*self.evaluation, self.training) if case.name == name)


class Prober(Protocol):
    """Who can say what the source model looks like, and which calls it accepts."""

    def hints(self) -> Hints: ...

    def probe(self, candidates: Sequence[Specs], positional: int, as_list: bool) -> tuple[int | None, str]: ...


def find_call(prober: Prober, info: ModelInfo, given: Sequence[InputSpec]) -> tuple[Specs, int, Hints]:
    """Arguments that the source model accepts, how many of them go by position, and what its layers told.

    ``given`` are the user's own shapes; without any, guesses from the first layers are tried on the source model.
    Raises :class:`NoInputError` where none works.
    """
    hints = prober.hints()
    if not hints.arguments:
        raise InconclusiveError("its forward takes no tensor; there is nothing to compare")
    tried = [_named(given, hints)] if given else candidates(hints, info)
    positional = _positional(tried[0], hints)
    index, complaint = prober.probe(tried, positional, hints.as_list)
    if index is None:
        what = "the given input" if given else f"any of {len(tried)} inputs tried; pass --input"
        raise NoInputError(f"the source model does not accept {what}; {complaint}")
    return tried[index], positional, hints


def find_cases(bench: Bench, info: ModelInfo, given: Sequence[InputSpec]) -> Cases:
    """One call that the source model accepts, and a second one of other sizes where it accepts that too.

    See :func:`find_call`.
    """
    first, positional, hints = find_call(bench, info, given)
    more = variations(first, hints.framework, spatial=not given)
    other, _ = bench.probe(more, positional, hints.as_list)
    wide = first if given else with_batch(first, _batch(first))
    accepted, _ = bench.probe([wide], positional, hints.as_list)

    def case(specs: Specs, seed: int) -> Case:
        return Case(text(specs), draw_all(specs, seed), positional, hints.as_list, specs)

    chosen = [first] if other is None else [first, more[other]]
    evaluation = tuple(case(specs, SEED + number) for number, specs in enumerate(chosen))
    return Cases(evaluation, evaluation[0] if accepted is None else case(wide, SEED + len(chosen)))


def _batch(specs: Specs) -> int:
    """As many as make good statistics, fewer where one example is large already."""
    size = sum(prod(spec.shape) // max(1, spec.shape[0]) for spec in specs if spec.shape)
    return 8 if size <= 3 * 128 * 128 else 4


def text(specs: Specs) -> str:
    """The specs as ``--input`` takes them."""
    return " ".join(map(str, specs))


def shapes_by_argument(cases: Cases) -> dict[str, str]:
    """For the report: each argument with the shapes that it took."""
    every = dict.fromkeys(case.specs for case in (*cases.evaluation, cases.training))
    return {
        spec.name: ", ".join(str(replace(specs[index], name="")) for specs in every)
        for index, spec in enumerate(cases.training.specs)
    }


def _named(given: Sequence[InputSpec], hints: Hints) -> Specs:
    """The user's specs in the order of the signature; unnamed ones take the free arguments in turn."""
    order = [name for name, _ in hints.arguments]
    taken = {spec.name for spec in given}
    free = iter([name for name in order if name not in taken])
    try:
        named = [replace(spec, name=spec.name or next(free)) for spec in given]
    except StopIteration:
        raise InconclusiveError(f"there are more --input than the model has arguments ({', '.join(order)})") from None
    return tuple(sorted(named, key=lambda spec: order.index(spec.name) if spec.name in order else len(order)))


def _positional(specs: Specs, hints: Hints) -> int:
    """How many leading arguments go by position, so that differing argument names do not matter."""
    count = 0
    for spec, (name, _) in zip(specs, hints.arguments, strict=False):
        if spec.name != name:
            break
        count += 1
    return count
