"""The public interface: what translate raises, what a Translation holds, and what it says of models."""

from __future__ import annotations

import ast
import inspect
from dataclasses import FrozenInstanceError, fields
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import translator
from tests.golden.cases import goldens
from translator import Diagnostic, SourceError, Translation, translate
from translator.codes import CODES

TORCH = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
CONV = f"""{TORCH}class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)
"""
MOVED = "n c h w -> n h w c"
SOURCES = [golden.source for golden in goldens()]


def model(body: str, extra: str = "", signature: str = "self, x") -> Translation:
    return translate(f"{CONV}\n    def forward({signature}):\n        {body}\n{extra}", to="keras")


def test_the_signature_is_the_published_one() -> None:
    parameters = inspect.signature(translate).parameters
    assert list(parameters) == ["source", "to", "from_", "filename", "layout", "fidelity", "project"]
    assert [p.default for p in parameters.values()][2:] == ["auto", "model.py", None, "idiomatic", None]
    assert all(p.kind is p.KEYWORD_ONLY for name, p in parameters.items() if name != "source")
    assert set(translator.__all__) >= {
        "translate",
        "transfer_weights",
        "Translation",
        "Diagnostic",
        "SourceError",
        "WeightError",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"to": "jax"},
        {"to": ""},
        {"to": "keras", "from_": "keras"},
        {"to": "torch", "from_": "jax"},
        {"to": "keras", "layout": "nhwc"},
        {"to": "keras", "fidelity": "sloppy"},
    ],
    ids=str,
)
def test_a_bad_argument_is_a_value_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"jax|keras|''|nhwc|sloppy"):
        translate(TORCH, **arguments)


@given(st.sampled_from(SOURCES), st.data(), st.sampled_from(["keras", "torch"]))
def test_a_damaged_file_is_translated_or_refused(source: str, data: st.DataObject, to: Any) -> None:
    """Lines are dropped, doubled or cut: only SourceError comes out, and only for what is no Python."""
    lines = source.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "cut", "swap"]))
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        else:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    damaged = "\n".join(lines)
    try:
        ast.parse(damaged)
    except SyntaxError:
        with pytest.raises(SourceError):
            translate(damaged, to=to)
    else:
        ast.parse(translate(damaged, to=to).code)


@given(
    st.sampled_from(SOURCES), st.sampled_from(["keras", "torch"]), st.sampled_from(["channels_first", "channels_last"])
)
def test_what_a_translation_holds_fits_together(source: str, to: Any, layout: Any) -> None:
    t = translate(source, to=to, layout=layout, filename="x.py")
    assert (t.source, t.filename, t.to, t.layout, t.fidelity) == (source, "x.py", to, layout, "idiomatic")
    assert {t.from_, t.to} == {"torch", "keras"}
    text, shift = t.source, 0
    for change in t.changes:
        text = text[: change.span.start + shift] + change.text + text[change.span.end + shift :]
        shift += len(change.text) - (change.span.end - change.span.start)
    assert text == t.code
    for diagnostic in t.diagnostics:
        info = CODES[diagnostic.code]
        assert diagnostic.severity == info.severity
        assert diagnostic.message
        check_span(source, diagnostic)
        assert diagnostic.hint or diagnostic.severity == "note"
    assert list(t.diagnostics) == sorted(
        t.diagnostics, key=lambda d: (d.span.start, d.span.end, d.code, d.message)
    ) or [d.span.start for d in t.diagnostics] == sorted(d.span.start for d in t.diagnostics)
    blocked = {"error", "warning"} & {d.severity for d in t.diagnostics}
    assert t.exact == (not blocked)
    assert t.exact <= all(t.coverage.count(kind) == 0 for kind in ("declined", "unresolved", "approximate"))
    assert 0 <= t.coverage.ratio <= 1


def check_span(source: str, diagnostic: Diagnostic) -> None:
    span = diagnostic.span
    assert 0 <= span.start <= span.end <= len(source)
    for line, column, offset in ((span.line, span.column, span.start), (span.end_line, span.end_column, span.end)):
        before = source[:offset]
        assert (before.count("\n") + 1, offset - (before.rfind("\n") + 1)) == (line, column)


def test_a_translation_is_immutable() -> None:
    t = model("return self.c(x)")
    for name in [field.name for field in fields(t)]:
        with pytest.raises(FrozenInstanceError):
            setattr(t, name, None)
    assert isinstance(t.diagnostics, tuple)
    assert isinstance(t.models, dict | MappingProxyType)


