"""Train, dev and test: which documents a model learns from, is tuned on, and is judged by.

80 / 10 / 10 as in the lectures, by whole documents, in a seeded order that is the same on every
machine. A document that occurs twice can land in two splits: make the list unique first.
"""

import random
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

Document = TypeVar("Document")


class Splits(NamedTuple, Generic[Document]):
    """Three lists that share no position of the input and together are all of it."""

    train: list[Document]
    dev: list[Document]
    test: list[Document]


def split(documents: Sequence[Document], seed: int = 42) -> Splits[Document]:
    """Shuffle the documents and cut them after 80 % and 90 %.

    Raises `ValueError` for fewer than 10 documents, where a split would be empty.
    """
    if len(documents) < 10:
        raise ValueError(f"{len(documents)} documents cannot be split; at least 10 are needed")
    shuffled = list(documents)
    random.Random(seed).shuffle(shuffled)
    first, second = int(0.8 * len(shuffled)), int(0.9 * len(shuffled))
    return Splits(shuffled[:first], shuffled[first:second], shuffled[second:])
