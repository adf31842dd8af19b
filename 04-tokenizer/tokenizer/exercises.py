"""Write it yourself: the steps of this lesson, and the mistakes that people make at each of them.

`python -m tokenizer learn` takes you through them. `shared.exercises` explains how a step is
declared. Read this as a list of what goes wrong when one writes a tokenizer for the first time, but
write first.
"""

import random
from collections.abc import Collection
from typing import Any

from shared.exercises import Ladder, Mistake, Step
from tokenizer.basic import BasicTokenizer, apply_merges, build_vocab, merge
from tokenizer.regex_tokenizer import RegexTokenizer

VIDEO = "zduSFxRajkE"


def random_ids(count: int, kinds: int, seed: int) -> list[int]:
    """`count` ids below `kinds`."""
    rng = random.Random(seed)
    return [rng.randrange(kinds) for _ in range(count)]


NEXT_TWO_ARE_PAIR = "i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair"

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
        ),
        Mistake(
            "Overlapping pairs are merged twice. In [1, 1, 1] the second pair overlaps the first, "
            "which has taken the id in the middle: the result is [new_id, 1].",
            """
            merged = []
            for i in range(len(ids)):
                if tuple(ids[i : i + 2]) == pair:
                    merged.append(new_id)
                elif i == 0 or (ids[i - 1], ids[i]) != pair:
                    merged.append(ids[i])
            return merged
            """,
        ),
        Mistake(
            "You go from right to left, which merges the last two ids of [1, 1, 1]. From left to "
            "right, it is the first two.",
            """
            for i in reversed(range(len(ids))):
                if tuple(ids[i : i + 2]) == pair:
                    ids = [*ids[:i], new_id, *ids[i + 2 :]]
            return ids
            """,
        ),
        Mistake(
            "The new id is added, but the pair stays as well. The new id takes its place.",
            {"i += 2": "merged.append(ids[i]); i += 1"},
        ),
        Mistake(
            "You always move on by two ids, so you miss a pair that begins in between. Where no "
            "pair begins, move on by one.",
            {"i += 1": "i += 2"},
            {"append(ids[i])": "extend(ids[i : i + 2])", "i += 1": "i += 2"},
        ),
        Mistake(
            "The last id has no neighbor, and `ids[i + 1]` looks for one. Check i + 1 < len(ids) "
            "first.",
            {"i + 1 < len(ids) and ": ""},
            {NEXT_TWO_ARE_PAIR: "ids[i] == pair[0] and ids[i + 1] == pair[1]"},
            "return [new_id if (ids[i], ids[i + 1]) == pair else ids[i] for i in range(len(ids))]",
        ),
        Mistake(
            "The last id is lost, unless it belongs to a pair. Your loop ends before it: it has no "
            "neighbor, but it has to be kept.",
            {"i < len(ids):": "i < len(ids) - 1:"},
        ),
        Mistake(
            "You stop at the first pair, or after the first id: is the `return` inside the loop? "
            "Go on to the end of the list.",
            {"i += 2": "return [*merged, *ids[i + 2 :]]"},
            {"return merged": "    return merged"},
        ),
        Mistake(
            "In your code, one id that fits is enough. Both have to fit: ids[i] the first of the "
            "pair, and ids[i + 1] the second.",
            {NEXT_TWO_ARE_PAIR: "ids[i] == pair[0]"},
            {"(ids[i], ids[i + 1]) == pair": "(ids[i] == pair[0] or ids[i + 1] == pair[1])"},
        ),
        Mistake(
            "Nothing is merged. A list is never equal to a tuple, so `ids[i : i + 2] == pair` is "
            "always false. Compare (ids[i], ids[i + 1]) with it.",
            {NEXT_TWO_ARE_PAIR: "ids[i : i + 2] == pair"},
        ),
    ),
)


def trained(text: str, vocab_size: int) -> Any:
    """What a tokenizer has learned from a text: the merges, and what their ids stand for."""
    tokenizer = BasicTokenizer()
    tokenizer.train(text, vocab_size)
    vocab: Any = tokenizer.vocab
    if isinstance(vocab, dict) and all(vocab.get(i) == bytes([i]) for i in range(256)):
        vocab = {i: token for i, token in vocab.items() if i in dict(tokenizer.merges).values()}
    return {"merges": tokenizer.merges, "vocab": vocab}


# In these two, one pair is the most frequent every time, so it does not matter how ties are broken.
SLOW = "slow slow new slow low slow low newest low new low"
ACCENTS = "èéééèèèèééé"

