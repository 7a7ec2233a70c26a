"""The text of a source module around one drawn expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.laws.spelling import Speller
from translator.catalog.load import Catalog
from translator.model import Framework

Form = Literal["layer", "sequential", "function", "image", "made", "annotation"]
"""Where the expression stands: an attribute, a container, forward itself, forward after a convolution (so that the
rank and layout are known), forward without its argument, or a type hint."""


@dataclass(frozen=True, slots=True)
class Module:
    """The text around one expression."""

    framework: Framework
    form: Form
    expression: str
    shapes: Mapping[str, tuple[int, ...]]
    speller: Speller
    mode: bool

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
        if self.form == "image":
            lines += [f"        {name} = self.stem({name})" for name in self.shapes]
        return [*lines, f"        return {self._result()}"]

    def _attribute(self) -> str:
        torch = self.framework == "torch"
        if self.form == "layer":
            return f"self.layer = {self.expression}"
        if self.form == "sequential":
            return f"self.body = nn.Sequential({self.expression})"
        if self.form == "image":
            shape = next(iter(self.shapes.values()))
            if torch:
                return f"self.stem = nn.Conv2d({shape[1]}, {shape[1]}, 1, bias=False)"
            last = self.speller.layout == "channels_last"
            option = "" if last else ', data_format="channels_first"'
            return f"self.stem = keras.layers.Conv2D({shape[-1] if last else shape[1]}, 1, use_bias=False{option})"
        return ""

    def _result(self) -> str:
        name = next(iter(self.shapes))
        results: Mapping[str, str] = {
            "layer": f"self.layer({name})",
            "sequential": f"self.body({name})",
            "annotation": name,
        }
        return results.get(self.form, self.expression)

    def _imports(self, body: str, catalog: Catalog) -> list[str]:
        texts: list[str] = []
        requires: set[str] = set()
        for name in _needed(self.speller.helpers, catalog):
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


def _needed(names: set[str], catalog: Catalog) -> list[str]:
    """The helpers themselves and those that their texts name, in the catalog's order."""
    found: set[str] = set()
    pending = set(names)
    while pending:
        name = pending.pop()
        found.add(name)
        side = name.rpartition(".")[0]
        words = {f"{side}.{word}" for word in re.findall(r"\w+", catalog.helpers[name].text)}
        pending |= (words & set(catalog.helpers)) - found
    return [name for name in catalog.helpers if name in found]
