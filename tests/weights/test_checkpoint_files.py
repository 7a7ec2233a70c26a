"""Real checkpoint files, good and bad, as the libraries write them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from translator.weights.dtypes import UnfitValuesError, cast
from translator.weights.files_keras import open_h5
from translator.weights.files_torch import PtWriter, SafetensorsWriter, open_pt, open_safetensors
from translator.weights.formats import CheckpointError, Stored

pytestmark = pytest.mark.frameworks

NAMES = ("fc.weight", "fc.bias")


class Planted:
    """Pickles as a call that makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def state(prefix: str = "") -> dict[str, Any]:
    import torch

    return {f"{prefix}fc.weight": torch.arange(6.0).reshape(2, 3), f"{prefix}fc.bias": torch.ones(2)}


def saved(tmp_path: Path, value: Any, **options: Any) -> Path:
    import torch

    torch.save(value, tmp_path / "net.pt", **options)
    return tmp_path / "net.pt"


@pytest.mark.parametrize("zipped", [True, False])
def test_a_plain_state_dict_is_read(tmp_path: Path, zipped: bool) -> None:
    reader = open_pt(saved(tmp_path, state(), _use_new_zipfile_serialization=zipped), None, NAMES)
    assert reader.stored == {"fc.weight": Stored((2, 3), "float32"), "fc.bias": Stored((2,), "float32")}
    assert np.array_equal(reader.read("fc.weight"), np.arange(6.0).reshape(2, 3))
    assert reader.notes == ()


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("prefix", ["module.", "module._orig_mod."])
def test_usual_wrappers_and_prefixes_are_removed_and_reported(tmp_path: Path, key: str, prefix: str) -> None:
    reader = open_pt(saved(tmp_path, {"epoch": 3, key: state(prefix), "optimizer": {}}), None, NAMES)
    assert tuple(reader.stored) == NAMES
    assert reader.notes == (
        f"weights taken from the key {key!r}; left out: epoch, optimizer",
        f"the prefix {prefix!r} of all names was removed",
    )


def test_a_prefix_that_the_model_has_itself_stays(tmp_path: Path) -> None:
    reader = open_pt(saved(tmp_path, state("module.")), None, ["module.fc.weight", "module.fc.bias"])
    assert tuple(reader.stored) == ("module.fc.weight", "module.fc.bias")


def test_weights_under_an_unusual_key_are_found_by_the_key(tmp_path: Path) -> None:
    path = saved(tmp_path, {"step": 1, "ema": {"shadow": state()}})
    assert tuple(open_pt(path, "ema.shadow", NAMES).stored) == NAMES
    with pytest.raises(CheckpointError, match="no weights under a usual key; pass --key with one of: step, ema"):
        open_pt(path, None, NAMES)
    with pytest.raises(CheckpointError, match="has no key 'average'; it has: step, ema"):
        open_pt(path, "average", NAMES)


def test_weights_under_two_usual_keys_are_not_chosen_between(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="several keys"):
        open_pt(saved(tmp_path, {"state_dict": state(), "model": state()}), None, NAMES)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_code_is_refused_and_never_run(tmp_path: Path, zipped: bool) -> None:
    planted = {"state_dict": state(), "note": Planted(tmp_path / "made")}
    path = saved(tmp_path, planted, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"holds pickled code \(posix\.mkdir\), which is never run") as caught:
        open_pt(path, None, NAMES)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("data", [b"", b"hello world", b"PK\x03\x04 and no more"])
def test_what_is_no_checkpoint_says_so_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(data)
    for opened in (open_pt, open_safetensors):
        with pytest.raises(CheckpointError, match="or damaged") as caught:
            opened(path, None, NAMES)
        assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="not an HDF5 file, or damaged"):
        open_h5(path, path)


def test_sparse_tensors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"fc\.bias is a sparse or quantized tensor"):
        open_pt(saved(tmp_path, {**state(), "fc.bias": state()["fc.bias"].to_sparse()}), None, NAMES)


def test_a_link_out_of_a_keras_file_is_not_followed(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.ones(3)
    path = tmp_path / "net.weights.h5"
    with h5py.File(path, "w") as file:
        file["fc/vars/0"] = h5py.ExternalLink("other.h5", "secret")
    with pytest.raises(CheckpointError, match="fc/vars/0 is a link"):
        open_h5(path, path)


def test_safetensors_and_pt_files_hold_every_dtype_and_name(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    tensors = {
        "half": torch.tensor([[1.5, -2.0, 3.0]], dtype=torch.bfloat16),
        "count": torch.tensor(7),
        "mask": torch.tensor([True, False, True]),
        "wide": torch.tensor([[0.1], [0.2]], dtype=torch.float64),
        "empty": torch.zeros(0, 3),
    }
    names = {name: name for name in tensors} | {"again": "wide"}
    stored = {name: Stored(tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in tensors.items()}
    one, other = tmp_path / "net.safetensors", tmp_path / "net.pt"
    one.touch()
    with SafetensorsWriter(one, names, stored) as first, PtWriter(other, names) as second:
        for name, tensor in tensors.items():
            array = cast(tensor.float().numpy() if name == "half" else tensor.numpy(), stored[name].dtype)[0]
            first.write(name, array)
            second.write(name, array)
    for found in (load_file(one), torch.load(other, weights_only=True)):
        assert found.keys() == names.keys()
        assert all(found[name].dtype == tensors[path].dtype for name, path in names.items())
        assert all(torch.equal(found[name], tensors[path]) for name, path in names.items())
    reader = open_safetensors(one, None, names)
    assert reader.stored["half"] == Stored((1, 3), "bfloat16")
    assert np.array_equal(reader.read("half"), [[1.5, -2.0, 3.0]])


def test_rounding_is_told_from_exact_values_and_from_what_does_not_fit() -> None:
    assert cast(np.array([0.5, np.nan, np.inf]), "float32")[1] is False
    assert cast(np.array([0.1]), "float32")[1] is True
    assert cast(np.array([0.1], "float32"), "bfloat16")[1] is True
    for array, dtype in [(np.array([1e39]), "float32"), (np.array([2**40]), "int32"), (np.array([0.5]), "int64")]:
        with pytest.raises(UnfitValuesError):
            cast(array, dtype)
