"""Byte-pair encoding in its plainest form.

Follows "Let's build the GPT Tokenizer" (Andrej Karpathy, youtube.com/watch?v=zduSFxRajkE), up to
its first whole tokenizer. A text is a list of bytes, so a list of ids from 0 to 255. Training
counts all pairs of neighbors, merges the most frequent pair into a new id, and does it again.
Encoding plays the merges back in the order in which they were learned.

Left out: cutting the text into words first, special tokens (both in `regex_tokenizer`), and speed
(`fast`): every merge reads the whole text anew.
"""

import warnings
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from tokenizer import files
from tokenizer.model_file import Model, check_byte_ids
from tokenizer.unicode import well_formed

Pair = tuple[int, int]
ONE_CHUNK = r"(?s:.+)"  # the pattern that leaves a text whole


def count_pairs(ids: list[int], counts: Counter[Pair], times: int = 1) -> None:
    """Add to `counts` every pair of neighbors in `ids`, `times` over.

    Pairs may overlap: `aaa` holds the pair (a, a) twice.
    """
    for pair in pairwise(ids):
        counts[pair] += times


def most_frequent(counts: Counter[Pair]) -> Pair:
    """The pair with the highest count; of several, the one with the smallest ids.

    (The lecture's code takes the one that it met first.)
    """
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """`ids` with every occurrence of `pair`, from left to right, replaced by `new_id`.

    >>> merge([1, 2, 3, 1, 2], (1, 2), 4)
    [4, 3, 4]
    """
    merged = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def apply_merges(ids: list[int], merges: dict[Pair, int]) -> list[int]:
    """`ids` after all merges that apply, the one learned first before the others."""
    while len(ids) > 1:
        pair = min(pairwise(ids), key=lambda pair: merges.get(pair, float("inf")))
        if pair not in merges:
            break
        ids = merge(ids, pair, merges[pair])
    return ids


def build_vocab(merges: dict[Pair, int]) -> dict[int, bytes]:
    """The bytes that every id stands for."""
    vocab = {i: bytes([i]) for i in range(256)}
    for (first, second), new_id in merges.items():
        vocab[new_id] = vocab[first] + vocab[second]
    return vocab


def check_vocab_size(vocab_size: int) -> None:
    """Raise `ValueError` unless there is room for the 256 bytes."""
    if vocab_size < 256:
        raise ValueError(f"vocab_size must be at least 256, one for each byte, not {vocab_size}")


def warn_if_exhausted(n_merges: int, vocab_size: int) -> None:
    """Warn when training ran out of pairs."""
    if n_merges < vocab_size - 256:
        warnings.warn(
            f"the text has no pair left to merge: the vocabulary is {256 + n_merges:,} tokens, "
            f"not {vocab_size:,}",
            stacklevel=3,
        )


def show_merge(
    pair: Pair, new_id: int, vocab_size: int, vocab: dict[int, bytes], count: int
) -> None:
    """Print a line about one merge, as the lecture does."""
    progress = f"{new_id - 255}/{vocab_size - 256}"
    print(f"merge {progress}: {pair} -> {new_id} ({vocab[new_id]!r}), {count} times")


class BasicTokenizer:
    """The lecture's first tokenizer.

    `merges` maps a pair of ids to the id that takes its place, in the order learned; `vocab` maps
    every id to its bytes.

    >>> tokenizer = BasicTokenizer()
    >>> tokenizer.train("aaabdaaabac", 256 + 3)
    >>> tokenizer.encode("aaabdaaabac")
    [258, 100, 258, 97, 99]
    >>> tokenizer.decode([258, 100, 258, 97, 99])
    'aaabdaaabac'
    """

    def __init__(self) -> None:
        self.merges: dict[Pair, int] = {}
        self.vocab = build_vocab(self.merges)

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        """Learn `vocab_size` - 256 merges from `text`; `verbose` prints each.

        Warns when the text has fewer. Raises `ValueError` for a size below 256.
        """
        check_vocab_size(vocab_size)
        ids = list(well_formed(text).encode())
        merges, vocab = {}, build_vocab({})
        for new_id in range(256, vocab_size):
            counts: Counter[Pair] = Counter()
            count_pairs(ids, counts)
            if not counts:
                break
            pair = most_frequent(counts)
            ids = merge(ids, pair, new_id)
            merges[pair] = new_id
            vocab[new_id] = vocab[pair[0]] + vocab[pair[1]]
            if verbose:
                show_merge(pair, new_id, vocab_size, vocab, counts[pair])
        self.merges, self.vocab = merges, vocab
        warn_if_exhausted(len(merges), vocab_size)

    def encode(self, text: str) -> list[int]:
        """The ids of `text`."""
        return apply_merges(list(well_formed(text).encode()), self.merges)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; bytes that are not UTF-8 become U+FFFD.

        Raises `ValueError` for an id that is not in the vocabulary.
        """
        try:
            return b"".join([self.vocab[i] for i in ids]).decode(errors="replace")
        except KeyError as error:
            known = f"ids are 0 to {len(self.vocab) - 1}"
            raise ValueError(f"id {error} is not in the vocabulary; {known}") from None

    def save(self, path: Path | str) -> None:
        """Write `path.model`, which `load` reads, and `path.vocab`, for people to read."""
        ranks = {token: i for i, token in self.vocab.items()}
        files.save(Path(path), Model(ONE_CHUNK, ranks, {}, self.merges))

    def load(self, path: Path | str) -> None:
        """Become the tokenizer in a `.model` file that `save` wrote.

        Raises `ValueError` for another file, or one that is damaged, and then changes nothing.
        """
        model = files.load(Path(path), ONE_CHUNK)
        check_byte_ids(model)
        if model.pattern != ONE_CHUNK or model.special_tokens:
            raise ValueError(f"{path} has a pattern or special tokens; RegexTokenizer can load it")
        self.merges, self.vocab = model.merges, build_vocab(model.merges)
