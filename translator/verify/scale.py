"""Random values for parameters, such that activations neither vanish nor explode and no term is zero or one."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from translator.model import Framework
from translator.verify.protocol import Array, Arrays
from translator.weights.tree import ModuleTree, join

_VARIANCES = ("var", "variance")


def randomised(tree: ModuleTree, arrays: Arrays, framework: Framework, seed: int) -> Arrays:
    """New values for every trainable float tensor, by path; buffers keep theirs.

    Matrices and kernels get variance 2 / fan-in, which keeps the scale of activations through ReLU layers
    (https://arxiv.org/abs/1502.01852); vectors move away from their initial zeros and ones.
    """
    rng = np.random.default_rng(seed)
    result: Arrays = {}
    for path, info in tree.tensor_paths().items():
        array = arrays[path]
        if not info.trainable or not np.issubdtype(array.dtype, np.floating):
            continue
        noise = np.asarray(rng.standard_normal(array.shape))
        if array.ndim >= 2 and _varies(array):
            result[path] = noise * sqrt(2.0 / max(1, _fan_in(array, framework)))
        else:
            result[path] = array + 0.2 * noise
    return result


def jittered_statistics(tree: ModuleTree, arrays: Arrays, seed: int) -> Arrays:
    """Running statistics of framework layers, moved a little off the batch that they were calibrated on."""
    rng = np.random.default_rng(seed)
    result: Arrays = {}
    for node in tree.walk():
        for name, info in node.tensors.items():
            path = join(node.path, name)
            if not node.is_framework or info.trainable or not np.issubdtype(arrays[path].dtype, np.floating):
                continue
            factor = rng.uniform(0.8, 1.25, arrays[path].shape)
            positive = name.rpartition("_")[2] in _VARIANCES
            result[path] = np.maximum(arrays[path], 1e-3) * factor if positive else arrays[path] * factor
    return result


def _varies(array: Array) -> bool:
    return array.size > 1 and float(np.ptp(array)) > 0.0


def _fan_in(array: Array, framework: Framework) -> int:
    """How many inputs feed one output: PyTorch keeps outputs first, Keras last."""
    return prod(array.shape[1:]) if framework == "torch" else prod(array.shape[:-1])
