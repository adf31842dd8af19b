"""Training: the fast way is the plain one, and both are what other people's trainers do."""

import os
import random
import warnings
from collections import Counter
from itertools import product, takewhile

import pytest
import rustbpe
from awkward import texts_for_all
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as HuggingFace

from tokenizer import BasicTokenizer, FastTokenizer, RegexTokenizer, training
from tokenizer.basic import apply_merges, build_vocab
from tokenizer.huggingface import of_oniguruma, to_letters
from tokenizer.model_file import check_merges
from tokenizer.ranks import merge_by_rank, recover_merges
from tokenizer.split import GPT4_PATTERN
from tokenizer.steps import training_steps
from tokenizer.training import learn_merges

WHOLE = r"(?s).+"  # one chunk
KINDS = [BasicTokenizer, RegexTokenizer, FastTokenizer]
runs = st.text("ab ", max_size=60)  # many ties and overlaps
texts = st.one_of(texts_for_all, runs)


def trained(tokenizer, text, vocab_size):
    with warnings.catch_warnings(action="ignore"):  # texts here have few pairs
        tokenizer.train(text, vocab_size)
    return tokenizer


@pytest.mark.parametrize("kind", KINDS)
def test_example_of_the_encyclopedia(kind):
    tokenizer = trained(kind(), "aaabdaaabac", 256 + 3)
    assert tokenizer.encode("aaabdaaabac") == [258, 100, 258, 97, 99]
    assert list(tokenizer.merges) == [(97, 97), (97, 98), (256, 257)]
    assert tokenizer.decode([258, 100, 258, 97, 99]) == "aaabdaaabac"


@given(texts, st.integers(256, 300))
def test_fast_training_learns_the_merges_of_the_plain_one(text, vocab_size):
    plain = trained(RegexTokenizer(), text, vocab_size)
    fast = trained(FastTokenizer(), text, vocab_size)
    assert list(fast.merges.items()) == list(plain.merges.items())
    assert fast.vocab == plain.vocab


@given(texts, st.integers(256, 300))
def test_one_chunk_is_trained_as_without_chunks(text, vocab_size):
    basic = trained(BasicTokenizer(), text, vocab_size)
    for tokenizer in (RegexTokenizer(WHOLE), FastTokenizer(WHOLE)):
        assert trained(tokenizer, text, vocab_size).merges == basic.merges


@given(texts)
def test_steps_of_training_are_the_merges_that_occur_more_than_once(text):
    chunks = FastTokenizer().split(text)
    steps = list(training_steps([chunk.encode() for chunk in chunks]))
    learned = learn_merges(Counter(chunks), 10_000)
    often = takewhile(lambda merge: merge.occurrences > 1, learned)
    assert [(step.pair, step.occurrences) for step in steps] == [merge[:2] for merge in often]
    if steps:
        ids = FastTokenizer.from_merges([step.pair for step in steps]).encode(text)
        assert [i for chunk in steps[-1].chunks for i in chunk] == ids


def test_long_texts_are_trained_as_in_the_plain_trainer():
    draw = random.Random(1337)
    drawn = ["".join(draw.choices(letters, k=3000)) for letters in ("ab ", "abcd  \n", "aab ")]
    for text in ("a" * 500, "ab" * 300, "aab" * 200, "a" * 100 + "b" * 99 + "a" * 98, *drawn):
        plain = trained(RegexTokenizer(), text, 400)
        assert trained(FastTokenizer(), text, 400).merges == plain.merges


@pytest.mark.parametrize("kind", KINDS)
def test_tie_goes_to_the_pair_with_the_smaller_ids(kind):
    tokenizer = kind()
    tokenizer.train("cdabab.cdcd.ab", 256 + 2)  # ab and cd three times each
    assert list(tokenizer.merges) == [(97, 98), (99, 100)]


@pytest.mark.parametrize("kind", KINDS)
def test_vocabulary_larger_than_the_text_allows_ends_where_the_pairs_do(kind):
    tokenizer = trained(kind(), "abc", 1000)
    assert list(tokenizer.merges) == [(97, 98), (256, 99)]


def test_vocabulary_larger_than_the_text_allows_is_said():
    with pytest.warns(UserWarning, match="vocabulary has 258 tokens, not 1,000"):
        FastTokenizer().train("abc", 1000)


@pytest.mark.parametrize("vocab_size", [255, 10**9])
def test_vocabulary_of_an_impossible_size_is_refused(vocab_size):
    with pytest.raises(ValueError, match=f"from 256.* to 1,114,112, not {vocab_size:,}"):
        FastTokenizer().train("text", vocab_size)


