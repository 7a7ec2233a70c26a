"""Embedding as PyTorch's; see https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html."""

import keras
from keras import ops


class PaddedEmbedding(keras.layers.Layer):
    """An embedding whose row padding_idx receives no gradient."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx, **kwargs):
        super().__init__(**kwargs)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx

    def build(self, input_shape):
        initial = keras.initializers.RandomNormal(stddev=1.0)
        self.embeddings = self.add_weight((self.num_embeddings, self.embedding_dim), initial, name="embeddings")

    def call(self, ids):
        ids = ops.cast(ids, "int32")
        vectors = ops.take(self.embeddings, ids, axis=0)
        kept = ops.expand_dims(ops.not_equal(ids, self.padding_idx % self.num_embeddings), -1)
        return ops.where(kept, vectors, ops.stop_gradient(vectors))

    def get_config(self):
        return super().get_config() | {
            "num_embeddings": self.num_embeddings,
            "embedding_dim": self.embedding_dim,
            "padding_idx": self.padding_idx,
        }
