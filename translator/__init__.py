"""fwtranslate: carries model code between PyTorch and TensorFlow/Keras, both ways, and proves the result.

>>> from translator import translate
>>> print(translate("import torch\\ny = torch.cat([a, b], dim=1)\\n", to="keras").code)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translator.errors import SourceError as SourceError
    from translator.errors import WeightError as WeightError
    from translator.model import Diagnostic as Diagnostic
    from translator.model import Translation as Translation
    from translator.pipeline import translate as translate
    from translator.weights.transfer import transfer_weights as transfer_weights

__version__ = "0.1.0"

__all__ = ["Diagnostic", "SourceError", "Translation", "WeightError", "__version__", "transfer_weights", "translate"]

_HOMES = {
    "SourceError": "translator.errors",
    "WeightError": "translator.errors",
    "Diagnostic": "translator.model",
    "Translation": "translator.model",
    "translate": "translator.pipeline",
    "transfer_weights": "translator.weights.transfer",
}


def __getattr__(name: str) -> Any:
    """Import on first use: ``fwtranslate --version`` must not pay for libcst."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'translator' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
