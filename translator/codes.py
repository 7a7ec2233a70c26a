"""The stable diagnostic codes: what each means, why it exists, and what to do by hand.

Their examples stand in catalog/explain/examples.toml, which only an explanation reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from translator.dataclass import dataclass
from translator.model import Severity


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """One diagnostic code as ``fwtranslate explain CODE`` shows it."""

    code: str
    severity: Severity
    title: str
    what: str
    why: str
    todo: str


_ROWS = (
    CodeInfo(
        "T000",
        "note",
        "statement translated",
        "The statement has an exact counterpart in the target framework.",
        "Reports that carry fixes list every change, also those with nothing to remark.",
        "Nothing.",
    ),
    CodeInfo(
        "T001",
        "note",
        "axis order of an input or output changed",
        "The model takes or returns this tensor with its channel axis in the target framework's usual place.",
        "Keras keeps images as (n, h, w, c), PyTorch as (n, c, h, w); "
        "following the target's habit avoids transposes inside.",
        "Transpose the data once where it enters, or translate with --layout to keep every axis where it was.",
    ),
    CodeInfo(
        "T002",
        "note",
        "training state differs",
        "Outputs and gradients are equal, but a buffer or parameter evolves differently during training.",
        "The native layer keeps slightly different statistics, "
        "for instance the biased instead of the unbiased variance.",
        "Usually nothing; --fidelity exact writes a helper layer that follows the original step by step.",
    ),
    CodeInfo(
        "T003",
        "note",
        "initial values differ",
        "A freshly built model starts from another random distribution.",
        "The libraries have different default initialisers. Transferred weights are not affected.",
        "Pass initialisers where training starts from scratch and the distribution matters.",
    ),
    CodeInfo(
        "T004",
        "note",
        "name changed",
        "An attribute or method has another name in the translation.",
        "The target's base class reserves the name.",
        "Follow the new name where other code reads the attribute.",
    ),
    CodeInfo(
        "T005",
        "note",
        "lazy module",
        "The input size of a layer is not known from the code, so a Lazy module finds it at the first call.",
        "Keras layers learn their input size when they are built; "
        "PyTorch's ordinary modules need it in the constructor.",
        "Run the model once before you load weights or make an optimizer, or write the size in.",
    ),
    CodeInfo(
        "T006",
        "note",
        "argument dropped",
        "An argument has no effect on the other side and was left out.",
        "Placement on devices and in-place execution are handled by the target framework itself.",
        "Nothing.",
    ),
    CodeInfo(
        "T007",
        "note",
        "transpose inserted",
        "A tensor is brought into the source program's axis order for an operation that depends on it, or back.",
        "Operations such as flatten and view read elements in memory order, which differs between the layouts.",
        "Nothing; if it is hot, restructure the operation so that it does not depend on the axis order.",
    ),
    CodeInfo(
        "T101",
        "error",
        "no mapping for this API",
        "The API has no entry in the mapping database, so the code was left as it was.",
        "Nothing is guessed: only constructs whose equivalence was measured are translated.",
        "Port this call by hand, or add a mapping (see CONTRIBUTING).",
    ),
    CodeInfo(
        "T102",
        "error",
        "argument or combination not covered",
        "The API is mapped, but not with these arguments.",
        "The counterpart would compute something else for them.",
        "Rewrite the call with covered arguments, or port it by hand.",
    ),
    CodeInfo(
        "T103",
        "error",
        "star-arguments cannot be bound",
        "The call takes its arguments from a list or dictionary that is not known here.",
        "Which parameter gets which value decides the translation.",
        "Write the arguments out.",
    ),
    CodeInfo(
        "T104",
        "error",
        "a symbolic argument decides",
        "The translation depends on the value of an argument that is not a literal.",
        "Different values need different counterparts.",
        "Write the value as a literal, or port the call by hand.",
    ),
    CodeInfo(
        "T105",
        "error",
        "dynamic use of the framework",
        "A framework class, module or name is computed, or used as a value where only its calls are understood.",
        "What it becomes cannot be known before the program runs.",
        "Name the class or function where it is used.",
    ),
    CodeInfo(
        "T106",
        "error",
        "training or data code",
        "Optimizers, training loops, datasets and checkpoints are not translated here.",
        "Model code is translated; training code follows other conventions on the other side.",
        "Write the training with the target's own means.",
    ),
    CodeInfo(
        "T107",
        "error",
        "axis order cannot be decided",
        "The tensor may be in either axis order here, or its rank is not known, and the operation depends on it.",
        "An order is never guessed.",
        "Give the tensor one axis order on all paths, write the axis as a literal, or translate with --layout.",
    ),
    CodeInfo(
        "T108",
        "error",
        "Functional graph",
        "A Keras Functional model is built by calling layers on symbolic tensors.",
        "Its counterpart is a module class, which is not generated yet.",
        "Write the model as a subclass of keras.Model, or port it by hand.",
    ),
    CodeInfo(
        "T109",
        "error",
        "control flow or mutation not supported",
        "The code changes a tensor or variable in place, branches on a tensor's value, or hooks into calls, "
        "in a way that is not understood.",
        "TensorFlow's tensors are immutable, other names may see the change in PyTorch, and Keras has no hooks.",
        "Rewrite it as an expression that makes a new tensor.",
    ),
    CodeInfo(
        "T110",
        "error",
        "undefined name",
        "The translation would use a name that it does not define.",
        "This is a check of the output; it points to a mistake of the translator.",
        "Report it, and define the name by hand.",
    ),
    CodeInfo(
        "T111",
        "error",
        "unresolved framework use",
        "This looks like a tensor operation, but what it acts on is not known; or it is a method of what a call of the "
        "framework gave that has no counterpart.",
        "Without knowing the object, renaming its method could break other code.",
        "Annotate the variable (x: torch.Tensor) or port the line by hand.",
    ),
    CodeInfo(
        "T201",
        "warning",
        "outputs may differ",
        "The counterpart computes the same up to a known limit on its outputs.",
        "The libraries differ in a documented corner case.",
        "Check that the case does not occur in your model, or use --fidelity exact.",
    ),
    CodeInfo(
        "T202",
        "warning",
        "gradients may differ",
        "Outputs are equal; gradients differ at isolated points.",
        "The libraries choose different subgradients at kinks and ties.",
        "Usually nothing.",
    ),
    CodeInfo(
        "T203",
        "warning",
        "a caller's tensor is not changed any more",
        "A model or function changes its argument in place; its translation makes a new tensor and returns the same.",
        "PyTorch's tensors can change in place, Keras' cannot, and callers outside the file are not known.",
        "Check that no caller reads the tensor after the call, or make the operation out of place.",
    ),
)

CODES: Mapping[str, CodeInfo] = {row.code: row for row in _ROWS}
