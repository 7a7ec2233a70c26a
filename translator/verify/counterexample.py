"""A failing case as a Python script that anybody can run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from translator.model import Comparison, Framework, Translation
from translator.verify.bench import Case
from translator.verify.roots import Root
from translator.weights.rearrange import permutation

_TEMPLATE = '''\
"""{summary}

Runs both versions on one input in float64 and exits with status 1 where they differ. Needs torch, {backend}, keras
and fwtranslate.
"""

import os

os.environ["KERAS_BACKEND"] = {backend!r}

import sys
import types
from pathlib import Path

{imports}
import keras
import numpy as np
import torch

from translator import transfer_weights, translate

SOURCE = {source}

TRANSLATED = {translated}


def load(name, text):
    module = types.ModuleType(name)
    module.__file__ = {filename!r}
    sys.modules[name] = module
    exec(compile(text, name + ".py", "exec"), vars(module))
    return vars(module)


def outputs(model, arrays, training=False):
    """The output leaves of a model, as tensors."""
    if isinstance(model, torch.nn.Module):
        model.train(training)
        found = model(*pack([torch.from_numpy(array.copy()) for array in arrays]))
    else:
        found = model(*pack([{convert}(array) for array in arrays]), training=training)
    return list(leaves(found))


def pack(tensors):
    return [tensors] if {as_list} else tensors


def leaves(value):
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif value is not None:
        yield value


def step(model, arrays):
    """One step of gradient descent on the mean square of the outputs, in training mode."""
    if isinstance(model, torch.nn.Module):
        loss = sum((leaf**2).mean() for leaf in outputs(model, arrays, training=True) if leaf.requires_grad)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter -= 0.1 * parameter.grad
        return
{step}


def without_dropout(model):
    layers = model.modules() if isinstance(model, torch.nn.Module) else model._flatten_layers()
    for layer in layers:
        for name in ("p", "rate"):
            if "Dropout" in type(layer).__name__ and hasattr(layer, name):
                setattr(layer, name, 0.0)


def differ(what):
    one = [np.asarray(leaf.detach() if hasattr(leaf, "detach") else leaf) for leaf in outputs(source, arrays)]
    other = [np.asarray(leaf.detach() if hasattr(leaf, "detach") else leaf) for leaf in outputs(translated, converted)]
    print(what)
    different = len(one) != len(other)
    for index, (a, b, axes) in enumerate(zip(one, other, OUTPUT_AXES + [None] * len(one))):
        a = a if axes is None else a.transpose(axes)
        error = np.abs(a - b).max() if a.shape == b.shape else float("inf")
        print(f"  output {{index}}: shapes {{a.shape}} and {{b.shape}}, largest difference {{error:.3e}}")
        different = different or not error <= 1e-9 * max(1.0, np.abs(a).max())
    return different


torch.set_default_dtype(torch.float64)
keras.config.set_floatx("float64")
{setup}torch.manual_seed({seed})
keras.utils.set_random_seed({seed})

# Arguments in the axis order of the source, the axes that the translation takes, and those of its outputs.
rng = np.random.default_rng({seed})
arrays = [
{arrays}
]
INPUT_AXES = {input_axes}
OUTPUT_AXES = {output_axes}
converted = [array if axes is None else array.transpose(axes) for array, axes in zip(arrays, INPUT_AXES)]

source = eval({expression!r}, load("source_model", SOURCE))
translated = eval({target!r}, load("translated_model", TRANSLATED))
without_dropout(source)
without_dropout(translated)
outputs(source, arrays)
outputs(translated, converted)

with torch.no_grad():  # initial zeros and ones hide differences
    if isinstance(source, torch.nn.Module):
        for parameter in source.parameters():
            parameter += 0.1 * torch.from_numpy(np.asarray(rng.standard_normal(tuple(parameter.shape))))
    else:
        for variable in source.trainable_variables:
            variable.assign(variable + 0.1 * rng.standard_normal(tuple(variable.shape)))
plan = translate(SOURCE, to={to!r}, layout={layout!r}, fidelity={fidelity!r}, filename={filename!r})
transfer_weights(source, translated, plan)

found = differ("evaluation mode")
step(source, arrays)
step(translated, converted)
found = differ("evaluation mode, after one training step on both sides") or found
sys.exit(found)
'''


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What the script says in the words of one Keras backend; ``step`` ends the function of that name."""

    imports: str
    convert: str
    setup: str
    step: str


