"""Tests that are known to fail, each with its reason. One that passes again fails the suite, so that it goes."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN: Mapping[str, tuple[str, ...]] = {
    "strides and a symbolic dilation are covered to PyTorch, but declined to Keras": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[conv/dilation_groups/keras-channels_first]",
    ),
    "PyTorch layers state channels and features, keras.Input the whole shape: the way back cannot write it, and then "
    "the sizes are unknown": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[sequential/add_calls/keras-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[sequential/input_shape_argument/keras-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[sequential/list_with_input/keras-channels_first]",
    ),
    "what was declined on the way there is unknown on the way back": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[tensor/operators/keras-channels_first]",
    ),
    "declined, and so not comparable: a symbolic data_format, a symbolic dilation, or a rank that is not known": (
        "golden/test_equivalence.py::test_computes_the_same_there_and_back[conv/channels_first/keras-0]",
        "golden/test_equivalence.py::test_computes_the_same_there_and_back[conv/dilation_groups/keras-0]",
        "golden/test_equivalence.py::test_computes_the_same_with_every_axis_kept[conv/channels_first/keras]",
    ),
    "Keras adds a channels_first bias along the wrong axis where the width equals the filters; T201 says so": (
        "golden/test_equivalence.py::test_computes_the_same_with_every_axis_kept[conv/dilation_groups/torch]",
    ),
}