NEW_IDS = "range(256, vocab_size)"
TOO_MANY = {NEW_IDS: "range(256, 256 + vocab_size)"}
UNTIL_IT_FAILS = {"if not counts:": "if False:"}
FIRST_MET = {"most_frequent(counts)": "max(counts, key=counts.get)"}
MERGED = "ids = merge(ids, pair, new_id)"
RANKED = """
counts = count_pairs(list(text.encode()))
ranked = sorted(counts, key=lambda pair: (-counts[pair], pair))
merges = {pair: 256 + i for i, pair in enumerate(ranked[: vocab_size - 256])}
self.merges, self.vocab = merges, build_vocab(merges)
"""
ONLY_ONCE = {MERGED: "i = [*pairwise(ids)].index(pair); ids[i : i + 2] = [new_id]"}
BYTES_OF_PAIRS = "self.vocab | {i: bytes(pair) for pair, i in merges.items()}"
KEPT = "self.merges, self.vocab = merges, build_vocab(merges)"

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
        f"trained({SLOW!r}, 260)",
        f"trained({ACCENTS!r}, 260)",
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
            "You take the most frequent pairs of the original text. After a merge there are other "
            "pairs, some with the new id in them: count again in each turn of the loop.",
            RANKED,
            RANKED.replace(", pair))", ",))"),
        ),
        Mistake(
            "The same pair wins every time: either the text stays as it was, or the counts do. "
            "`merge` returns a new list, ids = merge(ids, pair, new_id); count its pairs anew in "
            "each turn of the loop.",
            {MERGED: "merge(ids, pair, new_id)"},
        ),
        Mistake(
            "The number of merges is wrong. `vocab_size` counts the 256 bytes, too, so "
            "vocab_size - 256 merges are to be learned: range(256, vocab_size).",
            {NEW_IDS: "range(256, vocab_size + 1)"},
            {NEW_IDS: "range(256, vocab_size - 1)"},
            TOO_MANY,
            TOO_MANY | FIRST_MET,
            TOO_MANY | UNTIL_IT_FAILS,
            TOO_MANY | UNTIL_IT_FAILS | FIRST_MET,
        ),
        Mistake(
            "The new ids do not begin at 256, which is the first one after the bytes, 0 to 255.",
            {NEW_IDS: "range(vocab_size - 256)"},
            {NEW_IDS: "range(257, vocab_size + 1)"},
            {NEW_IDS: "range(255, vocab_size - 1)"},
        ),
        Mistake(
            "You begin with characters. BPE works on their bytes in UTF-8, of which there are "
            "only 256: list(text.encode()).",
            {"list(text.encode())": "list(text)"},
            {"list(text.encode())": "[ord(character) for character in text]"},
        ),
        Mistake(
            "`max(counts)` compares the pairs, not how often they occur. `most_frequent` compares "
            "their counts.",
            {"most_frequent(counts)": "max(counts)"},
        ),
        Mistake(
            "`most_common(1)[0]` is a pair together with its count. Take the pair alone: "
            "counts.most_common(1)[0][0], or most_frequent(counts).",
            {"most_frequent(counts)": "counts.most_common(1)[0]"},
        ),
        Mistake(
            "`bytes(pair)` takes the two ids for bytes, but an id may be 256 or more. The bytes of "
            "a new id are self.vocab[pair[0]] + self.vocab[pair[1]].",
            {"build_vocab(merges)": BYTES_OF_PAIRS},
            FIRST_MET | {"build_vocab(merges)": BYTES_OF_PAIRS},
        ),
        Mistake(
            "You merge the rarest pair. The most frequent one shortens the text the most.",
            {"most_frequent(counts)": "min(counts, key=counts.get)"},
        ),
        Mistake(
            "Only the first occurrence of the pair is merged. Merge all of them, as `merge` does.",
            ONLY_ONCE,
            ONLY_ONCE | FIRST_MET,
        ),
        Mistake(
            "What was learned is lost: local variables are gone when the function returns. Leave "
            "the merges in `self.merges`, for `encode`, and their bytes in `self.vocab`.",
            {KEPT: "pass"},
            {KEPT: "self.vocab = build_vocab(merges)"},
        ),
        Mistake(
            "You stop when the most frequent pair occurs only once. As long as there are pairs, "
            "there is something to merge.",
            {"if not counts:": "if not counts or max(counts.values()) < 2:"},
        ),
        Mistake(
            "If several pairs are equally frequent, you choose differently from the lesson, which "
            "takes the one with the smallest ids. The lecture takes the one it met first; both are "
            "BPE.",
            FIRST_MET,
            passes=True,
        ),
        Mistake(
            "As in the lecture, it fails when the whole text has become one token, and there is no "
            "pair left. The lesson's code stops there: if not counts: break.",
            UNTIL_IT_FAILS,
            UNTIL_IT_FAILS | FIRST_MET,
            passes=True,
        ),
    ),
)

