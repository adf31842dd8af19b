"""Words become ids and come back; batches depend on the seed and the step alone."""

import pytest
import torch
from conftest import WORDS
from hypothesis import given
from hypothesis import strategies as st

from makemore.words import (
    END,
    PADDING,
    POOL,
    Alphabet,
    WordList,
    batch_at,
    inputs_and_targets,
    inside_word,
    lengths_of,
    rows_of,
)

TEN = "\n".join("abcdefghij")


@given(st.lists(st.text(min_size=1), min_size=1))
def test_rows_hold_every_word_and_nothing_else(words):
    alphabet = Alphabet.of(words)
    rows = rows_of(words, alphabet).tolist()
    assert [alphabet.decode([i for i in row if i > END]) for row in rows] == words
    for word, row in zip(words, rows):
        ids = alphabet.encode(word)
        assert row == [END, *ids, END] + [PADDING] * (len(row) - len(word) - 2)


def test_inputs_and_targets_are_the_lectures_pairs():
    alphabet = Alphabet("abc")
    x, y = inputs_and_targets(rows_of(["ab", "abca"], alphabet))
    assert x.tolist() == [[0, 1, 2, 0, 0], [0, 1, 2, 3, 1]]
    assert y.tolist() == [[1, 2, 0, -1, -1], [1, 2, 3, 1, 0]]
    assert inside_word(x).tolist() == (y != PADDING).tolist()


def test_batch_is_trimmed_to_its_longest_word(rows):
    x, _ = inputs_and_targets(rows[:3])  # ava mia emma
    assert x.shape == (3, 5)


def test_alphabet_of_more_characters_than_16_bits_can_number():
    words = [chr(0x20000 + i) for i in range(40_000)]
    assert rows_of(words, Alphabet.of(words)).max() == 40_000


def test_unknown_character_is_named(alphabet):
    with pytest.raises(ValueError, match="the character 'q' of 'qa' is not in the alphabet 'abeh"):
        alphabet.encode("qa")


def test_batch_depends_on_seed_and_step_alone(rows):
    lengths = lengths_of(rows)
    first = [batch_at(step, lengths, 4, seed=1) for step in range(3 * POOL)]
    backwards = [batch_at(step, lengths, 4, seed=1) for step in reversed(range(3 * POOL))]
    assert all(torch.equal(a, b) for a, b in zip(first, reversed(backwards)))
    other = [batch_at(step, lengths, 4, seed=2) for step in range(3 * POOL)]
    assert not all(torch.equal(a, b) for a, b in zip(first, other))


@pytest.mark.parametrize("by_length", [True, False])
def test_every_word_is_drawn_about_equally_often(rows, by_length):
    lengths = lengths_of(rows)
    drawn = torch.cat([batch_at(step, lengths, 8, 0, by_length) for step in range(200 * POOL)])
    counts = torch.bincount(drawn, minlength=len(WORDS))
    expected = 200 * POOL * 8 / len(WORDS)
    assert ((counts - expected).abs() < 5 * expected**0.5).all()  # five standard deviations


def test_batches_by_length_have_little_padding():
    lengths = torch.randint(3, 15, (1000,))

    def waste(by_length):
        batches = [lengths[batch_at(step, lengths, 32, 0, by_length)] for step in range(POOL)]
        return sum(int((batch.max() - batch).sum()) for batch in batches)

    assert waste(by_length=True) < waste(by_length=False) / 4


def test_crlf_spaces_around_and_empty_lines_make_no_difference():
    plain = WordList.of(TEN, 40).words
    assert WordList.of(" " + TEN.replace("\n", " \r\n\r\n") + "\r\n", 40).words == plain


def test_spaces_inside_and_letters_beyond_ascii_stay():
    assert "San José" in WordList.of(TEN + "\nSan José\n東京", 40).words


def test_letter_written_in_two_ways_is_one():
    words = WordList.of(TEN + "\ncafe\u0301\ncaf\u00e9", 40)
    assert words.words[-2:] == ["caf\u00e9"] * 2


def test_long_words_are_left_out_and_counted():
    words = WordList.of(TEN + "\n" + "x" * 10_000, 40)
    assert (len(words.words), words.too_long, words.longest) == (10, 1, 1)
    assert "left out: 1 of more than 40" in str(words)
    assert WordList.of(TEN + "\n" + "x" * 10_000, 10_000).longest == 10_000


def test_both_cases_are_noticed_and_lowercase_joins_them():
    assert WordList.of(TEN + "\nA\nB\nX", 40).both_cases == 2
    assert WordList.of(TEN + "\nA\nB\nX", 40, lowercase=True).both_cases == 0


@pytest.mark.parametrize(
    "text", ["emma", "emma\n" * 1000, "a\nb\nc\n" * 7, "x" * 50 + "\n" + TEN[2:]]
)
def test_fewer_than_ten_different_words_are_refused(text):
    with pytest.raises(ValueError, match="at least 10 different words are needed"):
        WordList.of(text, 40)
