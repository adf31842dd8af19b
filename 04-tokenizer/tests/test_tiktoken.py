"""The ids are tiktoken's: for GPT's own ranks, and for ranks that were learned here."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import regex
import tiktoken
from awkward import texts
from conftest import both_of
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import FastTokenizer, unicode
from tokenizer.gpt import GPT2Tokenizer
from tokenizer.ranks import recover_merges

COMPANY = ["{}'t", "1{}A", "\t{}", "a{}b"]  # before 't; after a digit, before a capital; …
CHARACTERS = [chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000]


@pytest.mark.parametrize("company", COMPANY)
def test_every_code_point_in_company(published, company):
    """Ours cuts the text, and tiktoken encodes the pieces, which is much faster than ours.

    That the ids of a piece are the same is what the other tests are about.
    """
    ours, theirs = published
    pieces = tiktoken.Encoding(
        "pieces", pat_str="(?s).+", mergeable_ranks=ours.ranks, special_tokens={"\0\0": 1 << 20}
    )
    for start in range(0, len(CHARACTERS), 1 << 14):
        block = CHARACTERS[start : start + (1 << 14)]
        text = " ".join(map(company.format, block))
        ids = pieces.encode("\0\0".join(ours.split(text)), allowed_special="all")
        assert [i for i in ids if i != 1 << 20] == theirs.encode_ordinary(text), (
            f"tiktoken {version('tiktoken')} does not cut as we do with regex {version('regex')}, "
            f"somewhere from U+{ord(block[0]):04X} to U+{ord(block[-1]):04X}"
        )


@pytest.mark.parametrize("company", COMPANY)
def test_code_points_that_regex_has_in_another_class(both, company):
    ours, theirs = both
    for block in blocks([chr(i) for i in unicode._differences()[0]]):
        text = " ".join(map(company.format, block))
        assert ours.encode(text) == theirs.encode(text)


def test_stored_differences_are_those_of_the_installed_versions():
    installed = {package: version(package) for package in unicode.VERSIONS}
    assert (installed, unicode.find_differences()) == (unicode.VERSIONS, unicode.DIFFERENCES), (
        f"with regex {installed['regex']} and tiktoken {installed['tiktoken']}, ids are right, but "
        "the first text takes half a second longer: put into tokenizer/unicode.py what "
        "`python tokenizer/unicode.py` prints"
    )


def test_differences_are_found_anew_for_other_versions(monkeypatch):
    stored, _ = unicode._differences()
    monkeypatch.setitem(unicode.VERSIONS, "regex", "another")
    monkeypatch.setattr(unicode, "DIFFERENCES", {})
    found, candidates = unicode._differences.__wrapped__()
    assert found == stored
    assert all(candidates.match(chr(i)) for i in found)


@pytest.mark.parametrize("name", unicode.STAND_INS)
def test_stand_in_is_in_its_class_and_no_other(name):
    bytes_only = {bytes([i]): i for i in range(256)}
    for pattern in unicode.STAND_INS.keys() - {"none"}:
        stand_in = unicode.STAND_INS[name]
        theirs = tiktoken.Encoding(
            "class", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={}
        )
        for found in (regex.match(pattern, stand_in), theirs.encode(stand_in)):
            assert bool(found) == (pattern == name)


def blocks(characters):
    return (characters[i : i + 1024] for i in range(0, len(characters), 1024))


def test_every_code_point_alone_survives(both):
    """Lone surrogates as well, which become U+FFFD."""
    ours, theirs = both
    for block in blocks([chr(i) for i in [*range(0x3000), *range(0xD700, 0x11000)]]):
        assert [*map(ours.encode_ordinary, block)] == [*map(theirs.encode_ordinary, block)]


def test_a_whole_play(both, play):
    ours, theirs = both
    ids = ours.encode(play)
    assert ids == theirs.encode(play)
    assert ours.decode(ids) == play
    assert ours.encode_to_numpy(play).tolist() == ids


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


@pytest.mark.parametrize("allowed", ["none", "all", {"🙂"}, {"🙂", "<|end|>"}])
def test_halves_of_a_surrogate_pair_are_joined_before_special_tokens_are_looked_for(allowed):
    ours = FastTokenizer()
    ours.register_special_tokens({"🙂": 300, "<|end|>": 301})
    options = {"disallowed_special": (), "allowed_special": set() if allowed == "none" else allowed}
    for text in ("a\ud83d\ude42b<|end|>", "\ud83d<|end|>\ude42"):
        assert ours.encode(text, allowed) == ours.to_tiktoken().encode(text, **options)


@given(ids=st.lists(st.integers(0, 255) | st.integers(0, 201_000), max_size=24))
def test_any_ids_are_decoded_as_tiktoken_does_even_where_they_are_no_utf8(both, ids):
    ours, theirs = both
    ids = [i for i in ids if i in ours.vocab or i in ours.special_tokens.values()]
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


@pytest.mark.parametrize(
    "change",
    [
        lambda tokenizer: tokenizer.train("low lower lowest", 260),
        lambda tokenizer: tokenizer.train_from_iterator(["low lower lowest"], 260),
        lambda tokenizer: tokenizer.load("x.model"),
    ],
)
def test_published_tokenizer_keeps_its_ranks(monkeypatch, change):
    monkeypatch.setattr("tokenizer.files.load", lambda path, pattern: FastTokenizer().model())
    tokenizer, theirs = both_of("gpt2")
    with pytest.raises(NotImplementedError, match="GPT2Tokenizer keeps the ranks that OpenAI"):
        change(tokenizer)
    assert tokenizer.encode("hello world") == theirs.encode("hello world")


def test_ranks_that_no_merges_make_are_refused():
    ranks = {bytes([i]): i for i in range(256)} | {b"abc": 256}
    with pytest.raises(ValueError, match="token 256, b'abc', is not made of two earlier tokens"):
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
