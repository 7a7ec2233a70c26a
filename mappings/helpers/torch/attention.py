"""Keras' attention for PyTorch: arguments, masks and results as in Keras.

Definitions are copied into users' files as they stand. See https://keras.io/api/layers/attention_layers/.
"""

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin


def masked_softmax(scores, mask=None):
    """Softmax over the last axis of the scores where the mask is true; a row that is wholly masked is uniform."""
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return torch.softmax(scores, dim=-1)


def causal_mask(scores):
    """True where a key does not come after its query, of the shape of the scores' last two axes."""
    return torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()


class MultiHeadAttention(nn.Module):
    """Keras' layer: heads of any width; a mask is true where to attend, of shape (n, t, s) or (n, heads, t, s)."""

    def __init__(self, query_size, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True):
        super().__init__()
        value_dim = value_dim or key_dim
        self.num_heads, self.key_dim = num_heads, key_dim
        self.query_dense = nn.Linear(query_size, num_heads * key_dim, bias=use_bias)
        self.key_dense = nn.LazyLinear(num_heads * key_dim, bias=use_bias)
        self.value_dense = nn.LazyLinear(num_heads * value_dim, bias=use_bias)
        self.output_dense = nn.Linear(num_heads * value_dim, query_size, bias=use_bias)
        self.dropout = nn.Dropout(dropout)

    def heads(self, x):
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def forward(
        self, query, value, key=None, attention_mask=None, return_attention_scores=False, use_causal_mask=False
    ):
        q, k = self.heads(self.query_dense(query)), self.heads(self.key_dense(value if key is None else key))
        scores = (q * self.key_dim**-0.5) @ k.transpose(-2, -1)
        mask = None
        if attention_mask is not None:
            mask = attention_mask.bool()
            mask = mask.unsqueeze(1) if mask.dim() == 3 else mask
        if use_causal_mask:
            mask = causal_mask(scores) if mask is None else mask & causal_mask(scores)
        weights = masked_softmax(scores, mask)
        if mask is not None and (return_attention_scores or self.dropout.p > 0):
            # Keras takes another way here, on which a row that is wholly masked is zero.
            weights = weights.masked_fill(~mask, 0.0)
        out = self.dropout(weights) @ self.heads(self.value_dense(value))
        out = self.output_dense(out.transpose(1, 2).flatten(2))
        return (out, weights) if return_attention_scores else out


class LazyMultiHeadAttention(LazyModuleMixin, MultiHeadAttention):
    """A MultiHeadAttention whose query size is that of its first input."""

    cls_to_become = MultiHeadAttention

    def __init__(self, num_heads, key_dim, value_dim=None, dropout=0.0, use_bias=True):
        super().__init__(1, num_heads, key_dim, value_dim, dropout, use_bias)
        self.query_dense = nn.LazyLinear(num_heads * key_dim, bias=use_bias)
        for name, _ in list(self.output_dense.named_parameters()):
            setattr(self.output_dense, name, nn.UninitializedParameter())

    def initialize_parameters(self, query, *args, **kwargs):
        layer, size = self.output_dense, query.shape[-1]
        if any(isinstance(parameter, nn.UninitializedParameter) for parameter in layer.parameters()):
            layer.out_features = size
            with torch.no_grad():
                layer.weight.materialize((size, layer.in_features))
                if layer.bias is not None:
                    layer.bias.materialize((size,))
                layer.reset_parameters()
