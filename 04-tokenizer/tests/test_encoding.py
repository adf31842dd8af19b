"""Encoding and decoding: what comes out is what went in, the fast ways are the plain ones."""

import random
from collections.abc import Mapping

import numpy
import pytest
from awkward import texts, texts_for_all
from conftest import TINY
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import BasicTokenizer, FastTokenizer, RegexTokenizer, fast
from tokenizer.long_chunks import merge_by_heap
from tokenizer.ranks import LONG, encode_chunk, merge_by_scan
from tokenizer.steps import encoding_steps

SPECIAL = {"<|end|>": 1000, "<|end|>!": 1001, "<|fim|>": 1002}


def trained(tokenizer):
    tokenizer.train(TINY, 256 + 40)
    return tokenizer


BASIC, PLAIN, FAST = map(trained, (BasicTokenizer(), RegexTokenizer(), FastTokenizer()))
PLAIN.register_special_tokens(SPECIAL)
FAST.register_special_tokens(SPECIAL)
both = pytest.mark.parametrize("tokenizer", [PLAIN, FAST], ids=["plain", "fast"])


@given(st.one_of(texts_for_all, st.text("athe ", max_size=200)))
def test_fast_ids_are_the_plain_ones(text):
    assert FAST.encode_ordinary(text) == PLAIN.encode_ordinary(text)


@given(texts)
def test_decoded_ids_are_the_text(text):
    assert BASIC.decode(BASIC.encode(text)) == text
    for tokenizer in (PLAIN, FAST):
        assert tokenizer.decode(tokenizer.encode(text, "all")) == text


@both
@given(ids=st.lists(st.integers(0, 256 + 39)))
def test_decoded_bytes_are_those_of_the_tokens(tokenizer, ids):
    tokens = tokenizer.decode_tokens_bytes(ids)
    assert tokens == [tokenizer.vocab[i] for i in ids]
    assert tokenizer.decode_bytes(ids) == b"".join(tokens)
    assert tokenizer.decode(ids) == b"".join(tokens).decode(errors="replace")


@given(text=texts)
def test_steps_of_encoding_end_in_the_ids(both, text):
    ours, _ = both
    chunks = [chunk.encode() for chunk in ours.split(text)]
    ids = [[ours.ranks[bytes([byte])] for byte in chunk] for chunk in chunks]
    new_ids = []
    for step in encoding_steps(chunks, ours.ranks, ours.vocab):
        assert step.occurrences >= sum(map(len, ids)) - sum(map(len, step.chunks)) > 0
        new_ids.append(step.new_id)
        ids = step.chunks
    assert [i for chunk in ids for i in chunk] == ours.encode_ordinary(text)
    assert new_ids == sorted(new_ids)


def test_heap_gives_the_ids_of_the_scan():
    draw = random.Random(1337)
    for letters in (b"a", b"ab", b"the ", bytes(range(256)), "日本語🙂".encode()):
        for n in (1, 2, LONG - 1, LONG, LONG + 1, 1000):
            chunk = bytes(draw.choices(letters, k=n))
            assert merge_by_heap(chunk, FAST.ranks) == merge_by_scan(chunk, FAST.ranks)


@given(st.binary(max_size=3 * LONG))
def test_chunk_of_any_bytes_and_length_is_encoded_to_its_bytes(chunk):
    assert FAST.decode_bytes(encode_chunk(chunk, FAST.ranks)) == chunk


class Counting(Mapping):
    """Ranks that count how often they are asked."""

    def __init__(self, ranks):
        self.ranks, self.asked = ranks, 0

    def __getitem__(self, token):
        self.asked += 1
        return self.ranks[token]

    def get(self, token, default=None):
        self.asked += 1
        return self.ranks.get(token, default)

    def __iter__(self):
        return iter(self.ranks)

    def __len__(self):
        return len(self.ranks)


@pytest.mark.parametrize("letters", [b"a", b" ", b"'", b"the", "🙂".encode(), bytes(range(256))])
def test_work_for_a_long_chunk_grows_with_its_length_only(letters):
    draw, work = random.Random(1337), []
    for n in (2_000, 20_000):
        ranks = Counting(FAST.ranks)
        merge_by_heap(bytes(draw.choices(letters, k=n)), ranks)
        work.append(ranks.asked / n)
    assert work[1] < 1.1 * work[0] < 10


