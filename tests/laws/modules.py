"""The text of a source module around one drawn expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.laws.spelling import Speller
from translator.catalog.load import Catalog
from translator.model import Framework

Form = Literal["layer", "sequential", "function", "image", "behind", "made", "annotation"]
"""Where the expression stands: an attribute, a container, forward itself, forward after a convolution (so that the
rank and layout are known), an attribute behind another layer (so that its sizes are, too), forward without its
argument, or a type hint."""


@dataclass(frozen=True, slots=True)
class Module:
    """The text around one expression."""

    framework: Framework
    form: Form
    expression: str
    shapes: Mapping[str, tuple[int, ...]]
    speller: Speller
    mode: bool
    state: bool = False
    """Whether the call of a recurrent cell gives it a state, as Keras' demands."""
    item: str = ""
    """Which one of several results is returned."""

    def sequential(self) -> bool:
        return self.form == "sequential"

    def text(self, catalog: Catalog) -> str:
        if self.framework == "keras" and self.sequential():
            shape = next(iter(self.shapes.values()))[1:]
            body = [f"model = keras.Sequential([keras.Input(shape={shape!r}), {self.expression}])"]
        else:
            body = self._class()
        return "\n".join([*self._imports("\n".join(body), catalog), "", "", *body, ""])

    def _class(self) -> list[str]:
        torch = self.framework == "torch"
        arguments = [f"{name}: {self.expression}" if self.form == "annotation" else name for name in self.shapes]
        if self.mode and not torch:
            arguments.append("training=False")
        lines = [f"class Net({'nn.Module' if torch else 'keras.Model'}):"]
        if attribute := self._attribute():
            lines += ["    def __init__(self):", "        super().__init__()", f"        {attribute}", ""]
        lines.append(f"    def {'forward' if torch else 'call'}(self, {', '.join(arguments)}):")
        if self.form in ("image", "behind"):
            lines += [f"        {name} = self.stem({name})" for name in self.shapes]
        return [*lines, f"        return {self._result()}"]

    def _attribute(self) -> str:
        if self.form == "layer":
            return f"self.layer = {self.expression}"
        if self.form == "sequential":
            return f"self.body = nn.Sequential({self.expression})"
        if self.form == "image":
            return self._stem()
        if self.form == "behind":
            return f"{self._stem()}\n        self.layer = {self.expression}"
        return ""

    def _stem(self) -> str:
        """A layer that keeps the shape and makes the rank and the channels known."""
        torch = self.framework == "torch"
        shape = next(iter(self.shapes.values()))
        if len(shape) == 2 or (self.speller.entry.layout == "ordered" and len(shape) == 3):
            last = shape[-1]
            if torch:
                return f"self.stem = nn.Linear({last}, {last}, bias=False)"
            return f"self.stem = keras.layers.Dense({last}, use_bias=False)"
        axes = len(shape) - 2
        if torch:
            return f"self.stem = nn.Conv{axes}d({shape[1]}, {shape[1]}, 1, bias=False)"
        last_order = self.speller.layout == "channels_last"
        option = "" if last_order else ', data_format="channels_first"'
        filters = shape[-1] if last_order else shape[1]
        return f"self.stem = keras.layers.Conv{axes}D({filters}, 1, use_bias=False{option})"

    def _result(self) -> str:
        name = next(iter(self.shapes))
        state = f", self.layer.get_initial_state({name}.shape[0])" if self.state else ""
        called = f"self.layer({', '.join(self.shapes)}{state}){self.item}"
        results: Mapping[str, str] = {
            "layer": called,
            "behind": called,
            "sequential": f"self.body({name})",
            "annotation": name,
        }
        return results.get(self.form, self.expression)

    def _imports(self, body: str, catalog: Catalog) -> list[str]:
        texts: list[str] = []
        requires: set[str] = set()
        for name in needed(self.speller.helpers, catalog):
            texts += ["", "", catalog.helpers[name].text]
            requires.update(catalog.helpers[name].requires)
        if self.framework == "torch":
            requires.update(("import torch", "from torch import nn"))
            requires.update(("import torch.nn.functional as F",) * ("F." in body))
        else:
            requires.add("import keras")
            names = [name for name in ("layers", "ops") if re.search(rf"(?<![.\w]){name}\.", body)]
            requires.update((f"from keras import {', '.join(names)}",) * bool(names))
            requires.update(("import tensorflow as tf",) * ("tf." in body))
        return [*sorted(requires, key=lambda line: (line.startswith("from"), line)), *texts]


def needed(names: set[str], catalog: Catalog) -> list[str]:
    """The helpers themselves and those that their texts name, in the catalog's order."""
    found: set[str] = set()
    pending = set(names)
    while pending:
        name = pending.pop()
        found.add(name)
        side = name.rpartition(".")[0]
        words = {f"{side}.{word}" for word in re.findall(r"(?<![\w.])\w+", catalog.helpers[name].text)}
        pending |= (words & set(catalog.helpers)) - found
    return [name for name in catalog.helpers if name in found]
