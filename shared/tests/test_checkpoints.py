"""What a checkpoint promises: the same tensors again, or one clear line, and nothing executed."""

import pickle

import pytest
import torch

from shared import checkpoints
from shared.cli import UserError

TENSORS = {"a": torch.arange(6.0).view(2, 3), "half": torch.ones(2, dtype=torch.bfloat16)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "one.safetensors"
    checkpoints.save(path, {"model": TENSORS, "other": {"a": torch.tensor(7)}}, {"step": 3})
    return path


def test_what_is_saved_is_loaded(path):
    checkpoint = checkpoints.load(path)
    assert checkpoint.metadata == {"step": 3}
    model = checkpoint.part("model")
    assert model.keys() == TENSORS.keys()
    assert all(torch.equal(model[name], TENSORS[name]) for name in TENSORS)
    assert checkpoint.part("other") == {"a": torch.tensor(7)}


def test_every_cut_is_noticed(path):
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"one\.safetensors is not a whole checkpoint"):
            checkpoints.load(path)


def test_every_changed_byte_of_the_content_is_noticed(path):
    whole = path.read_bytes()
    n_bytes = 6 * 4 + 2 * 2 + 8
    in_about = whole.index(b"step")
    for position in [in_about, *range(len(whole) - n_bytes, len(whole))]:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(UserError, match="is damaged"):
            checkpoints.load(path)


class Bomb:
    """Unpickling it creates a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


def pickle_alone(bomb, path):
    path.write_bytes(pickle.dumps(bomb))


@pytest.mark.parametrize("save", [torch.save, pickle_alone])
def test_pickled_code_is_refused_and_not_executed(tmp_path, save):
    save(Bomb(tmp_path / "made"), tmp_path / "bomb.safetensors")
    with pytest.raises(UserError, match="not a whole checkpoint"):
        checkpoints.load(tmp_path / "bomb.safetensors")
    assert not (tmp_path / "made").exists()


def test_safetensors_of_others_and_missing_files_are_refused(tmp_path):
    from safetensors.torch import save_file

    save_file(TENSORS, tmp_path / "plain.safetensors")
    with pytest.raises(UserError, match="not a checkpoint of these lessons"):
        checkpoints.load(tmp_path / "plain.safetensors")
    with pytest.raises(UserError, match="there is no checkpoint"):
        checkpoints.load(tmp_path / "absent.safetensors")


def test_failed_save_leaves_the_old_checkpoint(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(path, {"model": TENSORS}, {})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["one.safetensors"]
