"""The tokenizer to use: the merges and ids of `regex_tokenizer`, many times as fast.

Training counts the chunks once (`counting`) and keeps pair counts up to date (`training`). Encoding
merges by rank (`ranks`) and remembers: a chunk once encoded is a lookup the next time, and texts
repeat themselves. What is remembered between calls is bounded.
"""

import warnings
from array import array
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tokenizer import files
from tokenizer.basic import Pair, build_vocab
from tokenizer.counting import blocks_of_file, blocks_of_text, count_chunks, ignore_interrupts
from tokenizer.fast_split import FastSplitter
from tokenizer.model_file import Model, check_merges
from tokenizer.ranks import encode_chunk, recover_merges
from tokenizer.regex_tokenizer import RegexTokenizer, check_special_tokens
from tokenizer.split import GPT4_PATTERN
from tokenizer.training import MAX_VOCAB, learn_merges
from tokenizer.unicode import well_formed

if TYPE_CHECKING:
    import numpy
    import tiktoken

MEMO_SIZE = 4_000_000  # characters of chunks that are remembered between calls


class FastTokenizer(RegexTokenizer):
    """A tokenizer by ranks: `ranks` maps the bytes of every ordinary token to its id.

    >>> tokenizer = FastTokenizer()
    >>> tokenizer.train("low lower lowest", 256 + 3)
    >>> tokenizer.encode("lowest")
    [257, 101, 115, 116]
    """

    def __init__(self, pattern: str = GPT4_PATTERN) -> None:
        super().__init__(pattern)
        self.split = FastSplitter(pattern)
        self._set_ranks({token: i for i, token in self.vocab.items()})

    @classmethod
    def from_merges(cls, merges: Iterable[Pair], pattern: str = GPT4_PATTERN) -> Self:
        """A tokenizer with these merges, in the order learned; they get the ids from 256 up.

        Raises `ValueError` for merges that no training learns.
        """
        tokenizer = cls(pattern)
        numbered = {pair: new_id for new_id, pair in enumerate(merges, start=256)}
        ranks = {token: i for i, token in build_vocab(numbered).items()}
        check_merges(numbered, ranks)
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

    @merges.setter
    def merges(self, merges: dict[Pair, int]) -> None:
        self._merges = merges

    def train(self, text: str, vocab_size: int) -> None:
        """Learn `vocab_size` - 256 merges from `text`; warns if it has fewer.

        Raises `ValueError` for a size that is too small or too large, and if a special token has
        one of these ids.
        """
        self._train(blocks_of_text(text, self.split), vocab_size)

    def train_from_iterator(
        self, texts: Iterable[str], vocab_size: int, num_workers: int = 1
    ) -> None:
        """`train` on several texts, of which only a few are in memory at a time.

        `num_workers` processes split and count; see `counting.count_chunks`.
        """
        blocks = chain.from_iterable(blocks_of_text(text, self.split) for text in texts)
        self._train(blocks, vocab_size, num_workers)

    def train_from_files(
        self, paths: Iterable[Path | str], vocab_size: int, num_workers: int = 1
    ) -> None:
        """The same for files in UTF-8, which are read in blocks.

        Raises `ValueError` for a file that is not UTF-8.
        """
        blocks = chain.from_iterable(blocks_of_file(Path(path), self.split) for path in paths)
        self._train(blocks, vocab_size, num_workers)

    def _train(self, blocks: Iterable[str], vocab_size: int, num_workers: int = 1) -> None:
        if not 256 <= vocab_size <= MAX_VOCAB:
            known = f"from 256, one for each byte, to {MAX_VOCAB:,}"
            raise ValueError(f"vocab_size must be {known}, not {vocab_size:,}")
        check_special_tokens(self.special_tokens, range(vocab_size))
        chunks = count_chunks(blocks, self.split, num_workers)
        learned = learn_merges(chunks, vocab_size - 256)
        merges = {merge.pair: new_id for new_id, merge in enumerate(learned, start=256)}
        self._set_ranks({token: i for i, token in build_vocab(merges).items()}, merges)
        warn_if_exhausted(256 + len(merges), vocab_size)

    def encode(self, text: str, allowed_special: str | Collection[str] = "none_raise") -> list[int]:
        """As in `RegexTokenizer`; halves of surrogate pairs are joined or become U+FFFD."""
        return super().encode(well_formed(text), allowed_special)

    def encode_ordinary(self, text: str) -> list[int]:
        """As in `RegexTokenizer`; halves of surrogate pairs are joined or become U+FFFD."""
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

        `num_workers` processes share the texts. That pays from some tens of megabytes on; below
        that, what one text has taught for the next is worth more. As always with processes, the
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
        """A `tiktoken.Encoding` that gives the same ids, if the pattern is one of GPT's.

        tiktoken has an engine for regular expressions and an edition of Unicode of its own, so with
        another pattern it may cut differently.
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

    def save(self, path: Path | str) -> None:
        """Write this tokenizer in the format that the name asks for.

        `x.tiktoken`: tiktoken's ranks, without pattern and special tokens. `x.json`: Hugging
        Face's tokenizer.json. Anything else is a prefix: `prefix.model`, which `load` reads, and
        `prefix.vocab`, for people to read. Raises `ValueError` for what the format cannot hold.
        """
        files.save(Path(path), self.model())

    def load(self, path: Path | str) -> None:
        """Become the tokenizer in a `.model`, `.tiktoken` or `.json` file.

        With `.tiktoken`, the pattern stays, and there are no special tokens. Raises `ValueError`
        for a file that is damaged, and then changes nothing.
        """
        self._become(files.load(Path(path), self.pattern))

    def _become(self, model: Model) -> None:
        self.pattern, self.split = model.pattern, FastSplitter(model.pattern)
        self.special_tokens = model.special_tokens
        self._set_ranks(model.ranks, model.merges)


def warn_if_exhausted(learned: int, vocab_size: int) -> None:
    """Warn if training has learned a smaller vocabulary than it was asked for."""
    if learned < vocab_size:
        warnings.warn(
            f"the text has no pair left to merge: the vocabulary has {learned:,} tokens, not "
            f"{vocab_size:,}",
            stacklevel=3,
        )


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
