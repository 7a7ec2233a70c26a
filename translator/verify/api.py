"""Verify a translation by running both versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from translator.model import ModelVerdict, Translation, VerifyReport
from translator.verify.bench import Code
from translator.verify.client import WorkerOptions, WorkerPool
from translator.verify.inputs import parse_input
from translator.verify.roots import Root, chosen_roots, importable_models, own_roots
from translator.verify.session import Plan, Session
from translator.weights.pair import RulesLookup
from translator.weights.transfer import catalog_rules

Progress = Callable[[str], None]


def verify(
    source: str,
    translated: str,
    *,
    translation: Translation,
    filename: str = "model.py",
    models: Sequence[str] = (),
    inputs: Sequence[str] = (),
    device: str = "cpu",
    backend: str = "tensorflow",
    timeout: float = 300.0,
    memory_mib: int = 8192,
    on_progress: Progress | None = None,
    rules: RulesLookup | None = None,
    pool: WorkerPool | None = None,
) -> VerifyReport:
    """Run the models of both texts in worker processes and compare outputs, gradients and training state.

    ``filename`` is the source's path: its folder is importable in the workers. ``models`` are ``SRC[=TGT]``
    constructor expressions, by default those that the translation knows; ``inputs`` are specs such as
    ``"x=float32[2,3,32,32]"`` in the source's axis order. ``timeout`` (seconds, per model and dtype) and ``memory_mib``
    (per worker, beyond what the frameworks map at import) bound the user's code. ``on_progress`` gets short lines.
    ``rules`` replaces the catalog's weight rules; ``pool`` reuses workers that are already running.
    Raises ``ValueError`` for a malformed model or input; everything that the user's code does is in the report.
    """
    roots = chosen_roots(models, translation) if models else own_roots(translation)
    if not roots:
        return VerifyReport((), {}, _nothing_to_run(translation))
    specs = tuple(parse_input(text) for text in inputs)
    with _Borrowed(pool, WorkerOptions(device, backend, memory_mib)) as workers:
        code = Code(
            workers.save(Path(filename).name or "model.py", source),
            workers.save(Path(filename).name or "model.py", translated),
            filename,
        )
        plan = Plan(translation, code, rules or catalog_rules(), specs, timeout, on_progress or (lambda _: None))
        sessions = [Session(workers, plan, root) for root in roots]
        verdicts = [session.run() for session in sessions]
    through = _through(translation, sessions)
    if not models:
        verdicts += _not_run(translation, roots, through)
    return VerifyReport(tuple(verdicts), through)


class _Borrowed:
    """A pool of one's own for the time of a ``with``, or somebody else's, left running."""

    def __init__(self, pool: WorkerPool | None, options: WorkerOptions) -> None:
        self._own = WorkerPool(options) if pool is None else None
        self._pool = pool or self._own

    def __enter__(self) -> WorkerPool:
        assert self._pool is not None
        return self._pool

    def __exit__(self, *details: object) -> None:
        if self._own is not None:
            self._own.__exit__(None, None, None)


def _nothing_to_run(translation: Translation) -> str:
    names = [name for name, info in importable_models(translation).items() if info.root]
    if not names:
        return "there is no model to run in this file"
    return f"the constructor arguments of {', '.join(names)} are not known; pass --model '{names[0]}(...)'"


def _through(translation: Translation, sessions: Sequence[Session]) -> dict[str, str]:
    """Classes without a run of their own, and the root that exercised each."""
    ran = {session.root.name for session in sessions}
    found: dict[str, str] = {}
    for session in sessions:
        for name in session.classes & (translation.models.keys() - ran):
            found.setdefault(name, session.root.name)
    return dict(sorted(found.items()))


def _not_run(translation: Translation, roots: Sequence[Root], through: dict[str, str]) -> list[ModelVerdict]:
    known = {root.name for root in roots} | through.keys()
    return [
        ModelVerdict(name, "", "not_run", f"its constructor arguments are not known; pass --model '{name}(...)'")
        for name, info in importable_models(translation).items()
        if info.root and name not in known
    ]
