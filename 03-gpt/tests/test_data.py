"""Text and ids: characters there and back, windows of a stream, batches, files of ids."""

import base64
import hashlib
import json
from types import SimpleNamespace

import numpy
import pytest
import torch
from conftest import TEXT
from hypothesis import given
from hypothesis import strategies as st

from gpt.bpe import BPE
from gpt.chars import Chars
from gpt.corpus import Corpus, describe, restore
from gpt.data import Split, Stream, batch_at, open_files, train_and_dev
from shared.datasets import Dataset

IDS = list(range(100))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_characters_lead_to_ids_and_back(text):
    chars = Chars.of(text)
    assert chars.decode(chars.encode(text)) == text
    assert chars.to_bytes(chars.encode(text)) == text.encode()
    assert list(chars.characters) == sorted(set(text))


@pytest.mark.needs_data("tinyshakespeare.txt")
def test_shakespeare_has_the_65_characters_and_the_ids_of_the_lecture(shakespeare):
    chars = Chars.of(shakespeare)
    assert len(chars) == 65
    assert chars.characters[1:13] == " !$&',-.3:;?"
    assert chars.encode("hii there") == [46, 47, 47, 1, 58, 46, 43, 56, 43]


@pytest.fixture
def shakespeare():
    from shared import datasets

    return datasets.load("shakespeare").text


def test_unknown_character_is_named():
    with pytest.raises(ValueError, match="character 'z' is none that this model was trained on"):
        Chars.of("abc").encode("abz")


@given(st.lists(st.integers(1, 9), min_size=1), st.data())
def test_shards_read_like_one_array(lengths, data):
    ids = numpy.arange(sum(lengths), dtype=numpy.uint16)
    stream = Stream(numpy.split(ids, numpy.cumsum(lengths)[:-1]))
    start = data.draw(st.integers(0, len(ids) - 1))
    stop = data.draw(st.integers(start + 1, len(ids)))
    assert len(stream) == len(ids)
    assert stream.read(start, stop).tolist() == ids[start:stop].tolist()


def test_train_is_the_first_90_percent_and_dev_the_rest():
    train, dev = train_and_dev(Stream.of(IDS), 4)
    assert (train.start, train.stop, dev.start, dev.stop) == (0, 90, 90, 100)


def test_targets_are_the_inputs_one_further():
    x, y = Split(Stream.of(IDS), 10, 20).windows([0, 3], 4)
    assert x.tolist() == [[10, 11, 12, 13], [13, 14, 15, 16]]
    assert torch.equal(y, x + 1)


@pytest.mark.parametrize("length", [0, 1, 40])
def test_text_shorter_than_the_context_is_refused(length):
    with pytest.raises(ValueError, match=rf"{length} tokens; a context of 4 needs at least 41"):
        train_and_dev(Stream.of(IDS[:length]), 4)
    train_and_dev(Stream.of(IDS[:41]), 4)


def test_windows_reach_the_last_token_of_train_and_never_dev():
    train, _ = train_and_dev(Stream.of(IDS), 4)
    drawn = torch.cat([batch_at(step, train, 4, 64, seed=0)[1] for step in range(20)])
    assert (drawn.min(), drawn.max()) == (1, 89)


@given(st.integers(0, 10**6), st.integers(0, 2**31 - 1), st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_parts_of_a_batch_are_the_same_batch_however_many(step, seed, parts):
    train, _ = train_and_dev(Stream.of(IDS), 4)
    whole = batch_at(step, train, 4, 12, seed)
    split = [batch_at(step, train, 4, 12, seed, part, parts) for part in range(parts)]
    for i in (0, 1):
        assert torch.equal(whole[i], torch.cat([part[i] for part in split]))


def test_batches_differ_by_step_and_by_seed():
    train, _ = train_and_dev(Stream.of(list(range(5000))), 4)
    batches = [batch_at(k, train, 4, 8, s)[0] for k, s in ((0, 0), (1, 0), (0, 1), (0, 2**31 - 1))]
    assert len({tuple(batch.flatten().tolist()) for batch in batches}) == 4


def write(folder, ids, name="tokens", **changes):
    """A file of ids and its JSON, as the tokenizer's lesson writes them."""
    content = numpy.array(ids, changes.get("dtype", "uint16")).astype("<u2").tobytes()
    if changes.get("dtype") == "uint32":
        content = numpy.array(ids, "<u4").tobytes()
    (folder / f"{name}.bin").write_bytes(content)
    about = {"dtype": "uint16", "byte_order": "little", "vocab_size": 100, "count": len(ids)}
    about |= {"sha256": hashlib.sha256(content).hexdigest(), **changes}
    (folder / f"{name}.json").write_text(json.dumps(about))
    return folder / f"{name}.bin"


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_files_of_ids_are_mapped_in_order(tmp_path, dtype):
    paths = [
        write(tmp_path, IDS[:30], "a", dtype=dtype),
        write(tmp_path, IDS[30:], "b", dtype=dtype),
    ]
    stream, abouts = open_files(paths)
    assert isinstance(stream.shards[0], numpy.memmap)
    assert stream.read(0, 100).tolist() == IDS
    assert [about["count"] for about in abouts] == [30, 70]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"count": 99}, "has 200 bytes, and its JSON says 198"),
        ({"dtype": "int8"}, "says int8, little; ids are uint16 or uint32, little"),
        ({"byte_order": "big"}, "says uint16, big"),
        ({"vocab_size": 99}, "has the id 99 in a vocabulary of 99"),
        ({"sha256": "0" * 64}, "is not what its JSON describes"),
        ({"vocab_size": None}, "does not describe a file of ids"),
    ],
)
def test_file_of_ids_that_disagrees_with_its_json_is_refused(tmp_path, changes, problem):
    path = write(tmp_path, IDS, **changes)
    with pytest.raises(ValueError, match=problem):
        open_files([path])


