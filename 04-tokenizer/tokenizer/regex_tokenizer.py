"""Byte-pair encoding inside chunks, and special tokens: what GPT's tokenizers add to `basic`.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE) on forced splits and on
special tokens. The text is cut into chunks by a pattern of `split`, and pairs are counted and
merged inside chunks only. Special tokens, `<|endoftext|>` for one, are cut out of the text before
that and stand for no bytes that training ever saw.

`Tokenizer` is what all tokenizers from here on share; `RegexTokenizer` is the plain one. Left out:
speed (`fast`).
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from tokenizer import files
from tokenizer.basic import (
    Pair,
    apply_merges,
    build_vocab,
    check_vocab_size,
    count_pairs,
    merge,
    most_frequent,
    show_merge,
    warn_if_exhausted,
)
from tokenizer.model_file import Model, check_byte_ids, check_special_tokens
from tokenizer.split import GPT4_PATTERN, Splitter
from tokenizer.unicode import well_formed


class Tokenizer(ABC):
    """A vocabulary, special tokens beside it, and the way in and out.

    `pattern` cuts text into chunks, `vocab` maps every id but those of special tokens to its
    bytes, `special_tokens` maps a special token to its id.
    """

    def __init__(self, split: Splitter) -> None:
        self.split = split
        self.vocab = build_vocab({})
        self.special_tokens: dict[str, int] = {}

    @property
    def pattern(self) -> str:
        return self.split.pattern

    @property
    def n_vocab(self) -> int:
        """One more than the largest id: how many rows an embedding table needs."""
        return max(max(self.vocab), *self.special_tokens.values(), 0) + 1

    @abstractmethod
    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        """Learn `vocab_size` - 256 merges from `text`; `verbose` prints each.

        Warns when the text has fewer. Raises `ValueError` for a size below 256, or one that
        reaches the id of a special token.
        """

    @abstractmethod
    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of `text`, special tokens in it being text like any other."""

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        """Make these, and no others, the special tokens.

        Raises `ValueError` for an empty one, and for an id that is taken or out of range.
        """
        check_special_tokens(special_tokens, self.vocab)
        self.special_tokens = dict(special_tokens)

    def encode(self, text: str, allowed_special: str | Collection[str] = "none_raise") -> list[int]:
        """The ids of `text`, in which the special tokens that `allowed_special` allows get theirs.

        "all" allows all of them. A set allows those in it; others are text like any other. "none"
        allows none. "none_raise" allows none and raises `ValueError` where the text has one: text
        from a stranger must not turn into control tokens, nor look as if it had.
        """
        allowed = self._allowed(text, allowed_special)
        text = well_formed(text)  # a special token may be in halves until then
        if not any(token in text for token in allowed):
            return self.encode_ordinary(text)
        longest_first = sorted(allowed, key=len, reverse=True)
        pattern = "|".join(re.escape(token) for token in longest_first)
        ids = []
        for part in re.split(f"({pattern})", text):
            ids += [allowed[part]] if part in allowed else self.encode_ordinary(part)
        return ids

    def _allowed(self, text: str, allowed_special: str | Collection[str]) -> dict[str, int]:
        """The special tokens to look for in `text`."""
        if allowed_special == "all":
            return self.special_tokens
        if allowed_special == "none":
            return {}
        if allowed_special == "none_raise":
            for token in self.special_tokens:
                if token in text:
                    raise ValueError(
                        f"the text has the special token {token!r} at position "
                        f"{text.index(token)}; pass allowed_special to say how to encode it"
                    )
            return {}
        if isinstance(allowed_special, str):
            known = '"all", "none", "none_raise" or a set of special tokens'
            raise ValueError(f"allowed_special must be {known}, not {allowed_special!r}")
        for token in allowed_special:
            if token not in self.special_tokens:
                known = ", ".join(map(repr, self.special_tokens)) or "none"
                raise ValueError(f"{token!r} is not among the special tokens: {known}")
        return {token: self.special_tokens[token] for token in allowed_special}

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; bytes that are not UTF-8 become U+FFFD.

        Raises `ValueError` for an id that is not in the vocabulary.
        """
        return self.decode_bytes(ids).decode(errors="replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of `ids`. A few ids of a longer text may begin or end inside a character."""
        return b"".join(self.decode_tokens_bytes(ids))

    def decode_tokens_bytes(self, ids: Iterable[int]) -> list[bytes]:
        """The bytes of each id."""
        ids = list(ids)
        try:
            return [self.vocab[i] for i in ids]
        except KeyError:
            special = {i: token.encode() for token, i in self.special_tokens.items()}
        for position, i in enumerate(ids):
            if i not in self.vocab and i not in special:
                known = f"ids are 0 to {self.n_vocab - 1}"
                known = f"{known}, but some are left out" if i < self.n_vocab else known
                raise ValueError(f"id {i} at position {position} is not in the vocabulary; {known}")
        return [special[i] if i in special else self.vocab[i] for i in ids]

    @abstractmethod
    def model(self) -> Model:
        """All there is to this tokenizer."""

    def save(self, path: Path | str) -> None:
        """Write this tokenizer; the name says how.

        `x.tiktoken`: tiktoken's ranks, without pattern and special tokens. `x.json`: Hugging
        Face's tokenizer.json. Anything else is a prefix: `prefix.model`, which `load` reads, and
        `prefix.vocab`, for people to read. Raises `ValueError` for what the format cannot hold.
        """
        files.save(Path(path), self.model())

    def load(self, path: Path | str) -> None:
        """Become the tokenizer in a `.model`, `.tiktoken` or `.json` file.

        With `.tiktoken`, the pattern stays, and there are no special tokens.
        Raises `ValueError` with the place for a file that is damaged, and then changes nothing.
        """
        self._become(files.load(Path(path), self.pattern))

    @abstractmethod
    def _become(self, model: Model) -> None:
        """Take over all of `model`."""