def test_the_same_input_gives_the_same_output() -> None:
    assert model("return self.c(x)") == model("return self.c(x)")


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        ("return self.c(x)", {"": MOVED}),
        ("return self.c(x).mean(dim=(2, 3))", {"": None}),
        ("y = self.c(x)\n        return y, y.mean(dim=(2, 3))", {"0": MOVED, "1": None}),
        ("y = self.c(x)\n        return [y, (y, y.flatten(1))]", {"0": MOVED, "1.0": MOVED, "1.1": None}),
        ("y = self.c(x)\n        return {'maps': y, 'flat': y.flatten(1)}", {"flat": None, "maps": MOVED}),
        ("y = self.c(x)\n        return dict(maps=y, flat=y.flatten(1))", {"flat": None, "maps": MOVED}),
        ("y = self.c(x)\n        return {'a': [y], 'b': {'c': y.flatten(1)}}", {"a.0": MOVED, "b.c": None}),
        ("y = self.c(x)\n        result = (y, y.flatten(1))\n        return result", {"0": MOVED, "1": None}),
    ],
)
def test_output_leaves_go_by_path(body: str, outputs: dict[str, str | None]) -> None:
    t = model(body)
    assert t.exact
    assert dict(t.models["Net"].outputs) == outputs


@pytest.mark.parametrize("style", ["NamedTuple", "namedtuple", "dataclass"])
def test_output_fields_go_by_name(style: str) -> None:
    fields_of = "    maps: object\n    flat: object\n"
    makers = {
        "NamedTuple": f"from typing import NamedTuple\n\n\nclass Out(NamedTuple):\n{fields_of}",
        "namedtuple": "from collections import namedtuple\n\nOut = namedtuple('Out', ['maps', 'flat'])\n",
        "dataclass": f"from dataclasses import dataclass\n\n\n@dataclass\nclass Out:\n{fields_of}",
    }
    body = "        y = self.c(x)\n        return Out(maps=y, flat=y.flatten(1))\n"
    source = f"{makers[style]}\n\n{CONV}\n    def forward(self, x):\n{body}"
    t = translate(source, to="keras")
    assert t.exact
    assert dict(t.models["Net"].outputs) == {"maps": MOVED, "flat": None}


def test_inputs_are_in_order_and_the_mode_is_none_of_them() -> None:
    t = model("return self.c(image) + self.c(other) * scale", signature="self, image, other, scale=1.0")
    assert list(t.models["Net"].inputs)[:2] == ["image", "other"]
    assert t.models["Net"].inputs["image"] == MOVED
    back = translate(t.code, to="torch")
    assert "training" not in back.models["Net"].inputs


def test_kept_axes_have_no_rule() -> None:
    t = translate(f"{CONV}\n    def forward(self, x):\n        return self.c(x)\n", to="keras", layout="channels_first")
    assert dict(t.models["Net"].inputs) == {"x": None}
    assert dict(t.models["Net"].outputs) == {"": None}


def test_builders_and_module_level_models_are_models() -> None:
    extra = """

def net(width=4, *, flag=True):
    return Net()


def stack():
    return nn.Sequential(nn.Conv2d(3, 4, 3))


model = net()
plain = stack()
"""
    t = model("return self.c(x)", extra)
    assert t.exact
    assert set(t.models) == {"Net", "net", "stack", "model", "plain"}
    assert {info.target for info in t.models.values()} == {"Net", "net", "stack", "model", "plain"}
    for info in t.models.values():
        assert list(info.inputs.values()) == [MOVED]
        assert dict(info.outputs) == {"": MOVED}
    assert "def net(width=4, *, flag=True):\n    return Net()" in t.code
    assert "model = net()" in t.code


def test_what_is_no_model_is_not_listed() -> None:
    t = model(
        "return self.c(x)", "\n\nclass Config:\n    width = 3\n\n\ndef add(a, b):\n    return a + b\n\n\nsize = 3\n"
    )
    assert list(t.models) == ["Net"]


def test_every_severity_has_a_code_and_every_code_an_explanation() -> None:
    assert {info.severity for info in CODES.values()} == {"note", "warning", "error"}
    assert all(info.title and info.what and info.why and info.todo for info in CODES.values())
