"""Source texts to measure with: generated models of any length, and real files where they are installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Final

_HEAD: Final = '''"""Generated models."""

import torch
import torch.nn as nn
import torch.nn.functional as F

'''

_MODEL: Final = '''
class Block{number}(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, in_channels, channels={channels}, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        # A projection where the shapes differ.
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )
        self.fc = nn.Linear(channels, 10)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out)) + self.shortcut(x)
        out = F.relu(out)
        out = F.adaptive_avg_pool2d(out, 1)
        out = torch.flatten(out, 1)
        return F.log_softmax(self.fc(out), dim=1)

'''

_REAL: Final = {
    "torch": ("nn/modules/transformer.py", "nn/modules/activation.py", "nn/modules/conv.py", "nn/modules/rnn.py"),
    "torchvision": ("models/resnet.py", "models/densenet.py", "models/vision_transformer.py"),
    "timm": ("models/resnet.py", "models/vision_transformer.py"),
}


def generated(lines: int) -> str:
    """A file of models with at least ``lines`` lines, fewer than one model more."""
    text = _HEAD
    for number in count():
        if text.count("\n") >= lines:
            return text
        text += _MODEL.format(number=number, channels=8 * (number % 16 + 1))
    raise AssertionError("count() does not end")


def real() -> Iterator[tuple[str, str]]:
    """Name and text of the model files of installed packages; nothing is imported."""
    for package, names in _REAL.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for name in names:
            path = Path(spec.origin).parent / name
            if path.is_file():
                yield f"{package}/{name}", path.read_text("utf-8")
