"""The training of `regex_tokenizer`, with counts that are kept up to date instead of counted again.

A merge changes few chunks, here called words, and in them only the pairs beside the new token. So
words are grouped (each kind of word once, with how often it occurs), every pair knows which words
it is in, and a heap knows the most frequent pair. The algorithm is that of Sennrich et al. 2015,
"Neural Machine Translation of Rare Words with Subword Units" (arxiv.org/abs/1508.07909), section
3.2.

The merges are those of the plain trainer, ties included. One trick makes it fast in Python: a word
is a string in which the character number i is the token i. A pair is then a string of two
characters, and a merge is `str.split` at the pair and `join` by the new token. Both go from left to
right, as `basic.merge` does, and the ends of the parts are the new token's neighbors.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import add
from typing import NamedTuple

MAX_VOCAB = 0x110000  # token i is stored as character number i
MAX_TOKEN = 1 << 20  # bytes of the longest token, since a file has to hold it


class Merge(NamedTuple):
    """One merge: the pair, how often it was counted, and how many tokens fewer the text then has.

    The two numbers differ where a pair overlaps itself.
    """

    pair: tuple[int, int]
    occurrences: int
    saved: int


def learn_merges(chunks: Mapping[str, int], number: int) -> Iterator[Merge]:
    """The first `number` merges, fewer if there are no more, of a text that has these chunks.

    `chunks` maps each chunk to how often it occurs. A pair that would make a token of more than
    `MAX_TOKEN` bytes is passed over.

    >>> [merge.pair for merge in learn_merges({"low": 3, "lower": 1, "lowest": 1}, 3)]
    [(108, 111), (256, 119), (257, 101)]
    """
    words = [chunk.encode().decode("latin-1") for chunk in chunks]  # a character for every byte
    times = list(chunks.values())
    counts, where = _count_pairs(words, times)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)  # the most frequent first, then the one with the smallest ids

    lengths = [1] * 256  # of the tokens, in bytes
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
        length = lengths[ord(first)] + lengths[ord(second)]
        if length > MAX_TOKEN:
            continue
        lengths.append(length)
        token = chr(new_id)
        created: defaultdict[str, int] = defaultdict(int)
        saved = 0
        for index in dict.fromkeys(where.pop(pair)):  # each word once, even with two of the pair
            parts = words[index].split(pair)
            if len(parts) == 1:  # an earlier merge has taken the pair apart
                continue
            words[index] = token.join(parts)
            n = times[index]
            saved += n * (len(parts) - 1)
            left = parts[0][-1:]  # of the new token; none at the start of the word
            for part in parts[1:]:
                if left:  # before the merge, a new token on the left ended in `second`
                    counts[(second if left == token else left) + first] -= n
                    created[left + token] += n
                    where[left + token].append(index)
                if part:  # else two new tokens meet, and the next round counts their pair
                    counts[second + part[0]] -= n
                    created[token + part[0]] += n
                    where[token + part[0]].append(index)
                left = part[-1] if part else token
        counts |= created  # they contain the new token, so none was counted before
        for beside, total in created.items():
            heapq.heappush(heap, (-total, beside))
        yield Merge((ord(first), ord(second)), count, saved)
        new_id += 1


def _count_pairs(
    words: list[str], times: list[int]
) -> tuple[dict[str, int], defaultdict[str, list[int]]]:
    """How often every pair occurs, and the indices of the words that have it."""
    counts: defaultdict[str, int] = defaultdict(int)
    where: defaultdict[str, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        for pair in map(add, word, word[1:]):
            counts[pair] += times[index]
            where[pair].append(index)
    return dict(counts), where
