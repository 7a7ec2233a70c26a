"""The compiled catalog on disk: shared by processes, invalidated by content, and never trusted blindly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from translator.catalog import load as loading
from translator.catalog.load import Catalog, load

ROOT = Path(__file__).parent.parent.parent
SCRIPT = "from translator.catalog.load import load; c = load(); print(len(c.entries), c.entry('linear').name)"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fwtranslate"


def fresh() -> Catalog:
    """What a new process would load."""
    return load.__wrapped__()


def start(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_at_once_agree_and_leave_one_whole_file(home: Path) -> None:
    processes = [start(home.parent) for _ in range(3)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert {out for out, _ in outputs} == {f"{len(load().entries)} linear\n"}
    assert [path.suffix for path in home.iterdir()] == [".pickle"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk",
        b"\x80\x05",
        b"cos\nsystem\n.",
        b"\x80\x05N.",
        b"\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"(",
        b"K",
    ],
    ids=["empty", "junk", "cut", "no call", "None", "huge frame", "mark", "half an int"],
)
def test_a_corrupted_file_is_replaced(home: Path, content: bytes) -> None:
    names = [entry.name for entry in fresh().entries]
    (path,) = home.iterdir()
    whole = path.read_bytes()
    path.write_bytes(content)
    assert [entry.name for entry in fresh().entries] == names
    assert len(path.read_bytes()) == len(whole)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_replaced(home: Path, share: float) -> None:
    count = len(fresh().entries)
    (path,) = home.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert len(fresh().entries) == count
    assert len(path.read_bytes()) == len(whole)


def test_flipped_bytes_do_not_escape_as_exceptions(home: Path) -> None:
    count = len(fresh().entries)
    (path,) = home.iterdir()
    whole = path.read_bytes()
    for position in range(2, 400, 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        catalog = loading._read_cache(path)
        assert catalog is None or isinstance(catalog, Catalog)
    path.unlink()
    assert len(fresh().entries) == count


def test_content_decides(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = list(loading._sources())
    before = loading._key(sources)
    assert loading._key(sources) == before
    name, text = next((n, t) for n, t in sources if n.endswith("linear.toml"))
    changed = [(n, t + "\n# changed\n" if n == name else t) for n, t in sources]
    assert loading._key(changed) != before
    assert text
    monkeypatch.setattr(loading, "_sources", lambda: iter(changed))
    fresh()
    assert [path.name for path in home.iterdir()] == [f"catalog-{loading._key(changed)}.pickle"]


def test_a_renamed_or_missing_file_changes_the_key() -> None:
    sources = list(loading._sources())
    keys = {
        loading._key(sources),
        loading._key(sources[1:]),
        loading._key([("other.toml", sources[0][1]), *sources[1:]]),
    }
    assert len(keys) == 3


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert fresh().entry("linear").name == "linear"


def test_a_cached_catalog_equals_a_compiled_one(home: Path) -> None:
    compiled, cached = fresh(), fresh()
    assert compiled is not cached
    assert compiled.entries == cached.entries  # decoded from the cache
    assert compiled.aliases == cached.aliases
    assert compiled.helpers == cached.helpers
