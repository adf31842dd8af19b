"""Text and ids: characters and back, windows and batches, files of ids and their vocabularies."""

import base64
import hashlib
import json
import tracemalloc

import numpy
import pytest
import torch
from conftest import TEXT
from hypothesis import given
from hypothesis import strategies as st

from gpt.chars import Chars
from gpt.data import Split, get_batch, train_and_dev
from gpt.load import RANKS, describe, encode, open_corpus, read_bpe, restore
from gpt.tokens import Shards
from shared import datasets
from shared.cli import UserError

IDS = numpy.arange(100, dtype=numpy.uint16)
PATTERN = r"\S+|\s+"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_characters_lead_to_ids_and_back(text):
    chars = Chars.of(text)
    assert chars.decode(chars.encode(text)) == text
    assert chars.to_bytes(chars.encode(text)) == text.encode()
    assert list(chars.characters) == sorted(set(text))


@pytest.mark.needs_data("tinyshakespeare.txt")
def test_shakespeare_has_the_65_characters_and_the_ids_of_the_lecture():
    chars = Chars.of(datasets.load("shakespeare").text)
    assert len(chars) == 65
    assert chars.characters[1:13] == " !$&',-.3:;?"
    assert chars.encode("hii there") == [46, 47, 47, 1, 58, 46, 43, 56, 43]


def test_long_text_is_encoded_in_little_more_memory_than_its_ids():
    text = TEXT * 40_000  # 6 million characters, whose ids would be 50 MB as Python integers
    chars = Chars.of(TEXT)
    tracemalloc.start()
    ids = encode(text, chars)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * len(text)
    assert ids.dtype == numpy.uint16
    assert chars.decode(ids[-len(TEXT) :].tolist()) == TEXT


@given(st.lists(st.integers(1, 9), min_size=1), st.data())
def test_shards_read_like_one_array(lengths, data):
    ids = numpy.arange(sum(lengths), dtype=numpy.uint16)
    shards = Shards(numpy.split(ids, numpy.cumsum(lengths)[:-1]))
    start, stop = (data.draw(st.integers(0, len(ids))) for _ in range(2))
    assert len(shards) == len(ids)
    assert shards[start:stop].tolist() == ids[start:stop].tolist()


def test_targets_are_the_inputs_one_further():
    x, y = Split(IDS, 10, 20).windows([0, 3], 4)
    assert x.tolist() == [[10, 11, 12, 13], [13, 14, 15, 16]]
    assert torch.equal(y, x + 1)


def test_windows_reach_the_last_token_of_train_and_never_dev():
    train, dev = train_and_dev(IDS)
    assert (train.start, train.stop, dev.start, dev.stop) == (0, 90, 90, 100)
    drawn = torch.cat([get_batch(train, step, 4, 64, seed=0)[1] for step in range(20)])
    assert (drawn.min(), drawn.max()) == (1, 89)


