"""What there is to learn from: a stream of ids, and the vocabulary that says what they mean."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gpt.bpe import BPE, GPT2_TOKENS
from gpt.chars import Chars
from gpt.data import Stream, open_files

Vocabulary = Chars | BPE
RANKS = "tokenizer.tiktoken"  # the file of ranks beside a stream, and in a run's folder


class Text(Protocol):
    """A text, and where it is from (`str` of it)."""

    @property
    def text(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def nats_per_character(self) -> float | None: ...


@dataclass(frozen=True)
class Corpus:
    """A stream and what its ids mean. `about` says where it is from, `sha256` is of all of it.

    `floor`, where it is known, is what a token of the text costs any model, in nats.
    """

    stream: Stream
    vocabulary: Vocabulary
    vocab_size: int
    about: str
    sha256: str
    floor: float | None = None

    @classmethod
    def open(
        cls, data: str, read: Callable[[str], Text], vocabulary: Vocabulary | None = None
    ) -> "Corpus":
        """The ids in a file NAME.bin, or in all such files of a folder; else the text `read(data)`.

        A text becomes characters, or tokens of the given vocabulary. Raises `ValueError` for ids of
        another one, for a character that it has not, and as `of_files` does.
        """
        path = Path(data)
        if path.suffix != ".bin" and not path.is_dir():
            return cls.of_text(read(data), vocabulary)
        paths = sorted(path.glob("*.bin")) if path.is_dir() else [path]
        if not paths:
            raise ValueError(f"{data} has no files of ids, NAME.bin, in it")
        corpus = cls.of_files(paths)
        if vocabulary is not None and describe(vocabulary) != describe(corpus.vocabulary):
            sizes = f"{corpus.vocab_size:,} tokens, the model's {len(vocabulary):,}"
            raise ValueError(f"{data} is in another vocabulary than the model's: it has {sizes}")
        return corpus

    @classmethod
    def of_text(cls, text: Text, vocabulary: Vocabulary | None = None) -> "Corpus":
        """The text as characters, or in the given vocabulary."""
        vocabulary = Chars.of(text.text) if vocabulary is None else vocabulary
        stream, size = Stream.of(vocabulary.encode(text.text)), len(vocabulary)
        floor = text.nats_per_character if isinstance(vocabulary, Chars) else None
        return cls(stream, vocabulary, size, str(text), text.sha256, floor)

    @classmethod
    def of_files(cls, paths: Sequence[Path]) -> "Corpus":
        """The ids in these files, mapped into memory.

        What they mean is told by `tokenizer.tiktoken` beside the first, with the pattern in its
        JSON; without, they are GPT-2's if the vocabulary is as large. Raises `ValueError` when a
        file is not what its JSON says, or the tokens' meaning is not to be found.
        """
        stream, abouts = open_files(paths)
        vocab_size, pattern = abouts[0]["vocab_size"], abouts[0].get("pattern")
        digests = "".join(about["sha256"] for about in abouts)
        sha256 = digests if len(paths) == 1 else hashlib.sha256(digests.encode()).hexdigest()
        files = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files like {paths[0]}"
        origin = f"{files} ({len(stream):,} tokens, SHA-256 {sha256[:12]}…)"
        ranks = paths[0].with_name(RANKS)
        if ranks.is_file() and pattern is not None:
            vocabulary = BPE.open(ranks, pattern)
            if len(vocabulary) != vocab_size:
                sizes = f"{len(vocabulary):,} tokens, {paths[0]} has {vocab_size:,}"
                raise ValueError(f"{ranks} is of another vocabulary: it has {sizes}")
            return cls(stream, vocabulary, vocab_size, origin, sha256)
        if vocab_size == GPT2_TOKENS:
            return cls(stream, BPE.gpt2(), vocab_size, origin, sha256)
        missing = f"no {RANKS} beside it with a pattern in its JSON"
        raise ValueError(f"{paths[0]}: what its ids mean is unknown; there is {missing}")


def describe(vocabulary: Vocabulary) -> dict[str, Any]:
    """What JSON can say of a vocabulary; `restore` makes it again."""
    if isinstance(vocabulary, Chars):
        return {"characters": vocabulary.characters}
    return {"pattern": vocabulary.pattern, "sha256": vocabulary.sha256}


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
