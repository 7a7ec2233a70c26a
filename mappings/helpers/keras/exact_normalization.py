"""Batch normalisation whose running statistics are PyTorch's.

See https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html: the running variance takes the unbiased
variance of the batch, while the batch itself is normalised with the biased one.
"""

import keras
from keras import ops


class UnbiasedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that accumulates the unbiased variance of the batches, as PyTorch does."""

    def call(self, inputs, training=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training)
        dtype = keras.backend.result_type(self.moving_variance.dtype, "float32")
        kept = ops.cast(self.moving_variance, dtype) * self.momentum
        outputs = super().call(inputs, training=training)
        added = ops.cast(self.moving_variance, dtype) - kept
        count = ops.cast(ops.size(inputs), dtype) / inputs.shape[self.axis]
        self.moving_variance.assign(kept + added * (count / (count - 1)))
        return outputs
