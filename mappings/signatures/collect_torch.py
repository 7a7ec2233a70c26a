"""The rows of PyTorch: live signatures, type stubs and operator schemas, in this order.

Most of torch is compiled and has no live signature; https://pytorch.org/docs/stable/ is generated from the docstrings,
which name some parameters wrongly, so they are not read.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mappings.signatures.methods import method_rows
from mappings.signatures.naming import mark_secondary_names
from mappings.signatures.pyi import Stub, read_stub
from mappings.signatures.rows import (
    Overload,
    Parameter,
    Row,
    distinct,
    live_overloads,
    method_overloads,
    overload_of,
)
from mappings.signatures.torch_aliases import keyword_aliases
from mappings.signatures.torch_schema import completed, schema_overloads, with_schema_names

# In the order in which one object's primary name is looked for: conv2d is torch.nn.functional's before it is torch's.
NAMESPACES = (
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.init",
    "torch.nn.utils",
    "torch.nn.utils.rnn",
    "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize",
    "torch",
    "torch.linalg",
    "torch.fft",
    "torch.special",
    "torch.optim",
    "torch.optim.lr_scheduler",
)
# Namespaces of operators whose compiled functions are plain bindings of aten::PREFIX_NAME or so.
_BINDINGS = frozenset({"torch.linalg", "torch.fft", "torch.special"})
# Classes whose methods user code calls or overrides. What the others inherit from Module stands with Module alone.
_WITH_METHODS = ("Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
_CONSTANT_TYPES = ("dtype", "memory_format", "layout")
# The torch namespace also holds the compiler's own classes, which the documentation does not name.
_TORCH_CLASSES = frozenset(
    {
        *("Tensor", "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor"),
        *("HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "Generator", "GradScaler", "Size", "autocast"),
        *("device", "dtype", "enable_grad", "finfo", "iinfo", "inference_mode", "layout", "memory_format", "no_grad"),
        "set_grad_enabled",
    }
)
# Compiled functions of single devices' backends, in the torch namespace only for torch's own use.
_BACKENDS = ("cudnn_", "miopen_", "mkldnn_", "fbgemm_", "quantized_", "has_torch_function", "_")


def collect_torch() -> dict[str, Row]:
    """Every public class and function of the namespaces above, Tensor's methods and properties, Module's methods."""
    stubs = Stubs()
    rows: dict[str, Row] = {}
    objects: dict[str, object] = {}
    for namespace in NAMESPACES:
        for name, value, row in _namespace_rows(namespace, stubs):
            rows[name] = row
            objects[name] = value
    rows = mark_secondary_names(rows, objects, NAMESPACES)
    rows |= _constant_rows()
    rows |= _tensor_rows(stubs)
    for owner in _WITH_METHODS:
        rows |= method_rows(f"torch.nn.{owner}", objects[f"torch.nn.{owner}"], objects["torch.nn.Module"])
    return {name: replace(row, aliases=keyword_aliases(name, row)) for name, row in rows.items()}


class Stubs:
    """The stub files that torch ships, looked up by the qualified name of a function."""

    def __init__(self) -> None:
        root = Path(importlib.import_module("torch").__path__[0])
        self._by_module: Mapping[str, Stub] = {
            "torch": read_stub(root / "_C" / "_VariableFunctions.pyi"),
            "torch._C": read_stub(root / "_C" / "__init__.pyi"),
            "torch._C._nn": read_stub(root / "_C" / "_nn.pyi"),
            "torch.nn.functional": read_stub(root / "nn" / "functional.pyi"),
        }

    def function(self, namespace: str, name: str) -> tuple[Overload, ...]:
        """The overloads of ``namespace.name``, following one re-export; empty if no stub has it."""
        stub = self._by_module.get(namespace)
        if stub is None:
            return ()
        if name in stub.functions:
            return completed(stub.functions[name], name)
        source, original = stub.imports.get(name, ("torch._C", name))
        found = self._by_module[source].functions.get(original, ()) if source in self._by_module else ()
        if source == "torch._C._nn":
            return completed(with_schema_names(found, original), original)
        return completed(found, original)

    def constructor(self, name: str) -> tuple[Overload, ...]:
        """The overloads of a compiled class's constructor, without its receiver."""
        methods = self._by_module["torch._C"].methods.get(name, {})
        found = methods.get("__init__", methods.get("__new__", ()))
        if name.endswith("Tensor"):
            found = self.tensor_method("new")  # Tensor.new takes what the class does
        return distinct(overload[1:] for overload in found)

    def tensor_method(self, name: str) -> tuple[Overload, ...]:
        """The overloads of a compiled Tensor method, with ``self``."""
        overloads = self._by_module["torch._C"].methods["TensorBase"].get(name, ())
        return tuple((replace(receiver, name="self", marker=""), *rest) for receiver, *rest in overloads)


