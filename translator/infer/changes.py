"""Tensors that change in place: who else in the file sees it, and what callers outside the file would have seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from translator.infer.annotations import is_forward
from translator.infer.facts import Function
from translator.infer.frame import Frame
from translator.infer.values import Tensor, Value, storage

if TYPE_CHECKING:
    from translator.infer.analysis import Analysis

_CODE = "T203"


def change(
    frame: Frame, value: Value, place: cst.CSTNode, by: cst.CSTNode, keep: Sequence[str] = (), sure: bool = True
) -> None:
    """A tensor that is written at ``place`` changes in place by ``by``; the names in ``keep`` get its new value.

    In the file, reading another name of its storage is declined from now on. Where it may be an argument of the running
    function, callers in the file learn that theirs changes, and callers elsewhere are told (see ``settle_changes``).
    Where it is not ``sure``, one of several layers that may be called would do it, and nothing is told.
    """
    if not isinstance(value, Tensor):
        return
    frame.mutate(value, by, keep)
    if storage(value) & frame.analysis.variables:
        frame.decline(place, "T109", "a parameter or buffer is changed in place", hint="assign it a new value by hand")
    function = frame.function
    tokens = [token for token in storage(value) if isinstance(token, str) and _is_of(function, token)]
    own = sorted(token.partition(":")[2] for token in tokens)
    for name in own:
        if name not in function.changed or (sure and not function.changed[name]):
            function.changed[name] = sure
            frame.analysis.changed(("returned", function.key))
        if sure:
            why = f"the caller's {name} changes in place here; in the translation it stays as it was"
            frame.note(place, _CODE, why)


def _is_of(function: Function, token: str) -> bool:
    return token.partition(":")[0] == function.key


def settle_changes(analysis: Analysis) -> None:
    """Keep the warning where callers outside the file may see the change; those in the file have been looked at."""
    for function in analysis.tables.functions.values():
        if function.changed and not _called_from_elsewhere(analysis, function):
            for node in [node for node, note in function.notes.items() if note.code == _CODE]:
                del function.notes[node]


def _called_from_elsewhere(analysis: Analysis, function: Function) -> bool:
    """The forward of a model that the file does not use as a part, and functions that the file does not call."""
    info = analysis.tables.classes.get(function.owner or "")
    if info is not None:
        return is_forward(analysis, function) and (not info.inside or info.instantiated_at_root)
    return "." not in function.key and not function.incoming
