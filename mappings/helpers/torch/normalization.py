"""Normalisation of Keras without a module in PyTorch; see https://keras.io/api/layers/normalization_layers/."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.lazy import LazyModuleMixin


class UnitNormalization(nn.Module):
    """Divide by the Euclidean norm along one axis or several."""

    def __init__(self, axis=-1):
        super().__init__()
        self.axis = axis

    def forward(self, x):
        return F.normalize(x, dim=self.axis, eps=1e-12)


class LazyLayerNorm(LazyModuleMixin, nn.LayerNorm):
    """A torch.nn.LayerNorm over the last axis, whose size is taken from the first input."""

    cls_to_become = nn.LayerNorm

    def __init__(self, eps=1e-5, elementwise_affine=True, bias=True):
        super().__init__(0, eps, elementwise_affine, bias)
        for name, _ in list(self.named_parameters()):
            setattr(self, name, nn.UninitializedParameter())

    def initialize_parameters(self, x):
        self.normalized_shape = (x.shape[-1],)
        if self.has_uninitialized_params():
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.materialize(self.normalized_shape)
                self.reset_parameters()

    def reset_parameters(self):
        if not self.has_uninitialized_params():
            super().reset_parameters()
