"""Tokens of several characters: the byte-pair encoding that a stream of ids was made with.

How such an encoding is learned and works is the lesson 04-tokenizer; this file leaves the work to
tiktoken, and takes an encoding from the ranks that lie beside a stream, or GPT-2's own.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import tiktoken

GPT2_TOKENS = 50257


class BPE:
    """The same four methods as `Chars`, for a `tiktoken.Encoding`.

    `ranks` are the content of the file that it came as, None for GPT-2's own, and so is `pattern`.
    """

    def __init__(
        self, encoding: tiktoken.Encoding, pattern: str | None = None, ranks: bytes | None = None
    ) -> None:
        self.encoding = encoding
        self.pattern = pattern
        self.ranks = ranks

    @classmethod
    def open(cls, ranks: Path, pattern: str) -> "BPE":
        """The encoding with these ranks; `pattern` cuts a text into chunks.

        Raises `ValueError` when the file holds no ranks.
        """
        found: dict[bytes, int] = {}
        try:
            content = ranks.read_bytes()
            for line in content.splitlines():
                token, rank = line.split()
                found[base64.b64decode(token, validate=True)] = int(rank)
            missing = [byte for byte in range(256) if bytes([byte]) not in found]
            if missing:  # tiktoken would not survive it, nor what comes next
                raise ValueError(f"the byte {missing[0]} is missing")
            if sorted(found.values()) != list(range(len(found))):
                raise ValueError("the ranks are not 0, 1, 2 and so on")
            encoding = tiktoken.Encoding(
                ranks.stem, pat_str=pattern, mergeable_ranks=found, special_tokens={}
            )
        except FileNotFoundError:
            raise ValueError(f"there is no {ranks}, the tokenizer's ranks") from None
        except ValueError as error:
            raise ValueError(f"{ranks} holds no tokenizer's ranks ({error})") from None
        return cls(encoding, pattern, content)

    @classmethod
    def gpt2(cls) -> "BPE":
        """GPT-2's encoding; raises `ConnectionError` when tiktoken cannot get it."""
        try:
            return cls(tiktoken.get_encoding("gpt2"))
        except OSError as error:
            raise ConnectionError(f"tiktoken cannot download GPT-2's encoding: {error}") from None

    @property
    def sha256(self) -> str | None:
        """The hash of the ranks; None for GPT-2's own."""
        return None if self.ranks is None else hashlib.sha256(self.ranks).hexdigest()

    def __len__(self) -> int:
        return self.encoding.n_vocab

    def encode(self, text: str) -> list[int]:
        return self.encoding.encode_ordinary(text)

    def decode(self, ids: Sequence[int]) -> str:
        return self.encoding.decode(ids)

    def to_bytes(self, ids: Sequence[int]) -> bytes:
        """The bytes, which may end within a character."""
        return self.encoding.decode_bytes(ids)
