"""The parent's side of the workers: start them, ask them, and turn their deaths into findings."""

from __future__ import annotations

import io
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Literal

import translator
from translator.model import Framework
from translator.verify.protocol import Array, Arrays, ArrayStore, decode, encode

FailureKind = Literal["raised", "memory", "crash", "timeout"]
Dtype = Literal["float64", "float32"]

_STARTUP_SECONDS = 180.0
_LAST_SECONDS = 5.0
"""How long a process that closed its pipe may take to end."""
_CHATTER = re.compile(r"[IWE]\d{4} \d\d:|[IW]0000 |WARNING: All log messages before absl")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Our package is put in front only while it is imported, so that neither the working directory nor PYTHONPATH can
# offer another ``translator``; afterwards the user's modules come first again.
_BOOTSTRAP = (
    "import sys; root = sys.argv.pop(); sys.path.insert(0, root); import translator.verify.worker as worker; "
    "sys.path.remove(root); sys.path.append(root); worker.main()"
)


class WorkerError(Exception):
    """User code failed inside a worker, or took the worker with it.

    ``kind`` says how, ``command`` during what, ``str()`` says it for people.
    """

    def __init__(self, kind: FailureKind, message: str, command: str) -> None:
        self.kind = kind
        self.command = command
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What every worker of one verification shares."""

    device: str = "cpu"
    backend: str = "tensorflow"
    memory_mib: int = 8192


class Deadline:
    """A moment after which waiting is over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - monotonic())


class Worker:
    """One process for one framework and dtype. Answers come in the order of the commands."""

    def __init__(self, framework: Framework, dtype: Dtype, folder: Path, prefix: str, options: WorkerOptions) -> None:
        self.framework = framework
        self.dtype = dtype
        self.options = options
        self.store = ArrayStore(folder, f"{prefix}-in")
        self._errors = folder / f"{prefix}.err"
        self._buffer = b""
        self._doing = "starting"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # our own interpreter and our own program
                [sys.executable, "-P", "-c", _BOOTSTRAP, str(Path(translator.__file__).parents[1])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(options),
                start_new_session=True,
            )
        config = {"framework": framework, "dtype": dtype, "folder": str(folder), "prefix": f"{prefix}-out"}
        self._write({**config, "device": options.device, "memory_mib": options.memory_mib})
        self._ready = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Return once the framework is imported, or raise :class:`WorkerError`."""
        if not self._ready:
            self._answer(Deadline(_STARTUP_SECONDS))
            self._ready = True

    def send(self, command: str, **fields: Any) -> None:
        """Give a command without waiting for its answer."""
        self._doing = command
        self._write({"command": command, **fields})

    def receive(self, deadline: Deadline) -> dict[str, Any]:
        """The answer to the oldest command without one; raises :class:`WorkerError`."""
        answer = self._answer(deadline)
        if "error" in answer:
            error = answer["error"]
            where = f" ({error['where']})" if error["where"] else ""
            if error["kind"] == "memory":
                where += f"; a worker may take {self.options.memory_mib} MiB"
            raise WorkerError(error["kind"], f"{error['type']}: {_plain(error['message'])}{where}", self._doing)
        return answer

    def ask(self, deadline: Deadline, command: str, **fields: Any) -> dict[str, Any]:
        """Give a command and wait for its answer."""
        self.wait_until_ready()
        self.send(command, **fields)
        return self.receive(deadline)

    def put(self, arrays: Mapping[str, Array]) -> dict[str, Any]:
        """Arrays as a field of a command."""
        return self.store.put(arrays)

    def get(self, reference: Mapping[str, Any]) -> Arrays:
        """Arrays from a field of an answer."""
        return self.store.get(reference)

    def close(self) -> None:
        """End the process and everything that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(message))
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the process is gone; waiting for its answer says how

    def _answer(self, deadline: Deadline) -> dict[str, Any]:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(deadline.left()):
                    self.close()
                    message = f"no answer within {deadline.seconds:g} s during {self._doing!r}"
                    raise WorkerError("timeout", message, self._doing)
                chunk = os.read(self._process.stdout.fileno(), 65536)
                if not chunk:
                    raise self._death()
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return decode(line)

    def _death(self) -> WorkerError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_SECONDS)  # or `close` would hide behind its own signal how the process ended
        self.close()
        status = self._process.returncode
        said = self._errors.read_text(errors="replace").splitlines()
        tail = [line for line in said if line.strip() and not _CHATTER.match(line)][-3:]
        quoted = "".join(f"\n  {line[:300]}" for line in tail)
        if status < 0:
            name = signal.Signals(-status).name
            if any("bad_alloc" in line or "MemoryError" in line or "allocate" in line for line in tail):
                return WorkerError("memory", f"out of memory during {self._doing!r} ({name}){quoted}", self._doing)
            return WorkerError("crash", f"the process was ended by {name} during {self._doing!r}{quoted}", self._doing)
        message = f"the process exited with status {status} during {self._doing!r}{quoted}"
        return WorkerError("crash", message, self._doing)


def _plain(message: str) -> str:
    """A framework's message without colours, blank lines, and the dump of arguments that Keras appends."""
    text = _COLOURS.sub("", message).partition("Arguments received by")[0]
    return "\n".join(line for line in text.splitlines() if line.strip())


def _environment(options: WorkerOptions) -> dict[str, str]:
    environment = {**os.environ, "KERAS_BACKEND": options.backend}
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Both sides compute at the same time; threads that outnumber the cores spin and cost a factor of four.
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))
    if options.device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    return environment


class WorkerPool:
    """Workers by framework and dtype in one private folder; a dead one is replaced when it is asked for again."""

    def __init__(self, options: WorkerOptions | None = None) -> None:
        self.options = options or WorkerOptions()
        self._temporary = tempfile.TemporaryDirectory(prefix="fwtranslate-verify-")
        self.folder = Path(self._temporary.name)
        self._workers: dict[tuple[Framework, Dtype], Worker] = {}
        self._numbers = count()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            worker.close()
        self._temporary.cleanup()

    def get(self, framework: Framework, dtype: Dtype) -> Worker:
        """The worker, started if need be; it may still be importing its framework."""
        worker = self._workers.get((framework, dtype))
        if worker is None or not worker.alive:
            prefix = f"{framework}-{dtype}-{next(self._numbers)}"
            worker = Worker(framework, dtype, self.folder, prefix, self.options)
            self._workers[framework, dtype] = worker
        return worker

    def save(self, name: str, text: str) -> Path:
        """Write a file of user code into the private folder."""
        folder = self.folder / f"code{next(self._numbers)}"
        folder.mkdir()
        path = folder / name
        path.write_bytes(_encoded(text))
        return path


def _encoded(text: str) -> bytes:
    """The text in the encoding that it declares for itself, in which Python will read it."""
    plain = text.removeprefix("\ufeff").encode("utf-8")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(plain).readline)
        return plain if encoding.startswith("utf-8") else text.removeprefix("\ufeff").encode(encoding)
    except (SyntaxError, UnicodeEncodeError):
        return plain  # a wrong declaration is the user's error, which the worker will report
