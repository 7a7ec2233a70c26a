"""Pairs of the same model, translated by hand, and what a translation would say of them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.weights.pairs import NOWHERE, plan, translation
from translator.model import Diagnostic, Framework, ModelInfo, Translation

TO_LAST, TO_FIRST = "n c h w -> n h w c", "n h w c -> n c h w"

# Everything that the planted mistakes touch: explicit padding with stride 2, batch normalisation, pooling, dropout,
# a flatten whose order matters, a square matrix used by hand, and a branch that only training takes.
CNN_TORCH = """\
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.mix = nn.Parameter(torch.randn(72, 72))
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(72, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv2(x))
        x = F.adaptive_avg_pool2d(x, 3) if x.shape[-1] == 6 else F.max_pool2d(x, 2)
        x = torch.flatten(x, 1) @ self.mix
        return self.fc(self.drop(x))
"""

CNN_KERAS = """\
import keras
from keras import layers, ops


class Net(keras.Model):
    def __init__(self, classes=5):
        super().__init__()
        self.pad = layers.ZeroPadding2D(1)
        self.conv1 = layers.Conv2D(6, 3, strides=2)
        self.bn1 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.conv2 = layers.Conv2D(8, 3)
        self.mix = self.add_weight(shape=(72, 72), name="mix")
        self.drop = layers.Dropout(0.3)
        self.fc = layers.Dense(classes)

    def call(self, x):
        x = ops.relu(self.bn1(self.conv1(self.pad(x))))
        x = ops.max_pool(x, 2)
        x = ops.relu(self.conv2(x))
        x = ops.average_pool(x, 2) if x.shape[2] == 6 else ops.max_pool(x, 2)
        x = ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (x.shape[0], -1)) @ self.mix
        return self.fc(self.drop(x))
"""

STATE_LIMIT = Diagnostic(
    "T002", "note", NOWHERE, "running_var: PyTorch keeps the unbiased batch variance, Keras the biased one"
)


def simple(
    source: str,
    code: str,
    *,
    from_: Framework = "torch",
    rule: str | None = None,
    outputs: Mapping[str, str | None] | None = None,
    construct: str | None = "Net()",
    diagnostics: tuple[Diagnostic, ...] = (STATE_LIMIT,),
    filename: str = "model.py",
    renames: Mapping[str, Mapping[str, str]] | None = None,
) -> Translation:
    """The translation of a file whose one model is ``Net(x)``."""
    info = ModelInfo(
        "Net",
        "Net",
        "class",
        NOWHERE,
        inputs={"x": rule},
        outputs=outputs or {"": None},
        construct=construct,
    )
    return translation(
        source,
        code,
        {"Net": info},
        from_=from_,
        diagnostics=diagnostics,
        weight_plan=plan(from_, renames),
        filename=filename,
    )


def linear_torch(forward: str = "return self.fc(x)", init: str = "pass", before: str = "") -> str:
    """A small PyTorch model with the given statements in its constructor and forward."""
    return (
        f"{before}import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        f"        super().__init__()\n        self.fc = nn.Linear(8, 4)\n        {init}\n\n"
        f"    def forward(self, x):\n        {forward}\n"
    )


def linear_keras(call: str = "return self.fc(x)", init: str = "pass", before: str = "") -> str:
    """Its Keras counterpart."""
    return (
        f"{before}import keras\nfrom keras import layers, ops\n\n\nclass Net(keras.Model):\n    def __init__(self):\n"
        f"        super().__init__()\n        self.fc = layers.Dense(4)\n        {init}\n\n"
        f"    def call(self, x):\n        {call}\n"
    )