_DIALECTS = {
    "tensorflow": _Dialect(
        imports="import tensorflow as tf",
        convert="tf.convert_to_tensor",
        setup="",
        step="""\
    with tf.GradientTape() as tape:
        loss = sum(tf.reduce_mean(leaf**2) for leaf in outputs(model, arrays, training=True) if leaf.dtype.is_floating)
    variables = [variable.value for variable in model.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables)):
        if gradient is not None:
            variable.assign_sub(0.1 * tf.convert_to_tensor(gradient))""",
    ),
    "jax": _Dialect(
        imports="import jax",
        convert="jax.numpy.asarray",
        setup="""\
jax.config.update("jax_enable_x64", True)
keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"  # or means are computed in float32
""",
        step="""\
    variables, kept = model.trainable_variables, model.non_trainable_variables

    def loss(values, state):
        with keras.StatelessScope(state_mapping=list(zip(variables + kept, values + state))) as scope:
            found = outputs(model, arrays, training=True)
        floats = [leaf for leaf in found if jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating)]
        return sum((leaf**2).mean() for leaf in floats), [scope.get_current_value(variable) for variable in kept]

    values, state = [variable.value for variable in variables], [variable.value for variable in kept]
    gradients, state = jax.grad(loss, has_aux=True)(values, state)
    for variable, value in zip(variables + kept, [v - 0.1 * g for v, g in zip(values, gradients)] + state):
        variable.assign(value)""",
    ),
}


def counterexample(
    translation: Translation, root: Root, case: Case, failed: Comparison, seed: int, backend: str = "tensorflow"
) -> str:
    """The script for one failing case: it holds the translated text, and the source's too unless the file has it.

    ``backend`` is what Keras runs on in it.
    """
    dialect = _DIALECTS[backend]
    info = root.info
    summary = f"Counterexample: {root.expression} in {Path(translation.filename).name} and its translation differ."
    return _TEMPLATE.format(
        summary=f"{summary}\n\nFound in {failed.mode} mode, {failed.dtype}, {failed.aspect} {failed.where}".rstrip(),
        source=_source(translation),
        translated=_literal(translation.code),
        filename=str(Path(translation.filename).resolve()),
        as_list=case.as_list,
        backend=backend,
        imports=dialect.imports,
        convert=dialect.convert,
        setup=dialect.setup,
        step=dialect.step,
        seed=seed,
        arrays="\n".join(f"    {_drawn(name, case)},  # {name}" for name in case.arrays),
        input_axes=[permutation(info.inputs.get(name)) for name in case.arrays],
        output_axes=[permutation(rule) for _, rule in sorted(info.outputs.items())],
        expression=root.expression,
        target=root.target,
        to=_other(translation.from_),
        layout=translation.layout,
        fidelity=translation.fidelity,
    )


def _other(framework: Framework) -> Framework:
    return "keras" if framework == "torch" else "torch"


def _source(translation: Translation) -> str:
    path = Path(translation.filename).resolve()
    if path.is_file() and path.read_bytes() == translation.source.encode():
        return f"Path({str(path)!r}).read_text(encoding='utf-8')"
    return _literal(translation.source)


def _literal(text: str) -> str:
    """Source text as a literal that reads like the text, where that is possible."""
    if "'''" in text or "\\" in text or text.endswith("'") or (not text.isprintable() and "\r" in text):
        return repr(text)
    return f"'''\\\n{text}'''"


def _drawn(name: str, case: Case) -> str:
    array = case.arrays[name]
    if array.dtype.kind == "f":
        return f"rng.standard_normal({array.shape})"
    if array.dtype.kind == "b":
        return f"rng.random({array.shape}) < 0.5"
    return f"rng.integers(0, {int(array.max(initial=0)) + 1}, {array.shape})"
