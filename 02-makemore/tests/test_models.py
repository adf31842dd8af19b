"""Every model of the ladder: its causality, and its equality with what others wrote."""

import math
from itertools import pairwise

import numpy
import pytest
import torch
import torch.nn.functional as F
from conftest import WORDS
from torch import nn

from makemore.loss import estimate_loss, negative_log_likelihood, plain_cross_entropy
from makemore.models import MODELS, build, examples
from makemore.models.bigram import BigramCounts, BigramNet
from makemore.models.mlp import WindowModel
from makemore.models.trigram import TrigramCounts
from makemore.sampling import next_logits
from makemore.words import END, PADDING, Alphabet, build_dataset, trim, word_rows

COUNTED = ["bigram", "trigram"]
TRAINED = [name for name in MODELS if name not in COUNTED]


@pytest.fixture(autouse=True)
def in_float64():
    """So that equal means equal, and not nearly so."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make(name, vocab_size, **sizes):
    """A model whose weights are all random, in evaluation mode."""
    if name == "transformer":
        sizes = {"block_size": 16, **sizes}
    model = build(name, vocab_size, **sizes).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.3)
        if name in COUNTED:
            model.counts.copy_(torch.randint(0, 9, model.counts.shape))
    return model


@pytest.mark.parametrize("name", MODELS)
def test_logits_have_a_row_for_every_target_and_the_loss_is_their_cross_entropy(name, alphabet):
    model = make(name, len(alphabet))
    x, y = examples(model, WORDS, alphabet)
    logits, loss = model(x, y)
    assert logits.shape == (*y.shape, len(alphabet))
    expected = -logits.log_softmax(-1)[y != PADDING][range((y != PADDING).sum()), y[y != PADDING]]
    assert loss.item() == pytest.approx(expected.mean().item())
    assert model(x)[1] is None


OF_WORDS = [name for name in MODELS if name not in ("mlp", "mlp-bn", "wavenet")]


@pytest.mark.parametrize("name", OF_WORDS)
def test_logits_do_not_depend_on_what_comes_later(name, alphabet):
    model = make(name, len(alphabet))
    x = torch.randint(1, len(alphabet), (4, 9))
    x[:, 0] = END
    for time in range(8):
        changed = x.clone()
        changed[:, time + 1 :] = torch.randint(1, len(alphabet), (4, 8 - time))
        ours, theirs = model(x)[0][:, : time + 1], model(changed)[0][:, : time + 1]
        assert torch.allclose(ours, theirs)


@pytest.mark.parametrize("name", MODELS)
def test_loss_of_a_word_does_not_depend_on_padding_or_other_words(name, alphabet):
    model = make(name, len(alphabet))
    together = estimate_loss(model, *examples(model, WORDS, alphabet))
    alone = [estimate_loss(model, *examples(model, [word], alphabet)) for word in WORDS]
    sizes = [len(word) + 1 for word in WORDS]
    assert together == pytest.approx(numpy.average(alone, weights=sizes))


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_reach_every_parameter(name, alphabet):
    model = make(name, len(alphabet)).train()
    _, loss = model(*examples(model, WORDS, alphabet))
    loss.backward()
    for parameter, p in model.named_parameters():
        assert (p.grad.abs().sum(-1) > 0).any(), parameter


@pytest.mark.parametrize("name", MODELS)
def test_what_sampling_asks_for_is_what_training_predicts(name, alphabet):
    model = make(name, len(alphabet))
    word = "olivia"
    logits, _ = model(examples(model, [word], alphabet)[0])
    for i, expected in enumerate(logits.view(len(word) + 1, -1)):
        x = torch.tensor([[END, *alphabet.encode(word[:i])]])
        assert torch.allclose(next_logits(model, x)[0], expected)


# lecture 2


def test_losses_written_out_are_torchs_and_the_one_of_logits_does_not_overflow():
    logits, y = torch.randn(20, 5), torch.randint(5, (20,))
    expected = F.cross_entropy(logits, y)
    assert torch.allclose(negative_log_likelihood(logits.softmax(1), y), expected)
    assert torch.allclose(plain_cross_entropy(logits, y), expected)
    large = logits * 1e4
    assert torch.allclose(plain_cross_entropy(large, y), F.cross_entropy(large, y))
    assert large.exp().isinf().any()


@pytest.mark.needs_data("names.txt")
def test_counts_of_all_names_give_the_lectures_loss(names):
    alphabet = Alphabet.of(names)
    x, y = word_rows(names, alphabet)
    model = BigramCounts(len(alphabet), smoothing=0)
    model.count(x, y)
    assert estimate_loss(model, x, y) == pytest.approx(2.454014, abs=1e-6)
    logits, _ = model(x)
    nats = -logits[y != PADDING][range((y != PADDING).sum()), y[y != PADDING]]
    one_by_one = numpy.cumsum(nats.numpy(), dtype=numpy.float32)
    assert round(float(one_by_one[-1]) / len(one_by_one), 4) == 2.4541  # as the lecture adds up


def test_counts_are_those_of_a_loop(alphabet):
    bigram, trigram = BigramCounts(len(alphabet), 2.0), TrigramCounts(len(alphabet), 3.0)
    pairs = torch.full((len(alphabet),) * 2, 2.0)
    triples = torch.full((len(alphabet),) * 3, 3.0)
    for word in WORDS:
        ids = [END, END, *alphabet.encode(word), END]
        for pair in pairwise(ids[1:]):
            pairs[pair] += 1
        for triple in zip(ids, ids[1:], ids[2:]):
            triples[triple] += 1
    for model, counts in ((bigram, pairs), (trigram, triples)):
        model.count(*word_rows(WORDS, alphabet))
        assert torch.allclose(model.probabilities(), counts / counts.sum(-1, keepdim=True))


def descend(model, x, y, steps, lr):
    """The lecture's loop: all pairs in each step."""
    for _ in range(steps):
        _, loss = model(x, y)
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            model.W -= lr * model.W.grad
    return model


