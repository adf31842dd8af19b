"""The trainer, the learning-rate finder and the sampler."""

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from conftest import WORDS
from torch import nn

from makemore.loss import mean_nats, perplexity, word_nats
from makemore.lr_finder import steepest, sweep
from makemore.models import MODELS, build
from makemore.models.bigram import BigramCounts
from makemore.sampling import Origins, draw, sample
from makemore.training import RECIPES, DivergedError, Recipe, Trainer, optimizers_for
from makemore.words import END, inputs_and_targets, lengths_of

TRAINED = [name for name in MODELS if name != "bigram"]


def trainer_of(name, rows, alphabet, seed=0, **recipe):
    torch.manual_seed(seed)
    sizes = {"block_size": 16} if name == "transformer" else {}
    model = build(name, len(alphabet), **sizes)
    return Trainer(model, rows, replace(RECIPES[name], batch_size=8, **recipe), seed)


def weights(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


@pytest.mark.parametrize("name", TRAINED)
def test_every_model_learns(name, rows, alphabet):
    trainer = trainer_of(name, rows, alphabet)
    before = mean_nats(trainer.model, rows)
    for step in range(80):
        trainer.step(step, 1.0)
    assert mean_nats(trainer.model, rows) < 0.8 * before


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("name", ["gru", "mlp-bn", "transformer"])
def test_steps_are_a_function_of_the_seed(name, optimizer, rows, alphabet):
    def trained(seed):
        trainer = trainer_of(name, rows, alphabet, seed, optimizer=optimizer)
        for step in range(5):
            torch.rand(3)  # whatever else is drawn in between
            trainer.step(step, 1.0)
        return weights(trainer)

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_dropout_differs_from_step_to_step_and_from_seed_to_seed(rows, alphabet):
    dropout, seen = nn.Dropout(0.5), set()

    def look(*_):
        seen.add(tuple(dropout(torch.ones(64)).tolist()))

    for seed in range(3):
        trainer = trainer_of("gru", rows, alphabet, seed)
        trainer.model.register_forward_hook(look)
        for step in range(3):
            trainer.step(step, 1.0)
    assert len(seen) == 9


def test_loss_is_the_batchs_mean(rows, alphabet):
    trainer = trainer_of("bigram-net", rows, alphabet)
    assert trainer.step(0, 1.0) == pytest.approx(math.log(len(alphabet)))


def test_infinite_loss_stops_before_the_weights_change(rows, alphabet):
    trainer = trainer_of("mlp", rows, alphabet, lr=0.5)
    trainer.step(0, 1.0)
    with torch.no_grad():
        trainer.model.output.bias[1] = math.inf
    before = weights(trainer)
    with pytest.raises(DivergedError, match=r"at step 7 the loss is nan, at learning rate 0\.25"):
        trainer.step(7, 0.5)
    assert torch.equal(weights(trainer), before)


def test_muon_gets_the_matrices_between_hidden_layers_and_adamw_all_else(alphabet):
    model = build("transformer", len(alphabet), block_size=16)
    adamw, muon = optimizers_for(model, Recipe(1, 1, 0.1, optimizer="muon"))
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
    assert len(optimizers_for(build("bow", 5), Recipe(1, 1, 0.1))) == 1


def test_only_matrices_decay(alphabet):
    (adamw,) = optimizers_for(build("gru", len(alphabet)), Recipe(1, 1, 0.1, weight_decay=0.3))
    for group in adamw.param_groups:
        for p in group["params"]:
            assert group["weight_decay"] == (0.3 if p.ndim == 2 else 0.0)


def test_every_model_has_a_recipe():
    assert list(RECIPES) == list(MODELS)


# the loss


def test_mean_is_over_characters_and_not_over_words(rows, alphabet):
    model = build("gru", len(alphabet))
    mean = word_nats(model, rows).sum().item() / lengths_of(rows).sum().item()
    assert mean_nats(model, rows) == pytest.approx(mean)
    assert lengths_of(rows).sum() == sum(len(word) + 1 for word in WORDS)
    assert model.training  # as it was


def test_perplexity_of_a_fair_die_is_its_number_of_sides():
    assert perplexity(math.log(27)) == pytest.approx(27)
    assert perplexity(0.0) == 1
    assert perplexity(1e6) == math.inf


# the learning-rate finder


def test_sweep_raises_the_rate_by_the_same_factor(rows, alphabet):
    curve = list(sweep(trainer_of("mlp", rows, alphabet), 1e-4, 1e-2, 21))
    rates = [lr for lr, _ in curve]
    assert rates == pytest.approx([1e-4 * 10 ** (i / 10) for i in range(21)])


def test_sweep_ends_where_the_loss_blows_up(rows, alphabet):
    curve = list(sweep(trainer_of("mlp", rows, alphabet), 1e-3, 1e6, 100))
    assert 10 < len(curve) < 100
    assert max(loss for _, loss in curve) <= 2 * curve[0][1]


def test_steepest_is_where_the_loss_falls_most():
    assert steepest([(1.0, 3.0), (2.0, 2.9), (4.0, 1.5), (8.0, 1.4), (16.0, 2.0)]) == 4.0
    noisy = [(1.01**i, 5.0 + 0.3 * (-1) ** i - max(0, i - 60) * 0.05) for i in range(100)]
    assert 60 <= math.log(steepest(noisy), 1.01) < 100
    with pytest.raises(ValueError, match="blew up at once"):
        steepest([(1.0, 3.0)])


@pytest.mark.parametrize(("low", "high", "steps"), [(0, 1, 5), (1, 1, 5), (1, 2, 1)])
def test_rates_that_do_not_rise_are_an_error(low, high, steps, rows, alphabet):
    with pytest.raises(ValueError, match="rates must rise"):
        next(sweep(trainer_of("mlp", rows, alphabet), low, high, steps))


# sampling


@pytest.fixture
def counts(rows, alphabet):
    model = BigramCounts(len(alphabet), smoothing=0.5)
    model.count(*inputs_and_targets(rows))
    return model


def test_samples_follow_the_models_distribution(counts):
    n = 20_000
    words = sample(counts, n, longest=30, seed=1)
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
    torch.manual_seed(0)
    sizes = {"block_size": 16} if name == "transformer" else {}
    model = build(name, len(alphabet), **sizes)
    first = sample(model, 20, longest=15, seed=1)
    assert first == sample(model, 20, longest=15, seed=1)
    assert first != sample(model, 20, longest=15, seed=2)
    assert max(map(len, first)) <= 15
    assert END not in {i for word in first for i in word}


def test_temperature_0_and_top_1_take_the_likeliest(counts):
    likeliest = []
    at = END
    while (at := counts.probabilities()[at].argmax().item()) != END and len(likeliest) < 9:
        likeliest.append(at)
    assert sample(counts, 3, 9, seed=1, temperature=0) == [likeliest] * 3
    assert sample(counts, 3, 9, seed=1, top_k=1) == [likeliest] * 3


def test_top_k_lets_only_the_k_likeliest_in():
    logits = torch.tensor([[0.0, 3.0, 2.0, 1.0]]).expand(5000, 4)
    ids = draw(logits, torch.Generator().manual_seed(0), 1.0, top_k=2)
    share = (ids == 1).float().mean().item()
    assert set(ids.tolist()) == {1, 2}
    assert share == pytest.approx(1 / (1 + math.exp(-1)), abs=0.03)


def test_top_k_lets_k_in_where_many_are_alike():
    ids = draw(torch.zeros(1000, 9), torch.Generator().manual_seed(0), 1.0, top_k=3)
    assert len(set(ids.tolist())) == 3


@pytest.mark.parametrize("temperature", [1e-40, 1e-3])
def test_nearly_no_temperature_takes_the_likeliest(counts, temperature):
    likeliest = sample(counts, 5, 9, seed=1, temperature=0)
    assert sample(counts, 5, 9, seed=1, temperature=temperature) == likeliest


def test_temperature_divides_the_logits():
    logits = torch.tensor([[0.0, 2.0]]).expand(20_000, 2)
    for temperature in (0.5, 1.0, 4.0):
        ids = draw(logits, torch.Generator().manual_seed(0), temperature, None)
        expected = 1 / (1 + math.exp(-2 / temperature))
        assert ids.float().mean().item() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1.0}, "temperature must be from 0 to 1e.06, not -1.0"),
        ({"temperature": math.nan}, "temperature must be from 0 to 1e.06, not nan"),
        ({"temperature": math.inf}, "temperature must be from 0 to 1e.06, not inf"),
        ({"top_k": 0}, "top_k must be at least 1, not 0"),
        ({"count": 0}, "count must be at least 1, not 0"),
    ],
)
def test_impossible_sampling_is_an_error(counts, settings, message):
    with pytest.raises(ValueError, match=message):
        sample(counts, **{"count": 1, "longest": 5, "seed": 0, **settings})


def test_origin_of_a_word_is_train_before_dev():
    origins = Origins.of(["ava", "mia"], ["mia", "noah"])
    words = ["ava", "mia", "noah", "xyz"]
    assert [origins.of_word(word) for word in words] == ["train", "train", "dev", "new"]
    assert origins.shares(words) == "50.0% train, 25.0% dev, 25.0% new"
