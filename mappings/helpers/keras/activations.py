"""Activations where Keras' own have other values, another gradient at a single point, or fewer arguments.

Definitions are copied into users' files as they stand. Values and gradients are those of
https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity.
"""

import keras
from keras import ops


def selu(x):
    """SELU with PyTorch's gradient at 0, where the negative branch counts."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return ops.where(x > 0, scale * x, scale * alpha * ops.expm1(ops.minimum(x, 0.0)))


class SELU(keras.layers.Layer):
    """SELU with PyTorch's gradient at 0."""

    def call(self, x):
        return selu(x)


def celu(x, alpha=1.0):
    """CELU with PyTorch's gradient at 0, which is 1."""
    return ops.where(x > 0, x, alpha * ops.expm1(ops.minimum(x, 0.0) / alpha))


class CELU(keras.layers.Layer):
    """CELU with PyTorch's gradient at 0."""

    def __init__(self, alpha=1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, x):
        return celu(x, self.alpha)


class GELUTanh(keras.layers.Layer):
    """GELU in its approximation by tanh."""

    def call(self, x):
        return ops.gelu(x, approximate=True)


def hardtanh(x, min_val=-1.0, max_val=1.0):
    """Clip without a gradient at the bounds themselves."""
    return ops.where(x <= min_val, min_val, ops.where(x >= max_val, max_val, x))


class Hardtanh(keras.layers.Layer):
    """Clip without a gradient at the bounds themselves."""

    def __init__(self, min_val=-1.0, max_val=1.0, **kwargs):
        super().__init__(**kwargs)
        self.min_val, self.max_val = min_val, max_val

    def call(self, x):
        return hardtanh(x, self.min_val, self.max_val)


def softplus(x, beta=1.0, threshold=20.0):
    """Softplus that is linear above the threshold."""
    scaled = beta * x
    return ops.where(scaled > threshold, x, ops.softplus(ops.minimum(scaled, threshold)) / beta)


class Softplus(keras.layers.Layer):
    """Softplus that is linear above the threshold."""

    def __init__(self, beta=1.0, threshold=20.0, **kwargs):
        super().__init__(**kwargs)
        self.beta, self.threshold = beta, threshold

    def call(self, x):
        return softplus(x, self.beta, self.threshold)


class Hardshrink(keras.layers.Layer):
    """Zero between -lambd and lambd, the input elsewhere."""

    def __init__(self, lambd=0.5, **kwargs):
        super().__init__(**kwargs)
        self.lambd = lambd

    def call(self, x):
        return ops.hard_shrink(x, self.lambd)


class Softshrink(keras.layers.Layer):
    """The input brought nearer to zero by lambd, zero between -lambd and lambd."""

    def __init__(self, lambd=0.5, **kwargs):
        super().__init__(**kwargs)
        self.lambd = lambd

    def call(self, x):
        return ops.soft_shrink(x, self.lambd)


class Threshold(keras.layers.Layer):
    """The input where it is above the threshold, a fixed value elsewhere."""

    def __init__(self, threshold, value, **kwargs):
        super().__init__(**kwargs)
        self.threshold, self.value = threshold, value

    def call(self, x):
        return ops.threshold(x, self.threshold, self.value)


class GLU(keras.layers.Layer):
    """Gated linear unit: the first half of an axis times the sigmoid of the second."""

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        return ops.glu(x, axis=self.axis)


class LogSoftmax(keras.layers.Layer):
    """Logarithm of the softmax along an axis."""

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        return ops.log_softmax(x, axis=self.axis)


def softmin(x, axis=-1):
    """Softmax of the negative input along an axis."""
    return ops.softmax(-x, axis=axis)


class Softmin(keras.layers.Layer):
    """Softmax of the negative input along an axis."""

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x):
        return softmin(x, self.axis)


class PReLU(keras.layers.Layer):
    """Leaky ReLU whose slope is learnt: one for all elements, or one for each entry of axis 1."""

    def __init__(self, num_parameters=1, init=0.25, **kwargs):
        super().__init__(**kwargs)
        self.num_parameters, self.init = num_parameters, init

    def build(self, input_shape):
        initializer = keras.initializers.Constant(self.init)
        self.alpha = self.add_weight(name="alpha", shape=(self.num_parameters,), initializer=initializer)

    def call(self, x):
        rest = (1,) * (len(x.shape) - 2) if self.num_parameters > 1 else ()
        return ops.where(x > 0, x, ops.reshape(self.alpha, (-1, *rest)) * x)
