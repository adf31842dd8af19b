"""The encoding of `regex_tokenizer` for one chunk, by ranks, in two ways.

`ranks` maps the bytes of a token to its id, and lower ids merge first: that is all an encoding
needs, and all that OpenAI publishes of GPT-4's. Two neighbors merge when their bytes together are a
token. If the ranks come from merges (`recover_merges` checks that), the tokens of a chunk are those
that the merges in the order learned would give.
"""

import heapq
from collections.abc import Mapping

Pair = tuple[int, int]
Ranks = Mapping[bytes, int]

NEVER = 1 << 62  # the rank of what is no token
LONG = 100  # bytes from which the heap is faster than looking at all ranks for every merge


def encode_chunk(chunk: bytes, ranks: Ranks) -> list[int]:
    """The ids of a chunk. `ranks` must have every single byte."""
    rank = ranks.get(chunk)
    return [rank] if rank is not None else merge_by_rank(chunk, ranks)  # a token merges to itself


def merge_by_rank(chunk: bytes, ranks: Ranks, below: int = NEVER) -> list[int]:
    """The ids of a chunk after all merges with a rank `below` that."""
    return (merge_by_scan if len(chunk) < LONG else merge_by_heap)(chunk, ranks, below)


def merge_by_scan(chunk: bytes, ranks: Ranks, below: int = NEVER) -> list[int]:
    """The ids of a short chunk after all merges with a rank `below` that.

    >>> merge_by_scan(b"lower", {b: i for i, b in enumerate([b"l", b"o", b"w", b"e", b"r", b"lo"])})
    [5, 2, 3, 4]
    """
    made: list[int | None] = [None] * len(chunk)  # what each token was merged to, if it was
    starts = list(range(len(chunk) + 1))  # of the tokens, and one past the last
    of_pairs = [ranks.get(chunk[i : i + 2], NEVER) for i in range(len(chunk) - 1)]
    while of_pairs:
        rank = min(of_pairs)
        if rank >= below:
            break
        i = of_pairs.index(rank)  # the leftmost of that rank
        made[i] = rank
        del made[i + 1], starts[i + 1], of_pairs[i]
        if i:
            of_pairs[i - 1] = ranks.get(chunk[starts[i - 1] : starts[i + 1]], NEVER)
        if i < len(of_pairs):
            of_pairs[i] = ranks.get(chunk[starts[i] : starts[i + 2]], NEVER)
    return [ranks[chunk[i : i + 1]] if rank is None else rank for i, rank in zip(starts, made)]


def merge_by_heap(chunk: bytes, ranks: Ranks, below: int = NEVER) -> list[int]:
    """The same for a chunk of any length, in time n log n, for ranks that come from merges.

    The tokens are a linked list of their starts, so that a merge moves nothing. The heap holds the
    ranks that wait, and `places` where each of them was seen.
    """
    n = len(chunk)
    end = [*range(1, n + 1), n]  # of the token that starts here, and so the start of the next
    before = list(range(-1, n))  # the start of the one before
    gone = bytearray(n)  # 1 where a token has become the end of another
    places: dict[int, list[int]] = {}
    heap: list[int] = []

    def look(i: int, j: int) -> None:
        """Make a note of the pair whose bytes start at i and end at j."""
        rank = ranks.get(chunk[i:j], NEVER)
        if rank >= below:
            return
        if rank in places:
            places[rank].append(i)
        else:
            places[rank] = [i]
            heapq.heappush(heap, rank)

    for i in range(n - 1):
        look(i, i + 2)
    while heap:
        rank = heapq.heappop(heap)
        for i in sorted(places.pop(rank)):  # from left to right
            middle = end[i]
            j = end[middle]
            if gone[i] or middle == n or ranks.get(chunk[i:j]) != rank:
                continue  # one of the two has merged with another neighbor since
            end[i] = j
            gone[middle] = 1
            if j < n:
                before[j] = i
                look(i, end[j])
            if i:
                look(before[i], j)
    starts = [i for i in range(n) if not gone[i]]
    return [ranks[chunk[i : end[i]]] for i in starts]


def recover_merges(ranks: Ranks) -> dict[Pair, int]:
    """The merges, in the order learned, of which only the ranks were published.

    A token was made by the last merge in it: encoded with lower ranks only, it is two tokens.
    Raises `ValueError` for a token that is not made of two earlier ones.

    >>> recover_merges({b"a": 97, b"b": 98, b"ab": 256, b"aab": 257})
    {(97, 98): 256, (97, 256): 257}
    """
    merges = {}
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            ids = merge_by_rank(token, ranks, below=rank)
            if len(ids) != 2:
                raise ValueError(f"token {rank}, {token[:40]!r}, is not made of two earlier tokens")
            merges[ids[0], ids[1]] = rank
    return merges


def check_merges(merges: Mapping[Pair, int]) -> None:
    """Raise `ValueError` unless encoding by ranks makes each of these merges.

    Others cannot come from training: an earlier merge would have been in the way of a later one.
    Assumes that no two make the same bytes.
    """
    made_of = {new_id: pair for pair, new_id in merges.items()}
    for pair, new_id in merges.items():
        made_before = all(i < new_id for i in pair if i in made_of)
        if not made_before or not _stay_apart(*pair, new_id, merges, made_of):
            raise ValueError(f"merge {pair} to {new_id}: encoding by ranks would never make it")


def _stay_apart(
    left: int, right: int, below: int, merges: Mapping[Pair, int], made_of: Mapping[int, Pair]
) -> bool:
    """Whether the bytes of two tokens, encoded with the merges `below` that id, are these two.

    It undoes merges from the last to the first. Only the two tokens at the border matter: the one
    that was made later is taken apart, until both are bytes. If the two at the border ever have a
    merge of their own that comes before the one just undone, encoding would have joined them.
    """
    while merges.get((left, right), NEVER) >= below:
        made_left, made_right = (i if i in made_of else -1 for i in (left, right))
        if made_left > made_right:
            left, below = made_of[left][1], made_left
        elif made_right >= 0:  # of equal merges, as in aaa, the one on the left comes first
            right, below = made_of[right][0], made_right + 1
        else:
            return True
    return False
