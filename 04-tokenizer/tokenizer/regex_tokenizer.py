"""Byte-pair encoding inside chunks, and special tokens: what GPT's tokenizers add to `basic`.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE) on forced splits (0:57:36)
and on special tokens (1:18:26). A pattern of `split` cuts the text into chunks, and pairs are
counted and merged inside chunks only. Special tokens, such as `<|endoftext|>`, are found in the
text before it is cut. No merge makes them, and what they mean is up to the model.

Left out: speed (`fast`).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import pairwise

from tokenizer.basic import Pair, apply_merges, build_vocab, merge, most_frequent
from tokenizer.split import GPT4_PATTERN, split


class RegexTokenizer:
    """The lecture's second tokenizer.

    `pattern` cuts text into chunks; `merges` and `vocab` are those of `BasicTokenizer`;
    `special_tokens` maps the text of a special token to its id.

    >>> tokenizer = RegexTokenizer()
    >>> tokenizer.train("low lower lowest", vocab_size=256 + 3)
    >>> tokenizer.register_special_tokens({"<|endoftext|>": 1000})
    >>> tokenizer.encode("lowest<|endoftext|>", allowed_special="all")
    [257, 101, 115, 116, 1000]
    """

    def __init__(self, pattern: str = GPT4_PATTERN) -> None:
        self.pattern = pattern
        self.merges: dict[Pair, int] = {}
        self.vocab = build_vocab({})
        self.special_tokens: dict[str, int] = {}

    @property
    def n_vocab(self) -> int:
        """One more than the largest id: how many rows an embedding table needs."""
        return max(max(self.vocab), *self.special_tokens.values(), 0) + 1

    def train(self, text: str, vocab_size: int) -> None:
        """Learn `vocab_size` - 256 merges from `text`, or fewer if it has no more pairs.

        Raises `ValueError` if a special token has one of these ids.
        """
        check_special_tokens(self.special_tokens, range(vocab_size))
        chunks = [list(chunk.encode()) for chunk in split(text, self.pattern)]
        merges: dict[Pair, int] = {}
        for new_id in range(256, vocab_size):
            counts = Counter(pair for ids in chunks for pair in pairwise(ids))
            if not counts:  # every chunk has become one token
                break
            pair = most_frequent(counts)
            chunks = [merge(ids, pair, new_id) for ids in chunks]
            merges[pair] = new_id
        self.merges, self.vocab = merges, build_vocab(merges)

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        """Make these, and no others, the special tokens; after training, since merges take ids.

        Raises `ValueError` for an id that is taken.
        """
        check_special_tokens(special_tokens, self.vocab)
        self.special_tokens = dict(special_tokens)

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of `text`; special tokens in it are text like any other."""
        ids = []
        for chunk in split(text, self.pattern):
            ids += apply_merges(list(chunk.encode()), self.merges)
        return ids

    def encode(self, text: str, allowed_special: str | Collection[str] = "none_raise") -> list[int]:
        """The ids of `text`; special tokens in it that `allowed_special` allows get their own ids.

        "all" allows all of them, a set those in it, and "none" none; those that are not allowed are
        text like any other. "none_raise" raises `ValueError` if the text has a special token. It is
        the default, because text from a stranger must not turn into control tokens unnoticed.
        """
        if allowed_special == "all":
            special = self.special_tokens
        elif allowed_special == "none":
            special = {}
        elif allowed_special == "none_raise":
            special = {}
            for token in self.special_tokens:
                if token in text:
                    raise ValueError(
                        f"the text has the special token {token!r} at position "
                        f"{text.index(token)}; pass allowed_special to say how to encode it"
                    )
        elif isinstance(allowed_special, str):  # it would be taken for a set of letters
            known = '"all", "none", "none_raise" or a set of special tokens'
            raise ValueError(f"allowed_special must be {known}, not {allowed_special!r}")
        else:
            special = {token: self.special_tokens[token] for token in allowed_special}
        if not special:  # the pattern below would be empty, and match everywhere
            return self.encode_ordinary(text)
        # The longest first, in case one is the beginning of another. Because of the parentheses,
        # `re.split` returns the special tokens, too, not only the text between them.
        longest_first = sorted(special, key=len, reverse=True)
        pattern = "(" + "|".join(map(re.escape, longest_first)) + ")"
        ids = []
        for part in re.split(pattern, text):
            ids += [special[part]] if part in special else self.encode_ordinary(part)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; bytes that are not UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode(errors="replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of `ids`, which may begin or end inside a character."""
        return b"".join(self.decode_tokens_bytes(ids))

    def decode_tokens_bytes(self, ids: Iterable[int]) -> list[bytes]:
        """The bytes of each id. Raises `ValueError` for an id that is not in the vocabulary."""
        special = {i: token.encode() for token, i in self.special_tokens.items()}
        try:
            return [special[i] if i in special else self.vocab[i] for i in ids]
        except KeyError as error:
            raise ValueError(f"id {error} is not in the vocabulary") from None


def check_special_tokens(special_tokens: dict[str, int], ordinary: Collection[int]) -> None:
    """Raise `ValueError` if two tokens have one id: decoding could not tell them apart."""
    ids = list(special_tokens.values())
    for token, i in special_tokens.items():
        if i in ordinary or ids.count(i) > 1:
            raise ValueError(f"the special token {token!r} cannot have the id {i}, which is taken")
