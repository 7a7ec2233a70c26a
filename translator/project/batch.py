"""Many files over the cores. Results come in the order of the jobs, whatever worker was first."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from translator.project.job import Done, Job, failed, translate_file
from translator.report.result import Problem

if TYPE_CHECKING:
    from concurrent.futures import Future

WORTH_WORKERS: Final = 150_000
"""Bytes of source: below this, starting processes and loading the catalog in each costs more than it saves."""


def translate_files(
    jobs: Sequence[Job], *, workers: int | None = None, on_done: Callable[[Done], None] = lambda _: None
) -> list[Done]:
    """Translate every job; ``on_done`` is called once for each, in the order in which they end.

    ``workers`` None means as many as there are cores, and none at all for little work.
    """
    count = _workers(jobs) if workers is None else min(workers, len(jobs))
    if count <= 1:
        return [_report(translate_file(job), on_done) for job in jobs]
    done = _in_pool(jobs, count, on_done)
    # A worker that died takes the whole pool along. Each job left over gets a process of its own, so that only the
    # file that kills its worker is lost.
    for place, job in enumerate(jobs):
        if place not in done:
            alone = _in_pool([job], 1, on_done)
            done[place] = alone[0] if alone else _report(failed(job, _DIED), on_done)
    return [done[place] for place in range(len(jobs))]


_DIED: Final = Problem(
    "the process that translated it died, out of memory or by a crash", "Translate the file alone, or leave it out."
)


def _workers(jobs: Sequence[Job]) -> int:
    sizes = [_size(job.path) if job.data is None else len(job.data) for job in jobs]
    return min(_cores(), len(jobs)) if sum(sizes) >= WORTH_WORKERS else 1


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _report(done: Done, on_done: Callable[[Done], None]) -> Done:
    on_done(done)
    return done


def _in_pool(jobs: Sequence[Job], workers: int, on_done: Callable[[Done], None]) -> dict[int, Done]:
    """What the workers finished, by place; jobs are missing if a worker died."""
    # Imported here: a single file, the commonest case, needs none of it.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    others = set(active_children())
    done: dict[int, Done] = {}
    # Spawned, not forked: the caller may have threads (progress, the language server).
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            with _interrupts_held():
                futures = [pool.submit(translate_file, job) for job in jobs]
            for place, future in enumerate(futures):
                done[place] = _report(future.result(), on_done)
        except BrokenProcessPool:
            done |= _finished(futures, done, on_done)
        except BaseException:  # Ctrl-C above all: nobody waits for files that will not be written
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise
    return done


def _finished(
    futures: Sequence[Future[Done]], done: dict[int, Done], on_done: Callable[[Done], None]
) -> dict[int, Done]:
    return {
        place: _report(future.result(), on_done)
        for place, future in enumerate(futures)
        if place not in done and future.done() and not future.cancelled() and future.exception() is None
    }


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C reaches every process of the terminal. Workers started in here never see it, so that they print no
    traceback; the parent does once it leaves, and stops them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