def test_memo_is_bounded_and_forgetting_changes_nothing(monkeypatch):
    monkeypatch.setattr(fast, "MEMO_SIZE", 200)
    tokenizer = trained(FastTokenizer())
    for number in range(200):
        text = f" word{'x' * number} the theory"
        assert tokenizer.encode(text) == PLAIN.encode(text)
        assert sum(map(len, tokenizer._memo)) <= 200


def test_ids_in_the_range_of_surrogates_survive_the_memo():
    tokenizer = FastTokenizer()
    merges = {(97, 98): 0xD800, (99, 100): 0xDFFF, (101, 102): 0x10FFFF}
    tokenizer._set_ranks(tokenizer.ranks | {b"ab": 0xD800, b"cd": 0xDFFF, b"ef": 0x10FFFF})
    assert tokenizer.encode("abcdef ab") == [0xD800, 0xDFFF, 0x10FFFF, 32, 0xD800]
    assert tokenizer.merges == merges


@pytest.mark.parametrize("num_workers", [1, 2])
def test_batch_is_the_texts_one_by_one(num_workers):
    batch = ["the theory", "", TINY, "<|end|>"]
    ids = [PLAIN.encode(text, "all") for text in batch]
    assert FAST.encode_batch(iter(batch), "all", num_workers) == ids
    with pytest.raises(ValueError, match="special token"):
        FAST.encode_batch(batch, num_workers=num_workers)


@pytest.mark.parametrize(("largest", "dtype"), [(65_535, "uint16"), (65_536, "uint32")])
def test_array_is_as_wide_as_the_vocabulary_needs(largest, dtype):
    tokenizer = FastTokenizer()
    tokenizer.register_special_tokens({"<|end|>": largest})
    ids = tokenizer.encode_to_numpy("ab<|end|>", "all")
    assert ids.dtype == numpy.dtype(dtype)
    assert ids.tolist() == [97, 98, largest]
    assert tokenizer.n_vocab == largest + 1


# Special tokens

THEORY = PLAIN.encode_ordinary(" theory")


@both
@pytest.mark.parametrize(
    ("allowed", "ids"),
    [
        ("all", [1001, 1002, *THEORY]),
        ({"<|end|>"}, [1000, *b"!<|fim|>", *THEORY]),
        (["<|fim|>"], [*b"<|end|>!", 1002, *THEORY]),
        (set(), [*b"<|end|>!<|fim|>", *THEORY]),
        ("none", [*b"<|end|>!<|fim|>", *THEORY]),
    ],
)
def test_special_tokens_get_their_ids_where_they_are_allowed(tokenizer, allowed, ids):
    text = "<|end|>!<|fim|> theory"
    assert tokenizer.encode(text, allowed) == ids
    assert tokenizer.decode(ids) == text


@both
def test_special_token_in_ordinary_text_is_an_error(tokenizer):
    with pytest.raises(ValueError, match=r"'<\|fim\|>' at position 5"):
        tokenizer.encode("text <|fim|>")


@both
def test_special_token_that_is_not_in_a_set_is_an_error(tokenizer):
    with pytest.raises(ValueError, match="or a set of special tokens, not 'end'"):
        tokenizer.encode("text", "end")


@pytest.mark.parametrize("special_tokens", [{"<|end|>": 100}, {"<|a|>": 1000, "<|b|>": 1000}])
def test_special_token_with_an_id_that_is_taken_is_refused_and_changes_nothing(special_tokens):
    tokenizer = FastTokenizer()
    tokenizer.register_special_tokens({"<|fim|>": 500})
    with pytest.raises(ValueError, match=r"cannot have the id \d+, which is taken"):
        tokenizer.register_special_tokens(special_tokens)
    assert tokenizer.special_tokens == {"<|fim|>": 500}


@both
@pytest.mark.parametrize("bad", [296, 999, 1003, -1, 1 << 40])
def test_id_outside_the_vocabulary_is_named(tokenizer, bad):
    with pytest.raises(ValueError, match=f"id {bad} is not in the vocabulary"):
        tokenizer.decode([97, 1000, bad, 98])
