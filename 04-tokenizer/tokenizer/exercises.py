"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m tokenizer learn` takes you through them; how a step is declared stands in
`shared.exercises`. Read it as a list of what goes wrong when one writes a tokenizer for the first
time, but write first.
"""

import random
from collections.abc import Collection
from typing import Any

from shared.exercises import Ladder, Mistake, Step
from tokenizer.basic import BasicTokenizer, Pair, apply_merges, build_vocab, merge
from tokenizer.regex_tokenizer import RegexTokenizer

VIDEO = "zduSFxRajkE"


def random_ids(count: int, kinds: int, seed: int) -> list[int]:
    """`count` ids below `kinds`."""
    rng = random.Random(seed)
    return [rng.randrange(kinds) for _ in range(count)]


MERGE = Step(
    "merge",
    "basic.merge",
    "a new id in place of a pair",
    lecture=f"{VIDEO} 0:30:36",
    term="merge",
    write=(
        "Go through `ids` from left to right and make a new list: `new_id` in place of every "
        "`pair`, all other ids as they are."
    ),
    hints=(
        "Use an index of your own and a `while` loop: it moves on by one id or by two.",
        "If ids[i] and ids[i + 1] are the pair, append new_id and move on by two. Otherwise append "
        "ids[i] and move on by one.",
        "The last id has no neighbor: ask whether i + 1 < len(ids) before you look at ids[i + 1].",
    ),
    probes=(
        "merge([5, 6, 6, 7, 9, 1], (6, 7), 99)",
        "merge([1, 2], (1, 2), 99)",
        "merge([1, 2, 3, 1, 2], (1, 2), 99)",
        "merge([3, 1, 4, 2, 1], (1, 2), 99)",
        "merge([2, 1, 3, 2, 1], (1, 2), 99)",
        "merge([1, 1, 1], (1, 1), 99)",
        "merge([1, 1, 1, 1, 2], (1, 1), 99)",
        "merge([7], (7, 7), 99)",
        "merge([], (1, 2), 99)",
        "merge(random_ids(60, kinds=3, seed=1), (1, 2), 99)",
        "merge(random_ids(60, kinds=2, seed=2), (0, 0), 99)",
    ),
    tolerance=0,
    parts={
        "": "Your ids are not those of the lesson. Every pair is replaced, from left to right, and "
        "everything else stays as it is."
    },
    mistakes=(
        Mistake(
            "After a merge you move on by one id, so the second id of the pair is still there. It "
            "has been merged: move on by two. (In a `for` loop, `i += 2` has no effect.)",
            {"i += 2": "i += 1"},
            "return [new_id if (a, b) == pair else a for a, b in zip(ids, ids[1:])]",
            "return [new_id if (a, b) == pair else a for a, b in zip(ids, [*ids[1:], None])]",
        ),
        Mistake(
            "Overlapping pairs are merged twice. In [1, 1, 1] the second pair overlaps the first, "
            "which has taken the id in the middle: the result is [new_id, 1].",
            """
            merged, used = [], set()
            for i in range(len(ids)):
                if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
                    merged.append(new_id)
                    used.add(i + 1)
                elif i not in used:
                    merged.append(ids[i])
            return merged
            """,
        ),
        Mistake(
            "The last id has no neighbor, and `ids[i + 1]` looks for one. Check i + 1 < len(ids) "
            "first.",
            {"i + 1 < len(ids) and ": ""},
            """
            merged, i = [], 0
            while i < len(ids):
                if ids[i] == pair[0] and ids[i + 1] == pair[1]:
                    merged.append(new_id)
                    i += 2
                else:
                    merged.append(ids[i])
                    i += 1
            return merged
            """,
            """
            merged = []
            for i in range(len(ids)):
                if (ids[i], ids[i + 1]) == pair:
                    merged.append(new_id)
                else:
                    merged.append(ids[i])
            return merged
            """,
        ),
        Mistake(
            "The last id is lost, unless it belongs to a pair. Your loop ends before it: it has no "
            "neighbor, but it has to be kept.",
            {"i < len(ids):": "i < len(ids) - 1:"},
        ),
        Mistake(
            "Only the first pair is replaced. Go on to the end of the list.",
            """
            for i in range(len(ids) - 1):
                if (ids[i], ids[i + 1]) == pair:
                    return ids[:i] + [new_id] + ids[i + 2 :]
            return list(ids)
            """,
            """
            if pair[0] in ids:
                i = ids.index(pair[0])
                if ids[i + 1 : i + 2] == [pair[1]]:
                    return ids[:i] + [new_id] + ids[i + 2 :]
            return list(ids)
            """,
        ),
        Mistake(
            "You stop after the first turn of the loop: the `return` stands inside it.",
            "if not ids:\n    return []\nreturn [new_id if tuple(ids[:2]) == pair else ids[0]]",
        ),
        Mistake(
            "You put the pair itself into the list. `new_id` takes its place.",
            {"merged.append(new_id)": "merged.append(pair)"},
        ),
        Mistake(
            "You look at the first id of the pair only. Both have to match: ids[i] == pair[0] and "
            "ids[i + 1] == pair[1].",
            {"(ids[i], ids[i + 1]) == pair": "ids[i] == pair[0]"},
            {"i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair": "ids[i] == pair[0]"},
        ),
        Mistake(
            "Nothing is merged. A list is never equal to a tuple, so `ids[i : i + 2] == pair` is "
            "always false. Compare (ids[i], ids[i + 1]) with it.",
            {"(ids[i], ids[i + 1]) == pair": "ids[i : i + 2] == pair"},
            "return list(ids)",
        ),
        Mistake(
            "You replace the pair in the other order, too. (1, 2) and (2, 1) are different pairs.",
            {"== pair": "in (pair, pair[::-1])"},
        ),
        Mistake(
            "You go from right to left. In a run such as [1, 1, 1] that merges the last two; from "
            "left to right it is the first two.",
            """
            merged, i = [], len(ids) - 1
            while i >= 0:
                if i > 0 and (ids[i - 1], ids[i]) == pair:
                    merged.append(new_id)
                    i -= 2
                else:
                    merged.append(ids[i])
                    i -= 1
            return merged[::-1]
            """,
        ),
        Mistake(
            "The new id is added, but the pair is kept as well. The new id takes its place.",
            {"merged.append(new_id)": "merged += [new_id, *pair]"},
            {"merged.append(new_id)": "merged += [*pair, new_id]"},
            """
            merged = []
            for i in range(len(ids)):
                if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
                    merged.append(new_id)
                merged.append(ids[i])
            return merged
            """,
        ),
        Mistake(
            "Only pairs that begin at an even place are found, since you always move on by two. "
            "If the two ids are not the pair, move on by one.",
            """
            merged = []
            for i in range(0, len(ids), 2):
                merged += [new_id] if (*ids[i : i + 2],) == pair else ids[i : i + 2]
            return merged
            """,
        ),
        Mistake(
            "Everything but the pairs is lost. Ids that are in no pair stay as they are.",
            {"merged.append(ids[i])": "pass"},
        ),
    ),
)


def trained(text: str, vocab_size: int) -> Any:
    """What a tokenizer has learned from a text."""
    tokenizer = BasicTokenizer()
    tokenizer.train(text, vocab_size)
    vocab: Any = tokenizer.vocab
    if isinstance(vocab, dict) and all(vocab.get(i) == bytes([i]) for i in range(256)):
        vocab = {i: token for i, token in vocab.items() if i >= 256}
    return {"merges": tokenizer.merges, "vocab": vocab}


# In these two, one pair is the most frequent every time, so it does not matter how ties are broken.
SLOW = "slow slow new slow low slow low newest low new low"
ACCENTS = "èéééèèèèééé"

KEPT = "self.merges, self.vocab = merges, build_vocab(merges)"
MERGED = "ids = merge(ids, pair, new_id)"

TRAIN = Step(
    "train",
    "basic.BasicTokenizer.train",
    "training: the most frequent pair, again and again",
    lecture=f"{VIDEO} 0:34:58",
    term="BPE",
    write=(
        "Begin with the bytes of the text. For every new id from 256 on: count the pairs, merge "
        "the most frequent one everywhere, and remember the merge. Leave the result in "
        "`self.merges` and `self.vocab`; `count_pairs`, `most_frequent`, `merge` and `build_vocab` "
        "are above."
    ),
    hints=(
        "list(text.encode()) are the bytes. range(256, vocab_size) are the new ids.",
        "The pairs have to be counted anew after each merge: the new id makes new pairs.",
        "merges[pair] = new_id in the loop; self.merges = merges and self.vocab = "
        "build_vocab(merges) after it.",
    ),
    probes=(
        "trained('aaaa', 256)",
        "trained('aaaa', 257)",
        "trained('acaaacaabcaaacaaba', 259)",
        "trained(SLOW, 260)",
        "trained(ACCENTS, 260)",
        "trained('aaabdaaabac', 259)",
        "trained('aaaaaaaa', 300)",
    ),
    tolerance=0,
    parts={
        "merges": "The merges are not the right ones. In each turn of the loop, count the pairs as "
        "they are now, and merge the most frequent one.",
        "vocab": "The merges are right, but not `self.vocab`. It maps every id to its bytes: the "
        "first 256 to one byte, a new id to the bytes of its pair, one after the other.",
    },
    mistakes=(
        Mistake(
            "The pairs are counted once, before the loop. After a merge there are other pairs, "
            "some with the new id in them: count again in each turn.",
            """
            ids = list(text.encode())
            counts, merges = count_pairs(ids), {}
            for new_id in range(256, vocab_size):
                if counts:
                    pair = most_frequent(counts)
                    del counts[pair]
                    ids = merge(ids, pair, new_id)
                    merges[pair] = new_id
            self.merges, self.vocab = merges, build_vocab(merges)
            """,
            """
            ids = list(text.encode())
            ranked = sorted(count_pairs(ids).items(), key=lambda item: (-item[1], item[0]))
            merges = {p: 256 + i for i, (p, _) in enumerate(ranked[: vocab_size - 256])}
            self.merges, self.vocab = merges, build_vocab(merges)
            """,
        ),
        Mistake(
            "The text never changes, so the same pair wins every time. `merge` returns a new list: "
            "ids = merge(ids, pair, new_id).",
            {MERGED: "merge(ids, pair, new_id)"},
            """
            ids = list(text.encode())
            self.merges, self.vocab = {}, build_vocab({})
            for new_id in range(256, vocab_size):
                pair = most_frequent(count_pairs(ids))
                merge(ids, pair, new_id)
                self.merges[pair] = new_id
                self.vocab[new_id] = self.vocab[pair[0]] + self.vocab[pair[1]]
            """,
        ),
        Mistake(
            "There are too many merges: `vocab_size` counts the 256 bytes, too, so that "
            "vocab_size - 256 merges are to be learned.",
            {"range(256, vocab_size)": "range(256, 256 + vocab_size)"},
            *(
                {
                    "range(256, vocab_size)": "range(256, 256 + vocab_size)",
                    "if not counts:": "if False:",
                    "most_frequent(counts)": chosen,
                }
                for chosen in ("most_frequent(counts)", "max(counts, key=counts.get)")
            ),
            {"range(256, vocab_size)": "range(256, vocab_size + 1)"},
        ),
        Mistake(
            "There is one merge too few. New ids are 256 to vocab_size - 1, as range(256, "
            "vocab_size) gives them.",
            {"range(256, vocab_size)": "range(256, vocab_size - 1)"},
        ),
        Mistake(
            "The new ids do not begin at 256, which is the first one after the bytes, 0 to 255.",
            {
                "merges[pair] = new_id": "merges[pair] = new_id + 1",
                "merge(ids, pair, new_id)": "merge(ids, pair, new_id + 1)",
            },
            {
                "merges[pair] = new_id": "merges[pair] = new_id - 256",
                "merge(ids, pair, new_id)": "merge(ids, pair, new_id - 256)",
            },
            {
                "merges[pair] = new_id": "merges[pair] = new_id - 1",
                "merge(ids, pair, new_id)": "merge(ids, pair, new_id - 1)",
            },
        ),
        Mistake(
            "You begin with characters. BPE works on their bytes in UTF-8, of which there are only "
            "256 kinds: list(text.encode()).",
            {"list(text.encode())": "list(text)"},
            {"list(text.encode())": "[ord(character) for character in text]"},
            {"list(text.encode())": "list(text.encode('utf-16'))"},
            {"list(text.encode())": "list(text.encode('latin-1'))"},
        ),
        Mistake(
            "`max(counts)` compares the pairs, not how often they occur. `most_frequent` compares "
            "their counts.",
            {"most_frequent(counts)": "max(counts)"},
        ),
        Mistake(
            "`counts.most_common(1)` is a list of one pair with its count, not the pair: take "
            "counts.most_common(1)[0][0], or most_frequent(counts).",
            {"most_frequent(counts)": "counts.most_common(1)"},
            {"most_frequent(counts)": "counts.most_common(1)[0]"},
        ),
        Mistake(
            "Only the last merge is kept: the dict begins anew in each turn of the loop. Make it "
            "before the loop.",
            {"counts = count_pairs(ids)": "counts, merges = count_pairs(ids), {}"},
        ),
        Mistake(
            "The merges are not kept. `encode` needs them: self.merges = merges.",
            {KEPT: "self.vocab = build_vocab(merges)"},
        ),
        Mistake(
            "You merge the rarest pair. The most frequent one saves most.",
            {"most_frequent(counts)": "min(counts, key=counts.__getitem__)"},
        ),
        Mistake(
            "Nothing is learned: the merges are in a local variable, which is gone when the "
            "function returns. Leave them in `self.merges` and `self.vocab`.",
            {KEPT: "pass"},
        ),
        Mistake(
            "`self.vocab` still has the 256 bytes only. Without the bytes of the new ids, nothing "
            "can be decoded.",
            {KEPT: "self.merges = merges"},
        ),
        Mistake(
            "`merges` is the wrong way round: it maps a pair to the id that takes its place.",
            {
                "merges[pair] = new_id": "merges[new_id] = pair",
                "build_vocab(merges)": "build_vocab({p: i for i, p in merges.items()})",
            },
        ),
        Mistake(
            "You stop when the most frequent pair occurs only once. As long as there are pairs, "
            "there is something to merge.",
            {"if not counts:": "if not counts or max(counts.values()) < 2:"},
            {"if not counts:": "if not counts or max(counts.values()) <= 2:"},
        ),
        Mistake(
            "Only the first occurrence of the pair is merged. Put the new id in place of all of "
            "them; `merge` does.",
            {
                MERGED: "at = list(pairwise(ids)).index(pair)\n"
                "            ids = [*ids[:at], new_id, *ids[at + 2 :]]"
            },
        ),
        Mistake(
            "The bytes of a token are the wrong way round: those of the pair's first id come "
            "first.",
            {
                KEPT: "self.merges, self.vocab = merges, build_vocab({})\n"
                "        for (a, b), i in merges.items():\n"
                "            self.vocab[i] = self.vocab[b] + self.vocab[a]"
            },
        ),
        Mistake(
            "If several pairs are equally frequent, you take another one than the lesson, which "
            "takes the one with the smallest ids. The lecture takes the one it met first; both are "
            "BPE.",
            {"most_frequent(counts)": "max(counts, key=counts.__getitem__)"},
            {"most_frequent(counts)": "max(counts, key=lambda pair: (counts[pair], pair))"},
            passes=True,
        ),
        Mistake(
            "As in the lecture, it fails when the whole text has become one token, and there is no "
            "pair left. The lesson's code stops there: if not counts: break.",
            {"if not counts:": "if False:"},
            {"if not counts:": "if False:", "most_frequent(counts)": "max(counts, key=counts.get)"},
            passes=True,
        ),
    ),
)

MERGES: dict[Pair, int] = {(1, 2): 10, (10, 3): 11, (2, 3): 12, (3, 1): 13}
LATER_IS_LONGER: dict[Pair, int] = {(2, 3): 10, (1, 2): 11, (11, 3): 12}

EARLIEST = 'min(pairwise(ids), key=lambda pair: merges.get(pair, float("inf")))'

ENCODE = Step(
    "encode",
    "basic.apply_merges",
    "encoding, in the order learned",
    lecture=f"{VIDEO} 0:48:21",
    term="BPE",
    write=(
        "Among the pairs of neighbors in `ids`, find the one that was learned first: it has the "
        "lowest id in `merges`. Merge it, and repeat until no pair is left that is in `merges`."
    ),
    hints=(
        "pairwise(ids) gives the pairs of neighbors.",
        "min(…, key=…) finds the pair with the smallest id. For a pair that is not in `merges`, "
        "let the key be float('inf').",
        "There are two reasons to stop: the best pair is not in `merges`, or there are fewer than "
        "two ids and so no pair.",
    ),
    probes=(
        "apply_merges([1, 2, 4], MERGES)",
        "apply_merges([3, 4], MERGES)",
        "apply_merges([1, 2, 3], MERGES)",
        "apply_merges([3, 1, 2], MERGES)",
        "apply_merges([3, 1, 2, 3, 1], MERGES)",
        "apply_merges([1, 2, 3], LATER_IS_LONGER)",
        "apply_merges([1, 2, 3], {(2, 3): 10, (1, 10): 11, (1, 2): 12})",
        "apply_merges([1, 2, 4, 3, 1, 4, 1, 2], MERGES)",
        "apply_merges([1, 1, 1, 1, 1], {(1, 1): 10, (10, 10): 11})",
        "apply_merges([1], MERGES)",
        "apply_merges([], MERGES)",
        "apply_merges(random_ids(40, kinds=4, seed=3), MERGES)",
        "apply_merges(random_ids(40, kinds=4, seed=4), LATER_IS_LONGER)",
    ),
    tolerance=0,
    parts={
        "": "These are not the lesson's ids. First merge the pair with the lowest id in `merges`, "
        "wherever it is; then look at all pairs again."
    },
    mistakes=(
        Mistake(
            "You merge the pairs in the order in which they stand in the text. What counts is the "
            "order in which they were learned: of all pairs, take the one with the smallest id, "
            "even if it stands at the end.",
            """
            i = 0
            ids = list(ids)
            while i + 1 < len(ids):
                if (ids[i], ids[i + 1]) in merges:
                    ids[i : i + 2] = [merges[ids[i], ids[i + 1]]]
                    i = 0
                else:
                    i += 1
            return ids
            """,
            """
            while True:
                known = [pair for pair in pairwise(ids) if pair in merges]
                if not known:
                    return ids
                ids = merge(ids, known[0], merges[known[0]])
            """,
            """
            out = []
            for i in ids:
                out.append(i)
                while len(out) > 1 and (out[-2], out[-1]) in merges:
                    out[-2:] = [merges[out[-2], out[-1]]]
            return out
            """,
        ),
        Mistake(
            "You merge the pair that was learned last. What was learned first comes first: the "
            "smallest id.",
            {EARLIEST: "max(pairwise(ids), key=lambda pair: merges.get(pair, -1))"},
            "for pair in reversed(merges):\n    ids = merge(ids, pair, merges[pair])\nreturn ids",
        ),
        Mistake(
            "Only one pair is merged. Go on until no pair is in `merges`.",
            {"while len(ids) >= 2:": "for _ in range(len(ids) >= 2):"},
        ),
        Mistake(
            "It fails for an empty text, and for a text of one token: there are no pairs, so `min` "
            "has nothing to choose from. Ask whether there are at least two ids.",
            {"while len(ids) >= 2:": "while True:"},
        ),
        Mistake(
            "Two ids are a pair, too: go on as long as there are at least two.",
            {">= 2": "> 2"},
        ),
        Mistake(
            "It fails when there is nothing left to merge: the best pair is not in `merges`. Stop "
            "there.",
            {"if pair not in merges:": "if False:"},
        ),
        Mistake(
            "You merge the pair that is the most frequent in this text. That was training; "
            "encoding replays what was learned then, the smallest id first.",
            """
            while True:
                counts = {p: n for p, n in count_pairs(ids).items() if p in merges}
                if not counts:
                    return ids
                pair = most_frequent(Counter(counts))
                ids = merge(ids, pair, merges[pair])
            """,
            """
            while True:
                counts = {p: n for p, n in count_pairs(ids).items() if p in merges}
                if not counts:
                    return ids
                pair = max(counts, key=counts.get)
                ids = merge(ids, pair, merges[pair])
            """,
            {EARLIEST: "most_frequent(count_pairs(ids))"},
            {EARLIEST: "max(pairwise(ids), key=count_pairs(ids).get)"},
        ),
        Mistake(
            "`merges[pair]` fails for a pair that was never merged. Let it come last: "
            "merges.get(pair, float('inf')).",
            {'merges.get(pair, float("inf"))': "merges[pair]"},
        ),
        Mistake(
            "Nothing is merged. `merge` returns a new list and leaves the old one as it is: "
            "ids = merge(ids, …).",
            "for pair in merges:\n    merge(ids, pair, merges[pair])\nreturn ids",
        ),
        Mistake(
            "You look for the longest token that fits. It may be made of merges that were learned "
            "late; the ones learned first come first, even if the result is longer.",
            """
            made_of = {}
            for (a, b), i in merges.items():
                made_of[i] = (*made_of.get(a, (a,)), *made_of.get(b, (b,)))
            longest_first = sorted(made_of.items(), key=lambda item: -len(item[1]))
            out, i = [], 0
            while i < len(ids):
                for token, parts in longest_first:
                    if tuple(ids[i : i + len(parts)]) == parts:
                        out.append(token)
                        i += len(parts)
                        break
                else:
                    out.append(ids[i])
                    i += 1
            return out
            """,
        ),
        Mistake(
            "A pair that is not in `merges` wins, so you stop too early. It should come last: "
            "merges.get(pair, float('inf')).",
            {'float("inf")': "0"},
            {'float("inf")': "-1"},
        ),
        Mistake(
            "You go through the pairs in the order of their ids. The order in which they were "
            "learned is that of the new ids, merges[pair].",
            "for pair in sorted(merges):\n    ids = merge(ids, pair, merges[pair])\nreturn ids",
            {EARLIEST: "min(pairwise(ids), key=lambda pair: (pair not in merges, pair))"},
        ),
        Mistake(
            "You look at each pair once, from left to right. A merge makes new pairs, which may be "
            "in `merges`, too.",
            """
            for pair in pairwise(ids):
                if pair in merges:
                    ids = merge(ids, pair, merges[pair])
            return ids
            """,
            """
            out, i = [], 0
            while i < len(ids):
                if i + 1 < len(ids) and (ids[i], ids[i + 1]) in merges:
                    out.append(merges[ids[i], ids[i + 1]])
                    i += 2
                else:
                    out.append(ids[i])
                    i += 1
            return out
            """,
        ),
    ),
)


def decoded(*ids: int) -> Any:
    """The text of `ids`. 256 stands for hi, 257 for é, 258 for hi!, 259 for two of 안's bytes."""
    tokenizer = BasicTokenizer()
    tokenizer.merges = {(104, 105): 256, (195, 169): 257, (256, 33): 258, (236, 149): 259}
    tokenizer.vocab = build_vocab(tokenizer.merges)
    return tokenizer.decode(list(ids))


