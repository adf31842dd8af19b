"""Writing: the draws are those of others' code, and the cache changes nothing."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from gpt.bigram import Bigram
from gpt.generate import generate, probabilities


@pytest.mark.parametrize("prompt", [1, 7, 16, 40])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_same_tokens_with_and_without_the_cache_also_beyond_the_context(model, prompt, temperature):
    ids = torch.randint(20, (prompt,)).tolist()
    found = [
        list(generate(model, ids, 100, temperature=temperature, use_cache=use_cache, seed=3))
        for use_cache in (True, False)
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 100


def test_cache_spares_the_model_all_but_the_newest_token(model):
    lengths = []
    model.register_forward_pre_hook(lambda module, args: lengths.append(args[0].shape[1]))
    list(generate(model, [1, 2, 3], 20))
    # the prompt, one by one up to the context of 16, then its newer half and one by one again
    assert lengths == [3, *[1] * 13, 8, *[1] * 5]


def test_context_slides_so_what_is_older_does_not_matter(model):
    ids = torch.randint(20, (40,)).tolist()
    other = [(i + 1) % 20 for i in ids[:-16]] + ids[-16:]
    assert list(generate(model, ids, 30)) == list(generate(model, other, 30))


def test_seed_decides(model):
    texts = [tuple(generate(model, [1], 50, seed=seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_temperature_zero_takes_the_likeliest(model):
    ids = [1, 2, 3]
    for token in generate(model, [1, 2, 3], 10, temperature=0):
        assert token == model(torch.tensor([ids]))[0, -1].argmax()
        ids.append(token)


def test_bigram_writes_without_a_cache():
    bigram = Bigram(3, 8)
    bigram.table.weight.data.copy_(torch.tensor([[0.0, 99, 0], [0, 0, 99], [99, 0, 0]]))
    assert list(generate(bigram, [0], 20, temperature=0)) == [1, 2, 0] * 6 + [1, 2]


@given(
    st.floats(0.1, 5),
    st.integers(1, 30),
    st.floats(0.05, 1),
    st.integers(0, 2**31),
)
def test_distributions_equal_those_of_transformers(temperature, top_k, top_p, seed):
    logits = torch.randn(25, generator=torch.Generator().manual_seed(seed)) * 3
    theirs = logits[None]
    for warper in (
        TemperatureLogitsWarper(temperature),
        TopKLogitsWarper(top_k),
        TopPLogitsWarper(top_p),
    ):
        theirs = warper(None, theirs)
    sums = probabilities(logits, temperature, top_k).sort(descending=True).values.cumsum(0)
    assume((sums - top_p).abs().min() > 1e-5)  # there, rounding decides who is the last to come in
    ours = probabilities(logits, temperature, top_k, top_p)
    torch.testing.assert_close(ours, theirs[0].softmax(0))


def test_draws_follow_the_distribution():
    bigram = Bigram(3, 8)
    bigram.table.weight.data.copy_(torch.tensor([0.2, 0.5, 0.3]).log().expand(3, 3))
    counts = torch.bincount(torch.tensor(list(generate(bigram, [0], 20000))), minlength=3)
    torch.testing.assert_close(counts / 20000, torch.tensor([0.2, 0.5, 0.3]), atol=0.015, rtol=0)


def test_tiny_temperature_is_the_likeliest_token():
    logits = torch.tensor([50.0, 90.0, 10.0])
    assert probabilities(logits, 1e-40).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"temperature": -1}, "temperature must be a number from 0 up, not -1"),
        ({"temperature": float("nan")}, "not nan"),
        ({"top_k": 0}, "top-k must be at least 1, not 0"),
        ({"top_p": 0.0}, "top-p must be above 0 and at most 1, not 0"),
        ({"top_p": 1.5}, "not 1.5"),
    ],
)
def test_impossible_draws_are_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        next(generate(Bigram(3, 8), [0], 5, **options))


def test_nothing_to_go_on_from_is_refused():
    with pytest.raises(ValueError, match="give at least one token"):
        next(generate(Bigram(3, 8), [], 5))
