"""Backpropagation by hand, and what the diagnostics see."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from conftest import WORDS

from makemore import manual_backprop as by_hand
from makemore.diagnostics import STARTS, DeepMLP, look_inside, update_ratio, update_ratios
from makemore.words import build_dataset


@pytest.fixture
def examples(alphabet):
    """Windows of 3 ids, and the id that follows each."""
    return build_dataset(WORDS, alphabet, block_size=3)


@pytest.fixture
def network(alphabet):
    return by_hand.parameters(len(alphabet))


def test_every_gradient_by_hand_is_autograds_to_1e_9_in_float64(network, examples):
    t = by_hand.forward(network, *examples)
    ours = by_hand.backward(network, t, *examples)
    theirs = by_hand.backward_by_autograd(network, t, *examples)
    assert ours.keys() == theirs.keys() == {*t, *by_hand.PARAMETERS}
    for name in ours:
        assert ours[name].shape == theirs[name].shape, name
        assert (ours[name] - theirs[name]).abs().max() < 1e-9, name
        assert theirs[name].abs().max() > 0 or name in ("logit_maxes", "b1"), name
    exact = "loss logprobs probs counts_sum_inv counts_sum counts norm_logits logit_maxes logits"
    assert all(torch.equal(ours[name], theirs[name]) for name in exact.split())
    fused = by_hand.backward_fused(network, t, *examples)
    assert fused.keys() == set(by_hand.PARAMETERS)
    assert all((fused[name] - theirs[name]).abs().max() < 1e-9 for name in fused)


def test_forward_is_the_loss_of_torchs_functions(network, examples):
    x, y = examples
    p = network
    hprebn = F.embedding(x, p["C"]).flatten(1) @ p["W1"] + p["b1"]
    variance, mean = torch.var_mean(hprebn, 0, correction=1)
    bnraw = (hprebn - mean) / (variance + by_hand.EPSILON).sqrt()
    h = (p["bngain"] * bnraw + p["bnbias"]).tanh()
    expected = F.cross_entropy(h @ p["W2"] + p["b2"], y)
    assert by_hand.forward(p, x, y)["loss"].item() == pytest.approx(expected.item(), rel=1e-12)


def test_training_by_hand_reaches_the_loss_of_autograd(alphabet, examples):
    losses = []
    for gradients in (by_hand.backward_fused, by_hand.backward, by_hand.backward_by_autograd):
        p = by_hand.parameters(len(alphabet))
        losses.append(list(by_hand.train_by_hand(p, *examples, steps=200, gradients=gradients)))
        assert by_hand.forward(p, *examples)["loss"] < 1.5 < losses[-1][0]
    assert losses[0] == pytest.approx(losses[2], abs=1e-9)
    assert losses[1] == pytest.approx(losses[2], abs=1e-9)


# diagnostics


def looks_at(start, vocab_size):
    torch.manual_seed(0)
    x, y = torch.randint(vocab_size, (500, 3)), torch.randint(vocab_size, (500,))
    return look_inside(DeepMLP(vocab_size, STARTS[start]), x, y)


def test_right_weights_keep_the_spread_small_ones_let_it_fade_and_large_ones_saturate():
    for start in ("right", "batch norm"):
        looks = looks_at(start, 27)
        spread = [look.activations.std().item() for look in looks]
        assert max(spread) < 1.3 * min(spread)
        assert all(look.saturation < 0.25 for look in looks)
    spread = [look.activations.std() for look in looks_at("too small", 27)]
    assert all(b < 0.6 * a for a, b in pairwise(spread))
    looks = looks_at("too large", 27)
    assert all(look.saturation > 0.5 for look in looks)
    assert looks[0].gradients.std() > 5 * looks[-1].gradients.std()


def test_unit_that_is_stuck_for_every_example_is_dead():
    torch.manual_seed(0)
    model = DeepMLP(27, STARTS["right"])
    with torch.no_grad():
        model.linears[2].bias[:7] = 100.0
    x, y = torch.randint(27, (100, 3)), torch.randint(27, (100,))
    assert [look.dead for look in look_inside(model, x, y)] == [0, 0, 7, 0, 0]


def test_gradients_are_those_of_the_activations(alphabet, examples):
    x, y = examples
    model = DeepMLP(len(alphabet), STARTS["right"])
    look = look_inside(model, x, y)[-1]
    hidden = look.activations.requires_grad_()
    F.cross_entropy(model.output(hidden), y).backward()
    assert torch.allclose(look.gradients, hidden.grad)


def test_update_ratio_is_measured_in_powers_of_ten():
    p = torch.tensor([1.0, -1.0], requires_grad=True)
    p.grad = torch.tensor([0.01, -0.01])
    assert update_ratio(p, lr=0.1) == pytest.approx(-3)


def test_training_yields_a_ratio_for_each_matrix_and_learns(alphabet, examples):
    x, y = examples
    model = DeepMLP(len(alphabet), STARTS["batch norm"])
    ratios = list(update_ratios(model, x, y, steps=50, batch_size=16, lr=0.1, seed=0))
    assert {len(step) for step in ratios} == {6}
    assert all(math.isfinite(ratio) for step in ratios for ratio in step)
    assert F.cross_entropy(model(x), y) < math.log(len(alphabet)) - 0.5
