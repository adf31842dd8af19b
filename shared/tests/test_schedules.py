"""Learning-rate schedules, beside PyTorch's own and at their ends."""

from itertools import pairwise

import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from shared.schedules import DECAYS, cosine, linear, rise_and_fall, step_decay, warm_up


@pytest.mark.parametrize(
    ("ours", "theirs", "args", "steps"),
    [
        (lambda step: cosine(step, 20, 0.1), schedulers.CosineAnnealingLR, (20, 0.1), 21),
        (lambda step: linear(step, 20, 0.1), schedulers.LinearLR, (1.0, 0.1, 20), 30),
        (lambda step: step_decay(step, 20), schedulers.MultiStepLR, ([10], 0.1), 20),
    ],
)
def test_schedules_are_pytorchs(ours, theirs, args, steps):
    optimizer = torch.optim.SGD([torch.zeros((), requires_grad=True)], lr=1.0)
    scheduler = theirs(optimizer, *args)
    for step in range(steps):
        assert ours(step) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


def test_warm_up_rises_in_a_straight_line_and_stays():
    assert [warm_up(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert warm_up(0, 0) == 1.0


@pytest.mark.parametrize("name", DECAYS)
def test_decays_begin_at_1_and_never_rise(name):
    factors = [DECAYS[name](step, 50) for step in range(60)]
    assert factors[0] == 1.0
    assert all(a >= b >= 0 for a, b in pairwise(factors))


def test_rise_and_fall_is_a_warm_up_times_a_decay():
    factors = [rise_and_fall(step, step / 20, 5, "linear", 0.1) for step in range(21)]
    assert factors[:2] == pytest.approx([1 / 5, 2 / 5 * (1 - 0.9 / 20)])
    assert factors[10:] == [linear(step, 20, 0.1) for step in range(10, 21)]
