"""PyTorch changes tensors in place, Keras makes new ones: where another name sees the change, nothing is claimed.

Each program is translated; where the translation claims to be exact, both sides are run and have to agree. Those in
``UNSAFE`` must not be claimed in a form that computes something else, those in ``SAFE`` must be exact.
"""

from __future__ import annotations

import pytest

from translator import translate

HEADER = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"

UNSAFE = {
    "functional in place with an alias": "identity = x\nx = F.relu(x, inplace=True)\nreturn x + identity",
    "module in place, source used again": "y = self.relu(x)\nreturn x + y",
    "module in place with an alias": "identity = x\nx = self.relu(x)\nreturn x + identity",
    "module in place after a view": "v = x.view(-1)\ny = self.relu(v)\nreturn x",
    "augmented with an alias": "out = x * 2\nkept = out\nout += y\nreturn kept",
    "augmented after a view": "out = x * 2\nv = out.view(-1)\nv += 1\nreturn out",
    "augmented after a slice": "out = x * 2\nrow = out[0]\nrow += 1\nreturn out",
    "augmented in a list": "out = x * 2\nfeatures = [out]\nout += 1\nreturn features[0]",
    "augmented argument": "x += 1\nreturn x",
    "augmented attribute value": "out = x * 2\nself.kept = out\nout *= 2\nreturn self.kept",
    "augmented attribute of no known dtype": "out = torch.matmul(x, y.T)\nself.kept = out\nout += y\nreturn self.kept",
    "augmented in a loop": "out = x * 2\nfirst = out\nfor _ in range(3):\n    out += 1\nreturn first",
    "augmented in a branch": "out = x * 2\nkept = out\nif self.flag:\n    out += 1\nreturn kept",
    "chained targets": "a = b = x * 2\na += 1\nreturn b",
    "tuple targets": "a, b = x * 2, y\nc = a\na -= b\nreturn c",
    "walrus alias": "a = x * 2\nif (b := a) is not None:\n    a += 1\nreturn b",
    "conditional alias": "a = x * 2\nb = a if self.flag else y\na += 1\nreturn b",
    "method with underscore": "out = x * 2\nkept = out\nout.add_(1)\nreturn kept",
    "relu with underscore": "out = x * 2\nkept = out\nout.relu_()\nreturn kept",
    "helper in place": "y = self.act(x)\nreturn x + y",
    "item assignment": "out = x * 2\nout[0] = 0\nreturn out",
    "slice assignment": "out = x * 2\nout[:, 1:] = y[:, 1:]\nreturn out",
    "augmented item": "out = x * 2\nout[0] += 1\nreturn out",
    "out argument": "out = x * 2\ntorch.cat([x, y], out=out)\nreturn out",
    "copy": "out = x * 2\nkept = out\nout.copy_(y)\nreturn kept",
    "data": "out = x * 2\nkept = out\nout.data += 1\nreturn kept",
    "identity module passes the alias on": "out = x * 2\nkept = self.identity(out)\nout += 1\nreturn kept",
    "dropout passes the alias on": "out = x * 2\nkept = F.dropout(out, 0.5, training=False)\nout += 1\nreturn kept",
    "contiguous passes the alias on": "out = x * 2\nkept = out.contiguous()\nout += 1\nreturn kept",
    "flatten of a flat tensor passes the alias on": "out = x * 2\nkept = torch.flatten(out, 1)\nout += 1\nreturn kept",
    "sequential with an in-place first layer": "y = self.block(x)\nreturn x + y",
    "closure": "out = x * 2\ndef late():\n    return out\nkept = out\nout += 1\nreturn late() + kept",
    "swapped": "a = x * 2\nb = y * 2\na, b = b, a\nc = a\na += 1\nreturn b + c",
    "dictionary": "d = {'a': x * 2}\nkept = d['a']\nd['a'] += 1\nreturn kept",
}
SAFE = {
    "functional in place without alias": "x = x * 2\nx = F.relu(x, inplace=True)\nreturn x",
    "residual": "out = x * 2\nout += x\nreturn out",
    "residual with identity": "identity = x\nout = x * 2\nout = self.relu(out)\nout += identity\nreturn out",
    "in place on a fresh value": "return self.relu(x * 2) + x",
    "alias that is gone": "kept = x * 2\nout = kept\nkept = y * 3\nout += 1\nreturn out + kept",
    "integer counter": "n = 0\nm = n\nn += 1\nreturn x * n + m",
    "list grows": "rows = [x]\nmore = rows\nmore.append(y)\nreturn torch.cat(rows, dim=0)",
}


def program(body: str) -> str:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    return f"""{HEADER}class Net(nn.Module):
    def __init__(self, flag=True):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)
        self.identity = nn.Identity()
        self.block = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten())
        self.flag = flag

    def act(self, value: torch.Tensor):
        return F.relu(value, inplace=True)

    def forward(self, x: torch.Tensor, y: torch.Tensor):
{lines}"""


