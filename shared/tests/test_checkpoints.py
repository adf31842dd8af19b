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


@pytest.mark.parametrize("fused", [False, True])
def test_restored_optimizer_goes_on_as_the_first_one(tmp_path, fused):
    def made():
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2)
        adamw = torch.optim.AdamW([model.bias], 0.1, fused=fused)
        return model, [adamw, torch.optim.Muon([model.weight], 0.1)]

    def step(model, optimizers):
        for optimizer in optimizers:
            optimizer.zero_grad()
        (model(torch.ones(1, 3)) ** 2).sum().backward()
        for optimizer in optimizers:
            optimizer.step()

    model, optimizers = made()
    step(model, optimizers)
    parts = {"model": model.state_dict(), "optimizer": checkpoints.optimizer_state(optimizers)}
    checkpoints.save(tmp_path / "c.safetensors", parts, {})
    again, others = made()
    checkpoint = checkpoints.load(tmp_path / "c.safetensors")
    again.load_state_dict(checkpoint.part("model"))
    checkpoints.restore_optimizers(others, checkpoint.part("optimizer"))
    step(model, optimizers)
    step(again, others)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))
