"""The vocabulary of entries in words: conditions, value transforms, axis behaviour, and rules for weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from translator.catalog.entry import Condition, Entry, LayoutBehaviour
from translator.catalog.pattern import Xform
from translator.catalog.predicates import PREDICATES
from translator.catalog.transforms import TRANSFORMS
from translator.catalog.weights import Axes, Factor, Operand, WeightRule, WeightRules
from translator.model import Aspect

LAYOUT: Mapping[LayoutBehaviour, str] = {
    "free": "It works in any axis order.",
    "axes": "Axis arguments are renumbered to where the axes are stored.",
    "spatial": "It runs on tensors with the channel axis where the target keeps it, last for Keras and second for "
    "PyTorch, and asks its callers for that order.",
    "channels": "It runs in the axis order in which its input is stored, and is told where the channel axis is.",
    "ordered": "It depends on the source's axis order; where the axes have moved, a transpose is put before it.",
    "reshaping": "It depends on the source's axis order; where the axes have moved, a transpose is put before it, "
    "unless all spatial sizes are 1 or the transpose folds into the new shape.",
}

ASPECTS: Mapping[Aspect, str] = {
    "outputs": "outputs",
    "gradients": "gradients",
    "state": "training state",
    "initial": "initial values",
}

CARRIED: Mapping[str, str] = {
    "drop": "left out, since it has no effect on the computation",
    "device": "left out, since Keras places tensors itself",
    "inplace": "left out, since the result is the same; what else sees the tensor is followed",
    "none": "covered only as None",
    "true": "covered only as True",
    "initial": "left out with a note, since initial values alone change",
    "activation": "a call of the activation after the layer",
    "input_shape": "left out; it tells the input's sizes",
    "seed": "left out, since the libraries draw different random numbers from the same seed",
}
"""What happens to an argument that is taken off before entries match, by the policy in mappings/libraries.toml."""

_CONDITIONS: Mapping[str, str] = {
    "pads_like_same": "{1} keeps the size at stride 1, as an odd {0} with {1} = {2} * ({0} - 1) / 2 does",
    "strided_and_dilated": "{0} and {1} are both above 1",
    "none_below": "{0} is nowhere below {1}",
    "multiplies_size": "{0} - {1} = 2 * {2}, so that the size is multiplied by {1}",
    "differ_evenly": "{0} exceeds {1} by an even number",
    "keeps_size": "{0} = 2 * {1} + 1, which keeps the size at stride 1",
    "has_items": "{0} has more than one item",
    "any_negative": "{0} has a negative number",
    "is_whole": "{0} is whole",
    "is_none": "{0} is None",
    "is_zero": "{0} is 0",
    "is_one": "{0} is 1",
    "any_above_one": "{0} is above 1",
    "pad_beyond_half": "{1} is more than half of {0}",
    "is_str": "{0} is a string",
    "is_int": "{0} is one integer",
    "is_area": "{0} is 'area'",
    "is_float": "{0} is a float",
    "is_number": "{0} is a number",
    "is_false": "{0} is False",
    "is_sequence": "{0} are several",
    "is_empty": "{0} is empty",
    "is_matrix": "{0} has two axes",
    "is_no_matrix": "{0} has more or less than two axes",
    "longer_than_one": "{0} is longer than 1 along {1}",
    "leaves_rest": "{0} does not fall into {2} equal parts along {1}",
    "cut_beyond": "{2} is out of order or beyond the size of {0} along {1}",
    "ascending": "{0} is not above {1}",
    "not_below": "{0} is not below {1}",
    "not_one_or_two": "{0} is neither 1 nor 2",
}

_THERE: Mapping[str, str] = {
    "one_minus": "1 minus the value",
    "not_": "negated",
    "pair": "one number stands for both axes",
    "zero_pad": "(left, right, top, bottom) is written as ((top, bottom), (left, right))",
    "crop": "negative amounts become positive, (left, right, top, bottom) is written as ((top, bottom), (left, right))",
    "layer_axes": "the axes are counted without the batch axis",
    "single": "an amount in a tuple of one is taken out",
    "times": "the product",
    "cuts": "sizes are written as the places where one part ends and the next begins",
    "as_float": "a whole number is written as a float",
    "dtype_of": "the dtype of the tensor",
    "half_difference": "half of the difference",
    "cropping": "as the amounts that are cropped on each side",
    "tail_axes": "as the axes from the end that the shape spans",
    "flat_spatial_pads": "as one amount for each side, from the last axis on",
    "spatial_pads": "as one pair for each axis",
    "spatial_crops": "as slices that leave the amounts out",
    "pad_pairs": "the flat list is written as one pair for each axis",
    "flat_pads": "the flat list is written as one pair for each axis",
    "all_flat_pads": "the flat list is written as one pair for each axis",
}
_BACK: Mapping[str, str] = {
    "one_minus": "1 minus the value",
    "not_": "negated",
    "pair": "two equal numbers become one",
    "zero_pad": "((top, bottom), (left, right)) is written as (left, right, top, bottom)",
    "crop": "amounts become negative, ((top, bottom), (left, right)) is written as (left, right, top, bottom)",
    "layer_axes": "the axes are counted with the batch axis",
    "flat_pads": "one pair for each axis is written as a flat list from the last axis on",
    "pad_pairs": "one pair for each axis is written as a flat list from the last axis on",
    "all_flat_pads": "one pair for each axis is written as a flat list from the last axis on",
}


def condition(asked: Condition, spelt: Mapping[str, str]) -> str:
    """A condition in words; ``spelt`` tells how its holes are called on the side of the reader."""
    holes = [f"`{spelt.get(hole, hole)}`" for hole in asked.holes]
    template = _CONDITIONS.get(asked.predicate)
    if template is not None and template.count("{") >= len(holes):
        return template.format(*holes)
    says = (PREDICATES[asked.predicate].__doc__ or "").partition("\n")[0].rstrip(".")
    return f"{says or asked.predicate.replace('_', ' ')} ({', '.join(holes)})"


def there(transform: Xform) -> str:
    """What a transform does to the value that is written."""
    return _swapped(transform) or _THERE.get(transform.name) or _own_words(transform.name)


def back(transform: Xform) -> str:
    """What becomes of a value that is read through a transform."""
    return _swapped(transform, reverse=True) or _BACK.get(transform.name) or ""


def _swapped(transform: Xform, reverse: bool = False) -> str:
    if transform.name == "swap":
        pairs = [(transform.params[0][1], transform.params[1][1])]
    elif transform.name == "choice":
        pairs = [(name, value) for name, value in transform.params]
    else:
        return ""
    return ", ".join(f"{b!r} becomes {a!r}" if reverse else f"{a!r} becomes {b!r}" for a, b in pairs)


def _own_words(name: str) -> str:
    transform = TRANSFORMS.get(name)
    says = (transform.forward.__doc__ or "").partition("\n")[0].rstrip(".") if transform is not None else ""
    return f"{says[:1].lower()}{says[1:]}" if says else name.replace("_", " ")


def inferred(text: str) -> str:
    """Where a value comes from that only one side has: the ``infer`` of an entry."""
    known = {
        "x.shape[CHANNEL]": "the number of channels of the input",
        "x.shape[-1]": "the size of the input's last axis",
    }
    return known.get(text, f"`{text}`")


def results(entry: Entry) -> str:
    """What a call gives besides one tensor, in a sentence; "" where it gives one."""
    if entry.states:
        count = "one state" if entry.states == 1 else f"{entry.states} states"
        return f"It carries {count} from step to step, and gives what its caller reads: all steps, the last, or states."
    if entry.fields:
        return f"PyTorch names its results {', '.join(f'`{name}`' for name in entry.fields)}."
    return f"It gives {1 + len(entry.also)} results." if entry.also else ""


def applies(entry: Entry) -> str:
    """The ranks that an entry is bound to, in a phrase; "" where any rank will do."""
    ranks = entry.allowed_ranks()
    if not ranks:
        return ""
    return f"inputs of rank {' or '.join(str(rank) for rank in ranks)}"


def weights(rules: WeightRules) -> tuple[str, ...]:
    """One sentence for each tensor: its name on the PyTorch side, then on the Keras side."""
    return (*(_rule(rule) for rule in rules.rules), *_synthesized(rules))


def _synthesized(rules: WeightRules) -> Iterator[str]:
    for name, value in rules.synthesize.items():
        yield f"`{name}` exists on one side only: it is not carried over, and made as {value:g} on the way back."


def _rule(rule: WeightRule) -> str:
    left, right = _operand(rule.torch), _operand(rule.keras)
    if rule.torch.axes is None or rule.keras.axes is None:
        return f"{left} is {right}."
    before, after = axes_text(rule.torch.axes), axes_text(rule.keras.axes)
    return f"{left} is {right}." if before == after else f"{left} with axes {before} is {right} with axes {after}."


def _operand(operand: Operand) -> str:
    listed = [f"`{name}`" for name in operand.names]
    if operand.combine == "sum":
        return f"the sum of {' and '.join(listed)}"
    if operand.combine == "stack":
        return f"{', '.join(listed)}, stacked,"
    return listed[0]


def axes_text(axes: Axes) -> str:
    """Axes as the mapping files write them: ``(o i) h w``."""
    return "`" + " ".join(_axis(axis) for axis in axes) + "`"


def _axis(axis: tuple[Factor, ...]) -> str:
    inner = " ".join(_factor(factor) for factor in axis)
    return f"({inner})" if len(axis) != 1 else inner


def _factor(factor: Factor) -> str:
    if factor.labels:
        return "|".join(factor.labels)
    return str(factor.size) if factor.size is not None else factor.key