@pytest.mark.frameworks
@pytest.mark.parametrize("name", [*UNSAFE, *SAFE])
def test_what_is_claimed_exact_computes_the_same(name: str) -> None:
    source = program((UNSAFE | SAFE)[name])
    t = translate(source, to="keras")
    if name in SAFE:
        assert t.exact, [(d.code, d.message) for d in t.diagnostics if d.severity != "note"]
    if t.exact:
        assert differences(source, t.code) == []


def differences(source: str, code: str) -> list[str]:
    """What the two programs compute differently: the output, or the arguments after the call."""
    import keras
    import numpy as np
    import torch

    from tests.laws.sides import executed, float64

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2, 3)) for _ in range(2)]
    with float64(), executed(source) as one, executed(code) as two:
        tensors = [torch.tensor(array) for array in arrays]
        expected = one.Net()(*tensors).detach().numpy()
        actual = keras.ops.convert_to_numpy(two.Net()(*(keras.ops.convert_to_tensor(array) for array in arrays)))
        found = [] if np.array_equal(expected, actual) else ["output"]
        # A caller of the module sees a change of its own tensors too.
        found += [f"argument {i}" for i, t in enumerate(tensors) if not np.array_equal(t.numpy(), arrays[i])]
    return found


CALLERS = {
    "its argument is not read afterwards": ("x += 1\nreturn x", "x = self.part(x * 2)\nreturn x + y", True),
    "its argument is read afterwards": ("x += 1\nreturn x", "h = x * 2\nreturn self.part(h) + h", False),
    "its argument is that of the caller": ("x += 1\nreturn x", "return self.part(x) + y", False),
    "only what it makes itself is changed": ("h = x * 2\nh += x\nreturn h", "return self.part(x) + x", True),
    "one branch makes a new tensor": ("if self.flag:\n    x = x * 2\nx += 1\nreturn x", "return self.part(x)", False),
}


@pytest.mark.parametrize("kind", CALLERS)
def test_callers_in_the_file_are_looked_at_and_others_warned(kind: str) -> None:
    part, body, exact = CALLERS[kind]
    indented = part.replace("\n", "\n        ")
    inner = f"class Part(nn.Module):\n    flag = True\n\n    def forward(self, x):\n        {indented}\n\n\n"
    source = program(body).replace("class Net(", f"{inner}class Net(", 1)
    t = translate(source.replace("        self.flag = flag\n", "        self.part = Part()\n"), to="keras")
    found = {d.code for d in t.diagnostics if d.severity != "note"}
    assert found == (set() if exact else {"T109"} if "afterwards" in kind else {"T203"})
    assert t.exact == exact


@pytest.mark.parametrize("called", [True, False])
def test_a_function_that_the_file_does_not_call_may_be_called_elsewhere(called: bool) -> None:
    function = f"{HEADER}def scale(x: torch.Tensor):\n    x *= 2\n    return x\n"
    use = "\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return scale(x * 3)\n"
    t = translate(function + use if called else function, to="keras")
    assert [(d.code, d.span.line) for d in t.diagnostics if d.severity != "note"] == ([] if called else [("T203", 7)])


BACK = {
    "augmented with an alias": "kept = x\nx += y\nreturn kept + x",
    "augmented argument": "x += y\nreturn x",
    "augmented in a loop": "out = x\nfor _ in range(2):\n    out *= 2.0\nreturn out + x",
    "augmented result of a layer that may pass its input on": "out = self.drop(x)\nout += y\nreturn out + x",
    "augmented attribute": "self.kept = x\nself.kept += y\nreturn self.kept + x",
    "augmented element": "rows = [x, y]\nrows[0] += y\nreturn rows[0] + x",
}


@pytest.mark.frameworks
@pytest.mark.parametrize("name", BACK)
def test_keras_code_that_rebinds_does_not_change_tensors_in_pytorch(name: str) -> None:
    lines = "".join(f"        {line}\n" for line in BACK[name].split("\n"))
    source = f"""import keras
from keras import layers, ops


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.drop = layers.Dropout(0.5)

    def call(self, x, y):
        x = ops.relu(x) if False else x
{lines}"""
    t = translate(source, to="torch")
    if t.exact:
        assert back_differences(source, t.code) == []


def back_differences(source: str, code: str) -> list[str]:
    import keras
    import numpy as np
    import torch

    from tests.laws.sides import executed, float64

    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2, 3)) for _ in range(2)]
    with float64(), executed(source) as one, executed(code) as two:
        expected = keras.ops.convert_to_numpy(one.Net()(*(keras.ops.convert_to_tensor(array) for array in arrays)))
        tensors = [torch.tensor(array) for array in arrays]
        actual = two.Net().eval()(*tensors).detach().numpy()
        found = [] if np.array_equal(expected, actual) else ["output"]
        found += [f"argument {i}" for i, t in enumerate(tensors) if not np.array_equal(t.numpy(), arrays[i])]
    return found
