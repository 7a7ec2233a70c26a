"""translate: the only place that knows the order of the stages."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from translator import parse
from translator.catalog.load import load
from translator.errors import SourceError
from translator.model import Coverage, Fidelity, Framework, Layout, Translation, WeightPlan

_WORDS = {"torch": ("torch",), "keras": ("keras", "tensorflow")}
_STACK_BYTES = 512 * 1024 * 1024
_RECURSION = 60_000
_DEFAULT_LAYOUT: Mapping[str, Layout] = {"keras": "channels_last", "torch": "channels_first"}
T = TypeVar("T")


def translate(
    source: str,
    *,
    to: Framework,
    from_: Framework | str = "auto",
    filename: str = "model.py",
    layout: Layout | None = None,
    fidelity: Fidelity = "idiomatic",
    project: object | None = None,
) -> Translation:
    """Translate the text of one module.

    ``to`` is the target framework; ``from_`` the other one, or "auto". ``layout`` None means channels_last for Keras
    and channels_first for PyTorch. Nothing is imported or executed. Raises SourceError where ``source`` is not
    readable Python.
    """
    if to not in ("torch", "keras"):
        raise ValueError(f"to must be 'torch' or 'keras', not {to!r}")
    origin: Framework = "keras" if to == "torch" else "torch"
    if from_ not in ("auto", origin):
        raise ValueError(f"from_={from_!r} does not go with to={to!r}")
    if layout not in (None, "channels_last", "channels_first"):
        raise ValueError(f"layout must be 'channels_last' or 'channels_first', not {layout!r}")
    if fidelity not in ("idiomatic", "exact"):
        raise ValueError(f"fidelity must be 'idiomatic' or 'exact', not {fidelity!r}")
    chosen: Layout = layout or _DEFAULT_LAYOUT[to]
    text = source.removeprefix("\ufeff")
    if not any(word in text for word in _WORDS[origin]):
        parse.parse_ast(text, filename)
        return _unchanged(source, filename, origin, to, chosen, fidelity)
    if text != source:
        raise SourceError("the text begins with a byte order mark; decode it with utf-8-sig", filename=filename, line=1)
    return _deep(lambda: _translate(text, to, origin, filename, chosen, fidelity), filename)


def _unchanged(
    source: str, filename: str, origin: Framework, to: Framework, layout: Layout, fidelity: Fidelity
) -> Translation:
    plan = WeightPlan(origin, to)
    return Translation(source, (), Coverage(), True, {}, plan, (), source, filename, origin, to, layout, fidelity)


def _translate(
    text: str, to: Framework, origin: Framework, filename: str, layout: Layout, fidelity: Fidelity
) -> Translation:
    from translator.apply.file import translate_file

    collecting = gc.isenabled()
    # Trees of a file are made and dropped as a whole: the cyclic collector finds nothing in them and costs a tenth of
    # the time.
    gc.disable()
    try:
        catalog = load() if fidelity == "idiomatic" else load().exactly
        return translate_file(catalog, text, origin, to, filename, layout, fidelity)
    finally:
        if collecting:
            gc.enable()


def _deep(work: Callable[[], T], filename: str) -> T:
    """Run with room for deep recursion: an expression of 900 chained terms is 900 nodes deep."""
    result: list[T] = []
    problem: list[BaseException] = []

    def target() -> None:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, _RECURSION))
        try:
            result.append(work())
        except RecursionError:
            problem.append(SourceError("the code is nested too deeply", filename=filename))
        except BaseException as error:  # noqa: BLE001  # the boundary of a thread: raised again in the caller's
            problem.append(error)
        finally:
            sys.setrecursionlimit(before)

    size = threading.stack_size(_STACK_BYTES)
    try:
        thread = threading.Thread(target=target, name="fwtranslate", daemon=True)
        thread.start()
    finally:
        threading.stack_size(size)
    thread.join()
    if problem:
        raise problem[0]
    return result[0]
