"""Losses, optimiser, gradient checking and data: what a training step is made of."""

import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from micrograd import Value, losses
from micrograd.gradcheck import analytic_gradients, gradcheck, numeric_gradients
from micrograd.moons import two_moons
from micrograd.optim import SGD, Adam, Momentum, RMSprop, linear_decay

numbers = st.floats(-1000, 1000)
pairs = st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=6)


def compare(loss, reference, pairs, targets):
    """`loss` on Values and `reference` on tensors give the same number and gradients."""
    scores = [Value(x) for x, _ in pairs]
    tensor = torch.tensor([x for x, _ in pairs], dtype=torch.float64, requires_grad=True)
    ours = loss(scores, targets)
    theirs = reference(tensor, torch.tensor(targets, dtype=torch.float64))
    ours.backward()
    theirs.backward()
    assert ours.data == pytest.approx(theirs.item(), rel=1e-9, abs=1e-12)
    grads = [s.grad for s in scores]
    assert grads == pytest.approx(tensor.grad.tolist(), rel=1e-9, abs=1e-12)


@given(pairs)
def test_binary_cross_entropy_equals_torch_even_for_huge_logits(pairs):
    reference = torch.nn.functional.binary_cross_entropy_with_logits
    compare(losses.binary_cross_entropy, reference, pairs, [int(y) for _, y in pairs])


@given(pairs)
def test_mean_squared_error_equals_torch(pairs):
    targets = [2.5 if y else -0.5 for _, y in pairs]
    compare(losses.mean_squared_error, torch.nn.functional.mse_loss, pairs, targets)


@given(pairs)
def test_max_margin_equals_its_formula_in_torch(pairs):
    def reference(scores, labels):
        return (1 - labels * scores).clamp(min=0).mean()

    pairs = [(x, y) for x, y in pairs if abs(x) != 1] or [(0.5, True)]  # away from the kink
    compare(losses.max_margin, reference, pairs, [1 if y else -1 for _, y in pairs])


@pytest.mark.parametrize(("ours", "theirs"), [(losses.l1, torch.abs), (losses.l2, torch.square)])
def test_penalties_equal_their_formulas_in_torch(ours, theirs):
    parameters = [Value(3.0), Value(-0.5), Value(0.0)]
    tensor = torch.tensor([3.0, -0.5, 0.0], dtype=torch.float64, requires_grad=True)
    penalty = ours(parameters, 0.1)
    reference = 0.1 * theirs(tensor).sum()
    penalty.backward()
    reference.backward()
    assert penalty.data == pytest.approx(reference.item())
    assert [p.grad for p in parameters] == pytest.approx(tensor.grad.tolist())


def test_accuracy_is_the_share_on_the_right_side_of_zero():
    scores = [Value(x) for x in (2.0, -1.0, 0.5, -0.1)]
    assert losses.accuracy(scores, [1, -1, -1, -1]) == 0.75
    assert losses.accuracy(scores, [1, 0, 0, 0]) == 0.75
    assert losses.accuracy([Value(0.0)], [1]) == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: losses.max_margin(s, [0, 1]), "-1 or 1, not 0"),
        (lambda s: losses.binary_cross_entropy(s, [-1, 1]), "0 or 1, not -1"),
        (lambda s: losses.mean_squared_error(s, [1.0]), "2 outputs for 1 targets"),
    ],
)
def test_wrong_labels_are_a_value_error(call, words):
    with pytest.raises(ValueError, match=words):
        call([Value(0.5), Value(-0.5)])


@pytest.mark.parametrize(
    ("kind", "theirs", "settings"),
    [
        (SGD, torch.optim.SGD, {}),
        (Momentum, torch.optim.SGD, {"momentum": 0.9}),
        (RMSprop, torch.optim.RMSprop, {}),
        (RMSprop, torch.optim.RMSprop, {"alpha": 0.9}),
        (Adam, torch.optim.Adam, {}),
        (Adam, torch.optim.Adam, {"betas": (0.8, 0.95)}),
    ],
)
def test_optimizer_equals_torch(kind, theirs, settings):
    ours = [Value(1.0), Value(-2.0), Value(3.0)]  # the last one never has a gradient
    tensor = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64, requires_grad=True)
    mine = kind(ours, lr=0.1, **settings)
    reference = theirs([tensor], lr=0.1, **settings)
    for step in range(20):
        mine.lr = reference.param_groups[0]["lr"] = linear_decay(0.1, step, 20)
        mine.zero_grad()
        reference.zero_grad()
        for x in (ours, tensor):
            (x[0] ** 2 * 3 + x[0] * x[1] + x[1] ** 2).backward()
        mine.step()
        reference.step()
        assert [p.data for p in ours] == pytest.approx(tensor.tolist(), rel=1e-9)


def test_learning_rate_falls_in_a_straight_line_to_its_tenth():
    assert linear_decay(2.0, 0, 100) == 2.0
    assert linear_decay(2.0, 50, 100) == pytest.approx(1.1)
    assert linear_decay(2.0, 100, 100) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *((SGD, {"lr": lr}) for lr in (0, math.nan)),
        (Momentum, {"momentum": 1.0}),
        (RMSprop, {"alpha": -0.1}),
        (Adam, {"betas": (0.9, 1.0)}),
    ],
)
def test_setting_that_cannot_train_is_a_value_error(kind, wrong):
    with pytest.raises(ValueError, match="must be"):
        kind([], **{"lr": 0.1, **wrong})


def test_gradcheck_finds_the_derivative_of_the_lecture_s_parabola():
    def f(inputs: list[Value]) -> Value:
        (x,) = inputs
        return 3 * x**2 - 4 * x + 5

    assert analytic_gradients(f, [3.0]) == [14.0]
    assert numeric_gradients(f, [3.0]) == pytest.approx([14.0])
    assert gradcheck(f, [3.0]) < 1e-6


@pytest.mark.parametrize("wrong", [7.0, math.nan])
def test_gradcheck_refuses_a_wrong_derivative_and_names_the_input(wrong):
    def f(inputs: list[Value]) -> Value:
        out = inputs[0] * inputs[1]
        out._local = (out._local[0], wrong)  # d(ab)/db is a = 2
        return out

    with pytest.raises(ValueError, match=rf"input 1 = 5.0: backward\(\) says {wrong}, the slope"):
        gradcheck(f, [2.0, 5.0])


def test_moons_without_noise_lie_on_their_half_circles():
    points, labels = two_moons(200, noise=0.0, seed=3)
    assert two_moons(200, noise=0.0, seed=3) == (points, labels) != two_moons(200, 0.0, seed=4)
    assert labels.count(1) == labels.count(-1) == 100
    for (x, y), label in zip(points, labels, strict=True):
        if label == 1:
            assert math.hypot(x, y) == pytest.approx(1.0)
            assert y >= 0
        else:
            assert math.hypot(x - 1, y - 0.5) == pytest.approx(1.0)
            assert y <= 0.5


def test_noise_is_the_standard_deviation_of_both_coordinates():
    clean, _ = two_moons(2000, noise=0.0, seed=3)
    noisy, _ = two_moons(2000, noise=0.25, seed=3)
    for axis in (0, 1):
        off = [a[axis] - b[axis] for a, b in zip(noisy, clean, strict=True)]
        assert statistics.mean(off) == pytest.approx(0, abs=0.02)
        assert statistics.stdev(off) == pytest.approx(0.25, abs=0.015)
