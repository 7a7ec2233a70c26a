from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.models import linear_keras, linear_torch, simple
from tests.weights.pairs import rules
from translator.verify.api import verify
from translator.verify.client import WorkerPool

pytestmark = pytest.mark.frameworks


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with modules named like ours, which is also the working directory."""
    (tmp_path / "translator.py").write_text("SCALE = 2.0\n")
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "__init__.py").write_text("from mappings.shifts import SHIFT\n")
    (tmp_path / "mappings" / "shifts.py").write_text("SHIFT = 1.0\n")
    (tmp_path / "helping.py").write_text("from translator import SCALE\n\n\ndef scaled(x):\n    return x * SCALE\n")
    (tmp_path / "types.py").write_text("raise ImportError('the standard library comes first')\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_modules_of_the_user_named_like_ours_are_the_users(folder: Path) -> None:
    lines = (
        "import types\nfrom helping import scaled\nfrom translator import SCALE\nimport mappings\nassert SCALE == 2.0\n"
    )
    forward = "from mappings.shifts import SHIFT\n        return self.fc(scaled(x) + mappings.SHIFT * SHIFT)"
    source, code = linear_torch(forward, before=lines), linear_keras(forward, before=lines)
    t = simple(source, code, filename=str(folder / "model.py"))
    with WorkerPool() as pool:
        report = verify(source, code, translation=t, filename=t.filename, rules=rules, pool=pool)
        assert [(m.verdict, m.message) for m in report.models] == [("verified", "")]
        # The same workers go on working afterwards.
        assert verify(source, code, translation=t, filename=t.filename, rules=rules, pool=pool).passed


def test_the_file_knows_its_own_path_but_not_its_private_name(pool: WorkerPool, tmp_path: Path) -> None:
    (tmp_path / "factor.txt").write_text("3.0")
    lines = (
        "import inspect\nfrom pathlib import Path\n\n"
        "FACTOR = float(Path(__file__).with_name('factor.txt').read_text())\n"
        "assert __name__ != '__main__'\n"
    )
    check = "assert 'class Net' in inspect.getsource(Net)"
    source = linear_torch("return self.fc(x * FACTOR)", check, lines)
    code = linear_keras("return self.fc(x * FACTOR)", check, lines)
    t = simple(source, code, filename=str(tmp_path / "model.py"))
    report = verify(source, code, translation=t, filename=t.filename, rules=rules, pool=pool)
    assert [(m.verdict, m.message) for m in report.models] == [("verified", "")]
