"""The pooling written into Keras outputs computes what PyTorch's does, gradients included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.compare import DATA_FORMATS, assert_same, images, seeds, stored

pytestmark = pytest.mark.frameworks

# What a layer is called with, by the name that both libraries give the layer up to the letter case of its D.
LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "max, padded with ceil_mode": ("MaxPool2D", {"kernel_size": [3, 2], "stride": 2, "padding": 1, "ceil_mode": True}),
    "max, dilated": ("MaxPool2D", {"kernel_size": 2, "dilation": (2, 1)}),
    "average, padding not counted": ("AvgPool2D", {"kernel_size": 3, "padding": 1, "count_include_pad": False}),
    "average, own divisor": ("AvgPool2D", {"kernel_size": (2, 3), "stride": [1, 2], "divisor_override": 5}),
    "average, ceil_mode": ("AvgPool2D", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    "adaptive, to a divisor of the size": ("AdaptiveAvgPool2D", {"output_size": (3, 4)}),
    "adaptive, overlapping windows": ("AdaptiveAvgPool2D", {"output_size": [4, 5]}),
    "adaptive, one axis kept": ("AdaptiveAvgPool2D", {"output_size": (None, 3)}),
}
each_data_format = pytest.mark.parametrize("data_format", DATA_FORMATS)
each_layer = pytest.mark.parametrize(("name", "arguments"), LAYERS.values(), ids=LAYERS)


@pytest.fixture(scope="module")
def pooling() -> Any:
    from mappings.helpers.keras import pooling

    return pooling


@st.composite
def windows(draw: st.DrawFn, *, dilated: bool) -> tuple[tuple[int, int], dict[str, Any]]:
    """Height and width, and arguments of a pooling function that fit them.

    Each window touches the input: PyTorch reads beyond it where the input is smaller than the dilation.
    """
    axes = []
    for _ in range(2):
        kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        padding, dilation = draw(st.integers(0, kernel // 2)), draw(st.integers(1, 3 if dilated else 1))
        smallest = max(dilation, dilation * (kernel - 1) + 1 - 2 * padding)
        axes.append((kernel, stride, padding, dilation, smallest + draw(st.integers(0, 6))))
    if draw(st.booleans()):
        kernel, stride, padding, dilation, height = axes[0]
        size = (height, height + draw(st.integers(0, 3)))
        arguments: dict[str, Any] = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    else:
        kernels, strides, paddings, dilations, size = zip(*axes, strict=True)
        arguments = {"kernel_size": kernels, "stride": strides, "padding": paddings, "dilation": dilations}
    if draw(st.booleans()):
        arguments["stride"] = None
    if not dilated:
        del arguments["dilation"]
    return size, arguments | {"ceil_mode": draw(st.booleans())}


@given(windows(dilated=True), seeds(), st.booleans(), st.sampled_from(DATA_FORMATS))
def test_max_pooling_agrees_and_sends_the_gradient_of_ties_to_the_first(
    pooling: Any, case: tuple[tuple[int, int], dict[str, Any]], seed: int, ties: bool, data_format: str
) -> None:
    from torch.nn import functional

    size, arguments = case
    assert_same(
        lambda x: functional.max_pool2d(x, **arguments),
        lambda x: pooling.max_pool(x, **arguments, data_format=data_format),
        images(seed, *size, ties=ties),
        data_format,
    )


@given(
    windows(dilated=False),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 9)),
    seeds(),
    st.sampled_from(DATA_FORMATS),
)
def test_average_pooling_agrees(
    pooling: Any,
    case: tuple[tuple[int, int], dict[str, Any]],
    count_include_pad: bool,
    divisor_override: int | None,
    seed: int,
    data_format: str,
) -> None:
    from torch.nn import functional

    size, arguments = case
    arguments = arguments | {"count_include_pad": count_include_pad, "divisor_override": divisor_override}
    assert_same(
        lambda x: functional.avg_pool2d(x, **arguments),
        lambda x: pooling.avg_pool(x, **arguments, data_format=data_format),
        images(seed, *size),
        data_format,
    )


output_sizes = st.one_of(st.none(), st.integers(1, 12))


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.one_of(st.integers(1, 12), st.tuples(output_sizes, output_sizes)),
    seeds(),
    st.sampled_from(DATA_FORMATS),
)
def test_adaptive_average_pooling_agrees(
    pooling: Any, size: tuple[int, int], output_size: Any, seed: int, data_format: str
) -> None:
    from torch.nn import functional

    assert_same(
        lambda x: functional.adaptive_avg_pool2d(x, output_size),
        lambda x: pooling.adaptive_avg_pool(x, output_size, data_format),
        images(seed, *size),
        data_format,
    )


@each_data_format
@each_layer
def test_a_layer_agrees_with_the_module(pooling: Any, name: str, arguments: dict[str, Any], data_format: str) -> None:
    import torch

    module = getattr(torch.nn, name.replace("2D", "2d"))(**arguments)
    layer = getattr(pooling, name)(**arguments, data_format=data_format, dtype="float64")
    assert_same(module, layer, images(0, 9, 8), data_format)


@each_data_format
@each_layer
def test_a_layer_runs_in_a_model_that_knows_no_batch_size_and_comes_back_from_a_file(
    pooling: Any, name: str, arguments: dict[str, Any], data_format: str, tmp_path: Path
) -> None:
    import keras

    layer = getattr(pooling, name)(**arguments, data_format=data_format)
    assert_works_in_models(layer, stored(images(0, 9, 8).astype("float32"), data_format), tmp_path)
    restored = keras.layers.deserialize(keras.layers.serialize(layer), {name: type(layer)})
    assert restored.get_config() == layer.get_config()


@each_data_format
@pytest.mark.parametrize("padding", [1, (2, 0), [0, 1]], ids=str)
def test_padding_with_minus_infinity_goes_around_both_spatial_axes(
    pooling: Any, padding: Any, data_format: str, tmp_path: Path
) -> None:
    import torch

    rows, columns = np.broadcast_to(padding, 2).tolist()
    x = images(0, 5, 4).astype("float32")
    layer = pooling.MinusInfinityPadding2D(padding, data_format)
    module = torch.nn.ConstantPad2d((columns, columns, rows, rows), float("-inf"))
    np.testing.assert_array_equal(
        np.asarray(layer(stored(x, data_format))), stored(module(torch.from_numpy(x)).numpy(), data_format)
    )
    assert_works_in_models(layer, stored(x, data_format), tmp_path)


def assert_works_in_models(layer: Any, x: Any, folder: Path) -> None:
    """Symbolically with a free batch size, through predict, in a traced function, and after saving and loading."""
    import keras
    import tensorflow as tf

    expected = np.asarray(layer(x))
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    assert model.output_shape == (None, *expected.shape[1:])
    np.testing.assert_array_equal(model.predict(x, batch_size=1, verbose=0), expected)
    traced = tf.function(layer, input_signature=[tf.TensorSpec((None, *x.shape[1:]))])
    np.testing.assert_array_equal(traced(x), expected)
    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "model.keras", custom_objects={type(layer).__name__: type(layer)})
    assert [one.name for one in loaded.layers] == [one.name for one in model.layers]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), expected)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("max_pool", {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("max_pool", {"kernel_size": 2, "dilation": 2}),
        ("avg_pool", {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("avg_pool", {"kernel_size": 2, "divisor_override": 3}),
    ],
)
def test_windows_that_need_no_size_work_where_height_and_width_are_unknown(
    pooling: Any, function: str, arguments: dict[str, Any]
) -> None:
    import tensorflow as tf

    traced = tf.function(
        lambda x: getattr(pooling, function)(x, **arguments), input_signature=[tf.TensorSpec((None, None, None, 3))]
    )
    for size in ((6, 6), (7, 9)):
        x = stored(images(0, *size).astype("float32"), "channels_last")
        np.testing.assert_array_equal(traced(x), getattr(pooling, function)(x, **arguments))


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("max_pool", {"kernel_size": 3, "ceil_mode": True}),
        ("avg_pool", {"kernel_size": 3, "padding": 1, "count_include_pad": False}),
        ("adaptive_avg_pool", {"output_size": 2}),
    ],
)
@pytest.mark.parametrize("shape", [(None, 8, 3), (8, None, 3)], ids=["height", "width"])
def test_an_unknown_size_is_refused_where_the_windows_depend_on_it(
    pooling: Any, function: str, arguments: dict[str, Any], shape: tuple[int | None, ...]
) -> None:
    import keras

    with pytest.raises(ValueError, match="known spatial sizes"):
        getattr(pooling, function)(keras.Input(shape), **arguments)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_results_keep_the_dtype_of_the_input(pooling: Any, dtype: str) -> None:
    import keras

    x = keras.ops.ones((1, 7, 7, 2), dtype=dtype)
    results = [
        pooling.max_pool(x, 2, dilation=2, ceil_mode=True),
        pooling.avg_pool(x, 3, 2, 1, count_include_pad=False),
        pooling.avg_pool(x, 3, divisor_override=7),
        pooling.adaptive_avg_pool(x, 3),
    ]
    assert [keras.backend.standardize_dtype(y.dtype) for y in results] == [dtype] * 4
