"""Every rung of the ladder: its shape, its causality, and its equality with what others wrote."""

import math
from itertools import pairwise

import numpy
import pytest
import torch
import torch.nn.functional as F
from conftest import WORDS
from torch import nn

from makemore.loss import mean_nats, nats
from makemore.models import MODELS, build
from makemore.models.bigram import BigramCounts, BigramNet
from makemore.models.mlp import windows
from makemore.models.mlp_bn import TANH_GAIN, BatchNorm, linear
from makemore.models.plain_recurrent import PlainRecurrent
from makemore.models.recurrent import prefix_tree
from makemore.words import END, PADDING, inputs_and_targets, rows_of
from peers import peer_of

TRAINED = [name for name in MODELS if name != "bigram"]


@pytest.fixture(autouse=True)
def in_float64():
    """So that equal means equal, and not nearly so."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def made(name, vocab_size, **sizes):
    """A model with weights that are all at random, in evaluation mode."""
    if name == "transformer":
        sizes = {"block_size": 16, **sizes}
    model = build(name, vocab_size, **sizes).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.3)
    if isinstance(model, BigramCounts):
        model.counts.copy_(torch.randint(0, 9, model.counts.shape))
    return model


@pytest.mark.parametrize("name", MODELS)
def test_logits_are_batch_time_vocabulary(name, rows, alphabet):
    x, _ = inputs_and_targets(rows)
    assert made(name, len(alphabet))(x).shape == (*x.shape, len(alphabet))


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_known_of_what_comes_later(name, alphabet):
    model = made(name, len(alphabet))
    x = torch.randint(1, len(alphabet), (4, 9))
    x[:, 0] = END
    for time in range(8):
        changed = x.clone()
        changed[:, time + 1 :] = torch.randint(1, len(alphabet), (4, 8 - time))
        ours, theirs = model(x)[:, : time + 1], model(changed)[:, : time + 1]
        assert torch.allclose(ours, theirs)


@pytest.mark.parametrize("name", MODELS)
def test_logits_of_a_word_do_not_depend_on_padding_or_other_words(name, rows, alphabet):
    model = made(name, len(alphabet))
    x, y = inputs_and_targets(rows)
    together = nats(model(x), y).sum(1)
    for row, expected in zip(rows, together):
        x, y = inputs_and_targets(row[None])
        assert nats(model(x), y).sum().item() == pytest.approx(expected.item())


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_reach_every_parameter(name, rows, alphabet):
    model = made(name, len(alphabet)).train()
    x, y = inputs_and_targets(rows)
    nats(model(x), y).sum().backward()
    for parameter, p in model.named_parameters():
        assert (p.grad.abs().sum(-1) > 0).any(), parameter


# bigram


@pytest.mark.needs_data("names.txt")
def test_counts_of_all_names_give_the_lectures_loss(names):
    rows, alphabet = names
    model = BigramCounts(len(alphabet), smoothing=0)
    model.count(*inputs_and_targets(rows))
    assert mean_nats(model, rows) == pytest.approx(2.454014, abs=1e-6)
    x, y = inputs_and_targets(rows)
    one_by_one = numpy.cumsum(nats(model(x), y)[y != PADDING].numpy(), dtype=numpy.float32)
    assert round(float(one_by_one[-1]) / len(one_by_one), 4) == 2.4541  # as the lecture adds up


def test_counts_are_those_of_a_loop(rows, alphabet):
    model = BigramCounts(len(alphabet), smoothing=2.0)
    model.count(*inputs_and_targets(rows))
    counts = torch.full((len(alphabet),) * 2, 2.0)
    for word in WORDS:
        ids = [END, *alphabet.encode(word), END]
        for pair in pairwise(ids):
            counts[pair] += 1
    assert torch.allclose(model.probabilities(), counts / counts.sum(1, keepdim=True))


def test_row_that_was_never_seen_is_uniform():
    model = BigramCounts(4, smoothing=0)
    assert torch.equal(model.probabilities(), torch.full((4, 4), 0.25))


def test_row_of_the_weights_is_one_hot_times_matrix(alphabet):
    model = made("bigram-net", len(alphabet))
    x = torch.arange(len(alphabet))[None]
    assert torch.equal(model(x), F.one_hot(x, len(alphabet)).double() @ model.table)


def gradient_descent(rows, vocab_size, l2, steps, lr):
    """The lecture's loop: the mean loss of all pairs plus `l2` times the mean square weight."""
    model = BigramNet(vocab_size)
    x, y = inputs_and_targets(rows)
    n = int((y != PADDING).sum())
    for _ in range(steps):
        loss = nats(model(x), y).sum() / n + l2 * (model.table**2).mean()
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            model.table -= lr * model.table.grad
    return model