def _namespace_rows(namespace: str, stubs: Stubs) -> Iterator[tuple[str, object, Row]]:
    module = importlib.import_module(namespace)
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if name.startswith("_") or not _is_public(namespace, value):
            continue
        if inspect.isclass(value):
            overloads = _constructor_overloads(value, stubs)
        else:
            overloads = _function_overloads(namespace, name, value, stubs)
        if overloads:
            yield f"{namespace}.{name}", value, Row("class" if inspect.isclass(value) else "function", overloads)


def _is_public(namespace: str, value: object) -> bool:
    """Whether a member belongs to the namespace, rather than being something its module imported to work with."""
    home = str(getattr(value, "__module__", None) or "")
    if inspect.isclass(value):
        return value.__name__ in _TORCH_CLASSES if namespace == "torch" else home.startswith(namespace)
    if inspect.isbuiltin(value):
        return not value.__name__.startswith(_BACKENDS)
    return inspect.isfunction(value) and home.startswith("torch") and home not in _HELPER_MODULES


_HELPER_MODULES = frozenset({"torch._jit_internal", "torch.overrides"})


def _constructor_overloads(cls: Any, stubs: Stubs) -> tuple[Overload, ...]:
    if cls.__init__ is importlib.import_module("torch.nn").Module.__init__:
        return ((),)  # its *args and **kwargs exist to refuse them: call_super_init is off
    if not inspect.isfunction(cls.__init__):
        return stubs.constructor(cls.__name__) or _new_overloads(cls)
    return live_overloads(cls.__init__, skip_receiver=True)


def _new_overloads(cls: Any) -> tuple[Overload, ...]:
    """A class that defines ``__new__`` alone, as Parameter does; empty where that is compiled without a signature."""
    if inspect.isfunction(cls.__new__):
        return (overload_of(inspect.signature(cls.__new__), skip_receiver=True),)
    try:
        return (overload_of(inspect.signature(cls)),)
    except ValueError:
        return ()


_DOCUMENTED: Mapping[str, Overload] = {"torch.einsum": (Parameter("equation"), Parameter("operands", marker="*"))}
"""Functions that take anything and sort it out themselves, as their documentation has them:
https://docs.pytorch.org/docs/stable/generated/torch.einsum.html.
"""


def _function_overloads(namespace: str, name: str, value: Any, stubs: Stubs) -> tuple[Overload, ...]:
    if f"{namespace}.{name}" in _DOCUMENTED:
        return (_DOCUMENTED[f"{namespace}.{name}"],)
    if inspect.isfunction(value):
        return live_overloads(_undispatched(value))
    operators = (value.__name__, f"{namespace.rpartition('.')[2]}_{name}", name)
    if namespace in _BINDINGS:
        return next(filter(None, map(schema_overloads, operators)), ())
    return stubs.function(namespace, name) or schema_overloads(name)


def _undispatched(function: Any) -> Any:
    """The function behind a wrapper whose own signature says nothing.

    ``boolean_dispatch`` makes max_pool2d, and calls ``if_false`` by default; torch.unique is dispatched twice.
    torch.nn.init's deprecated names call ``meth``.
    """
    while inspect.isfunction(function):
        variables = inspect.getclosurevars(function).nonlocals
        inner = variables.get("if_false") or variables.get("meth")
        if inner is None:
            return function
        function = inner
    return function


def _constant_rows() -> dict[str, Row]:
    """Dtypes, memory formats, layouts and numbers. torch.float is another name of torch.float32, as its repr says."""
    torch = importlib.import_module("torch")
    rows: dict[str, Row] = {"torch.newaxis": Row("constant")}
    for name in sorted(dir(torch)):
        value = getattr(torch, name)
        if isinstance(value, tuple(getattr(torch, kind) for kind in _CONSTANT_TYPES)):
            primary = repr(value)
            rows[f"torch.{name}"] = Row("constant", same_as=primary if primary != f"torch.{name}" else "")
        elif isinstance(value, float):
            rows[f"torch.{name}"] = Row("constant")
    return rows


def _tensor_rows(stubs: Stubs) -> dict[str, Row]:
    tensor = importlib.import_module("torch").Tensor
    rows: dict[str, Row] = {}
    for name in sorted(dir(tensor)):
        if name.startswith("_"):
            continue
        value = inspect.getattr_static(tensor, name)
        if inspect.isfunction(value):
            rows[f"torch.Tensor.{name}"] = Row("method", method_overloads(value))
        elif inspect.ismethoddescriptor(value):
            overloads = stubs.tensor_method(name)
            if overloads:
                rows[f"torch.Tensor.{name}"] = Row("method", overloads)
        elif inspect.isdatadescriptor(value):
            rows[f"torch.Tensor.{name}"] = Row("property")
    return rows
