"""How the output spells the names of the target framework, and which imports that needs."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from translator.model import Framework


@dataclass
class Names:
    """Spells canonical names for one file. ``taken`` are names that the file binds to something else."""

    to: Framework
    taken: frozenset[str]
    imports: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)

    def spell(self, api: str) -> str:
        """The expression for a canonical name; notes the import it needs."""
        if api.startswith("helpers."):
            self.helpers.add(api)
            return api.rsplit(".", 1)[1]
        return self._keras(api) if self.to == "keras" else self._torch(api)

    def _keras(self, api: str) -> str:
        for short in ("layers", "ops"):
            prefix = f"keras.{short}."
            if api.startswith(prefix) and short not in self.taken:
                self.imports.add(f"from keras import {short}")
                return api.removeprefix("keras.")
        if api.startswith("tf."):
            self.imports.add("import tensorflow as tf")
            return api
        self.imports.add("import keras")
        return api

    def _torch(self, api: str) -> str:
        functional = "torch.nn.functional."
        if api.startswith(functional) and "F" not in self.taken:
            self.imports.add("import torch.nn.functional as F")
            return "F." + api.removeprefix(functional)
        if api.startswith("torch.nn.") and "nn" not in self.taken:
            self.imports.add("from torch import nn")
            return api.removeprefix("torch.")
        self.imports.add("import torch")
        return api

    def lines(self, present: Collection[tuple[str, str]] = ()) -> list[str]:
        """The import statements, plain imports first, names of one module together.

        ``present`` are the names that the file imports already, with what they stand for.
        """
        missing = {line for line in self.imports if _binding(line) not in present}
        plain = sorted(line for line in missing if line.startswith("import ") and " as " not in line)
        renamed = sorted(line for line in missing if line.startswith("import ") and " as " in line)
        grouped: dict[str, list[str]] = {}
        for line in sorted(missing):
            found = re.match(r"from (\S+) import (\w+)$", line)
            if found:
                grouped.setdefault(found[1], []).append(found[2])
        # The standard library stands first, where it is when it stays behind on the way back.
        standard = [f"from functools import {', '.join(grouped.pop('functools'))}"] if "functools" in grouped else []
        standard += [plain.pop(plain.index("import functools"))] if "import functools" in plain else []
        members = (f"from {module} import {', '.join(names)}" for module, names in grouped.items())
        return [*standard, *plain, *renamed, *members]

    def bound(self) -> set[str]:
        """The names that the generated imports and helpers bind."""
        names = {
            re.split(r"\s+as\s+|\s+", line.removeprefix("import "))[-1].split(".")[0]
            for line in self.imports
            if line.startswith("import ")
        }
        names |= {line.rsplit(" ", 1)[1] for line in self.imports if line.startswith("from ")}
        return names | {helper.rsplit(".", 1)[1] for helper in self.helpers}


def _binding(line: str) -> tuple[str, str]:
    """The name that a generated import binds, and what it stands for."""
    found = re.match(r"from (\S+) import (\w+)$", line)
    if found:
        return found[2], f"{found[1]}.{found[2]}"
    where, _, alias = line.removeprefix("import ").partition(" as ")
    return alias or where.split(".")[0], where if alias else where.split(".")[0]