def test_gradient_descent_finds_the_table_of_counts(alphabet):
    x, y = word_rows(WORDS, alphabet)
    counts = BigramCounts(len(alphabet), smoothing=0)
    counts.count(x, y)
    model = descend(BigramNet(len(alphabet)), x, y, steps=2000, lr=10.0)
    assert estimate_loss(model, x, y) - estimate_loss(counts, x, y) < 0.01
    every = torch.arange(len(alphabet))[None]
    assert (model(every)[0].softmax(2)[0] - counts.probabilities()).abs().max() < 0.02


def test_l2_pulls_the_distribution_to_uniform_as_smoothing_does(alphabet):
    """From none to very much of either, the loss on the training words rises to log(vocab)."""
    x, y = word_rows(WORDS, alphabet)
    by_l2 = [
        estimate_loss(descend(BigramNet(len(alphabet), l2), x, y, steps=1000, lr=0.5), x, y)
        for l2 in (0.0, 0.1, 1.0, 100.0)
    ]
    by_smoothing = []
    for smoothing in (0.0, 0.1, 1.0, 1e6):
        model = BigramCounts(len(alphabet), smoothing)
        model.count(x, y)
        by_smoothing.append(estimate_loss(model, x, y))
    for losses in (by_l2, by_smoothing):
        assert losses == sorted(losses)
        assert losses[-1] == pytest.approx(math.log(len(alphabet)), abs=0.03)


# lectures 3, 4 and 6


@pytest.mark.parametrize(
    ("name", "sizes", "parameters"),
    [
        ("mlp", {"block_size": 3, "n_embd": 10, "n_hidden": 200}, 11_897),
        ("mlp-bn", {"block_size": 3, "n_embd": 10, "n_hidden": 200}, 12_097),
        ("wavenet", {"block_size": 8, "n_embd": 24, "n_hidden": 128}, 76_579),
    ],
)
def test_lectures_models_have_the_lectures_number_of_parameters(name, sizes, parameters):
    assert sum(p.numel() for p in build(name, 27, **sizes).parameters()) == parameters


@pytest.mark.parametrize("name", ["mlp", "mlp-bn", "wavenet"])
def test_first_loss_is_that_of_a_uniform_guess(name, alphabet):
    model = build(name, len(alphabet))
    first = model(*examples(model, WORDS, alphabet))[1].item()
    assert first == pytest.approx(math.log(len(alphabet)), abs=0.1)


@pytest.mark.needs_data("names.txt")
def test_standard_normal_weights_start_near_27_as_in_lecture_4(names):
    alphabet = Alphabet.of(names)
    sizes = {"block_size": 3, "n_embd": 10, "n_hidden": 200, "dropout": 0.0, "init": "normal"}
    losses = []
    for seed in range(5):
        torch.manual_seed(seed)
        x, y = build_dataset(names[:1000], alphabet, block_size=3)
        losses.append(build("mlp", 27, **sizes)(x, y)[1].item())
    assert 20 < numpy.mean(losses) < 30


