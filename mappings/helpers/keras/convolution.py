"""Transposed convolution with PyTorch's padding, output_padding, groups and dilation.

See https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html. Keras crops by rules of its own, has
no groups, and refuses strides together with dilation.
"""

import keras
import numpy as np
from keras import ops


def spread_out(x, stride, first):
    """Put stride - 1 zeros between neighbours along each spatial axis."""
    for axis, step in enumerate(stride, first):
        if step > 1:
            sizes = list(ops.shape(x))
            x = ops.expand_dims(x, axis + 1)
            pads = [(0, 0)] * len(x.shape)
            pads[axis + 1] = (0, step - 1)
            shape = [-1, *sizes[1:axis], sizes[axis] * step, *sizes[axis + 1 :]]
            x = ops.reshape(ops.pad(x, pads), shape)
            x = x[(slice(None),) * axis + (slice(0, sizes[axis] * step - step + 1),)]
    return x


def conv_transpose(x, kernel, stride, padding, output_padding, dilation, groups, data_format):
    """Transposed convolution of 1 to 3 axes; ``kernel`` has the axes (*spatial, out channels / groups, in channels)."""
    axes = len(x.shape) - 2
    first = 1 if data_format == "channels_last" else 2
    stride, padding, output_padding, dilation = (
        np.broadcast_to(value, axes).tolist() for value in (stride, padding, output_padding, dilation)
    )
    *spatial, outputs, inputs = kernel.shape
    split = ops.reshape(kernel, (*spatial, outputs, groups, inputs // groups))
    order = (*range(axes), axes + 2, axes + 1, axes)
    kernel = ops.reshape(ops.transpose(split, order), (*spatial, inputs // groups, groups * outputs))
    kernel = ops.flip(kernel, axis=list(range(axes)))
    x = spread_out(x, stride, first)
    pads = [(0, 0)] * (axes + 2)
    for i in range(axes):
        reach = dilation[i] * (spatial[i] - 1)
        before, after = reach - padding[i], reach - padding[i] + output_padding[i]
        x = x[(slice(None),) * (first + i) + (slice(max(-before, 0), min(after, 0) or None),)]
        pads[first + i] = (max(before, 0), max(after, 0))
    return ops.conv(ops.pad(x, pads), kernel, 1, "valid", data_format, dilation)


class ConvTranspose(keras.layers.Layer):
    """Transposed convolution as torch.nn.ConvTranspose1d, ConvTranspose2d and ConvTranspose3d."""

    def __init__(
        self,
        filters,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        use_bias=True,
        dilation=1,
        data_format="channels_last",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.output_padding = output_padding
        self.groups = groups
        self.use_bias = use_bias
        self.dilation = dilation
        self.data_format = data_format

    def build(self, input_shape):
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        sizes = np.broadcast_to(self.kernel_size, len(input_shape) - 2).tolist()
        self.kernel = self.add_weight((*sizes, self.filters // self.groups, channels), name="kernel")
        self.bias = self.add_weight((self.filters,), "zeros", name="bias") if self.use_bias else None

    def call(self, x):
        x = conv_transpose(
            x,
            ops.convert_to_tensor(self.kernel),
            self.stride,
            self.padding,
            self.output_padding,
            self.dilation,
            self.groups,
            self.data_format,
        )
        if self.bias is None:
            return x
        ones = [1] * (len(x.shape) - 2)
        last = self.data_format == "channels_last"
        return x + ops.reshape(self.bias, (1, *ones, -1) if last else (1, -1, *ones))

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "groups": self.groups,
            "use_bias": self.use_bias,
            "dilation": self.dilation,
            "data_format": self.data_format,
        }


class ConvTranspose1D(ConvTranspose):
    """Transposed convolution over one axis as torch.nn.ConvTranspose1d."""


class ConvTranspose2D(ConvTranspose):
    """Transposed convolution over two axes as torch.nn.ConvTranspose2d."""


class ConvTranspose3D(ConvTranspose):
    """Transposed convolution over three axes as torch.nn.ConvTranspose3d."""
