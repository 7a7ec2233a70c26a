"""PyTorch's attention for Keras: masks, results and arguments as in PyTorch, whatever the axis for the batch.

Definitions are copied into users' files as they stand. See
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html and
https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html.
"""

import keras
from keras import ops


def attention_scores(query, key, attn_mask=None, is_causal=False, scale=None):
    """Scaled products of shape (..., l, s); a boolean mask is true where to attend, any other one is added."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = ops.matmul(query * scale, ops.swapaxes(key, -2, -1))
    if is_causal:
        length, size = ops.shape(scores)[-2:]
        attn_mask = ops.arange(length)[:, None] >= ops.arange(size)
    if attn_mask is None:
        return scores
    if keras.backend.standardize_dtype(attn_mask.dtype) == "bool":
        return ops.where(attn_mask, scores, ops.full_like(scores, float("-inf")))
    return scores + ops.cast(attn_mask, scores.dtype)


def safe_softmax(scores):
    """Softmax over the last axis, zero where every score is minus infinity."""
    peak = ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True))
    weights = ops.exp(scores - ops.where(ops.isinf(peak), ops.zeros_like(peak), peak))
    # A row that is not wholly masked sums to 1 or more.
    return weights / ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 0.5)


def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None):
    """Attention over the second last axis; the dropout of the weights does not ask for the mode."""
    weights = safe_softmax(attention_scores(query, key, attn_mask, is_causal, scale))
    if dropout_p > 0:
        weights = keras.random.dropout(weights, dropout_p)
    return ops.matmul(weights, value)


def merged_masks(attn_mask, key_padding_mask, batch, num_heads, dtype):
    """The masks of a layer as one that is added, of shape (n or 1, heads or 1, l or 1, s); None if there is none."""

    def added(mask):
        if keras.backend.standardize_dtype(mask.dtype) == "bool":
            return ops.where(mask, ops.cast(float("-inf"), dtype), ops.cast(0.0, dtype))
        return ops.cast(mask, dtype)

    found = []
    if attn_mask is not None:
        attn_mask = added(attn_mask)
        length, size = ops.shape(attn_mask)[-2:]
        by_head = len(attn_mask.shape) == 3
        found.append(ops.reshape(attn_mask, (batch, num_heads, length, size) if by_head else (1, 1, length, size)))
    if key_padding_mask is not None:
        found.append(added(key_padding_mask)[:, None, None, :])
    return sum(found[1:], found[0]) if found else None


class MultiheadAttention(keras.layers.Layer):
    """Gives the output and the weights; boolean masks are true where not to attend, any other ones are added."""

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, batch_first=False, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        self.q_proj = keras.layers.Dense(embed_dim, use_bias=bias)
        self.k_proj = keras.layers.Dense(embed_dim, use_bias=bias)
        self.v_proj = keras.layers.Dense(embed_dim, use_bias=bias)
        self.out_proj = keras.layers.Dense(embed_dim, use_bias=bias)
        self.dropout = keras.layers.Dropout(dropout)

    def heads(self, x):
        """(n, t, embed_dim) as (n, heads, t, width)."""
        batch, length = ops.shape(x)[:2]
        x = ops.reshape(x, (batch, length, self.num_heads, self.embed_dim // self.num_heads))
        return ops.swapaxes(x, 1, 2)

    def call(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
        training=None,
    ):
        if not self.batch_first:
            query, key, value = [ops.swapaxes(x, 0, 1) for x in (query, key, value)]
        q, k, v = self.heads(self.q_proj(query)), self.heads(self.k_proj(key)), self.heads(self.v_proj(value))
        batch, length = ops.shape(query)[:2]
        # PyTorch takes is_causal for a hint unless nothing else needs the mask.
        causal = is_causal and key_padding_mask is None and not need_weights
        mask = None if causal else merged_masks(attn_mask, key_padding_mask, batch, self.num_heads, q.dtype)
        scores = attention_scores(q, k, mask, causal)
        weights = self.dropout(ops.softmax(scores) if need_weights else safe_softmax(scores), training=training)
        out = ops.reshape(ops.swapaxes(ops.matmul(weights, v), 1, 2), (batch, length, self.embed_dim))
        out = self.out_proj(out)
        out = out if self.batch_first else ops.swapaxes(out, 0, 1)
        if not need_weights:
            return out, None
        return out, ops.mean(weights, axis=1) if average_attn_weights else weights


def feed_forward_activation(x, name):
    """The activations that PyTorch's Transformer layers know by name; its GELU is that by the error function."""
    return ops.relu(x) if name == "relu" else 0.5 * x * (1.0 + ops.erf(x / 2.0**0.5))


