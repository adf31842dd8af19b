"""What there is to learn from: a stream of ids, and the vocabulary that says what they mean."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt.bpe import BPE, GPT2_TOKENS
from gpt.chars import Chars
from gpt.data import Stream, open_files

Vocabulary = Chars | BPE
RANKS = "tokenizer.tiktoken"  # the file of ranks beside a stream, and in a run's folder


@dataclass(frozen=True)
class Corpus:
    """A stream, its vocabulary, how large that is, and a SHA-256 of it all."""

    stream: Stream
    vocabulary: Vocabulary
    vocab_size: int
    sha256: str
    ranks: bytes | None = None  # of a byte-pair encoding that came as a file
    nats_per_character: float | None = None  # that the text costs at least, where it is known

    @classmethod
    def of_text(cls, text: str, sha256: str, vocabulary: Vocabulary | None = None) -> "Corpus":
        """The text as characters, or in the given vocabulary.

        Raises `ValueError` for a character that is not in it.
        """
        vocabulary = Chars.of(text) if vocabulary is None else vocabulary
        return cls(Stream.of(vocabulary.encode(text)), vocabulary, len(vocabulary), sha256)

    @classmethod
    def of_files(cls, paths: Sequence[Path]) -> "Corpus":
        """The ids in these files, mapped into memory.

        What they mean is told by `tokenizer.tiktoken` beside the first, with the pattern in its
        JSON; without, they are GPT-2's if the vocabulary is as large. Raises `ValueError` when a
        file is not what its JSON says, or the tokens' meaning is not to be found.
        """
        stream, abouts = open_files(paths)
        vocab_size, pattern = abouts[0]["vocab_size"], abouts[0].get("pattern")
        digests = [about["sha256"] for about in abouts]
        sha256 = digests[0] if len(digests) == 1 else _sha256("".join(digests))
        ranks = paths[0].with_name(RANKS)
        if ranks.is_file() and pattern is not None:
            vocabulary = BPE.open(ranks, pattern)
            return cls(stream, vocabulary, vocab_size, sha256, ranks.read_bytes())
        if vocab_size == GPT2_TOKENS:
            return cls(stream, BPE.gpt2(), vocab_size, sha256)
        missing = f"no {RANKS} beside it with a pattern in its JSON"
        raise ValueError(f"{paths[0]}: what its ids mean is unknown; there is {missing}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def describe(vocabulary: Vocabulary) -> dict[str, Any]:
    """What JSON can say of a vocabulary; `restore` makes it again."""
    if isinstance(vocabulary, Chars):
        return {"characters": vocabulary.characters}
    return {"pattern": vocabulary.pattern}


def restore(about: dict[str, Any], folder: Path) -> Vocabulary:
    """The vocabulary that was described; ranks, if it has any, lie in `folder`.

    Raises `ValueError` when they do not.
    """
    if "characters" in about:
        return Chars(about["characters"])
    if about["pattern"] is None:
        return BPE.gpt2()
    return BPE.open(folder / RANKS, about["pattern"])


def beginning(vocabulary: Vocabulary) -> list[int]:
    """What a text without a prompt goes on from: a line's end, or failing that the first token."""
    try:
        return vocabulary.encode("\n")
    except ValueError:
        return [0]
