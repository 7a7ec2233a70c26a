"""Every bad input ends in one clear line and the right exit code, never in a traceback; odd input survives as it is."""

from __future__ import annotations

import ast
import codecs
from pathlib import Path

import pytest

from tests.cli.run import PLAIN, TORCH, fwtranslate


def write(folder: Path, data: bytes, name: str = "model.py") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


UNREADABLE = {
    "syntax error": (b"import torch\n\n\ndef broken(:\n    pass\n", "model.py:4:12: error: syntax error: "),
    "wrong encoding declared": (b"# coding: utf-8\nname = '\xff'\n", "model.py:2: error: byte 0xff is not valid utf-8"),
    "unknown encoding declared": (b"# coding: no-such-thing\nx = 1\n", "model.py:1: error: "),
    "nul byte": (b"x = 1\n\0\n", "model.py:2: error: "),
    "nesting": (b"x = " + b"(" * 3000 + b"1" + b")" * 3000 + b"\n", "model.py"),
    "binary": (bytes(range(256)), "model.py"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_source_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    data, begins = UNREADABLE[name]
    write(tmp_path, data)
    assert fwtranslate("model.py", "--to", "keras", cwd=tmp_path).complaint.startswith(begins)


def test_source_that_cannot_be_read_leaves_the_output_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, b"def broken(:\n")
    write(tmp_path, b"precious\n", "out.py")
    assert fwtranslate("model.py", "--to", "keras", "-o", "out.py", cwd=tmp_path).code == 2
    assert (tmp_path / "out.py").read_bytes() == b"precious\n"


ODD = {
    "byte order mark": codecs.BOM_UTF8 + TORCH.encode(),
    "carriage returns": TORCH.replace("\n", "\r\n").encode(),
    "tabs": TORCH.replace("    ", "\t").encode(),
    "latin-1": ("# -*- coding: latin-1 -*-\n# gr\u00fcn\n" + TORCH).encode("latin-1"),
    "form feed": TORCH.replace("\n\nclass", "\n\x0c\nclass").encode(),
    "no newline at the end": TORCH.rstrip("\n").encode(),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_but_valid_source_is_translated_and_keeps_its_form(tmp_path: Path, name: str) -> None:
    write(tmp_path, ODD[name])
    done = fwtranslate("model.py", "--to", "keras", cwd=tmp_path)
    assert done.code == 0, done.err
    assert b"layers.Dense(8)  # widen" in done.stdout
    for marker in (codecs.BOM_UTF8, b"\r\n", b"\t", b"\xfc", b"\x0c"):
        assert (marker in done.stdout) is (marker in ODD[name])
    assert done.stdout.count(b"\r") == done.stdout.count(b"\r\n")
    assert done.stdout.endswith(b"\n") is ODD[name].endswith(b"\n")


UNTOUCHED = {
    "empty": b"",
    "comment only": b"# nothing here",
    "no framework code": PLAIN.encode(),
    "mixed newlines": b"a = 1\r\nb = 2\nc = 3\r",
    "latin-1 without framework code": "# coding: latin-1\nname = 'gr\u00fcn'\n".encode("latin-1"),
    "byte order mark without framework code": codecs.BOM_UTF8 + b"x = 1\n",
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_a_file_without_framework_code_comes_out_byte_identical(tmp_path: Path, name: str) -> None:
    write(tmp_path, UNTOUCHED[name])
    done = fwtranslate("model.py", "--to", "keras", cwd=tmp_path)
    assert (done.code, done.stdout) == (0, UNTOUCHED[name])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "nowhere.py: error: no such file" in fwtranslate("nowhere.py", "--to", "keras", cwd=tmp_path).complaint


REFUSED = {
    "no arguments": ([], "PATH"),
    "no target": (["model.py"], "--to"),
    "unknown target": (["model.py", "--to", "jax"], "'jax'"),
    "unknown option": (["model.py", "--to", "keras", "--fast"], "--fast"),
    "same framework on both sides": (["model.py", "--to", "keras", "--from", "keras"], "keras"),
    "folder without a destination": (["folder", "--to", "keras"], "folder is a folder"),
    "several paths without a destination": (["model.py", "other.py", "--to", "keras"], "several paths"),
    "folder to a file": (["folder", "--to", "keras", "-o", "out.py"], "out.py names one file"),
    "several paths to a file": (["model.py", "other.py", "--to", "keras", "-o", "out.py"], "out.py names one file"),
    "file output that is a folder": (["model.py", "--to", "keras", "-o", "folder.py"], "folder.py is a folder"),
    "folder output that is a file": (["model.py", "--to", "keras", "-o", "notes.txt"], "notes.txt is a file"),
    "output equal to input": (["model.py", "--to", "keras", "-o", "model.py"], "--in-place"),
    "output equal to input by another name": (["model.py", "--to", "keras", "-o", "folder/../model.py"], "--in-place"),
    "output equal to input by a link": (["model.py", "--to", "keras", "-o", "link.py"], "--in-place"),
    "output folder equal to input folder": (["folder", "--to", "keras", "-o", "folder"], "--in-place"),
    "output folder of the input file": (["model.py", "--to", "keras", "-o", "."], "--in-place"),
    "output and in place": (["model.py", "--to", "keras", "-o", "out.py", "--in-place"], "--in-place"),
    "diff and in place": (["model.py", "--to", "keras", "--diff", "--in-place"], "--diff"),
    "model without verify": (["model.py", "--to", "keras", "--model", "Net()"], "--verify"),
    "standard input in place": (["-", "--to", "keras", "--in-place"], "standard input"),
    "standard input into a folder": (["-", "--to", "keras", "-o", "out"], "standard input"),
    "standard input and a path": (["-", "model.py", "--to", "keras", "--check"], "standard input"),
    "folder to verify": (["verify", "folder", "model.py"], "folder"),
    "missing file to verify": (["verify", "model.py", "nowhere.py"], "nowhere.py"),
    "unknown code": (["explain", "T999"], "T999"),
    "language server": (["lsp"], "later version"),
    "weights": (
        ["weights", "model.py", "--source", "model.py", "--translated", "other.py", "--model", "Net()", "-o", "x"],
        "",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_usage_is_refused_in_one_line_and_writes_nothing(tmp_path: Path, name: str) -> None:
    arguments, mentions = REFUSED[name]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.py").mkdir()
    for path in ("model.py", "other.py", "folder/inner.py"):
        write(tmp_path, TORCH.encode(), path)
    write(tmp_path, b"notes\n", "notes.txt")
    (tmp_path / "link.py").symlink_to("model.py")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    complaint = fwtranslate(*arguments, cwd=tmp_path).complaint
    assert complaint.startswith("fwtranslate: error: ")
    assert mentions in complaint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("output", ["notes.txt/out.py", "notes.txt/deeper/out.py"])
def test_an_unwritable_output_is_named_and_leaves_nothing_behind(tmp_path: Path, output: str) -> None:
    write(tmp_path, TORCH.encode())
    write(tmp_path, b"notes\n", "notes.txt")
    done = fwtranslate("model.py", "--to", "keras", "-o", output, cwd=tmp_path)
    assert done.code == 2
    assert f"cannot write {output}: " in done.out
    assert "Traceback" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.py", "notes.txt"]


def test_a_file_of_twenty_thousand_lines_is_translated(tmp_path: Path) -> None:
    body = "\n\n".join(
        f"def scale_{number}(x):\n    # line {number}\n    return x * {number}" for number in range(5000)
    )
    write(tmp_path, f"{TORCH}\n\n{body}\n".encode())
    done = fwtranslate("model.py", "--to", "keras", "-o", "out.py", cwd=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "out.py").read_text().endswith(f"{body}\n")


def test_an_expression_of_nine_hundred_terms_is_translated(tmp_path: Path) -> None:
    terms = " + ".join(f"torch.relu(x * {number})" for number in range(900))
    write(tmp_path, f"import torch\n\n\ndef total(x):\n    return {terms}\n".encode())
    done = fwtranslate("model.py", "--to", "keras", cwd=tmp_path)
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert done.code in (0, 1)
    ast.parse(done.out)
