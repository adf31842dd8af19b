"""The plain loop, the optimizers, the learning-rate finder and the sampler."""

import math
from collections import Counter

import pytest
import torch
from conftest import WORDS

from makemore.loss import estimate_loss
from makemore.lr_finder import geometric, steepest, sweep
from makemore.models import MODELS, build, examples
from makemore.models.bigram import BigramCounts
from makemore.optimizers import make_optimizers
from makemore.sampling import Origins, probabilities, sample
from makemore.words import END, word_rows

TRAINED = [name for name in MODELS if name not in ("bigram", "trigram")]


def make(name, alphabet):
    return build(name, len(alphabet), **({"block_size": 16} if name == "transformer" else {}))


@pytest.mark.parametrize("name", TRAINED)
def test_every_model_learns_in_the_plain_loop(name, alphabet):
    model = make(name, alphabet)
    x_train, y_train = examples(model, WORDS, alphabet)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05 if name == "bigram-net" else 0.005)
    before = estimate_loss(model, x_train, y_train)
    for _ in range(80):
        ix = torch.randint(len(x_train), (16,))
        _, loss = model(x_train[ix], y_train[ix])
        model.zero_grad()
        loss.backward()
        optimizer.step()
    assert estimate_loss(model, x_train, y_train) < 0.8 * before


def test_muon_gets_the_matrices_between_hidden_layers_and_adamw_all_else(alphabet):
    model = make("transformer", alphabet)
    adamw, muon = make_optimizers(model, "muon", 0.1, 0.0)
    names = {id(p): name for name, p in model.named_parameters()}

    def of(optimizer):
        return {names[id(p)] for group in optimizer.param_groups for p in group["params"]}

    assert isinstance(muon, torch.optim.Muon)
    assert of(muon) == {
        f"blocks.{i}.{layer}.weight"
        for i in range(3)
        for layer in ("attention.query_key_value", "attention.project", "expand", "project")
    }
    assert of(adamw) == set(names.values()) - of(muon)


def test_only_matrices_decay(alphabet):
    (adamw,) = make_optimizers(make("gru", alphabet), "adamw", 0.1, weight_decay=0.3)
    for group in adamw.param_groups:
        for p in group["params"]:
            assert group["weight_decay"] == (0.3 if p.ndim == 2 else 0.0)


# the learning-rate finder


def test_sweep_raises_the_rate_and_ends_where_the_loss_blows_up(alphabet):
    model = make("mlp", alphabet)
    x, y = examples(model, WORDS, alphabet)
    rates = geometric(1e-3, 1e6, 100)
    assert rates[1] / rates[0] == pytest.approx(rates[99] / rates[98])
    curve = list(sweep(model, make_optimizers(model, "adamw", 1.0, 0.0), x, y, 16, rates))
    assert 10 < len(curve) < 100
    assert [lr for lr, _ in curve] == rates[: len(curve)]
    assert max(loss for _, loss in curve) <= 2 * curve[0][1]


def test_steepest_is_where_the_loss_falls_most():
    assert steepest([(1.0, 3.0), (2.0, 2.9), (4.0, 1.5), (8.0, 1.4), (16.0, 2.0)]) == 4.0
    noisy = [(1.01**i, 5.0 + 0.3 * (-1) ** i - max(0, i - 60) * 0.05) for i in range(100)]
    assert 60 <= math.log(steepest(noisy), 1.01) < 100
    with pytest.raises(ValueError, match="blew up at once"):
        steepest([(1.0, 3.0)])


# sampling


def draws(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def counts(alphabet):
    model = BigramCounts(len(alphabet), smoothing=0.5)
    model.count(*word_rows(WORDS, alphabet))
    return model


def test_samples_follow_the_models_distribution(counts):
    n = 20_000
    words = sample(counts, n, 30, draws(1))
    p = counts.probabilities()
    first = Counter(word[0] if word else END for word in words)
    for i, expected in enumerate(p[END].tolist()):
        spread = (n * expected * (1 - expected)) ** 0.5
        assert abs(first[i] - n * expected) < 5 * spread + 1
    mean = sum(-(p[a, b].log().item()) for w in words for a, b in zip([END, *w], [*w, END]))
    characters = sum(len(word) + 1 for word in words)
    entropy = stationary_entropy(p)
    assert mean / characters == pytest.approx(entropy, rel=0.02)


def stationary_entropy(p):
    """Nats per character of the chain with these transitions."""
    share = torch.full((len(p),), 1 / len(p))
    for _ in range(1000):
        share = share @ p
    return -(share[:, None] * p * p.log()).sum().item()


@pytest.mark.parametrize("name", MODELS)
def test_same_seed_makes_the_same_words(name, alphabet):
    model = make(name, alphabet)
    first = sample(model, 20, 15, draws(1))
    assert first == sample(model, 20, 15, draws(1))
    assert first != sample(model, 20, 15, draws(2))
    assert max(map(len, first)) <= 15
    assert END not in {i for word in first for i in word}
    assert model.training  # as it was


def test_temperature_0_and_top_1_take_the_most_likely(counts):
    likely = []
    at = END
    while (at := counts.probabilities()[at].argmax().item()) != END and len(likely) < 9:
        likely.append(at)
    for options in ({"temperature": 0}, {"temperature": 1e-40}, {"top_k": 1}):
        assert sample(counts, 3, 9, draws(1), **options) == [likely] * 3


def test_top_k_leaves_the_k_most_likely_and_temperature_divides_the_logits():
    logits = torch.tensor([[0.0, 3.0, 2.0, 1.0]])
    p = 1 / (1 + math.exp(-1 / 0.5))
    ours = probabilities(logits, temperature=0.5, top_k=2)
    assert ours[0].tolist() == pytest.approx([0, p, 1 - p, 0])
    assert (probabilities(torch.zeros(1, 9), top_k=3) > 0).sum() == 3  # also where all are alike


def test_origin_of_a_word_is_train_before_dev():
    origins = Origins.of(["ava", "mia"], ["mia", "noah"])
    words = ["ava", "mia", "noah", "xyz"]
    assert [origins.of_word(word) for word in words] == ["train", "train", "dev", "new"]
    assert origins.shares(words) == "50.0% train, 25.0% dev, 25.0% new"
