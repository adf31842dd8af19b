"""Chunks: the fast cuts are the plain ones, a safe cut is safe, a file in blocks is the text."""

from itertools import accumulate, pairwise

import pytest
from awkward import texts
from hypothesis import example, given
from hypothesis import strategies as st

from tokenizer.counting import blocks_of_file, blocks_of_text
from tokenizer.fast_split import FastSplitter, last_cut
from tokenizer.split import GPT2_PATTERN, GPT4_PATTERN, GPT4O_PATTERN, PATTERNS, split
from tokenizer.unicode import as_tiktoken_sees

FAST = {name: FastSplitter(pattern) for name, pattern in PATTERNS.items()}
every_pattern = pytest.mark.parametrize("name", PATTERNS)


def plain(text, name):
    """The chunks of `split`, with the Unicode of tiktoken."""
    lengths = map(len, split(as_tiktoken_sees(text), PATTERNS[name]))
    return [text[i:j] for i, j in pairwise(accumulate(lengths, initial=0))]


@pytest.mark.parametrize(
    ("pattern", "chunks"),
    [
        (GPT2_PATTERN, "It|'|S| 2026|!|\n\n  | How|'s| fooBar|?"),
        (GPT4_PATTERN, "It|'S| |202|6|!\n\n|  | How|'s| fooBar|?"),
        (GPT4O_PATTERN, "It'S| |202|6|!\n\n|  | How's| foo|Bar|?"),
    ],
    ids=PATTERNS,
)
def test_patterns_cut_as_their_comments_say(pattern, chunks):
    assert split("It'S 2026!\n\n   How's fooBar?", pattern) == chunks.split("|")


@every_pattern
@given(texts)
def test_chunks_joined_are_the_text(name, text):
    assert "".join(split(text, PATTERNS[name])) == text


@every_pattern
@given(texts, texts, st.sampled_from([0, 90, 100, 1990, 2000, 2010]), st.booleans())
def test_fast_chunks_are_the_plain_ones(name, first, second, letters, ascii_only):
    text = first + "x" * letters + " " + second  # long enough to be cut into parts
    text = text.encode("ascii", "ignore").decode() if ascii_only else text
    assert FAST[name](text) == plain(text, name)


@every_pattern
@given(texts, texts)
@example("e\u0301", "x")
@example("don'", "t")
def test_what_follows_a_safe_cut_does_not_change_what_is_before_it(name, text, following):
    cut = last_cut(text)
    before, after = text[:cut], text[cut:] + following
    assert plain(before, name) + plain(after, name) == plain(text + following, name)


def test_safe_cuts_are_found_in_ordinary_text_of_many_languages():
    for text in ("to be or not", "дом, и сад", "日本語。東京", "הבית שלי", "a,b,c", "x\ny"):
        assert last_cut(text) > 0, text


@every_pattern
@given(texts, st.integers(1, 20))
def test_blocks_have_the_chunks_of_the_whole_text(name, text, size):
    blocks = list(blocks_of_text(text, FAST[name], size))
    assert "".join(blocks) == text
    assert [chunk for block in blocks for chunk in plain(block, name)] == plain(text, name)


@given(texts, st.integers(1, 20), st.booleans())
def test_file_read_in_blocks_is_the_text(tmp_path_factory, text, size, mark):
    path = tmp_path_factory.mktemp("blocks") / "text.txt"
    path.write_bytes(text.encode("utf-8-sig" if mark else "utf-8"))
    text = text if mark else text.removeprefix("\ufeff")
    assert "".join(blocks_of_file(path, FAST["gpt4"], size)) == text


def test_halves_of_a_surrogate_pair_are_joined_before_the_text_is_cut():
    assert "".join(blocks_of_text("ab\ud83d\ude42", FAST["gpt4"], 3)) == "ab🙂"


def test_long_text_comes_in_many_blocks():
    blocks = list(blocks_of_text("to be or not to be " * 1000, FAST["gpt4"], 100))
    assert len(blocks) > 150
    assert max(map(len, blocks)) <= 200


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("aé日".encode() + b"\xff" + b"bcd", "byte 0xff at position 6"),
        ("abcdef日".encode()[:-1], "byte 0xe6 at position 6"),  # it ends inside a character
    ],
)
@pytest.mark.parametrize("size", [3, 5, 1000])
def test_byte_that_is_not_utf8_is_named_with_its_position(tmp_path, size, content, problem):
    (tmp_path / "text.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"text.txt is not UTF-8 text \({problem}\)"):
        list(blocks_of_file(tmp_path / "text.txt", FAST["gpt4"], size))


def test_users_own_pattern_may_have_groups_and_its_text_is_one_block():
    assert FastSplitter(r"(a|b)+|(c)|\s+")("abcab c") == ["ab", "c", "ab", " ", "c"]
    assert list(blocks_of_text("a b c", FastSplitter(r"(?s)."), 1)) == ["a b c"]


@pytest.mark.parametrize("pattern", [r"\w+", "(?rs)."])  # one leaves the space out, one runs back
def test_pattern_that_does_not_give_back_the_text_is_refused(pattern):
    with pytest.raises(ValueError, match="leaves out part of the text"):
        FastSplitter(pattern)("two words")
