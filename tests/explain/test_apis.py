"""What is said of single APIs, and what holds for the page of every one."""

from __future__ import annotations

import json

import pytest

from translator import translate
from translator.catalog.explain import as_json, blocks, explain_api, lookup, markdown, plain
from translator.catalog.explain.find import index
from translator.catalog.explain.pages import ApiPage, Argument, MappingFacts


def api(name: str) -> ApiPage:
    page = lookup(name)
    assert isinstance(page, ApiPage), page
    return page


def entry(name: str, wanted: str) -> MappingFacts:
    return next(facts for facts in api(name).mappings if facts.entry == wanted)


def row(facts: MappingFacts, name: str) -> Argument:
    return next(argument for argument in facts.arguments if name in (argument.here, argument.there))


def test_every_mapped_api_has_a_page_in_all_formats() -> None:
    for name in index().side:
        page = api(name)
        assert page.becomes
        document = blocks(page)
        assert f"`{page.name}`" in markdown(document)
        text = plain(document)
        assert page.name in text
        assert "`" not in text, name
        assert "| ---" not in text, name
        assert not any(line.startswith("#") for line in text.splitlines()), name
        assert json.loads(json.dumps(as_json(page)))["name"] == page.name


def test_every_mapped_framework_api_links_to_its_documentation() -> None:
    for name in index().side:
        if not name.startswith("helpers."):
            assert [link.url for link in api(name).links if link.label == name], name


def test_names_of_arguments_are_paired() -> None:
    facts = entry("nn.Linear", "linear")
    assert row(facts, "out_features") == Argument("out_features", "required", "units", "required", "")
    assert (row(facts, "bias").there, row(facts, "bias").there_default) == ("use_bias", "True")
    assert row(facts, "in_features").there == ""
    assert "found from the input" in row(facts, "in_features").change


def test_what_only_the_target_has_is_said_to_come_from_the_input() -> None:
    facts = entry("keras.layers.Dense", "linear")
    assert row(facts, "in_features").here == ""
    assert row(facts, "in_features").change == "from the input: the size of the input's last axis"


def test_differing_defaults_and_transformed_values_are_told() -> None:
    facts = entry("nn.BatchNorm2d", "batch_norm_2d")
    assert (row(facts, "momentum").here_default, row(facts, "momentum").there_default) == ("0.1", "0.99")
    assert row(facts, "momentum").change == "1 minus the value; left out it is written as 0.9"
    assert row(facts, "eps").change == "left out it is written as 1e-5"
    assert row(facts, "axis").change == "the channel axis"
    assert row(entry("keras.layers.BatchNormalization", "batch_norm_2d"), "momentum").change.endswith("0.01")


def test_what_is_said_of_arguments_that_are_left_out_is_what_is_written() -> None:
    checked = 0
    for name in sorted(index().side):
        signature = index().catalog.signatures.get(name)
        if not name.startswith("torch.nn.") or signature is None or signature.kind != "class":
            continue
        facts = api(name).mappings[0]
        given = [f"{row.here}=2" for row in facts.arguments if row.here_default == "required"]
        t = translate(f"import torch\nlayer = {name}({', '.join(given)})\n", to="keras")
        if (
            any(one.severity == "error" for one in t.diagnostics)
            or api(name).becomes[0].rpartition(".")[2] not in t.code
        ):
            continue
        for argument in facts.arguments:
            _, found, value = argument.change.partition("left out it is written as ")
            if found:
                assert any(f"{there}={value}" in t.code for there in argument.there.split(", ")), (
                    name,
                    argument,
                    t.code,
                )
                checked += 1
    assert checked > 10


def test_an_argument_that_a_form_cannot_do_without_is_told() -> None:
    assert row(entry("F.softmax", "softmax"), "dim").change == "must be given for this form"


def test_equal_defaults_are_no_remark() -> None:
    assert row(entry("nn.Conv2d", "conv_2d"), "dilation").change == ""