@given(st.integers(0, 10**6), st.integers(0, 2**31 - 1), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_parts_of_a_batch_are_the_same_batch_however_many(step, seed, parts):
    train, _ = train_and_dev(IDS)
    whole = get_batch(train, step, 4, 12, seed)
    split = [get_batch(train, step, 4, 12, seed, part, parts) for part in range(parts)]
    for i in (0, 1):
        assert torch.equal(whole[i], torch.cat([part[i] for part in split]))


def test_batches_differ_by_step_and_by_seed():
    train, _ = train_and_dev(numpy.arange(5000, dtype=numpy.uint16))
    batches = [get_batch(train, k, 4, 8, s)[0] for k, s in ((0, 0), (1, 0), (0, 1), (0, 2**31 - 1))]
    assert len({tuple(batch.flatten().tolist()) for batch in batches}) == 4


def write(folder, ids, name="tokens", **changes):
    """A file of ids and its JSON, as the tokenizer's lesson writes them."""
    dtype = "<u4" if changes.get("dtype") == "uint32" else "<u2"
    content = numpy.array(ids, dtype).tobytes()
    (folder / f"{name}.bin").write_bytes(content)
    about = {"dtype": "uint16", "byte_order": "little", "vocab_size": 257, "count": len(ids)}
    about |= {"sha256": hashlib.sha256(content).hexdigest(), "pattern": PATTERN, **changes}
    (folder / f"{name}.json").write_text(json.dumps(about))
    return folder / f"{name}.bin"


def write_ranks(folder, pair=b"ab"):
    """A tokenizer of the 256 bytes and one pair, which has the id 256."""
    tokens = [*(bytes([i]) for i in range(256)), pair]
    lines = (f"{base64.b64encode(token).decode()} {i}\n" for i, token in enumerate(tokens))
    (folder / RANKS).write_text("".join(lines))
    return hashlib.sha256((folder / RANKS).read_bytes()).hexdigest()


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_files_of_ids_are_mapped_in_order(tmp_path, dtype):
    write_ranks(tmp_path)
    write(tmp_path, IDS[:30], "a", dtype=dtype)
    write(tmp_path, IDS[30:], "b", dtype=dtype)
    (tmp_path / ".unfinished-c.bin").write_bytes(b"what a killed tokenizer left")
    corpus = open_corpus(str(tmp_path))
    assert isinstance(corpus.ids.arrays[0], numpy.memmap)
    assert corpus.ids[0:100].tolist() == IDS.tolist()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"count": 99}, "has 200 bytes, and its JSON says 198"),
        ({"dtype": "int8"}, "is damaged"),
        ({"vocab_size": 258}, r"it has 257 tokens, and .* 258"),
        ({"pattern": "("}, "is not a file of a tokenizer's ranks"),
        ({"ranks_sha256": "0" * 64}, "belongs to another run"),
    ],
)
def test_file_of_ids_that_disagrees_with_its_json_is_refused(tmp_path, changes, problem):
    write_ranks(tmp_path)
    path = write(tmp_path, IDS, **changes)
    with pytest.raises(UserError, match=problem):
        open_corpus(str(path))


def test_missing_and_damaged_json_and_strangers_among_shards_are_refused(tmp_path):
    write_ranks(tmp_path)
    path = write(tmp_path, IDS)
    write(tmp_path, IDS, "another", pattern=r"\S|\s")
    with pytest.raises(UserError, match=r"tokens.bin has another vocabulary than"):
        open_corpus(str(tmp_path))
    for damaged in ("{", "[]", "NaN"):
        path.with_suffix(".json").write_text(damaged)
        with pytest.raises(UserError, match=r"tokens.json is damaged"):
            open_corpus(str(path))
    path.with_suffix(".json").unlink()
    with pytest.raises(UserError, match=r"has no tokens.json beside it"):
        open_corpus(str(path))
    with pytest.raises(UserError, match=r"tokens.bin is empty; give a file that has ids"):
        open_corpus(str(write(tmp_path, [])))


def test_ids_mean_what_the_ranks_beside_them_say(tmp_path):
    path = write(tmp_path, [256, 99, 98])
    with pytest.raises(UserError, match=r"the meaning of the ids in .* is unknown"):
        open_corpus(str(path))
    write(tmp_path, [256, 99, 98], ranks_sha256=write_ranks(tmp_path))
    corpus = open_corpus(str(path))
    assert corpus.vocabulary.decode([256, 99, 98]) == "abcb"
    again = restore(describe(corpus.vocabulary), tmp_path)
    assert again.encode("abcb é") == [256, 99, 98, 32, 0xC3, 0xA9]
    with pytest.raises(UserError, match="it has 257 tokens, and the model's 3"):
        open_corpus(str(path), Chars("abc"))


def test_ranks_of_another_run_in_the_same_place_are_noticed(tmp_path):
    write_ranks(tmp_path)
    path = write(tmp_path, [256, 99, 98])
    vocabulary = open_corpus(str(path)).vocabulary
    write_ranks(tmp_path, pair=b"ba")
    assert open_corpus(str(path)).vocabulary.decode([256]) == "ba"  # nothing stale
    with pytest.raises(UserError, match="has another vocabulary than the model"):
        open_corpus(str(path), vocabulary)
    with pytest.raises(UserError, match=r"tokenizer.tiktoken belongs to another run"):
        restore(describe(vocabulary), tmp_path)


@pytest.mark.parametrize("ranks", ["nonsense", "YQ== 0\n", "YQ== zero\n"])
def test_damaged_ranks_are_refused(tmp_path, ranks):
    (tmp_path / RANKS).write_text(ranks)
    with pytest.raises(UserError, match=r"tokenizer.tiktoken is not a file of a tokenizer's ranks"):
        read_bpe(tmp_path / RANKS, PATTERN)