class RegexTokenizer(Tokenizer):
    """The plain tokenizer with a pattern and special tokens.

    >>> tokenizer = RegexTokenizer()
    >>> tokenizer.train("low lower lowest", 256 + 3)
    >>> tokenizer.register_special_tokens({"<|endoftext|>": 1000})
    >>> tokenizer.encode("lowest<|endoftext|>", allowed_special="all")
    [257, 101, 115, 116, 1000]
    """

    def __init__(self, pattern: str = GPT4_PATTERN) -> None:
        super().__init__(Splitter(pattern))
        self.merges: dict[Pair, int] = {}

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        check_vocab_size(vocab_size)
        check_special_tokens(self.special_tokens, range(vocab_size))
        chunks = [list(chunk.encode()) for chunk in self.split(well_formed(text))]
        merges, vocab = {}, build_vocab({})
        for new_id in range(256, vocab_size):
            counts: Counter[Pair] = Counter()
            for ids in chunks:
                count_pairs(ids, counts)
            if not counts:
                break
            pair = most_frequent(counts)
            chunks = [merge(ids, pair, new_id) for ids in chunks]
            merges[pair] = new_id
            vocab[new_id] = vocab[pair[0]] + vocab[pair[1]]
            if verbose:
                show_merge(pair, new_id, vocab_size, vocab, counts[pair])
        self.merges, self.vocab = merges, vocab
        warn_if_exhausted(len(merges), vocab_size)

    def encode_ordinary(self, text: str) -> list[int]:
        ids = []
        for chunk in self.split(well_formed(text)):
            ids += apply_merges(list(chunk.encode()), self.merges)
        return ids

    def model(self) -> Model:
        ranks = {token: i for i, token in self.vocab.items()}
        return Model(self.pattern, ranks, self.special_tokens, self.merges)

    def _become(self, model: Model) -> None:
        check_byte_ids(model)
        self.split = Splitter(model.pattern)
        self.merges, self.vocab = model.merges, build_vocab(model.merges)
        self.special_tokens = model.special_tokens
