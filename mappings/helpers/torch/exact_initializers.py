"""Initial values as Keras draws them by default.

See https://keras.io/api/layers/initializers/#glorotuniform-class: kernels are Glorot-uniform, biases are zero.
"""

import math
from types import MethodType

from torch import nn


def draw_when_known(layer, draw):
    """Draw the parameters of a layer now or, where it is a Lazy one, as soon as its input size is known."""

    def draw_late(layer):
        draw(layer)
        del layer.reset_parameters

    if nn.parameter.is_lazy(layer.weight):
        layer.reset_parameters = MethodType(draw_late, layer)
    else:
        draw(layer)
    return layer


def keras_initialised(layer):
    """Let a linear or convolutional layer draw its weight and bias as Keras does by default."""

    def draw(layer):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

    return draw_when_known(layer, draw)


def keras_initialised_depthwise(layer):
    """Let a depthwise convolution draw its weight and bias as Keras does, whose fans are those of all channels."""

    def draw(layer):
        fans = layer.groups + layer.out_channels // layer.groups
        bound = math.sqrt(6 / (fans * math.prod(layer.kernel_size)))
        nn.init.uniform_(layer.weight, -bound, bound)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

    return draw_when_known(layer, draw)


def keras_initialised_separable(layer):
    """Let a separable convolution draw its weights and bias as Keras does by default."""
    keras_initialised_depthwise(layer.depthwise)
    keras_initialised(layer.pointwise)
    return layer


def keras_initialised_embedding(layer):
    """Let an embedding draw its vectors uniformly within 0.05, as Keras does by default."""
    nn.init.uniform_(layer.weight, -0.05, 0.05)
    return layer
