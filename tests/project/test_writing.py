"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from translator.project.files import copy_atomically, write_atomically


def test_a_write_that_is_cut_short_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.py"
    target.write_bytes(b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfileobj", interrupt)
    source = tmp_path / "in.py"
    source.write_bytes(b"new")
    with pytest.raises(KeyboardInterrupt):
        copy_atomically(source, target)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.py", "out.py"]


def test_a_new_file_obeys_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "out.py", b"text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.py").stat().st_mode) == 0o640


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.py").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "out.py", b"text")
