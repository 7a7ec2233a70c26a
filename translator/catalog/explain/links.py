"""Where the libraries document an API. Every address is that of a page that exists, if need be of the section above.

PyTorch's pages follow from the name (https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html). Those of
Keras stand in sections that are not in the name; the tables follow the site's own table of contents,
https://github.com/keras-team/keras-io/blob/master/scripts/api_master.py, and so do the names of pages.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from translator.catalog.explain.pages import Link

_TORCH = "https://docs.pytorch.org/docs/stable/"
_KERAS = "https://keras.io/api/"
_TENSORFLOW = "https://www.tensorflow.org/api_docs/python/"

_WITHOUT_PAGE = frozenset(
    (
        "adaptive_max_pool1d alpha_dropout batch_norm binary_cross_entropy_with_logits celu clamp_max "
        "clamp_min constant_pad_nd convolution cosine_embedding_loss ctc_loss detach dropout embedding "
        "embedding_bag feature_alpha_dropout feature_dropout fill grid_sampler group_norm gru gru_cell "
        "hinge_embedding_loss index_fill index_put instance_norm is_same_size kl_div layer_norm log_softmax "
        "lstm lstm_cell margin_ranking_loss masked_fill masked_scatter max_pool1d max_pool2d max_pool3d "
        "native_layer_norm poisson_nll_loss relu rms_norm rnn_relu rnn_tanh rrelu rsub selu split_with_sizes "
        "threshold triplet_margin_loss prelu eq_ new resize resize_as Size dtype device is_nonzero "
        "is_distributed index_reduce reinforce"
    ).split()
)
"""Names of functions and methods below ``torch`` that have no page of their own, some since they are not documented."""

_LAYER_SECTIONS: Mapping[str, str] = {
    "core_layers": "Dense EinsumDense Activation Embedding Masking Lambda Identity",
    "convolution_layers": "Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D "
    "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
    "pooling_layers": "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D "
    "AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
    "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D",
    "recurrent_layers": "LSTM LSTMCell GRU GRUCell SimpleRNN TimeDistributed Bidirectional ConvLSTM1D ConvLSTM2D "
    "ConvLSTM3D RNN SimpleRNNCell",
    "normalization_layers": "BatchNormalization LayerNormalization UnitNormalization GroupNormalization "
    "RMSNormalization",
    "regularization_layers": "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout AlphaDropout "
    "GaussianNoise ActivityRegularization",
    "attention_layers": "MultiHeadAttention Attention AdditiveAttention",
    "reshaping_layers": "Reshape Flatten RepeatVector Permute Cropping1D Cropping2D Cropping3D UpSampling1D "
    "UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "merging_layers": "Concatenate Average Maximum Minimum Add Subtract Multiply Dot",
    "activation_layers": "ReLU Softmax LeakyReLU PReLU ELU",
}
_LAYER_SECTION = {layer: section for section, layers in _LAYER_SECTIONS.items() for layer in layers.split()}
_CORE_OPS = frozenset(
    (
        "associative_scan cast cond convert_to_numpy convert_to_tensor custom_gradient dtype erf erfinv "
        "extract_sequences fori_loop in_top_k is_tensor logsumexp map rsqrt saturate_cast scan scatter "
        "scatter_update segment_max segment_sum shape slice slice_update stop_gradient switch top_k unstack "
        "vectorized_map while_loop"
    ).split()
)
_FFT_OPS = frozenset("fft fft2 ifft2 rfft irfft stft istft".split())
_PROBABILISTIC = frozenset("poisson ctc kldivergence kl_divergence".split())
_SINGLE_PAGES: Mapping[str, str] = {
    "keras.Model": "models/model/",
    "keras.Sequential": "models/sequential/",
    "keras.Input": "layers/core_layers/input/",
    "keras.layers.Layer": "layers/base_layer/",
}
_SECTION_PAGES: Mapping[str, str] = {
    "activations": "layers/activations/",
    "initializers": "layers/initializers/",
    "regularizers": "layers/regularizers/",
    "constraints": "layers/constraints/",
    "random": "random/random_ops/",
    "layers": "layers/",
    "ops": "ops/",
    "losses": "losses/",
    "metrics": "metrics/",
    "optimizers": "optimizers/",
    "callbacks": "callbacks/",
}


def links(apis: Iterable[str], known: Container[str]) -> tuple[Link, ...]:
    """The pages of several APIs, each once; ``known`` are all names in the signature lock. Helpers have no page."""
    pages = {api: url(api, known) for api in dict.fromkeys(apis) if not api.startswith("helpers.")}
    return tuple(Link(api, address) for api, address in pages.items())


def url(api: str, known: Container[str]) -> str:
    """The page that documents an API of any of the three libraries."""
    root = api.partition(".")[0]
    if root == "torch":
        return _TORCH + _torch(api, known)
    return _KERAS + _keras(api, known) if root == "keras" else _TENSORFLOW + api.replace(".", "/")


def _torch(api: str, known: Container[str]) -> str:
    module, _, name = api.rpartition(".")
    if module in ("torch.nn.init", "torch.nn.Module", "torch.nn.utils.rnn.PackedSequence"):
        page = "nn.init.html" if module.endswith("init") else f"generated/{module}.html"
        return f"{page}#{api}"
    if api in ("torch.Tensor", "torch.Tensor.data") or (module == "torch.Tensor" and name.rstrip("_") in _WITHOUT_PAGE):
        return "tensors.html"
    if module != "torch":
        return f"generated/{api}.html"
    # Functions that work in place are not documented; those without the underscore are.
    name = name.removesuffix("_")
    if name not in _WITHOUT_PAGE:
        return f"generated/torch.{name}.html"
    functional = f"torch.nn.functional.{name}"
    return f"generated/{functional}.html" if functional in known else "torch.html"


def _keras(api: str, known: Container[str]) -> str:
    if api in _SINGLE_PAGES:
        return _SINGLE_PAGES[api]
    _, section, *rest = f"{api}.".removesuffix(".").split(".")
    name = rest[-1] if rest else ""
    if section == "layers" and name in _LAYER_SECTION:
        return f"layers/{_LAYER_SECTION[name]}/{_page_name(name)}/"
    if section == "layers" and "Pooling" in name:
        return "layers/pooling_layers/"
    if section == "ops":
        return f"ops/{_ops_page(rest, known)}/#{name}-function"
    if section == "losses" and name:
        return f"losses/{_loss_page(name)}/#{name.lower()}-{'class' if name[0].isupper() else 'function'}"
    anchored = section in ("activations", "random") and name.islower()
    return _SECTION_PAGES.get(section, "") + (f"#{name}-function" if anchored else "")


def _ops_page(names: list[str], known: Container[str]) -> str:
    name = names[-1]
    if len(names) > 1:
        return names[0]
    if name in _CORE_OPS or name in _FFT_OPS:
        return "core" if name in _CORE_OPS else "fft"
    return next((page for page in ("nn", "linalg") if f"keras.ops.{page}.{name}" in known), "numpy")


def _loss_page(name: str) -> str:
    lower = name.lower()
    if "hinge" in lower:
        return "hinge_losses"
    return "probabilistic_losses" if "crossentropy" in lower or lower in _PROBABILISTIC else "regression_losses"


def _page_name(layer: str) -> str:
    """``Conv2DTranspose`` -> convolution2d_transpose, ``ConvLSTM2D`` -> conv_lstm2d, ``LeakyReLU`` -> leaky_relu."""
    acronyms = {
        "ReLU": "Relu",
        "PRelu": "Prelu",
        "ELU": "Elu",
        "LSTM": "Lstm",
        "GRU": "Gru",
        "RNN": "Rnn",
        "RMS": "Rms",
    }
    if "ConvLSTM" not in layer:
        layer = layer.replace("Conv", "Convolution")
    for acronym, word in acronyms.items():
        layer = layer.replace(acronym, word)
    layer = re.sub(r"(\d)D", r"\1d", layer)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", layer).lower()
