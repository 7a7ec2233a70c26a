"""A built wheel works in an empty environment outside the checkout, with its declared dependencies and no more."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MODEL = """\
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)  # the only layer

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (built,) = out.glob("*.whl")
    return built


def _requirements(lines: list[str]) -> list[str]:
    """Names of the requirements that hold without an extra."""
    found = (re.match(r"[\w.-]+", line) for line in lines if "extra ==" not in line)
    return [match.group() for match in found if match]


def _with_dependencies(names: list[str]) -> dict[str, Distribution]:
    """The installed distributions of these names and all that they require on this platform."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name not in found:
            try:
                found[name] = distribution(name)
            except ModuleNotFoundError:
                continue  # a requirement of another platform or Python version
            waiting += _requirements(found[name].requires or [])
    return found


def _copy(installed: Distribution, site: Path) -> None:
    """Place an installed distribution's files into another environment: an installation without a network."""
    for file in installed.files or []:
        if ".." not in file.parts and file.suffix != ".pyc":
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(str(file.locate())).read_bytes())


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and its core dependencies, as the wheel itself declares them."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    scheme = sysconfig.get_preferred_scheme("prefix")
    paths = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", scheme, vars=paths))
    python = Path(sysconfig.get_path("scripts", scheme, vars=paths)) / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, text=True)
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        declared = re.findall(r"^Requires-Dist: (.*)$", archive.read(metadata).decode(), re.MULTILINE)
    for installed in _with_dependencies(_requirements(declared)).values():
        _copy(installed, site)
    return python.parent


def test_the_wheel_ships_every_source_and_data_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in ("translator", "lsp_server", "mappings")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".toml", ".json"}
    }
    assert expected - shipped == set()


def test_an_installed_wheel_translates_a_file_without_any_framework(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    done = subprocess.run(
        [environment / "fwtranslate", "model.py", "--to", "keras"],
        cwd=tmp_path,
        env={"PATH": str(environment), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "layers.Dense(4)  # the only layer" in done.stdout
    assert "torch" not in done.stdout


@pytest.mark.parametrize("package", ["torch", "keras", "tensorflow", "numpy"])
def test_the_environment_of_the_wheel_has_no_framework(environment: Path, package: str) -> None:
    code = f"from importlib.util import find_spec; raise SystemExit(find_spec({package!r}) is not None)"
    done = subprocess.run([environment / "python", "-c", code], env={}, check=False)
    assert done.returncode == 0


def test_verifying_without_frameworks_names_the_command_that_installs_them(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    done = subprocess.run(
        [environment / "fwtranslate", "model.py", "--to", "keras", "--verify"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "pip install 'fwtranslate[verify]'" in done.stderr
