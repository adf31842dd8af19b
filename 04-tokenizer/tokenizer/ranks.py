"""Encoding by ranks, which is how GPT's own tokenizers are published.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE) on tiktoken (1:11:38) and
on GPT-4's tokenizer (1:25:28). `ranks` maps the bytes of a token to its id. OpenAI publishes no
merges, and none are needed: ids were given in the order learned, so two neighbors merge if their
bytes together are a token, and lower ids merge first. If the ranks come from training, the result
is that of `basic.apply_merges`.
"""

from collections.abc import Mapping

from tokenizer.basic import Pair
from tokenizer.long_chunks import NEVER, merge_by_heap

Ranks = Mapping[bytes, int]

LONG = 100  # bytes from which the heap is faster than looking at all ranks for every merge


def encode_chunk(chunk: bytes, ranks: Ranks) -> list[int]:
    """The ids of a chunk. `ranks` must have every single byte."""
    rank = ranks.get(chunk)  # most chunks are a token, and a token always merges to itself
    return [rank] if rank is not None else merge_by_rank(chunk, ranks)


def merge_by_rank(chunk: bytes, ranks: Ranks, below: int = NEVER) -> list[int]:
    """The ids of a chunk after all merges to an id smaller than `below`."""
    return (merge_by_scan if len(chunk) < LONG else merge_by_heap)(chunk, ranks, below)


def merge_by_scan(chunk: bytes, ranks: Ranks, below: int = NEVER) -> list[int]:
    """The same for a short chunk. Merges one pair at a time, the leftmost of the lowest rank.

    >>> merge_by_scan(b"lower", {b: i for i, b in enumerate([b"l", b"o", b"w", b"e", b"r", b"lo"])})
    [5, 2, 3, 4]
    """
    merged: list[int | None] = [None] * len(chunk)  # the id of each token that a merge has made
    starts = list(range(len(chunk) + 1))  # where each token starts, and where the last one ends
    pair_ranks = [ranks.get(chunk[i : i + 2], NEVER) for i in range(len(chunk) - 1)]
    while pair_ranks:
        rank = min(pair_ranks)
        if rank >= below:
            break
        i = pair_ranks.index(rank)
        merged[i] = rank
        del merged[i + 1], starts[i + 1], pair_ranks[i]
        if i:  # the new token's pair with its neighbor on the left
            pair_ranks[i - 1] = ranks.get(chunk[starts[i - 1] : starts[i + 1]], NEVER)
        if i < len(pair_ranks):  # and on the right
            pair_ranks[i] = ranks.get(chunk[starts[i] : starts[i + 2]], NEVER)
    return [ranks[chunk[i : i + 1]] if rank is None else rank for i, rank in zip(starts, merged)]


def recover_merges(ranks: Ranks) -> dict[Pair, int]:
    """The merges, in the order learned, that made these ranks.

    A token was made by the last merge in it: encoded with smaller ids only, it is two tokens.
    Raises `ValueError` for a token that is not, since no training makes it.

    >>> recover_merges({b"a": 97, b"b": 98, b"ab": 256, b"aab": 257})
    {(97, 98): 256, (97, 256): 257}
    """
    merges = {}
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:  # a byte is not made by a merge
            ids = merge_by_rank(token, ranks, below=rank)
            if len(ids) != 2:
                raise ValueError(f"token {rank}, {token[:40]!r}, is not made of two earlier tokens")
            merges[ids[0], ids[1]] = rank
    return merges
