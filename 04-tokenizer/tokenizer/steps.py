"""Training and encoding, one merge at a time, to be watched: `python -m tokenizer show --steps`.

The algorithms of `regex_tokenizer` and `ranks` in their plainest form, as generators that yield
what every merge has done. They print nothing; a test proves that they end where the others do.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from tokenizer.basic import Pair, merge, most_frequent
from tokenizer.ranks import Ranks


class Step(NamedTuple):
    """A merge: the pair, its new id, how often it was counted, and the chunks after it, as ids."""

    pair: Pair
    new_id: int
    occurrences: int
    chunks: list[list[int]]


def training_steps(chunks: Sequence[bytes]) -> Iterator[Step]:
    """Every merge that training learns from the chunks of a text, while a pair occurs twice."""
    ids = [list(chunk) for chunk in chunks]
    new_id = 256
    while counts := Counter(pair for chunk in ids for pair in pairwise(chunk)):
        pair = most_frequent(counts)
        if counts[pair] == 1:  # no token that is made from here on would be used again
            break
        ids = [merge(chunk, pair, new_id) for chunk in ids]
        yield Step(pair, new_id, counts[pair], ids)
        new_id += 1


def encoding_steps(
    chunks: Sequence[bytes], ranks: Ranks, vocab: Mapping[int, bytes]
) -> Iterator[Step]:
    """Every merge that encoding by ranks does in the chunks of a text, the lowest rank first.

    `vocab` maps ids to bytes, as `ranks` maps bytes to ids.
    """
    ids = [[ranks[bytes([byte])] for byte in chunk] for chunk in chunks]
    while True:
        counts = Counter(pair for chunk in ids for pair in pairwise(chunk))
        new_ids = {}
        for first, second in counts:
            token = vocab[first] + vocab[second]
            if token in ranks:
                new_ids[first, second] = ranks[token]
        if not new_ids:
            break
        new_id, pair = min((new_id, pair) for pair, new_id in new_ids.items())
        ids = [merge(chunk, pair, new_id) for chunk in ids]
        yield Step(pair, new_id, counts[pair], ids)
