"""The stable diagnostic codes: what each means, why it exists, what to do by hand, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    example: str


_ROWS = (
    CodeInfo(
        "T000",
        "note",
        "statement translated",
        "The statement has an exact counterpart in the target framework.",
        "Reports that carry fixes list every change, also those with nothing to remark.",
        "Nothing.",
        "x = torch.cat([a, b], dim=1)  ->  x = ops.concatenate([a, b], axis=1)",
    ),
    CodeInfo(
        "T001",
        "note",
        "axis order of an input or output changed",
        "The model takes or returns this tensor with its channel axis in the target framework's usual place.",
        "Keras keeps images as (n, h, w, c), PyTorch as (n, c, h, w); "
        "following the target's habit avoids transposes inside.",
        "Transpose the data once where it enters, or translate with --layout to keep every axis where it was.",
        "images of shape (8, 3, 224, 224) become (8, 224, 224, 3)",
    ),
    CodeInfo(
        "T002",
        "note",
        "training state differs",
        "Outputs and gradients are equal, but a buffer or parameter evolves differently during training.",
        "The native layer keeps slightly different statistics, "
        "for instance the biased instead of the unbiased variance.",
        "Usually nothing; --fidelity exact writes a helper layer that follows the original step by step.",
        "nn.BatchNorm2d(64)  ->  layers.BatchNormalization(momentum=0.9, epsilon=1e-05)",
    ),
    CodeInfo(
        "T003",
        "note",
        "initial values differ",
        "A freshly built model starts from another random distribution.",
        "The libraries have different default initialisers. Transferred weights are not affected.",
        "Pass initialisers where training starts from scratch and the distribution matters.",
        "nn.Linear draws uniformly within 1/sqrt(fan_in), keras.layers.Dense Glorot-uniform",
    ),
    CodeInfo(
        "T004",
        "note",
        "name changed",
        "An attribute or method has another name in the translation.",
        "The target's base class reserves the name.",
        "Follow the new name where other code reads the attribute.",
        "self.layers  ->  self.layers_",
    ),
    CodeInfo(
        "T005",
        "note",
        "lazy module",
        "The input size of a layer is not known from the code, so a Lazy module finds it at the first call.",
        "Keras layers learn their input size when they are built; "
        "PyTorch's ordinary modules need it in the constructor.",
        "Run the model once before you load weights or make an optimizer, or write the size in.",
        "layers.Dense(10)  ->  nn.LazyLinear(10)",
    ),
    CodeInfo(
        "T006",
        "note",
        "argument dropped",
        "An argument has no effect on the other side and was left out.",
        "Placement on devices and in-place execution are handled by the target framework itself.",
        "Nothing.",
        "nn.ReLU(inplace=True)  ->  layers.ReLU()",
    ),
    CodeInfo(
        "T007",
        "note",
        "transpose inserted",
        "A tensor is brought into the source program's axis order for an operation that depends on it, or back.",
        "Operations such as flatten and view read elements in memory order, which differs between the layouts.",
        "Nothing; if it is hot, restructure the operation so that it does not depend on the axis order.",
        "torch.flatten(x, 1)  ->  ops.reshape(ops.transpose(x, (0, 3, 1, 2)), ...)",
    ),
    CodeInfo(
        "T101",
        "error",
        "no mapping for this API",
        "The API has no entry in the mapping database, so the code was left as it was.",
        "Nothing is guessed: only constructs whose equivalence was measured are translated.",
        "Port this call by hand, or add a mapping (see CONTRIBUTING).",
        "torch.fft.fft(x)",
    ),
    CodeInfo(
        "T102",
        "error",
        "argument or combination not covered",
        "The API is mapped, but not with these arguments.",
        "The counterpart would compute something else for them.",
        "Rewrite the call with covered arguments, or port it by hand.",
        "nn.Conv2d(3, 8, 3, padding_mode='circular')",
    ),
    CodeInfo(
        "T103",
        "error",
        "star-arguments cannot be bound",
        "The call takes its arguments from a list or dictionary that is not known here.",
        "Which parameter gets which value decides the translation.",
        "Write the arguments out.",
        "nn.Conv2d(*args, **kwargs)",
    ),
    CodeInfo(
        "T104",
        "error",
        "a symbolic argument decides",
        "The translation depends on the value of an argument that is not a literal.",
        "Different values need different counterparts.",
        "Write the value as a literal, or port the call by hand.",
        "nn.AvgPool2d(k, ceil_mode=flag)",
    ),
    CodeInfo(
        "T105",
        "error",
        "dynamic use of the framework",
        "A framework class, module or name is computed, or used as a value where only its calls are understood.",
        "What it becomes cannot be known before the program runs.",
        "Name the class or function where it is used.",
        "getattr(nn, name)(16)",
    ),
    CodeInfo(
        "T106",
        "error",
        "training or data code",
        "Losses, optimizers, training loops, datasets and checkpoints are not translated here.",
        "Model code is translated; training code follows other conventions on the other side.",
        "Write the training with the target's own means.",
        "optimizer.zero_grad(); loss.backward(); optimizer.step()",
    ),
    CodeInfo(
        "T107",
        "error",
        "axis order cannot be decided",
        "The tensor may be in either axis order here, or its rank is not known, and the operation depends on it.",
        "An order is never guessed.",
        "Give the tensor one axis order on all paths, write the axis as a literal, or translate with --layout.",
        "x = x.mean(dim=axis)",
    ),
    CodeInfo(
        "T108",
        "error",
        "Functional graph",
        "A Keras Functional model is built by calling layers on symbolic tensors.",
        "Its counterpart is a module class, which is not generated yet.",
        "Write the model as a subclass of keras.Model, or port it by hand.",
        "keras.Model(inputs, outputs)",
    ),
    CodeInfo(
        "T109",
        "error",
        "control flow or mutation not supported",
        "The code changes a tensor in place, or branches on a tensor's value, in a way that is not understood.",
        "TensorFlow's tensors are immutable, and other names may see the change in PyTorch.",
        "Rewrite it as an expression that makes a new tensor.",
        "x[:, 0] = 0",
    ),
    CodeInfo(
        "T110",
        "error",
        "undefined name",
        "The translation would use a name that it does not define.",
        "This is a check of the output; it points to a mistake of the translator.",
        "Report it, and define the name by hand.",
        "",
    ),
    CodeInfo(
        "T111",
        "error",
        "unresolved framework use",
        "This looks like a tensor operation, but what it acts on is not known.",
        "Without knowing the object, renaming its method could break other code.",
        "Annotate the variable (x: torch.Tensor) or port the line by hand.",
        "batch.data.view(-1)",
    ),
    CodeInfo(
        "T201",
        "warning",
        "outputs may differ",
        "The counterpart computes the same up to a known limit on its outputs.",
        "The libraries differ in a documented corner case.",
        "Check that the case does not occur in your model, or use --fidelity exact.",
        "nn.MultiheadAttention with key_dim 1",
    ),
    CodeInfo(
        "T202",
        "warning",
        "gradients may differ",
        "Outputs are equal; gradients differ at isolated points.",
        "The libraries choose different subgradients at kinks and ties.",
        "Usually nothing.",
        "nn.Hardtanh at exactly +-1",
    ),
)

CODES: Mapping[str, CodeInfo] = {row.code: row for row in _ROWS}
