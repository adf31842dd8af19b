"""The training of `regex_tokenizer`, with counts kept up to date instead of counted anew.

A merge changes few words, and in them only the pairs beside the new token. So words are grouped
(each kind of word once, with how often it occurs), every pair knows which words it is in, and a
heap knows the most frequent pair. The algorithm is that of Sennrich et al. 2015, "Neural Machine
Translation of Rare Words with Subword Units" (arxiv.org/abs/1508.07909), section 3.2.

The merges are those of the plain trainer, ties included. One trick makes it fast in Python: a word
is a string in which the character number i is the token i. A pair is a slice of two characters,
and a merge is `str.replace`, which goes from left to right as `basic.merge` does.
"""

import heapq
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tokenizer.basic import Pair

MAX_VOCAB = 0x110000  # as many as there are characters


class Merge(NamedTuple):
    """One merge: the pair, how often it was counted, and how many tokens fewer the text then has.

    The two numbers differ where a pair overlaps itself.
    """

    pair: Pair
    occurrences: int
    saved: int


def learn_merges(chunks: Mapping[str, int], number: int) -> Iterator[Merge]:
    """The first `number` merges of a text whose `chunks` occur so many times; fewer if it has none.

    >>> [merge.pair for merge in learn_merges({"low": 3, "lower": 1, "lowest": 1}, 3)]
    [(108, 111), (256, 119), (257, 101)]
    """
    words = [chunk.encode().decode("latin-1") for chunk in chunks]
    times = list(chunks.values())
    counts: dict[str, int] = {}
    where: dict[str, list[int]] = {}  # the words that have, or once had, a pair
    for index, word in enumerate(words):
        for i in range(len(word) - 1):
            pair = word[i : i + 2]
            if pair in counts:
                counts[pair] += times[index]
                where[pair].append(index)
            else:
                counts[pair] = times[index]
                where[pair] = [index]
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)  # the most frequent first, then the one with the smallest ids

    new_id = 256
    while heap and new_id < 256 + number:
        count, pair = -heap[0][0], heap[0][1]
        if count != counts[pair]:  # outdated: counts only fall once a pair is in the heap
            if counts[pair]:
                heapq.heapreplace(heap, (-counts[pair], pair))
            else:
                heapq.heappop(heap)
            continue
        heapq.heappop(heap)
        first, second = pair[0], pair[1]
        token = chr(new_id)
        created: dict[str, int] = {}
        saved = 0
        for index in where.pop(pair):
            before = words[index]
            word = before.replace(pair, token)
            if len(word) == len(before):  # gone already, in an earlier merge or this one
                continue
            words[index] = word
            n = times[index]
            saved += n * (len(before) - len(word))
            i = word.find(token)
            while i >= 0:
                if i > 0:
                    left = word[i - 1]
                    counts[(second if left == token else left) + first] -= n
                    beside = left + token
                    if beside in created:
                        created[beside] += n
                        where[beside].append(index)
                    else:
                        created[beside] = n
                        where[beside] = [index]
                if i + 1 < len(word) and word[i + 1] != token:
                    right = word[i + 1]
                    counts[second + right] -= n
                    beside = token + right
                    if beside in created:
                        created[beside] += n
                        where[beside].append(index)
                    else:
                        created[beside] = n
                        where[beside] = [index]
                i = word.find(token, i + 1)
        counts |= created
        for beside, total in created.items():
            heapq.heappush(heap, (-total, beside))
        yield Merge((ord(first), ord(second)), count, saved)
        new_id += 1
