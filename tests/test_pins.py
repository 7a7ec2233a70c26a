"""What is installed for development, in hooks and in tests is one set of versions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(text: str) -> dict[str, str]:
    return {_normal(name): version for name, version in re.findall(r"^\s*([\w.-]+)==([\w.+!]+)", text, re.MULTILINE)}


def _names(requirements: Iterable[str]) -> set[str]:
    found = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {_normal(match.group()) for match in found if match}


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [one for list_ in extras.values() for one in list_]
    pinned = _pins((ROOT / "constraints.txt").read_text("utf-8"))
    assert _names([*project["dependencies"], *wanted]) - {"fwtranslate"} - pinned.keys() == set()


def test_the_core_has_four_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert _names(project["dependencies"]) == {"libcst", "click", "rich", "pathspec"}


def test_hooks_use_the_pinned_versions() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    pinned = _pins((ROOT / "constraints.txt").read_text("utf-8"))
    used = re.findall(r'"([\w.-]+)==([\w.]+)"', hooks)
    assert used
    assert [(name, version) for name, version in used if pinned[_normal(name)] != version] == []
