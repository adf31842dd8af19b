"""The layers are torch.nn's, forward and backward; batch norm folds into the layer before it."""

import pytest
import torch
from torch import nn

from makemore.layers import (
    BatchNorm1d,
    Embedding,
    FlattenConsecutive,
    Linear,
    Sequential,
    Tanh,
    fold_batch_norm,
)


@pytest.fixture(autouse=True)
def in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def assert_equal(ours, theirs, x):
    """Outputs, and gradients of inputs."""
    a, b = (x.clone().requires_grad_() for _ in range(2))
    (ours(a) ** 3).sum().backward()
    (theirs(b) ** 3).sum().backward()
    assert torch.allclose(ours(x), theirs(x))
    assert torch.allclose(a.grad, b.grad)


def test_linear_and_tanh_are_torchs():
    ours, theirs = Linear(6, 5), nn.Linear(6, 5)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict({"weight": ours.weight.T, "bias": ours.bias})
    assert_equal(ours, theirs, torch.randn(7, 6))
    assert_equal(Sequential([ours, Tanh()]), nn.Sequential(theirs, nn.Tanh()), torch.randn(7, 6))


def test_embedding_is_torchs():
    ours = Embedding(9, 4)
    x = torch.randint(9, (3, 5))
    assert torch.equal(ours(x), nn.Embedding.from_pretrained(ours.weight.detach())(x))


@pytest.mark.parametrize("shape", [(7, 5), (7, 3, 5)])
def test_batch_norm_is_torchs_in_training_and_in_evaluation(shape):
    """Over batch and time, torch.nn gets them as one dimension."""
    ours, theirs = BatchNorm1d(5), nn.BatchNorm1d(5)
    for a, b in ((ours.gamma, theirs.weight), (ours.beta, theirs.bias)):
        nn.init.normal_(a)
        b.data.copy_(a)
    flat = nn.Sequential(nn.Flatten(0, -2), theirs, nn.Unflatten(0, shape[:-1]))
    for _ in range(5):
        assert_equal(ours, flat, torch.randn(*shape) * 3 + 2)
    assert torch.allclose(ours.running_mean, theirs.running_mean)
    assert torch.allclose(ours.running_var, theirs.running_var)
    assert_equal(ours.eval(), flat.eval(), torch.randn(*shape))


def test_flatten_consecutive_puts_neighbors_side_by_side():
    x = torch.arange(16).view(1, 8, 2)
    assert torch.equal(FlattenConsecutive(2)(x)[0], torch.arange(16).view(4, 4))
    assert torch.equal(FlattenConsecutive(8)(x), nn.Flatten()(x))


def test_initial_weights_keep_the_spread_as_kaimings():
    ours = Linear(400, 300, gain=5 / 3).weight
    theirs = nn.init.kaiming_normal_(torch.empty(300, 400), nonlinearity="tanh")
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.02)


@pytest.mark.parametrize("bias", [True, False])
def test_folded_batch_norm_is_the_two_layers_in_evaluation(bias):
    linear, norm = Linear(6, 5, bias), BatchNorm1d(5)
    for p in (norm.gamma, norm.beta, norm.running_mean, *([linear.bias] if bias else [])):
        nn.init.normal_(p)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    x = torch.randn(7, 6)
    assert torch.allclose(fold_batch_norm(linear, norm)(x), norm.eval()(linear(x)))
