"""Words become rows of ids, and rows become batches.

Follows the first part of makemore (youtube.com/watch?v=PaCmpygFfXo): one token, id 0, stands for
both ends of a word. "ava" is the row 0 a v a 0, and a model's task is to predict each id from those
before it: from 0 the a, from 0 a the v, and at last, from 0 a v a, that the word is over.

All words are padded once, into one tensor, and the batch of a step is a function of the seed and
the step alone. Left out: which words are for training, and where the list comes from.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch
from torch import Tensor

END = 0  # the id of the token that stands before and after every word
LEAST = 10  # different words that it takes to train, tune and test
PADDING = -1  # what fills a row behind its end; never a model's input, never counted in a loss
POOL = 16  # batches that are drawn together, and sorted by length


@dataclass(frozen=True)
class WordList:
    """The words of a text, and what is to be known of them."""

    words: list[str]
    too_long: int
    max_length: int

    @classmethod
    def of(cls, text: str, max_length: int, lowercase: bool = False) -> "WordList":
        """One word a line, without the white space around it; words above `max_length` left out.

        Spaces within a word stay. Where Unicode has two ways to write a letter, it is made one.
        Raises `ValueError` for fewer than 10 different words: too few to learn from some and be
        judged by others.
        """
        text = unicodedata.normalize("NFC", text.lower() if lowercase else text)
        words = [word for line in text.split("\n") if (word := line.strip())]
        kept = [word for word in words if len(word) <= max_length]
        found = cls(kept, len(words) - len(kept), max_length)
        if found.different < LEAST:
            raise ValueError(f"at least {LEAST} different words are needed; here: {found}")
        return found

    @property
    def different(self) -> int:
        """How many there are, each counted once."""
        return len(set(self.words))

    @property
    def longest(self) -> int:
        """Characters in the longest word."""
        return max(map(len, self.words), default=0)

    @property
    def both_cases(self) -> int:
        """How many letters occur both as a capital and as a small letter."""
        characters = set().union(*self.words)
        return sum(c != c.lower() and c.lower() in characters for c in characters)

    def __str__(self) -> str:
        about = f"{len(self.words):,}, of which {self.different:,} are different; "
        about += f"the longest has {self.longest} characters"
        if self.too_long:
            about += f"; left out: {self.too_long:,} of more than {self.max_length} (--max-length)"
        return about


class Alphabet:
    """The characters of a list of words, with ids from 1 up in the order of `characters`."""

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self.stoi = {character: i for i, character in enumerate(characters, start=END + 1)}

    @classmethod
    def of(cls, words: Sequence[str]) -> "Alphabet":
        """The alphabet that it takes to write `words`, sorted."""
        return cls("".join(sorted(set().union(*words))))

    def __len__(self) -> int:
        """How many ids there are, END included: the size of a model's vocabulary."""
        return len(self.characters) + 1

    def encode(self, word: str) -> list[int]:
        """The ids of the word's characters; raises `ValueError` for one that is not known."""
        try:
            return [self.stoi[character] for character in word]
        except KeyError as error:
            unknown = f"the character {error.args[0]!r} of {word!r} is not in the alphabet"
            raise ValueError(f"{unknown} {self.characters!r}") from None

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.characters[i - 1] for i in ids)


def rows_of(words: Sequence[str], alphabet: Alphabet) -> Tensor:
    """All words as one tensor (word, longest + 2): END, the ids, END, then PADDING."""
    longest = max(map(len, words))
    dtype = numpy.int16 if len(alphabet) < 2**15 else numpy.int32
    rows = numpy.full((len(words), longest + 2), PADDING, dtype)
    for row, word in zip(rows, words):
        row[: len(word) + 2] = [END, *alphabet.encode(word), END]
    return torch.from_numpy(rows)


def lengths_of(rows: Tensor) -> Tensor:
    """How many ids of each row a model has to predict (word,): its characters and the END."""
    return (rows[:, 1:] != PADDING).sum(1)


def inputs_and_targets(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Ids to see and ids to predict, both (batch, time), as long as the longest of these words.

    Behind a word's end, the inputs are END and the targets PADDING.
    """
    time = int(lengths_of(rows).max())
    ids = rows[:, : time + 1].long()
    return ids[:, :-1].clamp(min=END), ids[:, 1:]


def inside_word(x: Tensor) -> Tensor:
    """Which inputs (batch, time) are part of a word, and not behind its end."""
    mask = x != END
    mask[:, 0] = True  # the END before the word
    return mask


def seed_of(*numbers: int) -> int:
    """One seed for a generator, out of several numbers from 0 up, each of which matters.

    (PyTorch's generators look at no more than 32 bits of a seed, so they cannot be stacked.)
    """
    return int(numpy.random.SeedSequence(numbers).generate_state(1)[0])


def batch_at(
    step: int, lengths: Tensor, batch_size: int, seed: int, by_length: bool = True
) -> Tensor:
    """Which rows make up the batch of this step (batch_size,): a function of seed and step alone.

    Words are drawn with replacement, for `POOL` steps at once. `by_length`, a step gets those of
    them that are about the same length, so that little time goes into padding.
    """
    pool, turn = divmod(step, POOL)
    generator = torch.Generator().manual_seed(seed_of(seed, pool))
    drawn = torch.randint(len(lengths), (POOL * batch_size,), generator=generator)
    if by_length:
        drawn = drawn[lengths[drawn].argsort(stable=True)]
    order = torch.randperm(POOL, generator=generator)
    return drawn.view(POOL, batch_size)[order[turn]]