def test_missing_json_damaged_json_and_strangers_among_shards_are_refused(tmp_path):
    path, other = write(tmp_path, IDS), write(tmp_path, IDS, "other", vocab_size=101)
    with pytest.raises(ValueError, match=r"other.bin has another vocabulary than"):
        open_files([path, other])
    path.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match=r"tokens.json does not describe a file of ids"):
        open_files([path])
    path.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match=r"has no tokens.json beside it"):
        open_files([path])


def test_empty_file_of_ids_is_called_empty(tmp_path):
    path = write(tmp_path, [], vocab_size=5)
    with pytest.raises(ValueError, match=r"tokens.bin is empty; give a file that has ids"):
        open_files([path])


def write_ranks(folder):
    """A tokenizer of the 256 bytes and the pair ab, which has the id 256."""
    tokens = [*(bytes([i]) for i in range(256)), b"ab"]
    lines = (f"{base64.b64encode(token).decode()} {i}\n" for i, token in enumerate(tokens))
    (folder / "tokenizer.tiktoken").write_text("".join(lines))


def test_what_a_character_costs_is_no_floor_for_other_tokens(tmp_path):
    write_ranks(tmp_path)
    text = SimpleNamespace(text="ab ab", sha256="0" * 64, nats_per_character=0.5)
    assert Corpus.of_text(text).floor == 0.5
    bpe = BPE.open(tmp_path / "tokenizer.tiktoken", r"\S+|\s+")
    corpus = Corpus.of_text(text, bpe)
    assert (len(corpus.stream), corpus.floor) == (3, None)


def test_ids_mean_what_the_ranks_beside_them_say(tmp_path):
    path = write(tmp_path, [256, 99, 98], vocab_size=257, pattern=r"\S+|\s+")
    with pytest.raises(ValueError, match="what its ids mean is unknown"):
        Corpus.of_files([path])
    write_ranks(tmp_path)
    corpus = Corpus.of_files([path])
    assert corpus.vocabulary.decode([256, 99, 98]) == "abcb"
    again = restore(describe(corpus.vocabulary), tmp_path)
    assert again.encode("abcb é") == [256, 99, 98, 32, 0xC3, 0xA9]
    with pytest.raises(ValueError, match="it has 257 tokens, the model's 3"):
        Corpus.open(str(path), None, Chars("abc"))


def test_ranks_of_another_size_and_vocabularies_of_other_ranks_are_refused(tmp_path):
    write_ranks(tmp_path)
    path = write(tmp_path, [256, 99, 98], vocab_size=258, pattern=r"\S+|\s+")
    with pytest.raises(ValueError, match=r"it has 257 tokens, .* has 258"):
        Corpus.of_files([path])
    path = write(tmp_path, [256, 99, 98], vocab_size=257, pattern=r"\S+|\s+")
    vocabulary = Corpus.of_files([path]).vocabulary
    assert Corpus.open(str(path), None, vocabulary)
    ranks = (tmp_path / "tokenizer.tiktoken").read_text()
    encoded = base64.b64encode(b"ab").decode(), base64.b64encode(b"ba").decode()
    (tmp_path / "tokenizer.tiktoken").write_text(ranks.replace(*encoded))
    with pytest.raises(ValueError, match="in another vocabulary than the model's"):
        Corpus.open(str(path), None, vocabulary)


@pytest.mark.parametrize("ranks", ["", "nonsense", "YQ== 0\n", "YQ== zero\n", "a 0\n", "YQ== -1\n"])
def test_damaged_ranks_are_refused(tmp_path, ranks):
    path = write(tmp_path, [3, 2, 1], vocab_size=4, pattern=r"\S+|\s+")
    (tmp_path / "tokenizer.tiktoken").write_text(ranks)
    with pytest.raises(ValueError, match=r"tokenizer.tiktoken holds no tokenizer's ranks"):
        Corpus.of_files([path])


def test_text_in_a_models_own_characters():
    corpus = Corpus.of_text(Dataset(TEXT, "here", "0"))
    again = Corpus.of_text(Dataset("speak", "here", "0"), corpus.vocabulary)
    assert again.vocab_size == len(set(TEXT))
    assert corpus.vocabulary.decode(again.stream.read(0, 5).tolist()) == "speak"
