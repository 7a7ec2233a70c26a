"""The process that runs one side of a verification: reads commands, runs the user's code, answers.

Started by :mod:`translator.verify.client` as ``python -m translator.verify.worker``. Commands and answers are JSON
lines on the original standard input and output; user code gets an empty standard input, and what it prints goes to
standard error, which the parent keeps in a file.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from translator.verify.inputs import spec_from_json
from translator.verify.limits import die_with_parent, limit_memory
from translator.verify.protocol import ArrayStore, decode, encode
from translator.verify.side import Call, Side
from translator.verify.side_keras import KerasSide
from translator.verify.side_torch import TorchSide
from translator.weights.tree import tree_to_json

Message = dict[str, Any]


def main() -> None:
    """Serve one parent until it closes the pipe."""
    die_with_parent()
    commands, answers = _private_pipes()
    config = decode(commands.readline())
    side = _make_side(config)
    side.start()
    if config["device"] == "cpu":  # a GPU driver reserves far more address space than it uses
        limit_memory(config["memory_mib"])
    worker = Worker(side, ArrayStore(Path(config["folder"]), config["prefix"]))
    answers.write(encode({"ready": True}))
    answers.flush()
    for line in commands:
        answers.write(encode(worker.answer(decode(line))))
        answers.flush()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    commands = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return commands, answers


def _make_side(config: Mapping[str, Any]) -> Side:
    kind = TorchSide if config["framework"] == "torch" else KerasSide
    return kind(config["dtype"], config["device"])


class Worker:
    """Turns each command into calls of the side, and each exception of user code into an answer."""

    def __init__(self, side: Side, store: ArrayStore) -> None:
        self.side = side
        self.store = store
        self._commands: dict[str, Callable[[Message], Message]] = {
            "build": self._build,
            "hints": self._hints,
            "probe": self._probe,
            "describe": lambda _: {"tree": tree_to_json(self.side.describe()), "unbuilt": self.side.is_unbuilt()},
            "read": lambda message: {"arrays": self.store.put(self.side.read(message.get("paths")))},
            "skeleton": lambda message: {"variables": self.side.skeleton(Path(message["path"]))},
            "forward": self._forward,
            "gradients": self._gradients,
            "capture": self._capture,
            "lines": self._lines,
        }
        self._actions: dict[str, Callable[[Message], None]] = {
            "write": lambda message: self.side.write(self.store.get(message["arrays"])),
            "save": lambda _: self.side.save(),
            "restore": lambda _: self.side.restore(),
            "randomise": lambda message: self.side.randomise(message["seed"]),
            "jitter": lambda message: self.side.jitter_statistics(message["seed"]),
            "perturb": lambda message: self.side.perturb(message["scale"], message["shift"], message["seed"]),
            "calibrate": lambda message: self.side.calibrate(self._call(message)),
            "load": lambda message: self.side.load(Path(message["code"]), message["filename"]),
        }

    def answer(self, message: Message) -> Message:
        try:
            command = message["command"]
            if command in self._actions:
                self._actions[command](message)
                return {}
            return self._commands[command](message)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the boundary: whatever user code raises is a finding, not a crash
            return {"error": self._finding(error)}

    def _finding(self, error: BaseException) -> Message:
        text = str(error)
        kind = "memory" if _is_memory(error, text) else "raised"
        path = self.side.tracer.path if self.side.tracer is not None else ""
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        where = f"line {frames[-1].lineno} in {frames[-1].name}" if frames else ""
        if isinstance(error, SyntaxError) and error.filename == path:
            where = f"line {error.lineno}"
        return {"kind": kind, "type": type(error).__name__, "message": text.strip()[:2000], "where": where}

    def _build(self, message: Message) -> Message:
        self.side.build(message["expression"], message["seed"], as_is=message.get("as_is", False))
        return {"class": type(self.side.model).__name__}

    def _hints(self, message: Message) -> Message:
        arguments, as_list = self.side.arguments()
        return {"arguments": arguments, "as_list": as_list, "layers": self.side.layers()}

    def _probe(self, message: Message) -> Message:
        candidates = [[spec_from_json(spec) for spec in specs] for specs in message["candidates"]]
        index, complaint = self.side.probe(candidates, message["positional"], message["as_list"])
        return {"index": index, "complaint": complaint}

    def _call(self, message: Message) -> Call:
        arrays = self.store.get(message["inputs"])
        return Call(arrays, message["positional"], message["as_list"], message.get("seed", 0))

    def _forward(self, message: Message) -> Message:
        self.side.events.dropouts.clear()
        with self.side.tracing(message.get("trace", False)):
            outputs = self.side.forward(self._call(message), message["mode"])
        return {"outputs": self.store.put(outputs), **self._events()}

    def _gradients(self, message: Message) -> Message:
        call, cotangents = self._call(message), self.store.get(message["cotangents"])
        parameters, inputs = self.side.gradients(call, message["mode"], cotangents, message["step"])
        answer = {"parameters": self.store.put(parameters), "inputs": self.store.put(inputs), **self._events()}
        return {**answer, "state": self.store.put(self.side.read())} if message["step"] else answer

    def _events(self) -> Message:
        events = self.side.events
        return {"lifted": sorted(events.lifted), "dropouts": sorted(events.dropouts), "leaks": sorted(events.leaks)}

    def _capture(self, message: Message) -> Message:
        captures = self.side.capture(self._call(message))
        return {
            "captures": [
                {"path": c.path, "inputs": self.store.put(c.inputs), "outputs": self.store.put(c.outputs)}
                for c in captures
            ]
        }

    def _lines(self, message: Message) -> Message:
        ran, every = self.side.lines()
        return {"ran": ran, "every": every}


def _is_memory(error: BaseException, text: str) -> bool:
    return isinstance(error, MemoryError) or any(
        sign in text for sign in ("can't allocate memory", "OOM when allocating", "not enough memory", "bad_alloc")
    )


if __name__ == "__main__":
    main()
