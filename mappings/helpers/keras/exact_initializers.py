"""Initial values as PyTorch draws them by default.

See ``reset_parameters`` of https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html and Conv2d.html: weight
and bias are uniform within 1/sqrt(fan_in).
"""

import math

import keras


class FanInUniform(keras.initializers.Initializer):
    """Uniform within 1/sqrt(fan_in). A layer draws its kernel before its bias, which tells the fan_in of both."""

    def __init__(self, fan_in=None):
        self.fan_in = fan_in

    def __call__(self, shape, dtype=None):
        if len(shape) > 1:
            self.fan_in = math.prod(shape[:-1])
        bound = 1 / math.sqrt(self.fan_in)
        return keras.initializers.RandomUniform(-bound, bound)(shape, dtype)

    def get_config(self):
        return {"fan_in": self.fan_in}


def torch_initialised(layer):
    """Let a dense or convolutional layer draw its kernel and bias as PyTorch does by default."""
    layer.kernel_initializer = layer.bias_initializer = FanInUniform()
    return layer


def torch_initialised_depthwise(layer):
    """Let a depthwise convolution draw its kernel and bias as PyTorch does, whose groups have one channel each."""
    bound = 1 / math.sqrt(math.prod(layer.kernel_size))
    layer.depthwise_initializer = keras.initializers.RandomUniform(-bound, bound)
    layer.bias_initializer = keras.initializers.RandomUniform(-bound, bound)
    return layer


def torch_initialised_separable(layer):
    """Let a separable convolution draw its kernels and bias as PyTorch's two convolutions do by default."""
    bound = 1 / math.sqrt(math.prod(layer.kernel_size))
    layer.depthwise_initializer = keras.initializers.RandomUniform(-bound, bound)
    layer.pointwise_initializer = layer.bias_initializer = FanInUniform()
    return layer


def torch_initialised_embedding(layer):
    """Let an embedding draw its vectors from the standard normal distribution, as PyTorch does by default."""
    layer.embeddings_initializer = keras.initializers.RandomNormal(stddev=1.0)
    return layer