def test_gradient_descent_finds_the_table_of_counts(rows, alphabet):
    counts = BigramCounts(len(alphabet), smoothing=0)
    counts.count(*inputs_and_targets(rows))
    model = gradient_descent(rows, len(alphabet), l2=0.0, steps=2000, lr=10.0)
    assert mean_nats(model, rows) - mean_nats(counts, rows) < 0.01
    x = torch.arange(len(alphabet))[None]
    assert (model(x).softmax(2)[0] - counts.probabilities()).abs().max() < 0.02


def test_l2_draws_the_distribution_to_uniform_as_smoothing_does(rows, alphabet):
    """From none to very much of either, the loss on the training words rises to log(vocab)."""
    by_l2 = [
        mean_nats(gradient_descent(rows, len(alphabet), l2, steps=1000, lr=0.5), rows)
        for l2 in (0.0, 0.1, 1.0, 100.0)
    ]
    by_smoothing = []
    for smoothing in (0.0, 0.1, 1.0, 1e6):
        model = BigramCounts(len(alphabet), smoothing)
        model.count(*inputs_and_targets(rows))
        by_smoothing.append(mean_nats(model, rows))
    for losses in (by_l2, by_smoothing):
        assert losses == sorted(losses)
        assert losses[-1] == pytest.approx(math.log(len(alphabet)), abs=0.03)


# mlp, batch norm


def test_windows_hold_the_last_ids_and_zeros_before_the_word():
    x = torch.tensor([[0, 5, 6, 7]])
    assert windows(x, 3)[0].tolist() == [[0, 0, 0], [0, 0, 5], [0, 5, 6], [5, 6, 7]]


def test_batch_norm_is_torchs_in_training_and_in_evaluation():
    ours, theirs = BatchNorm(5), nn.BatchNorm1d(5)
    with torch.no_grad():
        theirs.weight.normal_()
        theirs.bias.normal_()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if "num" not in k})
    for _ in range(5):
        x = torch.randn(7, 5) * 3 + 2
        mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
        a, b = ours(mine), theirs(other)
        (a**3).sum().backward()
        (b**3).sum().backward()
        assert torch.allclose(a, b)
        assert torch.allclose(mine.grad, other.grad)
    assert torch.allclose(ours.running_mean, theirs.running_mean)
    assert torch.allclose(ours.running_var, theirs.running_var)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x))


def test_batch_norm_of_one_example_is_an_error():
    with pytest.raises(ValueError, match="at least 2 examples"):
        BatchNorm(3)(torch.ones(1, 3))


def test_padding_counts_neither_in_the_mean_nor_in_the_variance(alphabet):
    model = build("mlp-bn", len(alphabet)).train()
    x, _ = inputs_and_targets(rows_of(["ava", "mia"], alphabet))
    model(x)
    mean, var = model.norm.running_mean.clone(), model.norm.running_var.clone()
    model.norm.running_mean.zero_()
    model.norm.running_var.fill_(1.0)
    padded = F.pad(x, (0, 9), value=END)
    model(padded)
    assert torch.allclose(model.norm.running_mean, mean)
    assert torch.allclose(model.norm.running_var, var)


def test_gain_is_kaimings():
    torch.manual_seed(1)
    ours = linear(400, 300, TANH_GAIN, bias=False).weight
    theirs = nn.init.kaiming_normal_(torch.empty(300, 400), nonlinearity="tanh")
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.02)


