"""Words become ids, and ids become examples: what to see, and what to predict from it.

Follows makemore, lectures 2 and 3 (youtube.com/watch?v=PaCmpygFfXo and
youtube.com/watch?v=TCH_1BHY58I). One token, id 0, which the lectures write as a dot, stands before
and after every word. The examples come in two forms: `build_dataset` cuts windows of a fixed
length, for an MLP; `word_rows` keeps words whole, for a network that reads one character after the
other.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

END = 0  # the id of the token before and after every word
PADDING = -1  # fills the targets after a word's end; never counted in a loss


class Alphabet:
    """The characters of a list of words, with ids from 1 up in the order of `characters`."""

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self.stoi = {character: i for i, character in enumerate(characters, start=END + 1)}

    @classmethod
    def of(cls, words: Sequence[str]) -> "Alphabet":
        """The characters of these words, sorted."""
        return cls("".join(sorted(set().union(*words))))

    def __len__(self) -> int:
        """The size of the vocabulary, END included."""
        return len(self.characters) + 1

    def encode(self, word: str) -> list[int]:
        """The ids of the word's characters; raises `ValueError` for an unknown one."""
        try:
            return [self.stoi[character] for character in word]
        except KeyError as error:
            unknown = f"the character {error.args[0]!r} of {word!r} is not in the alphabet"
            raise ValueError(f"{unknown} {self.characters!r}") from None

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.characters[i - 1] for i in ids)


def word_rows(words: Sequence[str], alphabet: Alphabet) -> tuple[Tensor, Tensor]:
    """What to see and what to predict, both (word, time): a row for each word.

    "ava" is seen as `. a v a` and predicted as `a v a .`; shorter words are filled up, with END in
    the first and PADDING in the second.
    """
    ids = [torch.tensor([END, *alphabet.encode(word), END]) for word in words]
    rows = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PADDING)
    return rows[:, :-1].clamp(min=END), rows[:, 1:]


def build_dataset(
    words: Sequence[str], alphabet: Alphabet, block_size: int
) -> tuple[Tensor, Tensor]:
    """All windows (example, block_size), and the id that follows each (example,).

    The windows of "ava" with three characters are `...`, `..a`, `.av` and `ava`.
    """
    x, y = word_rows(words, alphabet)
    windows = F.pad(x, (block_size - 1, 0), value=END).unfold(1, block_size, 1)
    return windows[y != PADDING], y[y != PADDING]  # (word, time, block_size), (word, time)


def trim(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """These rows of `word_rows`, as long as the longest word among them; windows as they are."""
    if y.ndim == 1:
        return x, y
    time = int((y != PADDING).sum(1).max())
    return x[:, :time], y[:, :time]
