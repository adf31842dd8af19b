"""The fast twins: batches by length, shared prefixes."""

import pytest
import torch
from conftest import WORDS

from makemore.fast import POOL, SharedPrefixes, by_length, prefix_tree
from makemore.models import build
from makemore.words import word_rows

LENGTHS = torch.tensor([len(word) + 1 for word in WORDS])


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_shared_prefixes_give_the_logits_and_gradients_of_the_loop_over_time(name, alphabet):
    torch.set_default_dtype(torch.float64)
    try:
        model = build(name, len(alphabet), n_hidden=16, dropout=0.0)
        x, y = word_rows([*WORDS, "av", "emil"], alphabet)
        results = []
        for form in (model, SharedPrefixes(model)):
            logits, loss = form(x, y)
            model.zero_grad()
            loss.backward()
            results.append([logits, loss, *(p.grad.clone() for p in model.parameters())])
    finally:
        torch.set_default_dtype(torch.float32)
    for plain, fast in zip(*results):
        assert torch.allclose(plain, fast, atol=1e-12)


def test_words_that_begin_alike_share_their_prefixes():
    x = torch.tensor([[0, 1, 2], [0, 1, 3], [0, 2, 3], [0, 1, 2]])
    parents, ids, places = prefix_tree(x, vocab_size=4)
    assert [p.tolist() for p in parents] == [[0], [0, 0], [0, 0, 1]]
    assert [c.tolist() for c in ids] == [[0], [1, 2], [2, 3, 3]]
    assert places.tolist() == [[0, 1, 3], [0, 1, 4], [0, 2, 5], [0, 1, 3]]


def test_batch_depends_on_seed_and_step_alone():
    first = [by_length(step, LENGTHS, 4, seed=1) for step in range(3 * POOL)]
    backwards = [by_length(step, LENGTHS, 4, seed=1) for step in reversed(range(3 * POOL))]
    assert all(torch.equal(a, b) for a, b in zip(first, reversed(backwards)))
    other = [by_length(step, LENGTHS, 4, seed=2) for step in range(3 * POOL)]
    assert not all(torch.equal(a, b) for a, b in zip(first, other))


def test_every_word_is_drawn_about_equally_often():
    drawn = torch.cat([by_length(step, LENGTHS, 8, seed=0) for step in range(200 * POOL)])
    counts = torch.bincount(drawn, minlength=len(WORDS))
    expected = 200 * POOL * 8 / len(WORDS)
    assert ((counts - expected).abs() < 5 * expected**0.5).all()  # five standard deviations


def test_batches_by_length_have_little_padding():
    lengths = torch.randint(3, 15, (1000,))
    batches = [lengths[by_length(step, lengths, 32, seed=0)] for step in range(POOL)]
    waste = sum(int((batch.max() - batch).sum()) for batch in batches)
    assert waste < 0.1 * sum(int(batch.sum()) for batch in batches)
