"""Parts of modules that are not layers: parameters, buffers, factories of layers, elements by position, star arguments.

The golden cases ``parameters/`` and ``structure/`` show what is translated; here stands what must be left alone.
"""

from __future__ import annotations

import pytest

from translator import translate

_HEAD = "import torch\nfrom torch import nn\n\n\n"


def codes(source: str, to: str = "keras") -> set[str]:
    """The codes of everything that keeps a translation from being exact."""
    result = translate(source, to=to)  # type: ignore[arg-type]  # both names are frameworks
    return {d.code for d in result.diagnostics if d.severity != "note"}


def module(init: str, forward: str = "return x") -> str:
    return (
        f"{_HEAD}class A(nn.Module):\n    def __init__(self, n=4, flag=True):\n        super().__init__()\n"
        f"        {init}\n\n    def forward(self, x):\n        {forward}\n"
    )


BUFFER = 'self.register_buffer("ema", torch.zeros(n))'


@pytest.mark.parametrize(
    "change",
    [
        "self.ema += 1.0\n        return x",
        "self.ema = x * 2.0\n        return x",
        "y = self.ema.mul_(2.0)\n        return y",
    ],
)
def test_a_buffer_that_changes_is_left_alone(change: str) -> None:
    assert "T109" in codes(module(BUFFER, change))


@pytest.mark.parametrize(
    "init",
    [
        "self.w = nn.Parameter()",
        "self.w = nn.Parameter(torch.zeros(n), requires_grad=flag)",
        "name = str(n)\n        self.register_buffer(name, torch.zeros(n))",
        'self.register_buffer("w", torch.zeros(n), persistent=flag)',
        "self.w = nn.Parameter(make_weight(n))",
    ],
)
def test_a_parameter_that_is_not_known_is_declined(init: str) -> None:
    assert codes(module(init))


def test_a_buffer_that_is_not_saved_becomes_a_plain_attribute() -> None:
    source = module('self.register_buffer("w", torch.zeros(n), persistent=False)', "return x + self.w")
    result = translate(source, to="keras")
    assert result.exact
    assert "self.w = ops.zeros(n)\n" in result.code or "self.w = ops.zeros((n,))\n" in result.code


def test_a_weight_made_in_build_is_declined() -> None:
    source = (
        "import keras\n\n\nclass A(keras.layers.Layer):\n    def build(self, shape):\n"
        '        self.w = self.add_weight(shape=(3,), name="w")\n\n    def call(self, x):\n        return x * self.w\n'
    )
    assert codes(source, "torch") == {"T101"}


def test_layers_made_in_build_are_declined_although_nothing_else_is() -> None:
    source = (
        "import keras\n\n\nclass A(keras.layers.Layer):\n    def build(self, shape):\n"
        "        self.fc = keras.layers.Dense(3)\n\n    def call(self, x):\n        return self.fc(x)\n"
    )
    assert codes(source, "torch") == {"T101"}


def test_a_factory_gets_what_its_calls_do_not_say() -> None:
    source = (
        f"{_HEAD}class A(nn.Module):\n    def __init__(self, n=4, norm=nn.BatchNorm1d):\n        super().__init__()\n"
        "        self.norm = norm(n)\n\n    def forward(self, x):\n        return self.norm(x)\n"
    )
    result = translate(source, to="keras")
    assert result.exact
    assert "norm=partial(layers.BatchNormalization, axis=1, momentum=0.9, epsilon=1e-5)" in result.code or (
        "norm=partial(" in result.code and "self.norm = norm()" in result.code
    )


@pytest.mark.parametrize(
    "use",
    [
        "self.a = nn.ReLU() if isinstance(act, nn.ReLU) else act()",
        "self.a = act()\n        self.same = act == nn.GELU",
        "self.a = make(nn.ReLU)",
        "self.a = act(*n)",
    ],
)
def test_a_class_that_is_more_than_called_is_declined(use: str) -> None:
    source = (
        f"{_HEAD}class A(nn.Module):\n    def __init__(self, n=4, act=nn.GELU):\n        super().__init__()\n"
        f"        {use}\n\n    def forward(self, x):\n        return self.a(x)\n"
    )
    assert codes(source)


def test_layers_with_different_arguments_do_not_share_a_call() -> None:
    source = (
        f"{_HEAD}class A(nn.Module):\n    def __init__(self, n=4, wide=True):\n        super().__init__()\n"
        "        layer = nn.Linear if wide else nn.Bilinear\n        self.a = layer(n, 3)\n\n"
        "    def forward(self, x):\n        return self.a(x)\n"
    )
    assert codes(source)


def test_moved_axes_are_not_handed_on_by_star_arguments() -> None:
    source = (
        f"{_HEAD}class Inner(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 4, 1)\n\n    def forward(self, x, mask=None):\n"
        "        x = self.conv(x)\n        return x * self.conv(mask)\n\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.inner = Inner()\n\n"
        "    def forward(self, x, **kwargs):\n        return self.inner(x, **kwargs)\n"
    )
    assert "T103" in codes(source)


def test_transposes_do_not_shift_elements_that_are_taken_by_position() -> None:
    source = (
        f"{_HEAD}class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.f = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))\n\n"
        "    def forward(self, x):\n        y = self.f(x)\n        return y + self.f[2](self.f[1](self.f[0](x)))\n"
    )
    result = translate(source, to="keras")
    assert not result.exact or "Permute" not in result.code


def test_settings_go_to_a_keras_layer_by_name() -> None:
    source = (
        f"{_HEAD}class Inner(nn.Module):\n    def forward(self, x, scale, shift):\n"
        "        return x * scale + shift\n\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.inner = Inner()\n\n"
        "    def forward(self, x: torch.Tensor):\n        return self.inner(x, 2.0, x)\n"
    )
    assert "self.inner(x, scale=2.0, shift=x)" in translate(source, to="keras").code
