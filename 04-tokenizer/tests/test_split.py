"""Chunks: the fast cuts are the plain ones, a safe cut is safe, bad patterns are refused."""

import pytest
from awkward import texts
from hypothesis import example, given
from hypothesis import strategies as st

from tokenizer import split as split_module
from tokenizer.counting import blocks_of_file, blocks_of_text
from tokenizer.fast_split import FastSplitter, last_cut
from tokenizer.split import GPT2_PATTERN, GPT4_PATTERN, GPT4O_PATTERN, PATTERNS, Splitter

PLAIN = {name: Splitter(pattern) for name, pattern in PATTERNS.items()}
FAST = {name: FastSplitter(pattern) for name, pattern in PATTERNS.items()}
every_pattern = pytest.mark.parametrize("name", PATTERNS)


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
    assert Splitter(pattern)("It'S 2026!\n\n   How's fooBar?") == chunks.split("|")


@every_pattern
@given(texts)
def test_chunks_joined_are_the_text(name, text):
    assert "".join(PLAIN[name](text)) == text


@every_pattern
@given(texts, texts, st.sampled_from([0, 90, 100, 1990, 2000, 2010]))
def test_fast_chunks_are_the_plain_ones(name, first, second, letters):
    text = first + "x" * letters + " " + second  # long enough to be cut into parts
    assert FAST[name](text) == PLAIN[name](text)


@every_pattern
@given(texts)
def test_fast_chunks_of_ascii_are_the_plain_ones(name, text):
    text = text.encode("ascii", "ignore").decode()
    assert FAST[name](text) == PLAIN[name](text)


@every_pattern
@given(texts, texts)
@example("e\u0301", "x")
@example("don'", "t")
def test_what_follows_a_safe_cut_does_not_change_what_is_before_it(name, text, following):
    cut = last_cut(text)
    before, after = text[:cut], text[cut:] + following
    assert PLAIN[name](before) + PLAIN[name](after) == PLAIN[name](text + following)


def test_safe_cuts_are_found_in_ordinary_text_of_many_languages():
    for text in ("to be or not", "дом, и сад", "日本語。東京", "הבית שלי", "a,b,c", "x\ny"):
        assert last_cut(text) > 0, text


@every_pattern
@given(texts, st.integers(1, 20))
def test_blocks_have_the_chunks_of_the_whole_text(name, text, size):
    blocks = list(blocks_of_text(text, FAST[name], size))
    assert "".join(blocks) == text
    assert [chunk for block in blocks for chunk in PLAIN[name](block)] == PLAIN[name](text)


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


@pytest.mark.parametrize("size", [3, 4, 5, 1000])
def test_byte_that_is_not_utf8_is_named_with_its_position(tmp_path, size):
    path = tmp_path / "text.txt"
    path.write_bytes("aé日".encode() + b"\xff" + b"bcd")
    with pytest.raises(ValueError, match=r"text.txt is not UTF-8 text \(byte 0xff at position 6\)"):
        list(blocks_of_file(path, FAST["gpt4"], size))


def test_file_that_ends_inside_a_character_is_not_utf8(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("abc日".encode()[:-1])
    with pytest.raises(ValueError, match="byte 0xe6 at position 3"):
        list(blocks_of_file(path, FAST["gpt4"], 4))


def test_text_with_the_users_own_pattern_is_one_block():
    assert list(blocks_of_text("a b c", FastSplitter(r"(?s)."), 1)) == ["a b c"]


def test_users_own_pattern_may_have_groups():
    assert FastSplitter(r"(a|b)+|(c)|\s*")("abcab c") == ["ab", "c", "ab", " ", "c"]


def test_pattern_that_leaves_text_out_is_refused():
    with pytest.raises(ValueError, match="leaves out"):
        FastSplitter(r"\w+")("two words")


def test_pattern_that_gives_the_chunks_in_another_order_is_refused():
    with pytest.raises(ValueError, match="leaves out"):
        FastSplitter(r"(?rs).")("abc")


def test_empty_pattern_is_refused():
    with pytest.raises(ValueError, match="is empty"):
        FastSplitter("")


def test_pattern_that_does_not_compile_is_refused_with_the_position():
    with pytest.raises(ValueError, match=r"bad split pattern: .* at position 2"):
        FastSplitter("(a")


def test_pattern_that_backtracks_for_ever_is_stopped(monkeypatch):
    monkeypatch.setattr(split_module, "PATIENCE", 0.1)
    with pytest.raises(ValueError, match=r"stopped after 0\.1 s"):
        FastSplitter(r"(?:a|a|aa)+b|.")("a" * 60)
