"""A folder is translated file by file; what is not Python comes along, and one bad file stops nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.run import DECLINED, PLAIN, TORCH, fwtranslate


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    files = {
        "model.py": TORCH,
        "sub/deep/other.py": TORCH.replace("Net", "Other"),
        "sub/plain.py": PLAIN,
        "sub/notes.md": "# Notes\n",
        ".git/config.py": TORCH,
        "__pycache__/model.py": TORCH,
        "ignored/model.py": TORCH,
        "ignored/kept.py": TORCH,
        "environment/pyvenv.cfg": "",
        "environment/lib/model.py": TORCH,
        "build/model.py": TORCH,
        ".gitignore": "ignored/*\n!ignored/kept.py\nbuild/\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


EXPECTED = {"model.py", "sub/deep/other.py", "sub/plain.py", "sub/notes.md", "ignored/kept.py", ".gitignore"}


def test_the_tree_is_mirrored_and_other_files_are_copied(project: Path) -> None:
    done = fwtranslate("project", "--to", "keras", "-o", "out", cwd=project.parent)
    out = project.parent / "out"
    assert done.code == 0, done.err
    assert tree(out) == EXPECTED
    assert "layers.Dense(8)" in (out / "sub/deep/other.py").read_text()
    assert (out / "sub/plain.py").read_text() == PLAIN
    assert (out / "sub/notes.md").read_text() == "# Notes\n"
    assert "4 Python files: 3 translated, 1 unchanged, 2 other files copied" in done.out


def test_in_place_touches_nothing_but_what_it_translates(project: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}
    assert fwtranslate("project", "--to", "keras", "--in-place", cwd=project.parent).code == 0
    changed = {path.relative_to(project).as_posix() for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert changed == {"model.py", "sub/deep/other.py", "ignored/kept.py"}


def test_an_output_inside_the_input_is_not_translated_again(project: Path) -> None:
    for _ in range(2):
        assert fwtranslate(".", "--to", "keras", "-o", "out", cwd=project).code == 0
    assert tree(project / "out") == EXPECTED


def test_excluded_patterns_are_left_out(project: Path) -> None:
    done = fwtranslate("project", "--to", "keras", "-o", "out", "--exclude", "sub/", cwd=project.parent)
    assert done.code == 0
    assert tree(project.parent / "out") == {"model.py", "ignored/kept.py", ".gitignore"}


def test_what_is_ignored_is_translated_if_it_is_asked_for(project: Path) -> None:
    done = fwtranslate("project/ignored/model.py", "--to", "keras", cwd=project.parent)
    assert "layers.Dense(8)" in done.out
    assert fwtranslate("project/build", "--to", "keras", "-o", "out", cwd=project.parent).code == 0
    assert tree(project.parent / "out") == {"model.py"}


def test_one_bad_file_stops_nothing(project: Path) -> None:
    (project / "bad.py").write_text("def broken(:\n")
    (project / "declined.py").write_text(DECLINED)
    done = fwtranslate("project", "--to", "keras", "-o", "out", cwd=project.parent)
    out = project.parent / "out"
    assert done.code == 2
    assert "project/bad.py:1:12: error: syntax error" in done.out
    assert "project/declined.py:5:12: error T101" in done.out
    assert "6 Python files: 3 translated, 1 unchanged, 1 declined, 1 failed" in done.out
    assert (out / "bad.py").read_text() == "def broken(:\n"
    assert "layers.Dense(8)" in (out / "model.py").read_text()


def test_links_that_lead_in_circles_are_followed_once(project: Path) -> None:
    (project / "sub/circle").symlink_to(project)
    (project / "sub/broken").symlink_to("nowhere")
    done = fwtranslate("project", "--to", "keras", "-o", "out", cwd=project.parent)
    assert done.code == 0
    assert tree(project.parent / "out") == EXPECTED


def test_pipes_are_left_alone(project: Path) -> None:
    os.mkfifo(project / "pipe.py")
    assert fwtranslate("project", "--to", "keras", "--check", cwd=project.parent).code == 0


def test_two_names_of_one_file_are_replaced_once(project: Path) -> None:
    (project / "also.py").symlink_to("model.py")
    done = fwtranslate("project", "--to", "keras", "--in-place", "--format", "json", cwd=project.parent)
    paths = [file["path"] for file in json.loads(done.err)["files"]]
    assert ("project/also.py" in paths) != ("project/model.py" in paths)


def test_several_paths_keep_their_places_below_what_they_share(project: Path) -> None:
    paths = ("project/model.py", "project/sub/deep")
    done = fwtranslate(*paths, "--to", "keras", "-o", "out", cwd=project.parent)
    assert done.code == 0
    assert tree(project.parent / "out") == {"model.py", "sub/deep/other.py"}


def test_a_missing_path_among_others_costs_only_itself(project: Path) -> None:
    done = fwtranslate("project/model.py", "nowhere.py", "--to", "keras", "-o", "out", cwd=project.parent)
    assert done.code == 2
    assert "nowhere.py: error: no such file" in done.out
    assert len(tree(project.parent / "out")) == 1


def test_many_files_over_several_processes_are_reported_in_order(tmp_path: Path) -> None:
    padding = "\n".join(f"VALUE_{number} = {number}" for number in range(2000))
    names = [f"module_{number:02}.py" for number in range(12)]
    for name in names:
        (tmp_path / name).write_text(f"{TORCH}\n\n{padding}\n")
    done = fwtranslate(".", "--to", "keras", "-o", "out", "--format", "json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert [file["path"] for file in json.loads(done.out)["files"]] == names


def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    done = fwtranslate(".", "--to", "keras", "--check", cwd=tmp_path)
    assert (done.code, done.err) == (0, "0 Python files\nno framework uses\n")