JOINED = 'b"".join(self.vocab[i] for i in ids)'

DECODE = Step(
    "decode",
    "basic.BasicTokenizer.decode",
    "decoding",
    lecture=f"{VIDEO} 0:42:47",
    term="UTF-8",
    write="Look up the bytes of every id in `self.vocab`, join them, and read all of it as UTF-8.",
    hints=(
        'b"".join(…) joins bytes, as "".join(…) joins text.',
        "A character may be spread over two tokens, so decode when all bytes are together.",
        'Bytes that are not UTF-8 raise an error; with errors="replace" they become U+FFFD.',
    ),
    probes=(
        "decoded(104, 105)",
        "decoded(256)",
        "decoded(258, 32, 104)",
        "decoded(257)",
        "decoded(195, 169)",
        "decoded(259, 136)",
        "decoded(104, 128)",
        "decoded(259)",
        "decoded()",
    ),
    tolerance=0,
    parts={
        "": "This is not the text. Join the bytes of all ids, then decode them as UTF-8, with "
        'errors="replace".'
    },
    mistakes=(
        Mistake(
            "You decode the tokens one by one. A character of several bytes may be spread over two "
            "tokens, neither of which is valid UTF-8 alone. Join all bytes first, then decode.",
            'return "".join(self.vocab[i].decode(errors="replace") for i in ids)',
            'return "".join(self.vocab[i].decode() for i in ids)',
            'return "".join(self.vocab[i].decode(errors="ignore") for i in ids)',
        ),
        Mistake(
            "It fails if the bytes are not valid UTF-8. A model may well sample such ids; with "
            'errors="replace" the bytes become U+FFFD.',
            {'errors="replace"': ""},
        ),
        Mistake(
            "Bytes that are not UTF-8 are dropped, so that nobody sees that something is wrong. "
            'With errors="replace" they become U+FFFD.',
            {'errors="replace"': 'errors="ignore"'},
        ),
        Mistake(
            "You take an id for a character. It stands for bytes, `self.vocab[i]`, of which a "
            "character may need several.",
            'return "".join(chr(i) for i in ids)',
            'return "".join(chr(byte) for i in ids for byte in self.vocab[i])',
            {'errors="replace"': '"latin-1"'},
        ),
        Mistake(
            "You take every id for a byte. From 256 on, ids stand for several bytes: "
            "`self.vocab[i]`.",
            'return bytes(ids).decode(errors="replace")',
        ),
        Mistake(
            "You return bytes. The text is what they mean as UTF-8: .decode(…).",
            f"return {JOINED}",
        ),
        Mistake(
            'The tokens are bytes, and "".join() joins text. Bytes are joined by b"".join().',
            {'b"".join': '"".join'},
        ),
        Mistake(
            "str() shows how Python writes bytes, b'…'. To read them as text, decode them.",
            f"return str({JOINED})",
        ),
        Mistake(
            "There are spaces between the tokens. Tokens bring their own spaces with them.",
            'return b" ".join(self.vocab[i] for i in ids).decode(errors="replace")',
            'return " ".join(self.vocab[i].decode(errors="replace") for i in ids)',
        ),
        Mistake(
            "You return a list. The text is one string.",
            'return [self.vocab[i].decode(errors="replace") for i in ids]',
            "return [self.vocab[i] for i in ids]",
        ),
        Mistake(
            "You decode with an encoding that knows 128 characters only. The bytes are UTF-8.",
            {'errors="replace"': '"ascii", errors="replace"'},
        ),
    ),
)