class TransformerEncoderLayer(keras.layers.Layer):
    """PyTorch's: self-attention and a feed-forward network, each with a residual connection and a normalisation."""

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation="relu",
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
    ):
        super().__init__()
        self.settings = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        )  # fmt: skip
        self.activation, self.norm_first = activation, norm_first
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first)
        self.linear1 = keras.layers.Dense(dim_feedforward, use_bias=bias)
        self.linear2 = keras.layers.Dense(d_model, use_bias=bias)
        self.norm1 = keras.layers.LayerNormalization(epsilon=layer_norm_eps, center=bias)
        self.norm2 = keras.layers.LayerNormalization(epsilon=layer_norm_eps, center=bias)
        self.dropout = keras.layers.Dropout(dropout)
        self.dropout1 = keras.layers.Dropout(dropout)
        self.dropout2 = keras.layers.Dropout(dropout)

    def call(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False, training=None):
        def attend(x):
            masks = {"key_padding_mask": src_key_padding_mask, "attn_mask": src_mask, "is_causal": is_causal}
            x, _ = self.self_attn(x, x, x, need_weights=False, **masks, training=training)
            return self.dropout1(x, training=training)

        def feed_forward(x):
            x = self.dropout(feed_forward_activation(self.linear1(x), self.activation), training=training)
            return self.dropout2(self.linear2(x), training=training)

        if self.norm_first:
            src = src + attend(self.norm1(src))
            return src + feed_forward(self.norm2(src))
        src = self.norm1(src + attend(src))
        return self.norm2(src + feed_forward(src))


class TransformerEncoder(keras.layers.Layer):
    """Layers like a given one, one after the other, and a normalisation if there is one."""

    def __init__(self, encoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = [type(encoder_layer)(*encoder_layer.settings) for _ in range(num_layers)]
        self.norm = norm

    def call(self, src, mask=None, src_key_padding_mask=None, is_causal=None, training=None):
        for layer in self.layers:
            masks = {"src_mask": mask, "src_key_padding_mask": src_key_padding_mask}
            src = layer(src, **masks, is_causal=bool(is_causal), training=training)
        return src if self.norm is None else self.norm(src)

    def compute_mask(self, inputs, previous_mask):
        # Keras takes every argument of the name mask for one that says which steps there are.
        return None


class TransformerDecoderLayer(keras.layers.Layer):
    """PyTorch's: self-attention, attention to the encoder's output, and a feed-forward network."""

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation="relu",
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
    ):
        super().__init__()
        self.settings = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        )  # fmt: skip
        self.activation, self.norm_first = activation, norm_first
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first)
        self.linear1 = keras.layers.Dense(dim_feedforward, use_bias=bias)
        self.linear2 = keras.layers.Dense(d_model, use_bias=bias)
        self.norm1 = keras.layers.LayerNormalization(epsilon=layer_norm_eps, center=bias)
        self.norm2 = keras.layers.LayerNormalization(epsilon=layer_norm_eps, center=bias)
        self.norm3 = keras.layers.LayerNormalization(epsilon=layer_norm_eps, center=bias)
        self.dropout = keras.layers.Dropout(dropout)
        self.dropout1 = keras.layers.Dropout(dropout)
        self.dropout2 = keras.layers.Dropout(dropout)
        self.dropout3 = keras.layers.Dropout(dropout)

    def call(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=False,
        memory_is_causal=False,
        training=None,
    ):
        def attend(x):
            masks = {"key_padding_mask": tgt_key_padding_mask, "attn_mask": tgt_mask, "is_causal": tgt_is_causal}
            x, _ = self.self_attn(x, x, x, need_weights=False, **masks, training=training)
            return self.dropout1(x, training=training)

        def look_up(x):
            masks = {"attn_mask": memory_mask, "is_causal": memory_is_causal}
            masks["key_padding_mask"] = memory_key_padding_mask
            x, _ = self.multihead_attn(x, memory, memory, need_weights=False, **masks, training=training)
            return self.dropout2(x, training=training)

        def feed_forward(x):
            x = self.dropout(feed_forward_activation(self.linear1(x), self.activation), training=training)
            return self.dropout3(self.linear2(x), training=training)

        if self.norm_first:
            tgt = tgt + attend(self.norm1(tgt))
            tgt = tgt + look_up(self.norm2(tgt))
            return tgt + feed_forward(self.norm3(tgt))
        tgt = self.norm1(tgt + attend(tgt))
        tgt = self.norm2(tgt + look_up(tgt))
        return self.norm3(tgt + feed_forward(tgt))


class TransformerDecoder(keras.layers.Layer):
    """Layers like a given one, one after the other, and a normalisation if there is one."""

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = [type(decoder_layer)(*decoder_layer.settings) for _ in range(num_layers)]
        self.norm = norm

    def call(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=None,
        memory_is_causal=False,
        training=None,
    ):
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
                training=training,
            )
        return tgt if self.norm is None else self.norm(tgt)
