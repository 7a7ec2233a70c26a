"""Laws that are known not to hold yet, each with its reason. One that holds again fails the test, so that it goes."""

from __future__ import annotations

from collections.abc import Mapping

_STYLE = "the text settles only in the second round: keyword or position, order, a default written or left out"
_HELPERS = "a helper that gives way to one of the other side leaves its imports and blank lines"
_INPUT = "the translation drops keras.Input, and with it the input size that the way back needs"
_RANK = "a bare BatchNormalization says nothing of its input's rank, so it is declined"
_POOL = "PyTorch refuses padding beyond half the kernel, which the Keras helper takes"
_AXES = "transpose without axes becomes permute(dims=None)"
_DROPPED = "a helper whose use is declined is dropped all the same, so its name is undefined"
_IN_PLACE = "torch.relu_ is looked up as torch.nn.functional.relu_, which no entry has"
_IDIOM = "the way back takes another spelling of the same operation, which is then kept"

_FREQUENT: Mapping[str, tuple[str, ...]] = {
    _STYLE: (
        "zero_padding_2d-to_keras-round_trip",
        "batch_norm_2d-to_torch-round_trip",
        "log_softmax-to_keras-round_trip",
        "batch_norm_2d_lazy-to_keras-round_trip",
        "batch_norm_2d_lazy-to_torch-round_trip",
        "batch_norm_1d-to_torch-round_trip",
        "batch_norm_1d_lazy-to_keras-round_trip",
        "batch_norm_1d_lazy-to_torch-round_trip",
        "global_avg_pool_2d-to_keras-round_trip",
        "mean-to_keras-round_trip",
        "dropout_always-to_keras-round_trip",
        "permute-to_torch-round_trip",
    ),
    _HELPERS: (
        "max_pool_2d_general_layer-to_keras-round_trip",
        "max_pool_2d_general_layer-to_torch-round_trip",
        "adaptive_avg_pool_2d_layer-to_torch-round_trip",
        "permute_layer-to_keras-round_trip",
        "permute_layer-to_torch-round_trip",
    ),
    _INPUT: (
        "conv_2d-to_torch-round_trip",
        "conv_2d_lazy-to_torch-round_trip",
        "linear-to_torch-round_trip",
        "linear_lazy-to_torch-round_trip",
    ),
    _RANK: (
        "batch_norm_1d-to_keras-round_trip",
        *(
            f"batch_norm_{axes}{lazy}-to_torch-{law}"
            for axes in ("1d", "2d")
            for lazy in ("", "_lazy")
            for law in ("weights", "outputs", "state")
        ),
    ),
    _AXES: ("permute-to_torch-outputs",),
    _DROPPED: tuple(f"permute_layer-to_keras-{law}" for law in ("weights", "outputs", "state")),
    _IDIOM: ("adaptive_avg_pool_2d-to_torch-round_trip", "flatten-to_torch-round_trip"),
}

_RARE: Mapping[str, tuple[str, ...]] = {
    _STYLE: (
        "batch_norm_2d-to_keras-round_trip",
        "conv_2d-to_keras-round_trip",
        "max_pool_2d_layer-to_keras-round_trip",
        "permute-to_keras-round_trip",
    ),
    _HELPERS: ("max_pool_2d_general-to_keras-round_trip",),
    _POOL: ("max_pool_2d_general_layer-to_torch-weights", "avg_pool_2d_general_layer-to_torch-weights"),
    _IN_PLACE: ("relu-to_keras-round_trip",),
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