def test_the_forms_of_an_entry_say_when_each_is_written() -> None:
    facts = entry("nn.Conv2d", "conv_2d")
    forms = {form.name: form for form in facts.forms}
    assert (forms["valid"].source_differs, forms["valid"].target_differs) == ("padding=0", "padding='valid'")
    assert "keeps the size at stride 1" in forms["same as explicit"].when[0]
    assert any("keras.ops.pad" in beside for beside in forms["explicit"].around)
    assert any("ZeroPadding2D" in beside for beside in forms["explicit"].around)
    assert any("`stride` and `dilation` are both above 1" in text for text in facts.unless)


def test_a_form_that_holds_one_way_is_not_told_the_other_way() -> None:
    forms = {form.name for form in entry("keras.layers.Conv2D", "conv_2d").forms}
    assert "same strided" in forms
    assert "same as explicit" not in forms


def test_conditions_use_the_names_of_the_side_that_is_read() -> None:
    facts = entry("keras.layers.Conv2D", "conv_2d")
    assert any("`strides` and `dilation_rate`" in text for text in facts.unless)


def test_arguments_that_must_be_the_same_are_told() -> None:
    assert "`scale` equals `center`" in entry("keras.layers.BatchNormalization", "batch_norm_2d").forms[0].when


def test_arguments_that_no_form_covers_are_listed_with_their_defaults() -> None:
    facts = entry("keras.layers.Dense", "linear")
    assert "`lora_rank=None`" in facts.declined
    assert not any("activation" in text for text in facts.declined)
    assert facts.carried["activation"] == "a call of the activation after the layer"


def test_limits_name_their_aspect_and_what_avoids_them() -> None:
    difference = entry("nn.BatchNorm2d", "batch_norm_2d").differences[0]
    assert (difference.aspect, difference.what) == ("state", "running_var")
    assert difference.remedy == "`--fidelity exact` writes `UnbiasedBatchNormalization` instead"
    assert "training state (running_var)" in plain(blocks(api("nn.BatchNorm2d")))


def test_weights_are_told_with_their_axes() -> None:
    assert entry("nn.Linear", "linear").weights == (
        "`weight` with axes `o i` is `kernel` with axes `i o`.",
        "`bias` is `bias`.",
    )
    assert any("num_batches_tracked" in text for text in entry("nn.BatchNorm2d", "batch_norm_2d").weights)


def test_helpers_that_are_copied_are_listed_with_what_they_do() -> None:
    helpers = {one.name: one.says for one in entry("nn.PixelShuffle", "pixel_shuffle_layer").helpers}
    assert {"PixelShuffle", "pixel_shuffle"} <= set(helpers)
    assert all(helpers.values())


def test_the_axis_behaviour_is_one_sentence() -> None:
    assert entry("F.relu", "relu").layout == "It works in any axis order."
    assert entry("nn.Conv2d", "conv_2d").applies == "inputs of rank 4"


def test_other_spellings_are_named() -> None:
    assert "torch.Tensor.flatten" in api("torch.flatten").spellings
    assert "keras.layers.MaxPool2D" in api("keras.layers.MaxPooling2D").spellings


def test_what_was_said_of_one_entry_is_not_repeated_for_the_next() -> None:
    text = plain(blocks(api("keras.layers.Dense")))
    assert text.count("lora_rank") == 1
    assert "As above: other arguments, limits, weights." in text


def test_tables_are_aligned_on_a_terminal_and_escaped_in_markdown() -> None:
    lines = plain(blocks(api("nn.Linear"))).splitlines()
    header = next(line for line in lines if line.split() == ["PyTorch", "default", "Keras", "default", "value"])
    below = lines[lines.index(header) + 2]
    assert header.index("Keras") == below.index("units")
    assert max(len(line) for line in lines if "http" not in line) <= 100


def test_the_markdown_of_an_api_is_to_be_had_in_one_call() -> None:
    found = explain_api("tf.keras.layers.Dense")
    assert found is not None
    assert found.startswith("# `keras.layers.Dense`\n")
    assert explain_api("relu") is None
    assert explain_api("T104") is None


@pytest.mark.parametrize("name", ["torch.nn.functional.dropout", "torch.Tensor.contiguous", "torch.Tensor"])
def test_patterns_that_are_no_calls_are_explained(name: str) -> None:
    assert api(name).mappings[0].forms[0].target
