"""Workers are slow to start, so tests share them where what runs in them is harmless."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from translator.verify.client import WorkerPool


@pytest.fixture(scope="session")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as workers:
        yield workers
