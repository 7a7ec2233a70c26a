"""Tests that are known to fail, each with its reason. One that passes again fails the suite, so that it goes."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN: Mapping[str, tuple[str, ...]] = {
    "a list of unknown length is brought into the source's order item by item on each way": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[containers/module_list/keras-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[containers/module_list/torch-channels_last]",
    ),
    "strides and a symbolic dilation are covered to PyTorch, but declined to Keras": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[conv/dilation_groups/keras-channels_first]",
    ),
    "the way there drops keras.Input, and with it the sizes that the way back needs": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[builders/vgg/keras-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[sequential/add_calls/keras-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[sequential/input_shape_argument/keras-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[sequential/list_with_input/keras-channels_first]",
    ),
    "the author's spaces inside brackets and order of arguments do not come back": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[classes/old_style_super/torch-channels_last]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[norm/batch_norm/torch-channels_first]",
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[norm/batch_norm/torch-channels_last]",
    ),
    "what was declined on the way there is unknown on the way back": (
        "golden/test_golden.py::test_there_back_and_there_again_is_the_first_translation[tensor/operators/keras-channels_first]",
    ),
    "declined, and so not comparable: a symbolic data_format, a symbolic dilation, or a rank that is not known": (
        "golden/test_equivalence.py::test_computes_the_same_there_and_back[conv/channels_first/keras-0]",
        "golden/test_equivalence.py::test_computes_the_same_there_and_back[conv/dilation_groups/keras-0]",
        "golden/test_equivalence.py::test_computes_the_same_with_every_axis_kept[conv/channels_first/keras]",
        "golden/test_equivalence.py::test_computes_the_same_with_every_axis_kept[norm/batch_norm/keras]",
    ),
    "Keras adds a channels_first bias along the wrong axis where the width equals the filters; T201 says so": (
        "golden/test_equivalence.py::test_computes_the_same_with_every_axis_kept[conv/dilation_groups/torch]",
    ),
    "two entries that match one call are not told apart yet": (
        "core/test_catalog_errors.py::test_two_entries_that_match_one_call_need_an_order",
    ),
    "the mistake is reported at the entry's line, not at the field's": (
        "core/test_catalog_errors.py::test_a_mistake_names_file_and_line[around without layers]",
        "core/test_catalog_errors.py::test_a_mistake_names_file_and_line[condition that is none]",
        "core/test_catalog_errors.py::test_a_mistake_names_file_and_line[condition without if]",
        "core/test_catalog_errors.py::test_a_mistake_names_file_and_line[limit without reason]",
    ),
    "marks that follow from declined code change when the rest has been translated": (
        "golden/test_declined.py::test_a_rerun_changes_nothing[keras/compile_fit]",
        "golden/test_declined.py::test_a_rerun_changes_nothing[keras/functional_graph]",
        "golden/test_declined.py::test_a_rerun_changes_nothing[torch/dynamic_lookup]",
        "golden/test_declined.py::test_a_rerun_changes_nothing[torch/uncovered_arguments]",
        "golden/test_declined.py::test_each_marked_line_has_its_code_and_no_other_line_has_an_error[torch/dynamic_lookup]",
        "golden/test_declined.py::test_the_mark_stands_right_above_the_statement[torch/dynamic_lookup]",
    ),
    "methods of optimizers and tapes are not reported, their construction is": (
        "golden/test_declined.py::test_a_rerun_changes_nothing[torch/training_loop]",
        "golden/test_declined.py::test_each_marked_line_has_its_code_and_no_other_line_has_an_error[keras/gradient_tape]",
        "golden/test_declined.py::test_each_marked_line_has_its_code_and_no_other_line_has_an_error[torch/training_loop]",
        "golden/test_declined.py::test_the_mark_stands_right_above_the_statement[keras/gradient_tape]",
        "golden/test_declined.py::test_the_mark_stands_right_above_the_statement[torch/training_loop]",
    ),
    "declined with a neighbouring code, or on the statement before": (
        "golden/test_declined.py::test_each_marked_line_has_its_code_and_no_other_line_has_an_error[keras/mutation]",
        "golden/test_declined.py::test_each_marked_line_has_its_code_and_no_other_line_has_an_error[keras/uncovered_arguments]",
        "golden/test_declined.py::test_each_marked_line_has_its_code_and_no_other_line_has_an_error[torch/mutation]",
        "golden/test_declined.py::test_the_mark_stands_right_above_the_statement[keras/mutation]",
        "golden/test_declined.py::test_the_mark_stands_right_above_the_statement[keras/uncovered_arguments]",
        "golden/test_declined.py::test_the_mark_stands_right_above_the_statement[torch/mutation]",
    ),
    "an argument that forward changes in place stays unchanged for the caller in Keras": (
        "core/test_mutation.py::test_what_is_claimed_exact_computes_the_same[augmented argument]",
    ),
    "collections.namedtuple is unknown code, unlike typing.NamedTuple": (
        "core/test_contract.py::test_output_fields_go_by_name[namedtuple]",
    ),
}