MERGES = "{(1, 2): 10, (10, 3): 11, (2, 3): 12, (3, 1): 13}"
LATER_IS_LONGER = "{(2, 3): 10, (1, 2): 11, (11, 3): 12}"

EARLIEST = 'min(pairwise(ids), key=lambda pair: merges.get(pair, float("inf")))'
KNOWN_AND_FREQUENT = "lambda pair: (pair in merges, count_pairs(ids)[pair])"

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
        f"apply_merges([1, 2, 4], {MERGES})",
        f"apply_merges([3, 4], {MERGES})",
        f"apply_merges([1, 2, 3], {MERGES})",
        f"apply_merges([3, 1, 2], {MERGES})",
        f"apply_merges([3, 1, 2, 3, 1], {MERGES})",
        f"apply_merges([1, 2, 3], {LATER_IS_LONGER})",
        "apply_merges([1, 2, 3], {(2, 3): 10, (1, 10): 11, (1, 2): 12})",
        f"apply_merges([1, 2, 4, 3, 1, 4, 1, 2], {MERGES})",
        "apply_merges([1, 1, 1, 1, 1], {(1, 1): 10, (10, 10): 11})",
        f"apply_merges([1], {MERGES})",
        f"apply_merges([], {MERGES})",
        f"apply_merges(random_ids(40, kinds=4, seed=3), {MERGES})",
        f"apply_merges(random_ids(40, kinds=4, seed=4), {LATER_IS_LONGER})",
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
            {EARLIEST: "min(pairwise(ids), key=lambda pair: pair not in merges)"},
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
            "You compare the pairs with one another, which says nothing about when they were "
            "learned. Compare the ids that they become: merges[pair].",
            {EARLIEST: "min(pairwise(ids))"},
            {EARLIEST: "min(pairwise(ids), key=lambda pair: (pair not in merges, pair))"},
            "for pair in sorted(merges):\n    ids = merge(ids, pair, merges[pair])\nreturn ids",
        ),
        Mistake(
            "You merge the pair that is the most frequent in this text. That was training; "
            "encoding replays what was learned then, the smallest id first.",
            {EARLIEST: "most_frequent(count_pairs(ids))"},
            {EARLIEST: "max(pairwise(ids), key=count_pairs(ids).get)"},
            {EARLIEST: f"max(pairwise(ids), key={KNOWN_AND_FREQUENT})"},
            {EARLIEST: f"max(sorted(pairwise(ids)), key={KNOWN_AND_FREQUENT})"},
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
            out = []
            while ids:
                pair = tuple(ids[:2])
                out.append(merges.get(pair, ids[0]))
                ids = ids[2:] if pair in merges else ids[1:]
            return out
            """,
        ),
        Mistake(
            "You stop too early: after one merge, or when two ids are left. Go on until no pair is "
            "in `merges`.",
            {"while len(ids) >= 2:": "for _ in range(len(ids) >= 2):"},
            {"len(ids) >= 2": "len(ids) > 2"},
        ),
        Mistake(
            "Nothing is merged. `merge` returns a new list and leaves the old one as it is: "
            "ids = merge(ids, …).",
            "for pair in merges:\n    merge(ids, pair, merges[pair])\nreturn ids",
        ),
        Mistake(
            "It fails for a pair that is not in `merges`. Let such a pair come last, with "
            "merges.get(pair, float('inf')), and stop when it is the best one.",
            {'merges.get(pair, float("inf"))': "merges[pair]"},
            {"if pair not in merges:": "if False:"},
        ),
        Mistake(
            "A pair that is not in `merges` wins, so you stop too early. It should come last: "
            "merges.get(pair, float('inf')).",
            {'float("inf")': "0"},
        ),
        Mistake(
            "It fails for an empty text, and for a text of one token: there are no pairs, so `min` "
            "has nothing to choose from. Ask whether there are at least two ids.",
            {"while len(ids) >= 2:": "while True:"},
        ),
    ),
)


def decoded(*ids: int) -> Any:
    """The text of `ids`. 256 stands for hi, 257 for é, 258 for hi!, 259 for two of 안's bytes."""
    tokenizer = BasicTokenizer()
    tokenizer.merges = {(104, 105): 256, (195, 169): 257, (256, 33): 258, (236, 149): 259}
    tokenizer.vocab = build_vocab(tokenizer.merges)
    return tokenizer.decode(list(ids))


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
            "`str` shows how Python writes the bytes, b'…', not the text that they stand for. "
            "Decode them, with .decode(…).",
            'return str(b"".join(self.vocab[i] for i in ids))',
            'return "".join(str(self.vocab[i]) for i in ids)',
        ),
        Mistake(
            '`"".join` joins texts, but `self.vocab` holds bytes: use b"".join, then decode.',
            'return "".join(self.vocab[i] for i in ids)',
            {'b""': '""'},
        ),
        Mistake(
            "Only the first token is decoded. Put the `return` after the loop.",
            'for i in ids:\n    return self.vocab[i].decode(errors="replace")',
        ),
        Mistake(
            "You treat ids, or bytes, as characters. An id stands for bytes, `self.vocab[i]`, and "
            "a character may need several of them.",
            'return "".join(chr(i) for i in ids)',
            'return "".join(chr(byte) for i in ids for byte in self.vocab[i])',
        ),
        Mistake(
            "You treat every id as a byte. From 256 on, an id stands for several bytes: "
            "`self.vocab[i]`.",
            'return bytes(ids).decode(errors="replace")',
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


ORDINARY = "self.encode_ordinary(part)"
PART = "[special[part]] if part in special else self.encode_ordinary(part)"

SPECIAL = Step(
    "special-tokens",
    "regex_tokenizer.RegexTokenizer.encode",
    "special tokens",
    lecture=f"{VIDEO} 1:18:26",
    term="special token",
    write=(
        "Work out which special tokens are allowed: a dict from their texts to their ids. Cut the "
        "text at them. A special token becomes its id, what stands between them goes through "
        "self.encode_ordinary. (In what `check` shows, 257 is the id of `end`, and the special "
        "tokens have the ids 300 to 302.)"
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
            {"map(re.escape, longest_first)": "longest_first"},
        ),
        Mistake(
            "The special tokens are gone: `re.split` leaves out what it splits at, unless the "
            "pattern is in parentheses.",
            {'"(" + ': "", ' + ")"': ""},
        ),
        Mistake(
            "The text of the special token is among the ids. Its id is special[part].",
            {"[special[part]]": "[part]"},
        ),
        Mistake(
            "There is a list inside the list of ids. `self.encode_ordinary` returns a list: extend "
            "the ids by it, `ids += …`; `append` is for a single id.",
            {"ids += ": "ids.extend(", ORDINARY: f"[{ORDINARY}])"},
        ),
        Mistake(
            "What stands between the special tokens goes through `self.encode` again, which looks "
            "for special tokens once more. Use self.encode_ordinary.",
            {ORDINARY: "self.encode(part, allowed_special)"},
            {ORDINARY: "self.encode(part)"},
        ),
        Mistake(
            "A special token is cut at a shorter one that it begins with. Try the longest first.",
            {"sorted(special, key=len, reverse=True)": "list(special)"},
        ),
        Mistake(
            "`allowed_special` makes no difference: all special tokens are allowed in any case.",
            {'if allowed_special == "all":': "if True:"},
        ),
        Mistake(
            "A set was given, but you allow all special tokens, or none. Only those in it are "
            "allowed; the others are text like any other.",
            {"token in allowed_special}": "token in self.special_tokens}"},
            {"token in allowed_special}": "token in ()}"},
        ),
        Mistake(
            "A special token that is not allowed gets its id when it stands alone between two "
            "cuts. Look parts up among those that are allowed, not in self.special_tokens.",
            {PART: PART.replace("special", "self.special_tokens")},
        ),
        Mistake(
            'A special token in the text goes unnoticed. With "none_raise" it has to raise a '
            "ValueError, since text from a stranger may smuggle special tokens in.",
            {"if token in text:": "if False:"},
        ),
        Mistake(
            "If no special token is allowed, the pattern is empty and matches everywhere, so every "
            "character is encoded by itself. Return self.encode_ordinary(text) in that case.",
            {"if not special:": "if False:"},
        ),
        Mistake(
            "As in the lecture, an `assert` refuses the text. Python skips it when run with -O; a "
            "ValueError is raised in any case.",
            {"if token in text:": "assert token not in text\n                if False:"},
            passes=True,
        ),
    ),
)

LADDER = Ladder(__file__, (MERGE, TRAIN, ENCODE, DECODE, SPECIAL), program="train_mine.py")
