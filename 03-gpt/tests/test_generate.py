"""Sampling: the draws are those of others' code, and the cache changes nothing."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from gpt.bigram import Bigram
from gpt.generate import generate, sampling_probabilities


def seeded(seed=1337):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("prompt", [1, 16, 40])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_same_tokens_with_and_without_the_cache_also_beyond_the_context(model, prompt, temperature):
    ids = torch.randint(20, (3, prompt))
    options = {"temperature": temperature}
    cached = model.generate(ids, 100, generator=seeded(), **options)
    uncached = model.generate(ids, 100, generator=seeded(), use_cache=False, **options)
    assert cached.shape == (3, prompt + 100)
    assert torch.equal(cached, uncached)


def test_rows_of_a_batch_are_continued_independently(model):
    ids = torch.randint(20, (3, 5))
    together = model.generate(ids, 30, temperature=0)
    alone = [model.generate(row[None], 30, temperature=0) for row in ids]
    assert torch.equal(together, torch.cat(alone))


def test_cache_spares_the_model_all_but_the_newest_token(model):
    lengths = []
    model.register_forward_pre_hook(lambda module, args: lengths.append(args[0].shape[1]))
    model.generate(torch.tensor([[1, 2, 3]]), 20)
    # the prompt, one by one up to the context of 16, then its newer half and one by one again
    assert lengths == [3, *[1] * 13, 8, *[1] * 5]


@given(st.floats(0.1, 5), st.integers(1, 30), st.floats(0.05, 1), st.integers(0, 2**31))
def test_distributions_equal_those_of_transformers(temperature, top_k, top_p, seed):
    logits = torch.randn(2, 25, generator=torch.Generator().manual_seed(seed)) * 3
    theirs = logits
    warpers = TemperatureLogitsWarper(temperature), TopKLogitsWarper(top_k), TopPLogitsWarper(top_p)
    for warper in warpers:
        theirs = warper(None, theirs)
    chances = sampling_probabilities(logits, temperature, top_k)
    sums = chances.sort(descending=True).values.cumsum(1)
    assume((sums - top_p).abs().min() > 1e-5)  # there, rounding decides which token is the last
    ours = sampling_probabilities(logits, temperature, top_k, top_p)
    torch.testing.assert_close(ours, theirs.softmax(1))


def test_draws_follow_the_distribution():
    bigram = Bigram(3, 8)
    bigram.table.weight.data.copy_(torch.tensor([0.2, 0.5, 0.3]).log().expand(3, 3))
    text = generate(bigram, torch.zeros(1000, 1, dtype=torch.long), 20)[:, 1:]
    counts = torch.bincount(text.flatten(), minlength=3)
    torch.testing.assert_close(counts / 20000, torch.tensor([0.2, 0.5, 0.3]), atol=0.015, rtol=0)


def test_tiny_temperature_is_the_most_likely_token():
    logits = torch.tensor([[50.0, 90.0, 10.0]])
    assert sampling_probabilities(logits, 1e-40).tolist() == [[0, 1, 0]]
