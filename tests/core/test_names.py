"""What is not the framework's stays as it is: shadowed names, methods of other objects, the user's own modules."""

from __future__ import annotations

import ast

import pytest

from translator import translate

HEADER = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"

UNTOUCHED = {
    "parameter named as the library": "def f(torch):\n    return torch.cat([1, 2], dim=0)\n",
    "local named as the module": "def f(a):\n    F = a\n    return F.conv2d(a)\n",
    "lambda parameter": "g = lambda nn: nn.Linear(3, 4)\n",
    "comprehension variable": "g = [F.conv2d(1) for F in things]\n",
    "loop variable": "def f(things):\n    for nn in things:\n        nn.Linear(1, 2)\n",
    "with target": "def f():\n    with open('x') as torch:\n        torch.cat([1])\n",
    "except target": "def f():\n    try:\n        pass\n    except ValueError as nn:\n        nn.Linear(1, 2)\n",
    "walrus": "def f():\n    if (torch := get()):\n        torch.cat([1], dim=0)\n",
    "own class of the name": "class Linear:\n    pass\n\n\nlayer = Linear(3, 4)\n",
    "own function of the name": "def relu(x):\n    return x\n\n\ny = relu(3)\n",
    "match capture": "def f(thing):\n    match thing:\n        case {'nn': nn}:\n            nn.Linear(1, 2)\n",
    "import over it": "def f():\n    import mine.functional as F\n    return F.relu(1)\n",
    "list methods": "names = ['b', 'a']\nnames.sort()\nnames.reverse()\nnames.append('c')\n",
    "string methods": "parts = 'a-b'.split('-')\ntext = 'x'.join(parts).expand() if 0 else ''\n",
    "dictionary methods": "d = {}\nd.update(a=1)\nv = d.get('a')\n",
    "numpy": "import numpy as np\na = np.zeros((2, 3)).reshape(3, 2).mean(axis=0)\nb = np.flatten\n",
    "user class with view": "class V:\n    def view(self, *s):\n        return s\n\n\nv = V().view(1, 2)\n",
    "user class with forward": "class V:\n    def forward(self, x):\n        return x\n\n\nv = V().forward(1)\n",
    "path": "from pathlib import Path\np = Path('a').expanduser()\nn = p.name\n",
    "own package": "from .nn import Linear\nfrom . import torch_utils\nx = Linear(3, 4)\n",
    "names in strings": "text = 'torch.cat([x], dim=1)'\nother = f'{1} nn.Linear'\n",
    "names in comments": "# torch.cat([x], dim=1)\nx = 1  # nn.Linear(3, 4)\n",
    "del": "def f():\n    torch = 1\n    del torch\n",
    "global attribute of an argument": "def f(cfg):\n    return cfg.nn.Linear, cfg.size, cfg.shape, cfg.mean\n",
    "mean of statistics": "import statistics\nm = statistics.mean([1, 2])\n",
    "keyword named as the library": "f(torch=1, nn=2, F=3)\n",
    "attribute named as the library": "cfg.torch.cat = 1\n",
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_code_that_only_looks_like_the_framework_stays(name: str) -> None:
    body = UNTOUCHED[name]
    used = "\n\ndef used(a: torch.Tensor, b: torch.Tensor):\n    return torch.cat([F.relu(a), b], dim=0)\n"
    t = translate(f"{HEADER}\n\n{body}{used}", to="keras")
    assert body in t.code
    assert "return ops.concatenate([ops.relu(a), b]" in t.code
    assert [d for d in t.diagnostics if d.severity == "error"] == []


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import torch as t", "t.nn.functional.relu(x)"),
        ("from torch.nn import functional as fn", "fn.relu(x)"),
        ("from torch.nn.functional import relu", "relu(x)"),
        ("from torch.nn.functional import relu as r", "r(x)"),
        ("import torch\nfun = torch.nn.functional", "fun.relu(x)"),
        ("import torch.nn.functional", "torch.nn.functional.relu(x)"),
        ("try:\n    import torch.nn.functional as F\nexcept ImportError:\n    F = None", "F.relu(x)"),
        ("if True:\n    import torch.nn.functional as F", "F.relu(x)"),
    ],
)
def test_every_spelling_is_resolved_or_reported(imports: str, call: str) -> None:
    t = translate(f"{imports}\n\n\ndef f(x):\n    return {call}\n", to="keras")
    assert "ops.relu(x)" in t.code or not t.exact


def read_from(name: str, code: str) -> set[str]:
    """The attributes that code reads from a plain name."""
    return {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }


@pytest.mark.parametrize("name", ["layers", "ops", "keras"])
def test_generated_names_do_not_capture_the_users(name: str) -> None:
    source = (
        f"{HEADER}\n\ndef f(x, {name}):\n    {name}.append(1)\n    return F.relu(x), nn.Linear(3, 4), len({name})\n"
    )
    t = translate(source, to="keras")
    assert f"{name}.append(1)" in t.code
    assert read_from(name, t.code) <= {"append"}


@pytest.mark.parametrize("name", ["layers", "ops", "keras", "np"])
def test_a_module_level_name_of_the_user_is_not_overwritten(name: str) -> None:
    t = translate(
        f"{HEADER}\n{name} = [1, 2]\n\n\ndef f(x):\n    return F.relu(x), nn.Linear(3, 4), {name}[0]\n", to="keras"
    )
    assert f"{name} = [1, 2]" in t.code
    if t.exact:
        assert f"import {name}\n" not in t.code
        assert read_from(name, t.code) == set()


@pytest.mark.parametrize(
    "use",
    ["torch", "nn.Linear", "F.relu", "[nn.ReLU, nn.GELU]", "{'a': F.relu}", "getattr(torch, name)", "torch.no_such(x)"],
)
def test_no_use_of_the_framework_is_passed_over(use: str) -> None:
    """Either nothing of the framework is left of it, or it is an error."""
    t = translate(f"{HEADER}\n\ndef f(x, name):\n    return {use}\n", to="keras")
    left = any(word in t.code for word in ("torch", "nn.", "F."))
    assert not (left and t.exact)


def test_a_name_that_is_the_framework_in_one_branch_only_is_not_guessed() -> None:
    t = translate(f"{HEADER}\n\ndef f(x, own):\n    if own:\n        F = own\n    return F.relu(x)\n", to="keras")
    assert "F.relu(x)" in t.code


def test_a_rebound_import_is_followed_or_reported() -> None:
    t = translate(f"{HEADER}\nF = object()\n\n\ndef f(x):\n    return F.relu(x)\n", to="keras")
    assert "return F.relu(x)" in t.code