def test_model_begins_knowing_nothing(rows, alphabet):
    assert mean_nats(build("mlp-bn", len(alphabet)), rows) == pytest.approx(
        math.log(len(alphabet)), abs=0.1
    )


# recurrent models, wavenet, transformer


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "transformer"])
def test_model_is_the_one_of_torchs_layers(name, rows, alphabet):
    """Logits and gradients of the input side, with the same weights."""
    ours = made(name, len(alphabet))
    theirs = peer_of(ours).eval()
    x, y = inputs_and_targets(rows)
    assert torch.allclose(ours(x), theirs(x))
    for model in (ours, theirs):
        nats(model(x), y).sum().backward()
    mine, other = (embedding_of(model).weight.grad for model in (ours, theirs))
    assert torch.allclose(mine, other)


def embedding_of(model):
    return next(module for module in model.modules() if isinstance(module, nn.Embedding))


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_cell_called_step_by_step_gives_the_same_logits(name, rows, alphabet):
    ours = made(name, len(alphabet))
    x, _ = inputs_and_targets(rows)
    assert torch.allclose(ours(x), PlainRecurrent(ours).eval()(x))


def test_words_that_begin_alike_share_their_prefixes():
    x = torch.tensor([[0, 1, 2], [0, 1, 3], [0, 2, 3], [0, 1, 2]])
    parents, characters, places = prefix_tree(x, vocab_size=4)
    assert [p.tolist() for p in parents] == [[0], [0, 0], [0, 0, 1]]
    assert [c.tolist() for c in characters] == [[0], [1, 2], [2, 3, 3]]
    assert places.tolist() == [[0, 1, 3], [0, 1, 4], [0, 2, 5], [0, 1, 3]]


@pytest.mark.parametrize("block_size", [2, 4, 8, 16])
def test_dilated_convolution_is_the_lectures_hierarchy_of_windows(block_size, rows, alphabet):
    model = made("wavenet", len(alphabet), block_size=block_size)
    x, _ = inputs_and_targets(rows)
    assert torch.allclose(model(x), model.forward_by_windows(x))


def test_wavenet_looks_back_just_as_far_as_its_block(alphabet):
    model = made("wavenet", len(alphabet), block_size=4)
    x = torch.randint(1, len(alphabet), (1, 9))
    changed = x.clone()
    changed[0, 2] = x[0, 2] % (len(alphabet) - 1) + 1
    differs = (model(x) - model(changed)).abs().amax(2)[0] > 1e-12
    assert differs.tolist() == [False, False, True, True, True, True, False, False, False]


def test_word_longer_than_the_positions_is_an_error(alphabet):
    with pytest.raises(ValueError, match="17 characters are more than the 16"):
        made("transformer", len(alphabet))(torch.ones(1, 17, dtype=torch.long))


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("grue", {}, "there is no model 'grue'; the models are bigram, bigram-net, bow"),
        ("gru", {"n_head": 2}, "gru has no n_head; its sizes: n_embd, n_hidden, dropout"),
        ("bigram-net", {"n_embd": 2}, "bigram-net has no n_embd; its sizes: none"),
        ("mlp", {"block_size": 0}, "block_size must be at least 1, not 0"),
        ("mlp", {"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
        ("mlp", {"dropout": math.nan}, "dropout must be at least 0 and below 1, not nan"),
        ("wavenet", {"block_size": 6}, "block_size must be 2, 4, 8, 16 and so on, not 6"),
        ("transformer", {"block_size": 8, "n_head": 3}, "64 is none of 3"),
        ("bigram", {"smoothing": -1.0}, "smoothing must be from 0 to 1e9, not -1.0"),
    ],
)
def test_impossible_model_is_one_clear_line(name, sizes, message):
    with pytest.raises(ValueError, match=message):
        build(name, 27, **sizes)


def test_padding_targets_cost_nothing():
    logits = torch.randn(1, 3, 5)
    y = torch.tensor([[1, PADDING, PADDING]])
    assert nats(logits, y)[0, 1:].tolist() == [0, 0]
    assert nats(logits, y)[0, 0].item() == pytest.approx(-logits[0, 0].log_softmax(0)[1].item())
