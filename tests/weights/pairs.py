"""The few weight rules and plans that the tests of weights/ and verify/ share; the catalog has its own tests."""

from __future__ import annotations

from collections.abc import Mapping

from translator.catalog.weights import WeightRules, parse_weight_rules
from translator.model import (
    ClassPlan,
    Coverage,
    Diagnostic,
    Framework,
    Layout,
    ModelInfo,
    Span,
    Translation,
    WeightPlan,
)

NOWHERE = Span(1, 0, 1, 0, 0, 0)

_BATCH_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}

RULES: dict[tuple[str, str], WeightRules] = {
    (f"torch.nn.{torch}", f"keras.layers.{keras}"): parse_weight_rules(
        weights, axes=axes, synthesize=synthesize, where=f"[{torch}]"
    )
    for torch, keras, weights, axes, synthesize in [
        ("Linear", "Dense", {"weight": "kernel: o i -> i o", "bias": "bias"}, {}, {}),
        ("Conv2d", "Conv2D", {"weight": "kernel: o i h w -> h w i o", "bias": "bias"}, {}, {}),
        ("BatchNorm2d", "BatchNormalization", _BATCH_NORM, {}, {"num_batches_tracked": "0"}),
        ("Embedding", "Embedding", {"weight": "embeddings"}, {}, {}),
        (
            "Conv2d",
            "DepthwiseConv2D",
            {"weight": "kernel: (c m) 1 h w -> h w c m", "bias": "bias"},
            {"c": "groups"},
            {},
        ),
        (
            "LSTM",
            "LSTM",
            {
                "weight_ih_l0": "lstm_cell/kernel: g i -> i g",
                "weight_hh_l0": "lstm_cell/recurrent_kernel: g i -> i g",
                "bias_ih_l0 + bias_hh_l0": "lstm_cell/bias",
            },
            {},
            {},
        ),
        (
            "GRU",
            "GRU",
            {
                "weight_ih_l0": "gru_cell/kernel: (r|z|n g) i -> i (z|r|n g)",
                "weight_hh_l0": "gru_cell/recurrent_kernel: (r|z|n g) i -> i (z|r|n g)",
                "bias_ih_l0, bias_hh_l0": "gru_cell/bias: 2 (r|z|n g) -> 2 (z|r|n g)",
            },
            {},
            {},
        ),
        (
            "MultiheadAttention",
            "MultiHeadAttention",
            {
                "in_proj_weight": "query/kernel, key/kernel, value/kernel: (3 h d) e -> 3 e h d",
                "in_proj_bias": "query/bias, key/bias, value/bias: (3 h d) -> 3 h d",
                "out_proj.weight": "attention_output/kernel: e (h d) -> h d e",
                "out_proj.bias": "attention_output/bias",
            },
            {"h": "num_heads"},
            {},
        ),
    ]
}


def rules(torch_api: str, keras_api: str) -> WeightRules | None:
    """The rules of these tests, as ``Catalog.weight_rules`` would give them."""
    return RULES.get((torch_api, keras_api))


def plan(source: Framework = "torch", renames: Mapping[str, Mapping[str, str]] | None = None) -> WeightPlan:
    """A plan for classes that keep their names."""
    classes = {name: ClassPlan(name, name, mapping) for name, mapping in (renames or {}).items()}
    return WeightPlan(source, "keras" if source == "torch" else "torch", classes)


def translation(
    source: str,
    code: str,
    models: Mapping[str, ModelInfo],
    *,
    from_: Framework = "torch",
    diagnostics: tuple[Diagnostic, ...] = (),
    weight_plan: WeightPlan | None = None,
    filename: str = "model.py",
) -> Translation:
    """A translation as the pipeline would return it, of a pair written by hand."""
    to: Framework = "keras" if from_ == "torch" else "torch"
    layout: Layout = "channels_last" if to == "keras" else "channels_first"
    return Translation(
        code=code,
        diagnostics=diagnostics,
        coverage=Coverage(),
        exact=True,
        models=models,
        plan=weight_plan or plan(from_),
        changes=(),
        source=source,
        filename=filename,
        from_=from_,
        to=to,
        layout=layout,
        fidelity="idiomatic",
    )
