"""Laws that are known not to hold yet, each with its reason. One that holds again fails the test, so that it goes."""

from __future__ import annotations

from collections.abc import Mapping

_HELPERS = "a helper that gives way to one of the other side leaves its imports and blank lines"
_INPUT = "PyTorch layers state channels and features, keras.Input the whole shape: the way back cannot write it"
_RANK = "a bare BatchNormalization says nothing of its input's rank, so it is declined"
_POOL = "PyTorch refuses padding beyond half the kernel, which the Keras helper takes"
_SIZE_ONE = "adaptive pooling to one element is a mean in Keras, which comes back as a mean"
_IDIOM = "the way back takes another spelling of the same operation, which is then kept"
_TRANSPOSED = (
    "the Keras helper takes an output padding or groups that PyTorch's transposed convolution refuses when it is made"
)
_UNCOVERED = (
    "drawn arguments that are declined though the entry covers them, or an input whose rank is not known from the code"
)
_PADDED = "padding that was written at the call comes back as padding at the call"

_FREQUENT: Mapping[str, tuple[str, ...]] = {
    _HELPERS: (
        "max_pool_2d_general_layer-to_keras-round_trip",
        "max_pool_2d_general_layer-to_torch-round_trip",
        "adaptive_avg_pool_2d_layer-to_torch-round_trip",
    ),
    _INPUT: (
        "conv_2d-to_torch-round_trip",
        "conv_2d_lazy-to_torch-round_trip",
        "linear-to_torch-round_trip",
        "linear_lazy-to_torch-round_trip",
    ),
    _RANK: (
        *(
            f"batch_norm_{axes}{lazy}-to_torch-{law}"
            for axes in ("1d", "2d")
            for lazy in ("", "_lazy")
            for law in ("round_trip", "weights", "outputs", "state")
        ),
        *(
            f"batch_norm_1d{lazy}_exact_keras-to_torch-{law}"
            for lazy in ("", "_lazy")
            for law in ("round_trip", "weights", "outputs", "state")
        ),
        "batch_norm_1d-to_keras-round_trip",
        "batch_norm_1d_lazy-to_keras-round_trip",
        "batch_norm_2d_lazy-to_keras-round_trip",
    ),
    _SIZE_ONE: ("adaptive_avg_pool_2d-to_torch-round_trip",),
    _IDIOM: ("relu_general-to_keras-round_trip",),
}

_RARE: Mapping[str, tuple[str, ...]] = {
    _RANK: ("batch_norm_2d-to_keras-round_trip",),
    _PADDED: ("conv_2d-to_keras-round_trip", "max_pool_2d_layer-to_keras-round_trip"),
    _HELPERS: ("max_pool_2d_general-to_keras-round_trip",),
    _TRANSPOSED: tuple(
        f"conv_transpose_{n}d_general-to_torch-{law}"
        for n in (1, 2, 3)
        for law in ("round_trip", "weights", "outputs", "state")
    ),
    _INPUT: tuple(f"conv_transpose_{n}d-to_torch-round_trip" for n in (1, 2, 3)),
    _UNCOVERED: (
        "pad-to_torch-round_trip",
        "pad-to_torch-outputs",
        "pad_spatial-to_torch-outputs",
        "where-to_torch-outputs",
        "conv_transpose_2d_same-to_torch-outputs",
        "conv_transpose_3d_same-to_torch-outputs",
        "depthwise_conv_2d_lazy-to_keras-outputs",
        "rms_norm-to_torch-outputs",
        "upsample_2d_bilinear_layer-to_torch-outputs",
    ),
    _POOL: ("max_pool_2d_general_layer-to_torch-weights", "avg_pool_2d_general_layer-to_torch-weights"),
}


def reason_for(subject: str, profile: str) -> tuple[str, bool]:
    """Why a subject (``entry-direction-law``) breaks its law, "" where it does not, and whether it surely does.

    What is rare takes more draws than the profile may have.
    """
    for table, sure in ((_FREQUENT, profile != "dev"), (_RARE, profile == "nightly")):
        for reason, subjects in table.items():
            if subject in subjects:
                return reason, sure
    return "", False
