"""From files to what the lesson works with: a list of words, and trained models.

    >>> model, alphabet = load("runs/NAME")                          # doctest: +SKIP
    >>> [alphabet.decode(ids) for ids in sample(model, 10)]          # doctest: +SKIP

A list has a word on each line. Where Unicode has two ways to write a letter, it is made one.
"""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from makemore.models import build
from makemore.words import Alphabet
from shared import checkpoints, cli, datasets
from shared.runs import Run
from shared.splits import split

LESSON = "makemore"
LEAST = 10  # different words that it takes to train, tune and test


@dataclass(frozen=True)
class WordList:
    """The words of a file; `description` says where they are from, `sha256` identifies the file."""

    words: list[str]
    too_long: int
    max_length: int
    description: str
    sha256: str

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
        text = f"{len(self.words):,}, of which {len(set(self.words)):,} are different; "
        text += f"the longest has {self.longest} characters"
        if self.too_long:
            text += f"; {self.too_long:,} longer than {self.max_length} left out (--max-length)"
        return text


def read_words(data: str, max_length: int = 40, lowercase: bool = False) -> WordList:
    """The words of a file, of `names`, or of `bundled`; those above `max_length` are left out.

    White space around a word is dropped, spaces inside are kept. Raises `UserError` for fewer than
    10 different words: too few to learn from some and be judged by others.
    """
    dataset = datasets.load("names", data)
    text = unicodedata.normalize("NFC", dataset.text.lower() if lowercase else dataset.text)
    words = [word for line in text.split("\n") if (word := line.strip())]
    kept = [word for word in words if len(word) <= max_length]
    word_list = WordList(kept, len(words) - len(kept), max_length, str(dataset), dataset.sha256)
    if len(set(kept)) < LEAST:
        raise cli.UserError(f"at least {LEAST} different words are needed; here: {word_list}")
    return word_list


@dataclass(frozen=True)
class Data:
    """A list of words, its splits, and its alphabet."""

    words: WordList
    train: list[str]
    dev: list[str]
    test: list[str]
    alphabet: Alphabet


def open_data(data: str, max_length: int = 40, lowercase: bool = False) -> Data:
    """Read and split a list of words; raises `UserError` if it cannot be used, see `read_words`."""
    words = read_words(data, max_length, lowercase)
    return Data(words, *split(words.words), Alphabet.of(words.words))


def load(folder: str | Path) -> tuple[nn.Module, Alphabet]:
    """The best weights of a run, and its alphabet; raises `UserError` if there are none."""
    folder = Path(folder)
    if Run.open(folder, LESSON).read_config().get("config", {}).get("compare"):
        each = f"choose one of them, for example {folder}/lstm"
        raise cli.UserError(f"{folder} has a run of each model in it; {each}")
    checkpoint = checkpoints.load(folder / "model.safetensors")
    metadata = checkpoint.metadata
    if metadata.get("lesson") != LESSON:
        raise cli.UserError(f"{folder}/model.safetensors is not from this lesson; use another run")
    alphabet = Alphabet(metadata["characters"])
    model = build(metadata["model"], len(alphabet), **metadata["sizes"])
    model.load_state_dict(checkpoint.part("model"))
    return model.eval(), alphabet
