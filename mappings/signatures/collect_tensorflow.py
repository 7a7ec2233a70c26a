"""The rows of TensorFlow's functions, from its live signatures: https://www.tensorflow.org/api_docs/python/tf."""

from __future__ import annotations

import importlib
import inspect

from mappings.signatures.naming import mark_secondary_names
from mappings.signatures.rows import Row, overload_of

# In the order in which one function's primary name is looked for. The short name wins: tf.matmul, not tf.linalg.matmul.
NAMESPACES = ("tf", "tf.nn", "tf.math", "tf.linalg", "tf.image", "tf.random")


def collect_tensorflow() -> dict[str, Row]:
    """Every public function of the namespaces above. ``tf_decorator`` leaves ``__wrapped__``, which inspect follows."""
    tensorflow = importlib.import_module("tensorflow")
    rows: dict[str, Row] = {}
    objects: dict[str, object] = {}
    for namespace in NAMESPACES:
        _, _, attribute = namespace.partition(".")
        module = getattr(tensorflow, attribute) if attribute else tensorflow
        for name in sorted(dir(module)):
            value = getattr(module, name)
            if inspect.isfunction(value) and not name.startswith("_"):
                rows[f"{namespace}.{name}"] = Row("function", (overload_of(inspect.signature(value)),))
                objects[f"{namespace}.{name}"] = value
    return mark_secondary_names(rows, objects, NAMESPACES)
