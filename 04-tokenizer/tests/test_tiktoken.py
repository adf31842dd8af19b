"""The ids are tiktoken's: for GPT's own ranks, and for ranks that were learned here."""

import os
import subprocess
import sys

import pytest
from awkward import texts
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.apply import recover_merges
from tokenizer.gpt import GPT2Tokenizer

CHARACTERS = [chr(i) for i in range(0x110000)]  # lone surrogates too


def blocks(characters):
    return (characters[i : i + 1024] for i in range(0, len(characters), 1024))


def test_every_code_point_alone(both):
    ours, theirs = both
    for block in blocks(CHARACTERS):
        assert [*map(ours.encode_ordinary, block)] == [*map(theirs.encode_ordinary, block)]


def test_every_code_point_between_letters(both):
    ours, theirs = both
    for block in blocks(CHARACTERS):
        text = " ".join([f"a{c}b" for c in block])  # a chunk begins at every space
        assert ours.encode(text) == theirs.encode(text)


@pytest.mark.needs_data("tinyshakespeare.txt")
def test_the_whole_of_shakespeare(both, shakespeare):
    ours, theirs = both
    ids = ours.encode(shakespeare)
    assert ids == theirs.encode(shakespeare)
    assert ours.decode(ids) == shakespeare
    assert ours.encode_to_numpy(shakespeare).tolist() == ids


@given(text=texts)
def test_any_text(both, text):
    ours, theirs = both
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@given(text=st.text(st.characters(), max_size=20))
def test_any_text_with_surrogates(both, text):
    ours, theirs = both
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@given(text=texts, data=st.data())
def test_special_tokens_in_every_mode(both, text, data):
    ours, theirs = both
    some = data.draw(st.sets(st.sampled_from(sorted(ours.special_tokens))))
    text = "".join(data.draw(st.permutations([text, *some, text])))
    tiktokens = {"all": {"allowed_special": "all"}, "none": {"disallowed_special": ()}}
    for mode, options in tiktokens.items():
        assert ours.encode(text, mode) == theirs.encode(text, **options)
    of_set = theirs.encode(text, allowed_special=some, disallowed_special=())
    assert ours.encode(text, some) == of_set
    try:
        expected = theirs.encode(text)
    except ValueError:
        with pytest.raises(ValueError, match="special token"):
            ours.encode(text)
    else:
        assert ours.encode(text) == expected


@given(ids=st.lists(st.integers(0, 255), max_size=12), more=st.data())
def test_any_ids_are_decoded_as_tiktoken_does_even_where_they_are_no_utf8(both, ids, more):
    ours, theirs = both
    known = sorted(ours.vocab) + sorted(ours.special_tokens.values())
    ids += more.draw(st.lists(st.sampled_from(known), max_size=12))
    assert ours.decode(ids) == theirs.decode(ids)
    assert ours.decode_bytes(ids) == theirs.decode_bytes(ids)
    assert ours.decode_tokens_bytes(ids) == theirs.decode_tokens_bytes(ids)


def test_id_unknown_to_both_is_an_error_in_both(both):
    ours, theirs = both
    with pytest.raises(ValueError, match="not in the vocabulary"):
        ours.decode([ours.n_vocab])
    with pytest.raises(KeyError):
        theirs.decode([ours.n_vocab])


def test_vocabulary_pattern_and_special_tokens_are_tiktokens(both):
    ours, theirs = both
    assert ours.n_vocab == theirs.n_vocab
    assert ours.pattern == theirs._pat_str
    assert ours.special_tokens == theirs._special_tokens


def test_published_tokenizer_becomes_the_same_encoding(published):
    ours, theirs = published
    text = "It's 2026, naïve 日本語 🙂\n\n  x"
    assert ours.to_tiktoken().encode(text) == theirs.encode(text)


@pytest.mark.parametrize("text", ["a" * 100_000, " " * 100_000, "'" * 100_000, "🙂" * 25_000])
def test_long_runs(both, text):
    ours, theirs = both
    assert ours.encode(text) == theirs.encode(text)


def test_recovered_merges_make_the_published_ranks_again(published):
    """And as many as the paper of GPT-2 says, or as there are tokens that are no bytes."""
    ours, _ = published
    vocab = {ours.ranks[bytes([i])]: bytes([i]) for i in range(256)}
    for (first, second), new_id in ours.merges.items():
        vocab[new_id] = vocab[first] + vocab[second]
    assert vocab == ours.vocab
    if isinstance(ours, GPT2Tokenizer):
        assert len(ours.merges) == 50_000


def test_ranks_that_no_merges_make_are_refused():
    ranks = {bytes([i]): i for i in range(256)} | {b"abc": 256}
    with pytest.raises(ValueError, match="token 256, b'abc', is not made of two tokens"):
        recover_merges(ranks)


def test_ids_of_the_lecture(published):
    """The example in tiktoken's README and in the lecture."""
    ours, theirs = published
    assert ours.decode(ours.encode("hello world")) == "hello world"
    expected = {"cl100k_base": [15339, 1917], "gpt2": [31373, 995], "o200k_base": [24912, 2375]}
    assert ours.encode("hello world") == expected[theirs.name]


def test_without_ranks_and_network_it_is_said_what_to_do(tmp_path):
    """In a process of its own, whose requests go to a port where nobody listens."""
    program = "from tokenizer import GPT4Tokenizer\nGPT4Tokenizer()"
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | nowhere, capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ConnectionError: the ranks of cl100k_base are not in tiktoken's cache")
    assert "set TIKTOKEN_CACHE_DIR" in last
