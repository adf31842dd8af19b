"""Words become ids and come back; examples are the lectures'; a list of words is read with care."""

import random

import pytest
import torch
from conftest import WORDS
from hypothesis import given
from hypothesis import strategies as st

from makemore.load import read_words
from makemore.words import END, PADDING, Alphabet, build_dataset, word_rows
from shared import cli

TEN = "\n".join("abcdefghij")


@given(st.lists(st.text(min_size=1), min_size=1))
def test_rows_hold_every_word_and_nothing_else(words):
    alphabet = Alphabet.of(words)
    x, y = word_rows(words, alphabet)
    for word, seen, predicted in zip(words, x.tolist(), y.tolist()):
        ids = alphabet.encode(word)
        rest = len(seen) - len(ids) - 1
        assert alphabet.decode(ids) == word
        assert seen == [END, *ids] + [END] * rest
        assert predicted == [*ids, END] + [PADDING] * rest


def lecture_dataset(words, alphabet, block_size):
    """The loop of lecture 3."""
    xs, ys = [], []
    for word in words:
        context = [0] * block_size
        for ix in [*alphabet.encode(word), 0]:
            xs.append(context)
            ys.append(ix)
            context = [*context[1:], ix]
    return torch.tensor(xs), torch.tensor(ys)


@pytest.mark.parametrize("block_size", [1, 3, 8])
def test_dataset_is_that_of_the_lectures_loop(block_size, alphabet):
    ours, theirs = (f(WORDS, alphabet, block_size) for f in (build_dataset, lecture_dataset))
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs))


@pytest.mark.needs_data("names.txt")
def test_splits_of_all_names_have_the_lectures_number_of_examples(names):
    """Lectures 4 to 6 print these: words shuffled with Python's seed 42, cut at 80 and 90 %."""
    random.Random(42).shuffle(names := list(names))
    alphabet = Alphabet.of(names)
    parts = names[:25626], names[25626:28829], names[28829:]
    sizes = [len(build_dataset(part, alphabet, 3)[1]) for part in parts]
    assert sizes == [182_625, 22_655, 22_866]


def test_unknown_character_is_named(alphabet):
    with pytest.raises(ValueError, match="the character 'q' of 'qa' is not in the alphabet 'abeh"):
        alphabet.encode("qa")


# lists of words


@pytest.fixture
def read(tmp_path):
    """What is read from a file with this text."""

    def read(text, **options):
        (tmp_path / "words.txt").write_bytes(text.encode())
        return read_words(str(tmp_path / "words.txt"), **options)

    return read


def test_words_are_stripped_and_a_letter_written_in_two_ways_is_one(read):
    text = " " + TEN.replace("\n", " \r\n\r\n") + "\r\nSan José\n東京\ncafe\u0301\ncaf\u00e9"
    assert read(text).words == [*TEN.split(), "San José", "東京", "caf\u00e9", "caf\u00e9"]


def test_long_words_are_left_out_and_counted(read):
    words = read(TEN + "\n" + "x" * 10_000)
    assert (len(words.words), words.too_long, words.longest) == (10, 1, 1)
    assert "1 longer than 40 left out" in str(words)
    assert read(TEN + "\n" + "x" * 10_000, max_length=10_000).longest == 10_000


def test_fewer_than_ten_different_words_are_refused(read):
    with pytest.raises(cli.UserError, match="at least 10 different words are needed"):
        read("x" * 50 + "\n" + TEN[2:])
