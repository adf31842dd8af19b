"""The tokenizer to use: the merges and ids of `regex_tokenizer`, many times as fast.

Training counts the chunks once (`counting`) and keeps pair counts up to date (`learn`). Encoding
merges by rank (`apply`) and remembers: a chunk once encoded is a lookup the next time, and texts
repeat themselves. What is remembered between calls is bounded.
"""

from array import array
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tokenizer.apply import check_merges, encode_chunk, recover_merges
from tokenizer.basic import (
    Pair,
    build_vocab,
    check_vocab_size,
    show_merge,
    warn_if_exhausted,
)
from tokenizer.counting import blocks_of_file, blocks_of_text, count_chunks, ignore_interrupts
from tokenizer.fast_split import FastSplitter
from tokenizer.learn import MAX_VOCAB, learn_merges
from tokenizer.model_file import Model, check_special_tokens
from tokenizer.regex_tokenizer import Tokenizer
from tokenizer.split import GPT4_PATTERN
from tokenizer.unicode import well_formed

if TYPE_CHECKING:
    import numpy
    import tiktoken

MEMO_SIZE = 4_000_000  # characters of chunks that are remembered between calls


class FastTokenizer(Tokenizer):
    """A tokenizer by ranks: `ranks` maps the bytes of every ordinary token to its id.

    >>> tokenizer = FastTokenizer()
    >>> tokenizer.train("low lower lowest", 256 + 3)
    >>> tokenizer.encode("lowest")
    [257, 101, 115, 116]
    """

    split: FastSplitter

    def __init__(self, pattern: str = GPT4_PATTERN) -> None:
        super().__init__(FastSplitter(pattern))
        self._set_ranks({token: i for i, token in self.vocab.items()})

    @classmethod
    def from_merges(cls, merges: Iterable[Pair], pattern: str = GPT4_PATTERN) -> Self:
        """A tokenizer with these merges, in the order learned; they get the ids from 256 up.

        Raises `ValueError` for merges that no training gives.
        """
        tokenizer, merges = cls(pattern), list(merges)
        numbered = {pair: 256 + i for i, pair in enumerate(merges)}
        ranks = {token: i for i, token in build_vocab(numbered).items()}
        if len(ranks) < 256 + len(merges):
            raise ValueError("two of the merges make the same token")
        check_merges(numbered)
        tokenizer._set_ranks(ranks, numbered)
        return tokenizer

    def _set_ranks(self, ranks: dict[bytes, int], merges: dict[Pair, int] | None = None) -> None:
        self.ranks = ranks
        self.vocab = {i: token for token, i in ranks.items()}
        self._memo = _Memo(ranks)
        self._merges = merges

    @property
    def merges(self) -> dict[Pair, int]:
        """The merges in the order learned; where only ranks are known, worked out from them."""
        if self._merges is None:
            self._merges = recover_merges(self.ranks)
        return self._merges

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        self._train(blocks_of_text(text, self.split), vocab_size, 1, verbose)

    def train_from_iterator(
        self, texts: Iterable[str], vocab_size: int, num_workers: int = 1, verbose: bool = False
    ) -> None:
        """`train` on several texts, of which only a few are in memory at a time.

        `num_workers` processes split and count; see `counting.count_chunks`.
        """
        blocks = chain.from_iterable(blocks_of_text(text, self.split) for text in texts)
        self._train(blocks, vocab_size, num_workers, verbose)

    def train_from_files(
        self,
        paths: Iterable[Path | str],
        vocab_size: int,
        num_workers: int = 1,
        verbose: bool = False,
    ) -> None:
        """The same for files in UTF-8, which are read in blocks.

        Raises `ValueError` for a file that is not UTF-8.
        """
        blocks = chain.from_iterable(blocks_of_file(Path(path), self.split) for path in paths)
        self._train(blocks, vocab_size, num_workers, verbose)

    def _train(
        self, blocks: Iterable[str], vocab_size: int, num_workers: int, verbose: bool
    ) -> None:
        check_vocab_size(vocab_size)
        if vocab_size > MAX_VOCAB:
            raise ValueError(f"vocab_size must be at most {MAX_VOCAB:,}, not {vocab_size:,}")
        check_special_tokens(self.special_tokens, range(vocab_size))
        vocab, merges = build_vocab({}), {}
        chunks = count_chunks(blocks, self.split, num_workers)
        for new_id, merge in enumerate(learn_merges(chunks, vocab_size - 256), start=256):
            merges[merge.pair] = new_id
            vocab[new_id] = vocab[merge.pair[0]] + vocab[merge.pair[1]]
            if verbose:
                show_merge(merge.pair, new_id, vocab_size, vocab, merge.occurrences)
        self._set_ranks({token: i for i, token in vocab.items()}, merges)
        warn_if_exhausted(len(merges), vocab_size)

    def encode_ordinary(self, text: str) -> list[int]:
        look_up = self._memo.__getitem__
        parts = self.split.in_parts(well_formed(text))
        tokens = "".join(["".join(map(look_up, chunks)) for chunks in parts])
        if self._memo.size > MEMO_SIZE:
            self._memo = _Memo(self.ranks)
        return _ids(tokens.encode("utf-32-le", "surrogatepass"))

    def encode_batch(
        self,
        texts: Iterable[str],
        allowed_special: str | Collection[str] = "none_raise",
        num_workers: int = 1,
    ) -> list[list[int]]:
        """The ids of each text.

        `num_workers` processes share the texts. That pays from some tens of megabytes on; until
        then, what one text has taught for the next is worth more. As always with processes, the
        program then needs its `if __name__ == "__main__":`.
        """
        if num_workers <= 1:
            return [self.encode(text, allowed_special) for text in texts]
        work = partial(_encode_in_worker, allowed_special=allowed_special)
        context, about = get_context("spawn"), (self.pattern, self.ranks, self.special_tokens)
        with ProcessPoolExecutor(num_workers, context, _start_worker, about) as pool:
            return [_ids(tokens) for tokens in pool.map(work, texts)]

    def encode_to_numpy(
        self, text: str, allowed_special: str | Collection[str] = "none_raise"
    ) -> "numpy.ndarray":
        """The ids as an array, uint16 where the vocabulary has at most 65,536 ids, else uint32."""
        import numpy

        dtype = numpy.uint16 if self.n_vocab <= 1 << 16 else numpy.uint32
        return numpy.array(self.encode(text, allowed_special), dtype)

    def to_tiktoken(self, name: str = "lm-lessons") -> "tiktoken.Encoding":
        """A `tiktoken.Encoding` that gives the same ids, with one of GPT's patterns.

        tiktoken has regular expressions and an edition of Unicode of its own, so with another
        pattern it may cut otherwise; `python -m tokenizer compare` shows whether it does.
        Raises `ValueError` for a pattern of the user's own that tiktoken does not understand.
        """
        import tiktoken

        return tiktoken.Encoding(
            name,
            pat_str=self.pattern,
            mergeable_ranks=self.ranks,
            special_tokens=self.special_tokens,
        )

    def model(self) -> Model:
        """All there is to this tokenizer."""
        return Model(self.pattern, self.ranks, self.special_tokens, self.merges)

    def _become(self, model: Model) -> None:
        self.split = FastSplitter(model.pattern)
        self.special_tokens = model.special_tokens
        self._set_ranks(model.ranks, model.merges)


def _ids(tokens: bytes) -> list[int]:
    """Four bytes an id, as numbers."""
    return memoryview(tokens).cast("I").tolist()


_of_worker: FastTokenizer  # in a process that `encode_batch` started, and nowhere else


def _start_worker(pattern: str, ranks: dict[bytes, int], special_tokens: dict[str, int]) -> None:
    global _of_worker
    ignore_interrupts()
    _of_worker = FastTokenizer(pattern)
    _of_worker._set_ranks(ranks)
    _of_worker.special_tokens = special_tokens


def _encode_in_worker(text: str, allowed_special: str | Collection[str]) -> bytes:
    return array("I", _of_worker.encode(text, allowed_special)).tobytes()


class _Memo(dict[str, str]):
    """The tokens of every chunk seen so far, as strings whose character number i is the token i.

    Strings of tokens are small, and joining them is quick.
    """

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        self.ranks = ranks
        self.size = 0  # characters of all chunks

    def __missing__(self, chunk: str) -> str:
        tokens = "".join(map(chr, encode_chunk(chunk.encode(), self.ranks)))
        self[chunk] = tokens
        self.size += len(chunk)
        return tokens
