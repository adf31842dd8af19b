"""Encoding by ranks, for chunks of any length: `ranks.merge_by_scan` in time n log n.

A line of a thousand equal signs is one chunk. If every merge looked at all its pairs, the time
would grow with the square of its length.
"""

import heapq
from collections.abc import Mapping

NEVER = 1 << 62  # the rank of what is not a token


def merge_by_heap(chunk: bytes, ranks: Mapping[bytes, int], below: int = NEVER) -> list[int]:
    """The ids of a chunk after all merges to an id smaller than `below`; ranks come from training.

    The tokens are a linked list of their starts, so a merge moves nothing. The heap holds the ranks
    that are waiting, and `places` where each of them was seen.
    """
    n = len(chunk)
    end = [*range(1, n + 1), n]  # of the token that starts here, so also the start of the next one
    before = list(range(-1, n))  # the start of the previous token
    gone = bytearray(n)  # 1 where a token has become the end of another
    places: dict[int, list[int]] = {}
    heap: list[int] = []

    def look(i: int, j: int) -> None:
        """Note the pair whose bytes start at i and end at j."""
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