def test_with_all_weights_zero_only_the_last_bias_learns(alphabet):
    """An exercise of lecture 4. The hidden layer is 0, and so is every gradient through W2."""
    model = build("mlp", len(alphabet), dropout=0.0)
    for p in model.parameters():
        nn.init.zeros_(p)
    x, y = examples(model, WORDS, alphabet)
    for _ in range(200):
        _, loss = model(x, y)
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= p.grad
    assert {name for name, p in model.named_parameters() if p.abs().sum() > 0} == {"b2"}
    unigram = torch.bincount(y, minlength=len(alphabet)) / len(y)
    assert torch.allclose(model.b2.softmax(0), unigram, atol=1e-3)


# recurrent models, wavenet, transformer


@pytest.mark.parametrize(("name", "layer"), [("rnn", nn.RNN), ("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_cells_are_torchs(name, layer, alphabet):
    """Logits and gradients of the embedding, with the same weights."""
    ours = make(name, len(alphabet))
    theirs = layer(ours.embedding.embedding_dim, ours.n_hidden, batch_first=True)
    cell = ours.cell
    no_bias = torch.zeros_like(cell.from_input.bias)
    theirs.load_state_dict(
        {
            "weight_ih_l0": cell.from_input.weight,
            "bias_ih_l0": cell.from_input.bias,
            "weight_hh_l0": cell.from_hidden.weight,
            "bias_hh_l0": no_bias if cell.from_hidden.bias is None else cell.from_hidden.bias,
        }
    )
    x, y = word_rows(WORDS, alphabet)
    logits, _ = ours(x)
    expected = ours.output(theirs(ours.embedding(x))[0])
    assert torch.allclose(logits, expected)
    gradients = [
        torch.autograd.grad(F.cross_entropy(form[y != PADDING], y[y != PADDING]), weight)[0]
        for form in (logits, expected)
        for weight in [ours.embedding.weight]
    ]
    assert torch.allclose(*gradients)


def test_transformers_block_is_torchs(alphabet):
    ours = make("transformer", len(alphabet)).blocks[0]
    theirs = nn.TransformerEncoderLayer(
        64, 4, 256, 0.0, nn.GELU("tanh"), batch_first=True, norm_first=True
    )
    pairs = {
        "self_attn.in_proj_": ours.attention.query_key_value,
        "self_attn.out_proj.": ours.attention.project,
        "linear1.": ours.expand,
        "linear2.": ours.project,
        "norm1.": ours.norm1,
        "norm2.": ours.norm2,
    }
    theirs.load_state_dict(
        {name + part: p for name, layer in pairs.items() for part, p in layer.named_parameters()}
    )
    x = torch.randn(5, 9, 64)
    mask = nn.Transformer.generate_square_subsequent_mask(9, dtype=x.dtype)
    assert torch.allclose(ours(x), theirs(x, mask, is_causal=True))


@pytest.mark.parametrize("block_size", [2, 4, 8, 16])
def test_dilated_convolution_is_the_lectures_hierarchy_of_windows(block_size, alphabet):
    """Each window by itself, half as long after each layer."""
    model = make("wavenet-dilated", len(alphabet), block_size=block_size)
    windows, _ = build_dataset(WORDS, alphabet, block_size)
    hidden = model.embedding(windows)  # (N, block_size, C)
    for fuse in model.layers:
        hidden = fuse(hidden[:, 0::2], hidden[:, 1::2])
    x, y = word_rows(WORDS, alphabet)
    assert torch.allclose(model(x)[0][y != PADDING], model.output(hidden.squeeze(1)))


@pytest.mark.parametrize("block_size", [2, 4, 8])
def test_wavenet_sees_all_of_its_window(block_size, alphabet):
    model = make("wavenet", len(alphabet), block_size=block_size)
    assert isinstance(model, WindowModel)
    x = torch.randint(1, len(alphabet), (1, block_size))
    for place in range(block_size):
        changed = x.clone()
        changed[0, place] = x[0, place] % (len(alphabet) - 1) + 1
        assert not torch.allclose(model(x)[0], model(changed)[0])


def test_word_longer_than_the_positions_is_an_error(alphabet):
    with pytest.raises(ValueError, match="17 characters are more than the 16"):
        make("transformer", len(alphabet))(torch.ones(1, 17, dtype=torch.long))


def test_loss_is_a_mean_over_characters_and_not_over_words_or_chunks(alphabet, monkeypatch):
    model = make("gru", len(alphabet))
    whole = estimate_loss(model, *word_rows(WORDS, alphabet))
    monkeypatch.setattr("makemore.loss.CHUNK", 40)
    assert estimate_loss(model.train(), *word_rows(WORDS, alphabet)) == pytest.approx(whole)
    assert model.training  # as it was
    x, y = word_rows(WORDS, alphabet)
    assert trim(x, y)[0].shape == x.shape
