"""Learning-rate schedules, beside PyTorch's own and at their ends."""

from itertools import pairwise

import pytest
import torch

from shared.schedules import DECAYS, cosine, linear, rise_and_fall, step_decay, warm_up


def rates(scheduler_for, steps):
    """What a scheduler of PyTorch makes of a learning rate of 1."""
    optimizer = torch.optim.SGD([torch.zeros((), requires_grad=True)], lr=1.0)
    scheduler = scheduler_for(optimizer)
    found = []
    for _ in range(steps):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return found


def test_cosine_is_pytorchs():
    theirs = rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20, eta_min=0.1), 21)
    assert [cosine(step, 20, 0.1) for step in range(21)] == pytest.approx(theirs)


def test_linear_is_pytorchs():
    theirs = rates(lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.1, 20), 30)
    assert [linear(step, 20, 0.1) for step in range(30)] == pytest.approx(theirs)


def test_step_decay_is_pytorchs():
    theirs = rates(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [10], 0.1), 20)
    assert [step_decay(step, 20) for step in range(20)] == pytest.approx(theirs)


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
