"""The dtypes that both libraries have, by their plain names; see https://keras.io/api/utils/config_utils/ and
https://docs.pytorch.org/docs/stable/tensor_attributes.html.
"""

from __future__ import annotations

from collections.abc import Mapping

DTYPES: Mapping[str, str] = {
    **dict.fromkeys(("float16", "bfloat16", "float32", "float64"), "float"),
    **dict.fromkeys(("int8", "int16", "int32", "int64", "uint8"), "int"),
    "bool": "bool",
}
"""The kind of number of each."""

DTYPE_KINDS = frozenset({"dtype", "known_dtype"})
"""The kinds of holes that hold a dtype."""


def dtype_named(api: str) -> str | None:
    """The dtype that a framework's name stands for (``torch.float32``, ``tf.float32``), None for other names."""
    root, _, name = api.rpartition(".")
    return name if root in ("torch", "tf") and name in DTYPES else None
