"""Tokens of several characters: byte-pair encodings, and files of token ids.

How such an encoding is learned and works is the lesson 04-tokenizer, which writes both as files;
here tiktoken does the work.
"""

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Sequence

import numpy
import tiktoken
from numpy.typing import NDArray

GPT2_TOKENS = 50257


class BPE:
    """The same methods as `Chars`, for a `tiktoken.Encoding`.

    `pattern` is the regular expression that cuts a text into chunks, `ranks` the content of the
    file of ranks; both are None for GPT-2's own encoding.
    """

    def __init__(
        self, encoding: tiktoken.Encoding, pattern: str | None = None, ranks: bytes | None = None
    ) -> None:
        self.encoding, self.pattern, self.ranks = encoding, pattern, ranks

    @property
    def sha256(self) -> str | None:
        """The hash of the ranks."""
        return None if self.ranks is None else hashlib.sha256(self.ranks).hexdigest()

    def __len__(self) -> int:
        return self.encoding.n_vocab

    def encode(self, text: str) -> list[int]:
        return self.encoding.encode_ordinary(text)

    def decode(self, ids: Sequence[int]) -> str:
        return self.encoding.decode(ids)

    def to_bytes(self, ids: Sequence[int]) -> bytes:
        """The bytes of these tokens, which may end within a character."""
        return self.encoding.decode_bytes(ids)


def parse_ranks(content: bytes) -> dict[bytes, int]:
    """The tokens in a file of ranks: a line has a token in base64 and its rank.

    (`tiktoken.load.load_tiktoken_bpe` reads the same, but keeps a copy under the file's path, and
    would give one run's ranks to another in its place.) Raises `ValueError` for any other content,
    since tiktoken panics without the 256 bytes.
    """
    ranks: dict[bytes, int] = {}
    for line in content.splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token, validate=True)] = int(rank)
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise ValueError("the ranks are not 0, 1, 2 and so on")
    if missing := {bytes([byte]) for byte in range(256)} - ranks.keys():
        raise ValueError(f"the byte {min(missing)!r} is missing")
    return ranks


class Shards:
    """Several arrays of ids, sliced like one."""

    def __init__(self, arrays: Sequence[NDArray[numpy.unsignedinteger]]) -> None:
        self.arrays = arrays
        self.ends = [int(end) for end in numpy.cumsum([len(array) for array in arrays])]

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, where: slice) -> NDArray[numpy.unsignedinteger]:
        """The ids of a slice without step, across the ends of arrays."""
        start, stop, _ = where.indices(len(self))
        pieces = []
        i = bisect_right(self.ends, start)
        while start < stop:
            begin = self.ends[i] - len(self.arrays[i])
            end = min(stop, self.ends[i])
            pieces.append(self.arrays[i][start - begin : end - begin])
            start, i = end, i + 1
        return numpy.concatenate(pieces) if pieces else self.arrays[0][:0]
