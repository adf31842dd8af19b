"""Byte-pair encoding: the whole algorithm.

Follows "Let's build the GPT Tokenizer" (Andrej Karpathy, youtube.com/watch?v=zduSFxRajkE, from
0:23:50 to 0:57:36). In UTF-8 a text is a list of bytes, integers from 0 to 255. Training finds the
pair of neighbors that occurs most often, puts a new id in its place everywhere, and does the same
again. Encoding replays these merges on another text. Decoding looks up what each id stands for.

Left out: cutting the text into chunks first, special tokens (both in `regex_tokenizer`), and speed
(`training`, `ranks`): every merge reads the whole text again.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

Pair = tuple[int, int]


def count_pairs(ids: list[int]) -> Counter[Pair]:
    """How often every pair of neighbors occurs. Pairs may overlap: `aaa` has (a, a) twice.

    >>> count_pairs([1, 2, 3, 1, 2])
    Counter({(1, 2): 2, (2, 3): 1, (3, 1): 1})
    """
    return Counter(pairwise(ids))


def most_frequent(counts: Counter[Pair]) -> Pair:
    """The pair that occurs most often; of several, the one with the smallest ids.

    The lecture's `max(counts, key=counts.get)` takes the one it met first. Then the merges depend
    on the order in which pairs were counted, and no faster trainer could learn the same ones.
    """
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """`ids` with `new_id` in place of every occurrence of `pair`, from left to right.

    >>> merge([1, 2, 3, 1, 2], (1, 2), 4)
    [4, 3, 4]
    >>> merge([1, 1, 1], (1, 1), 4)  # the second pair overlaps the first, which has gone
    [4, 1]
    """
    merged = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:  # the last id has no neighbor
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def apply_merges(ids: list[int], merges: dict[Pair, int]) -> list[int]:
    """`ids` after all merges that apply, in the order in which they were learned.

    The order matters: a later merge is made of the tokens of earlier ones, and the longest token
    that fits is often not what training would have made.
    """
    while len(ids) >= 2:
        pair = min(pairwise(ids), key=lambda pair: merges.get(pair, float("inf")))
        if pair not in merges:  # if no pair is, all are infinity, and min returns the first
            break
        ids = merge(ids, pair, merges[pair])
    return ids


def build_vocab(merges: dict[Pair, int]) -> dict[int, bytes]:
    """The bytes that every id stands for."""
    vocab = {i: bytes([i]) for i in range(256)}
    for (first, second), new_id in merges.items():  # in the order learned: both are known by then
        vocab[new_id] = vocab[first] + vocab[second]
    return vocab


class BasicTokenizer:
    """The lecture's first tokenizer.

    `merges` maps a pair of ids to the id that takes its place, in the order learned; `vocab` maps
    every id to its bytes.

    >>> tokenizer = BasicTokenizer()
    >>> tokenizer.train("aaabdaaabac", vocab_size=256 + 3)
    >>> tokenizer.encode("aaabdaaabac")
    [258, 100, 258, 97, 99]
    >>> tokenizer.decode([258, 100, 258, 97, 99])
    'aaabdaaabac'
    """

    def __init__(self) -> None:
        self.merges: dict[Pair, int] = {}
        self.vocab = build_vocab(self.merges)

    def train(self, text: str, vocab_size: int) -> None:
        """Learn `vocab_size` - 256 merges from `text`, or fewer if it has no more pairs."""
        ids = list(text.encode())
        merges: dict[Pair, int] = {}
        for new_id in range(256, vocab_size):
            counts = count_pairs(ids)
            if not counts:  # the whole text has become one token
                break
            pair = most_frequent(counts)
            ids = merge(ids, pair, new_id)
            merges[pair] = new_id
        self.merges, self.vocab = merges, build_vocab(merges)

    def encode(self, text: str) -> list[int]:
        """The ids of `text`."""
        return apply_merges(list(text.encode()), self.merges)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`.

        Not every list of ids is a text: a character may be spread over several tokens. Bytes that
        are not UTF-8 become U+FFFD, so such a list does not come back from `encode`.
        """
        return b"".join(self.vocab[i] for i in ids).decode(errors="replace")