@pytest.mark.parametrize(
    "merges",
    [
        [(98, 99), (97, 98), (257, 99)],  # after bc, the third never finds its ab before a c
        [(97, 97), (256, 97), (97, 256)],  # two make the same token
    ],
)
def test_merges_that_no_training_learns_are_refused(merges):
    with pytest.raises(ValueError, match=r"no training learns|not made of two earlier"):
        FastTokenizer.from_merges(merges)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_merges_are_accepted_only_if_encoding_by_ranks_does_what_they_do(draws):
    merges, vocab = {}, build_vocab({})
    for first, second in draws:
        known = [97, 98, *range(256, len(vocab))]
        pair = known[first % len(known)], known[second % len(known)]
        if vocab[pair[0]] + vocab[pair[1]] not in vocab.values():
            merges[pair] = len(vocab)
            vocab = build_vocab(merges)
    ranks = {token: i for i, token in vocab.items()}
    try:
        check_merges(merges, ranks)
    except ValueError:
        return
    for chunk in map(bytes, product(b"ab", repeat=8)):
        assert merge_by_rank(chunk, ranks) == apply_merges(list(chunk), merges)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        " " * 200_000,
        "🙂" * 50_000,
        "".join(random.Random(1337).choices("abcdefghijklmnopqrstuvwxyz", k=200_000)),
    ],
    ids=["one letter", "spaces", "one emoji", "random letters"],
)
def test_time_grows_with_the_length_of_any_text_and_no_faster(tmp_path, text):
    """A second; if it grew with the square, many minutes."""
    tokenizer, loaded = trained(FastTokenizer(), text, 300), FastTokenizer()
    tokenizer.save(tmp_path / "x")
    loaded.load(tmp_path / "x.model")
    assert loaded.decode(loaded.encode(text)) == text
    tokenizer.save(tmp_path / "x.tiktoken")
    loaded.load(tmp_path / "x.tiktoken")
    assert loaded.merges == tokenizer.merges


def test_token_longer_than_a_file_may_have_is_not_made(monkeypatch):
    monkeypatch.setattr(training, "MAX_TOKEN", 4)
    tokenizer = FastTokenizer()
    with pytest.warns(match="no pair left"):
        tokenizer.train("a" * 64 + "b" * 3, 300)
    assert {len(token) for token in tokenizer.vocab.values()} == {1, 2, 3, 4}


TEXTS = ["to be or not to be", "be not", " that's the question" * 3]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_texts_and_files_are_trained_as_one_text_whose_parts_do_not_touch(tmp_path, num_workers):
    paths = [tmp_path / f"{number}.txt" for number in range(len(TEXTS))]
    for path, text in zip(paths, TEXTS):
        path.write_text(text, encoding="utf-8")
    of_files, of_texts = FastTokenizer(), FastTokenizer()
    of_files.train_from_files(map(str, paths), 270, num_workers)
    of_texts.train_from_iterator(iter(TEXTS), 270, num_workers)
    counts = Counter(chunk for text in TEXTS for chunk in of_texts.split(text))
    merges = [merge.pair for merge in learn_merges(counts, 270 - 256)]
    assert list(of_texts.merges) == list(of_files.merges) == merges


# Against other people's trainers, on a long text.


@pytest.fixture(scope="session")
def merges(play):
    """Ours on the play, as far as the largest vocabulary here."""
    counts = Counter(FastTokenizer().split(play))
    return list(learn_merges(counts, 16384 - 256))


@pytest.mark.parametrize("vocab_size", [512, 4096, 16384])
def test_merges_are_those_of_rustbpe_in_the_same_order(play, merges, vocab_size):
    peer = rustbpe.Tokenizer()
    peer.train_from_iterator(iter([play]), vocab_size, pattern=GPT4_PATTERN)
    pairs = [merge.pair for merge in merges[: vocab_size - 256]]
    ours = FastTokenizer.from_merges(pairs)
    assert [bytes(token) for token, _ in peer.get_mergeable_ranks()] == list(ours.ranks)
    assert list(recover_merges(ours.ranks)) == pairs


@pytest.mark.parametrize("vocab_size", [512, 4096, 16384])
def test_tokens_are_those_of_hugging_face_but_for_ties(play, merges, vocab_size):
    peer = HuggingFace(models.BPE())
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(of_oniguruma(GPT4_PATTERN)), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator([play], trainer)
    ours = FastTokenizer.from_merges(merge.pair for merge in merges[: vocab_size - 256])
    different = set(map(to_letters, ours.ranks)) ^ set(peer.get_vocab())
    if "LM_DATA_DIR" in os.environ:
        # In the lecture's text, one tie lets " Queen" be put together from other parts, and that
        # leaves room for one more token at the end.
        assert different == ({"ĠQ", "ueen", "Que", "Ġmail"} if vocab_size == 16384 else set())
    else:  # the bundled play repeats itself more, and so has more ties
        assert len(different) < vocab_size / 100