def encoded(text: str, allowed_special: str | Collection[str]) -> Any:
    """The ids of `text`, or the error. 257 stands for end, special tokens are 300 to 302."""
    tokenizer = RegexTokenizer()
    tokenizer.merges = {(101, 110): 256, (256, 100): 257}
    tokenizer.vocab = build_vocab(tokenizer.merges)
    tokenizer.special_tokens = {"<|en|>": 300, "<|en|><|de|>": 301, "<|de|>": 302}
    try:
        ids = tokenizer.encode(text, allowed_special)
    except (ValueError, AssertionError) as error:
        return {"raises": type(error).__name__}
    return ids if ids is None else {"raises": "nothing", "ids": ids}


PART = "[special[part]] if part in special else self.encode_ordinary(part)"
PATTERN = '"(" + "|".join(map(re.escape, longest_first)) + ")"'

SPECIAL = Step(
    "special-tokens",
    "regex_tokenizer.RegexTokenizer.encode",
    "special tokens",
    lecture=f"{VIDEO} 1:18:26",
    term="special token",
    write=(
        "Work out which special tokens are allowed: a dict from their texts to their ids. Cut the "
        "text at them. A special token becomes its id, what stands between them goes through "
        "self.encode_ordinary."
    ),
    hints=(
        'Four cases: "all" allows self.special_tokens, "none" allows none, "none_raise" raises a '
        "ValueError if one is in the text and otherwise allows none, a set allows those in it.",
        "re.split(pattern, text) leaves out what it splits at, unless the pattern is in "
        "parentheses.",
        "In a pattern, | means or: put every special token through re.escape. The longest comes "
        "first, since it may begin with a shorter one.",
    ),
    probes=(
        "encoded('end', 'all')",
        "encoded('end<|en|>', 'all')",
        "encoded('<|en|>end<|de|><|en|>end', 'all')",
        "encoded('end<|en|>', 'none')",
        "encoded('end', 'none')",
        "encoded('end<|en|>', {'<|en|>'})",
        "encoded('end<|en|>end<|de|>', {'<|de|>'})",
        "encoded('<|en|>', {'<|de|>'})",
        "encoded('end', set())",
        "encoded('end', 'none_raise')",
        "encoded('end<|en|>', 'none_raise')",
        "encoded('end|de', 'all')",
        "encoded('end<|en|><|de|>', 'all')",
    ),
    tolerance=0,
    parts={
        "raises": 'Only "none_raise" raises a ValueError, and only if a special token is in the '
        "text.",
        "ids": "The ids are not right. A special token that is allowed becomes its id, one that is "
        "not is text like any other, and what stands between them is encoded as before.",
    },
    mistakes=(
        Mistake(
            "Special tokens are never found: they are encoded like any other text. Look for them "
            "before the text is cut into chunks.",
            {"if not special:": "if True:"},
        ),
        Mistake(
            "In a regular expression, | means or, so <|en|> is three patterns. Take every special "
            "token literally: re.escape(token).",
            {PATTERN: '"(" + "|".join(longest_first) + ")"'},
        ),
        Mistake(
            "The special tokens are gone: `re.split` leaves out what it splits at, unless the "
            "pattern is in parentheses.",
            {PATTERN: '"|".join(map(re.escape, longest_first))'},
            {PART: "[] if part in special else self.encode_ordinary(part)"},
        ),
        Mistake(
            "A special token is cut at a shorter one that it begins with. Try the longest first.",
            {"sorted(special, key=len, reverse=True)": "list(special)"},
            {"sorted(special, key=len, reverse=True)": "sorted(special, key=len)"},
        ),
        Mistake(
            "The text of the special token is among the ids. Its id is special[part].",
            {"[special[part]]": "[part]"},
        ),
        Mistake(
            "There are lists among the ids. `encode_ordinary` returns a list: add its ids with += "
            "or extend, not with append.",
            {PART: "[special[part]] if part in special else [self.encode_ordinary(part)]"},
        ),
        Mistake(
            "`allowed_special` makes no difference: all special tokens are allowed in any case.",
            """
            longest_first = sorted(self.special_tokens, key=len, reverse=True)
            ids = []
            for part in re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text):
                special = part in self.special_tokens
                ids += [self.special_tokens[part]] if special else self.encode_ordinary(part)
            return ids
            """,
        ),
        Mistake(
            "All special tokens are allowed, although a set was given. Only those in it are; the "
            "others are text like any other.",
            {"token in allowed_special}": "token in self.special_tokens}"},
        ),
        Mistake(
            'Text from a stranger may smuggle special tokens in unnoticed: with "none_raise", a '
            "special token in the text has to raise a ValueError.",
            {"if token in text:": "if False:"},
        ),
        Mistake(
            '"none" raises an error. It allows no special token, but only "none_raise" raises.',
            {
                'elif allowed_special == "none":\n            special = {}\n        '
                'elif allowed_special == "none_raise":': 'elif "none" in allowed_special:'
            },
        ),
        Mistake(
            "It raises an error whenever there are special tokens, even if none is in the text.",
            {"if token in text:": "if True:", "text.index(token)": "text.find(token)"},
        ),
        Mistake(
            "A special token that is not allowed gets its id when it stands alone between two "
            "cuts. Look parts up among those that are allowed, not in self.special_tokens.",
            {
                PART: "[self.special_tokens[part]] if part in self.special_tokens else "
                "self.encode_ordinary(part)"
            },
        ),
        Mistake(
            "The special tokens come after everything else. They belong where they stand in the "
            "text.",
            {
                PART: "[] if part in special else self.encode_ordinary(part)",
                "\n        return ids": "\n        ids += [special[part] for part in "
                "re.split(pattern, text) if part in special]\n        return ids",
            },
            {
                PART: "[]",
                "\n        return ids": "\n        ids = self.encode_ordinary(text)\n"
                "        return ids + [i for token, i in special.items() if token in text]",
            },
        ),
        Mistake(
            "If no special token is allowed, the pattern is empty and matches everywhere, so every "
            "character is encoded by itself. Return self.encode_ordinary(text) in that case.",
            {"if not special:": "if False:"},
        ),
        Mistake(
            '"none" allows all special tokens. It allows none: they are text like any other.',
            {'if allowed_special == "all":': 'if allowed_special in ("all", "none"):'},
        ),
        Mistake(
            "As in the lecture, an assert refuses the text. It is skipped if Python runs with -O; "
            "a ValueError is not.",
            {"if token in text:": "assert token not in text\n                if False:"},
            passes=True,
        ),
    ),
)

LADDER = Ladder(__file__, (MERGE, TRAIN, ENCODE, DECODE, SPECIAL), program="train_mine.py")
