"""Many files over several processes: order, and what happens when a worker dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path
from threading import Thread

import pytest

from translator.errors import CatalogError
from translator.project.batch import translate_files
from translator.project.job import Done, Job, Options, translate_file


def jobs(folder: Path, count: int) -> list[Job]:
    found = []
    for number in range(count):
        path = folder / f"module_{number}.py"
        path.write_text(f"import torch.nn as nn\n\n\nlayer = nn.Linear({number + 1}, 2)\n")
        found.append(Job(path, path.name, Options("keras")))
    return found


def outputs(done: list[Done]) -> list[tuple[str, bytes]]:
    return [(one.result.path, one.after) for one in done]


def test_workers_give_what_one_process_gives_in_the_same_order(tmp_path: Path) -> None:
    work = jobs(tmp_path, 5)
    seen: list[str] = []
    done = translate_files(work, workers=2, on_done=lambda one: seen.append(one.result.path))
    assert outputs(done) == outputs([translate_file(job) for job in work])
    assert sorted(seen) == [job.shown for job in work]


def test_broken_mappings_are_named_and_not_called_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise CatalogError("[linear] torch is missing", path="mappings/linear.toml", line=3)

    monkeypatch.setattr("translator.pipeline.translate", broken)
    [job] = jobs(tmp_path, 1)
    problem = translate_file(job).result.problem
    assert problem is not None
    expected = "the mappings of this installation are broken: mappings/linear.toml:3: [linear] torch is missing"
    assert problem.message == expected


@contextmanager
def killing_readers_of(pipe: Path, times: int) -> Iterator[None]:
    """Kill all worker processes each time that one of them begins to read the pipe."""

    def kill() -> None:
        for _ in range(times):
            with pipe.open("wb"):
                workers = active_children()
                for worker in workers:
                    worker.kill()
                for worker in workers:
                    worker.join()  # else the next round finds the pipe still open in the dying one

    thread = Thread(target=kill, daemon=True)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize("place", [0, 2])
def test_a_file_that_kills_its_worker_costs_only_itself(tmp_path: Path, place: int) -> None:
    work = jobs(tmp_path, 4)
    pipe = tmp_path / "deadly.py"
    os.mkfifo(pipe)
    work.insert(place, Job(pipe, pipe.name, Options("keras")))
    with killing_readers_of(pipe, times=2):  # in the pool, and again in a process of its own
        done = translate_files(work, workers=2)
    assert [one.result.path for one in done] == [job.shown for job in work]
    assert [one.result.state for one in done].count("translated") == 4
    problem = done[place].result.problem
    assert problem is not None
    assert "died" in problem.message
