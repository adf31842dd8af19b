"""What stands around a training loop: resuming to the bit, Ctrl-C, NaN, patience, the clock."""

import math
import os
import signal
from types import SimpleNamespace

import pytest
import torch

from shared import checkpoints, training
from shared.cli import UserError
from shared.runs import Run
from shared.training import Training

ABOUT = {"model": "line"}


def setup(path, steps=20, **options):
    """A small model with dropout, and its training."""
    path.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout(0.3), torch.nn.Linear(3, 1))
    optimizer = torch.optim.AdamW(model.parameters(), 0.05)
    run = Run(path, "test")
    return Training(run, model, [optimizer], ABOUT, steps=steps, **options)


def train(training, each=lambda step: None, dev=lambda step: 1 / step):
    """The loop; `each(step)` is called before a step ends, `dev(step)` is the dev loss after it."""
    model, (optimizer,) = training.model, training.optimizers
    for step in training:
        x = torch.randn(4, 3)
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        model.zero_grad()
        loss.backward()
        training.set_lr(1 - training.progress / 2)
        optimizer.step()
        loss = loss.detach() if each(step) is None else torch.tensor(each(step))
        training.log(loss)
        if training.evaluation_is_due:
            training.log_evaluation(dev=dev(training.state.step))


def interrupt_at(wanted):
    """Press Ctrl-C in this step."""

    def each(step):
        if step == wanted:
            os.kill(os.getpid(), signal.SIGINT)

    return each


def is_interrupted(training, *args):
    """Whether Ctrl-C ends this training."""
    try:
        train(training, *args)
    except KeyboardInterrupt:
        return True
    return False


def tensors(path, name="last.safetensors"):
    return checkpoints.load(path / name).tensors


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def metrics(path):
    return [(line["step"], line["train"], line["dev"]) for line in Run(path, "").read_metrics()]


@pytest.mark.parametrize("sync_every", [1, 3])
def test_run_that_was_interrupted_and_resumed_is_the_same_to_the_last_bit(tmp_path, sync_every):
    train(setup(tmp_path / "whole", evaluations=5))
    cut = setup(tmp_path / "cut", evaluations=5, sync_every=sync_every)
    assert is_interrupted(cut, interrupt_at(6))
    step = checkpoints.load(tmp_path / "cut" / "last.safetensors").metadata["state"]["step"]
    assert 7 <= step <= 7 + sync_every
    resumed = setup(tmp_path / "cut", evaluations=5, sync_every=sync_every)
    assert resumed.state.step == step
    train(resumed)
    for name in ("last.safetensors", "model.safetensors"):
        assert same(*(tensors(tmp_path / run, name) for run in ("whole", "cut")))
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "cut")


def test_ctrl_c_says_how_to_continue_and_in_the_last_step_lets_the_run_finish(tmp_path, capsys):
    assert is_interrupted(setup(tmp_path / "a"), interrupt_at(9))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "stopped after step 10; best dev loss 0.1000",
        f"to continue: python train.py --resume {tmp_path / 'a'}",
    ]
    assert not is_interrupted(setup(tmp_path / "b"), interrupt_at(19))
    assert metrics(tmp_path / "b")[-1][0] == 20


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_loss_that_is_not_finite_stops_before_anything_is_written(tmp_path, loss):
    path = tmp_path / "run"
    with pytest.raises(UserError, match=r"the loss is (nan|inf) in step 10, at a learning rate of"):
        train(setup(path), lambda step: loss if step == 10 else None)
    assert len(metrics(path)) == 10
    assert all(tensor.isfinite().all() for tensor in tensors(path).values())


def test_dev_loss_that_is_not_finite_stops_before_anything_is_written(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(UserError, match="the dev loss is nan after step 3"):
        train(setup(path), dev=lambda step: math.nan if step == 3 else 1.0)
    assert len(metrics(path)) == 2


@pytest.mark.parametrize("when", ["by Ctrl-C", "by the timer", "by an evaluation"])
def test_weights_that_are_not_finite_never_replace_good_ones(tmp_path, monkeypatch, when):
    path = tmp_path / "run"
    run = setup(path, evaluations=5)
    if when == "by the timer":
        monkeypatch.setattr(training, "SAVE_EVERY", 0.0)

    def each(step):
        if step == (7 if when == "by an evaluation" else 5):
            run.model[2].bias.data.fill_(math.nan)  # after a finite loss
            if when == "by Ctrl-C":
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(UserError, match=r"2\.bias is NaN or infinite after step"):
        assert not is_interrupted(run, each)
    for name in ("last.safetensors", "model.safetensors"):
        assert all(tensor.isfinite().all() for tensor in tensors(path, name).values())
    assert len(metrics(path)) == 1


def test_weights_without_the_state_of_their_run_are_not_overwritten(tmp_path):
    train(setup(tmp_path / "run"))
    (tmp_path / "run" / "last.safetensors").unlink()
    with pytest.raises(UserError, match=r"last\.safetensors is missing"):
        setup(tmp_path / "run")


def test_state_of_another_model_is_refused(tmp_path):
    path = tmp_path / "run"
    train(setup(path))
    (path / "last.safetensors").write_bytes((path / "model.safetensors").read_bytes())
    with pytest.raises(UserError, match=r"last\.safetensors belongs to another model"):
        setup(path)


def test_run_killed_before_its_first_save_begins_again_and_leftovers_are_swept(tmp_path):
    path = tmp_path / "run"
    (path / "samples").mkdir(parents=True)
    for left in (path / ".unfinished-x.safetensors", path / "samples" / ".unfinished-y.txt"):
        left.write_bytes(b"half")
    assert setup(path).state.step == 0
    assert [file.name for file in path.rglob("*")] == ["samples"]


def test_best_weights_are_loaded_and_patience_ends_the_run(tmp_path):
    run = setup(tmp_path / "run", evaluations=10, patience=3)
    kept = []
    train(
        run,
        dev=lambda step: kept.append(run.model[0].weight.clone()) or abs(step - 8),
    )
    assert (run.state.step, run.state.best_step, run.state.best_dev) == (14, 8, 0)
    assert run.finished and run.progress < 1
    run.load_best()
    assert torch.equal(run.model[0].weight, kept[3])


def test_finished_run_continues_with_more_steps(tmp_path):
    train(setup(tmp_path / "run", steps=10, evaluations=5))
    assert list(setup(tmp_path / "run", steps=10, evaluations=5)) == []
    train(setup(tmp_path / "run", steps=20, evaluations=4))
    assert [line[0] for line in metrics(tmp_path / "run")] == [2, 4, 6, 8, 10, 15, 20]


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a test moves its `now`."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def test_run_by_the_clock_ends_in_time_and_evaluations_are_not_part_of_it(tmp_path, clock):
    def take(seconds):
        clock.now += seconds

    run = setup(tmp_path / "run", minutes=0.1, evaluations=7)
    train(run, lambda step: take(0.125), dev=lambda step: take(50) or 1.0)
    assert (run.progress, run.state.seconds, run.state.step) == (1, 6, 48)
    assert len(metrics(tmp_path / "run")) == 7
