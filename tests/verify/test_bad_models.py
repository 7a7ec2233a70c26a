"""User code that fails, hangs, or takes its process with it is a finding, never a failure of the tool."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.verify.models import linear_keras, linear_torch, simple
from tests.weights.pairs import rules
from translator.model import ModelVerdict
from translator.verify.api import verify
from translator.verify.client import WorkerOptions, WorkerPool

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def small_pool() -> Iterator[WorkerPool]:
    """Its workers may die, and may take little memory."""
    with WorkerPool(WorkerOptions(memory_mib=1024)) as workers:
        yield workers


def verdict(pool: WorkerPool, source: str, code: str, timeout: float = 60.0) -> ModelVerdict:
    report = verify(source, code, translation=simple(source, code), rules=rules, pool=pool, timeout=timeout)
    assert not report.passed
    [found] = report.models
    assert found.verdict == "failed"
    return found


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck (line 9 in __init__)"),
        ("import sys; sys.exit(4)", "SystemExit: 4 (line 9 in __init__)"),
        ("self.big = torch.zeros(10**12)", "can't allocate memory"),
        ("self.big = bytearray(2**33)", "MemoryError"),
        ("import os; os._exit(3)", "the process exited with status 3 during 'build'"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGFPE)", "ended by SIGFPE during 'build'"),
    ],
)
def test_a_source_that_cannot_be_constructed_is_reported(small_pool: WorkerPool, init: str, message: str) -> None:
    found = verdict(small_pool, linear_torch(init=init), linear_keras())
    assert found.message.startswith("the source model failed: ")
    assert message in found.message


def test_out_of_memory_tells_the_limit(small_pool: WorkerPool) -> None:
    found = verdict(small_pool, linear_torch(init="self.big = bytearray(2**33)"), linear_keras())
    assert found.message.endswith("a worker may take 1024 MiB")


def test_an_endless_loop_ends_with_the_time_limit(small_pool: WorkerPool) -> None:
    found = verdict(small_pool, linear_torch(init="while True: pass"), linear_keras(), timeout=1.0)
    assert found.message == "the source model failed: no answer within 1 s during 'build'"


def test_a_translation_that_crashes_is_reported(small_pool: WorkerPool) -> None:
    code = linear_keras("import os, signal; os.kill(os.getpid(), signal.SIGFPE)")
    found = verdict(small_pool, linear_torch(), code)
    # What another model of the same worker printed last may follow.
    assert found.message.startswith("the translated model failed: the process was ended by SIGFPE during 'forward'")


def test_a_translation_that_raises_names_its_line(small_pool: WorkerPool) -> None:
    found = verdict(small_pool, linear_torch(), linear_keras("return ops.reshape(self.fc(x), (3, 1))"))
    assert found.message.startswith("the translated model failed: ")
    assert found.message.endswith("(line 12 in call)")
    assert "\x1b" not in found.message


@pytest.mark.parametrize(
    ("before", "message"),
    [("import nothing_of_that_name\n", "ModuleNotFoundError"), ("def f(:\n", "SyntaxError: invalid syntax")],
)
def test_a_file_that_cannot_be_imported_is_reported(small_pool: WorkerPool, before: str, message: str) -> None:
    found = verdict(small_pool, linear_torch(before=before), linear_keras())
    assert message in found.message
    assert "(line 1" in found.message


def test_an_expression_that_gives_no_model_is_reported(small_pool: WorkerPool) -> None:
    source, code = linear_torch(), linear_keras()
    t = simple(source, code)
    [found] = verify(source, code, translation=t, rules=rules, pool=small_pool, models=["Net().fc.weight"]).models
    assert "TypeError: the expression gives Parameter, not a torch.nn.Module" in found.message


def test_what_user_code_prints_and_reads_does_not_disturb(small_pool: WorkerPool) -> None:
    source = linear_torch(before="import sys\nprint('hello')\nassert sys.stdin.read() == ''\n")
    code = linear_keras(before="import os\nos.write(1, b'hello')\n")
    report = verify(source, code, translation=simple(source, code), rules=rules, pool=small_pool)
    assert report.passed
