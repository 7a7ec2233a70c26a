"""Addresses of the libraries' documentation."""

from __future__ import annotations

import importlib

import pytest

from translator.catalog.explain.find import index
from translator.catalog.explain.links import links, url
from translator.catalog.load import load

TORCH = "https://docs.pytorch.org/docs/stable/"
KERAS = "https://keras.io/api/"
PAGES = {
    "torch.nn.Conv2d": TORCH + "generated/torch.nn.Conv2d.html",
    "torch.cat": TORCH + "generated/torch.cat.html",
    "torch.Tensor.view": TORCH + "generated/torch.Tensor.view.html",
    "torch.Tensor.abs_": TORCH + "generated/torch.Tensor.abs_.html",
    "torch.abs_": TORCH + "generated/torch.abs.html",
    "torch.relu": TORCH + "generated/torch.nn.functional.relu.html",
    "torch.relu_": TORCH + "generated/torch.nn.functional.relu.html",
    "torch.rsub": TORCH + "torch.html",
    "torch.Tensor": TORCH + "tensors.html",
    "torch.Tensor.relu": TORCH + "tensors.html",
    "torch.nn.init.xavier_uniform_": TORCH + "nn.init.html#torch.nn.init.xavier_uniform_",
    "torch.nn.Module.apply": TORCH + "generated/torch.nn.Module.html#torch.nn.Module.apply",
    "keras.layers.Dense": KERAS + "layers/core_layers/dense/",
    "keras.layers.Conv2D": KERAS + "layers/convolution_layers/convolution2d/",
    "keras.layers.Conv1DTranspose": KERAS + "layers/convolution_layers/convolution1d_transpose/",
    "keras.layers.DepthwiseConv2D": KERAS + "layers/convolution_layers/depthwise_convolution2d/",
    "keras.layers.ConvLSTM2D": KERAS + "layers/recurrent_layers/conv_lstm2d/",
    "keras.layers.LSTMCell": KERAS + "layers/recurrent_layers/lstm_cell/",
    "keras.layers.SimpleRNN": KERAS + "layers/recurrent_layers/simple_rnn/",
    "keras.layers.GlobalAveragePooling2D": KERAS + "layers/pooling_layers/global_average_pooling2d/",
    "keras.layers.RMSNormalization": KERAS + "layers/normalization_layers/rms_normalization/",
    "keras.layers.LeakyReLU": KERAS + "layers/activation_layers/leaky_relu/",
    "keras.layers.PReLU": KERAS + "layers/activation_layers/prelu/",
    "keras.layers.ELU": KERAS + "layers/activation_layers/elu/",
    "keras.layers.UpSampling2D": KERAS + "layers/reshaping_layers/up_sampling2d/",
    "keras.layers.AdaptiveMaxPooling2D": KERAS + "layers/pooling_layers/",
    "keras.layers.Layer": KERAS + "layers/base_layer/",
    "keras.Model": KERAS + "models/model/",
    "keras.ops.reshape": KERAS + "ops/numpy/#reshape-function",
    "keras.ops.relu": KERAS + "ops/nn/#relu-function",
    "keras.ops.qr": KERAS + "ops/linalg/#qr-function",
    "keras.ops.rsqrt": KERAS + "ops/core/#rsqrt-function",
    "keras.ops.rfft": KERAS + "ops/fft/#rfft-function",
    "keras.ops.image.resize": KERAS + "ops/image/#resize-function",
    "keras.activations.gelu": KERAS + "layers/activations/#gelu-function",
    "keras.losses.Huber": KERAS + "losses/regression_losses/#huber-class",
    "keras.losses.SparseCategoricalCrossentropy": KERAS
    + "losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",
    "keras.losses.categorical_hinge": KERAS + "losses/hinge_losses/#categorical_hinge-function",
    "keras.random.normal": KERAS + "random/random_ops/#normal-function",
    "keras.KerasTensor": KERAS,
    "tf.reshape": "https://www.tensorflow.org/api_docs/python/tf/reshape",
    "tf.nn.gelu": "https://www.tensorflow.org/api_docs/python/tf/nn/gelu",
}


@pytest.mark.parametrize(("api", "page"), PAGES.items())
def test_an_api_has_the_page_that_the_library_gives_it(api: str, page: str) -> None:
    assert url(api, load().known) == page


def test_links_are_given_once_and_not_for_helpers() -> None:
    found = links(["torch.cat", "helpers.keras.SamePad", "torch.cat"], load().known)
    assert [link.label for link in found] == ["torch.cat"]


@pytest.mark.frameworks
def test_a_page_of_its_own_is_only_given_to_what_pytorch_documents() -> None:
    torch = importlib.import_module("torch")
    wrong = []
    for api in index().side:
        page = url(api, load().known).removeprefix(f"{TORCH}generated/")
        if api.startswith("torch.") and page.startswith("torch.") and "#" not in page:
            documented = torch
            for part in page.removesuffix(".html").split(".")[1:]:
                documented = getattr(documented, part)
            if not documented.__doc__:
                wrong.append(api)
    assert wrong == []
