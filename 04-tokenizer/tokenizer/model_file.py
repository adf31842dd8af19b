"""The files of lines: `.model` and `.vocab`, which are this project's, and `.tiktoken`.

From and to text; `files` reads and writes it. A reader checks everything. `ValueError` says what is
wrong, and in which line if it is one.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from tokenizer.apply import Pair, check_merges, recover_merges
from tokenizer.learn import MAX_TOKEN, MAX_VOCAB
from tokenizer.split import Splitter
from tokenizer.unicode import well_formed

VERSION = "tokenizer 1"  # the first line of a .model file
MAX_BYTES = 1 << 24  # of all tokens; a few lines that double a token would fill any memory
MAX_ID = 1 << 31


class Model(NamedTuple):
    """All there is to a tokenizer: `ranks` maps the bytes of every ordinary token to its id.

    `merges` maps a pair of ids to the id that takes its place, in the order learned.
    """

    pattern: str
    ranks: dict[bytes, int]
    special_tokens: dict[str, int]
    merges: dict[Pair, int]


def check_special_tokens(special_tokens: dict[str, int], taken: Collection[int]) -> None:
    """Raise `ValueError` unless these can be special tokens beside the ids that are `taken`."""
    seen: dict[int, str] = {}
    for token, i in special_tokens.items():
        if not token or well_formed(token) != token:
            raise ValueError(f"a special token must be valid text, and not empty, not {token!r}")
        if not 0 <= i < MAX_ID or i in taken:
            problem = "belongs to an ordinary token" if i in taken else f"is not below {MAX_ID}"
            problem = "is negative" if i < 0 else problem
            raise ValueError(f"special token {token!r} cannot have the id {i}, which {problem}")
        if i in seen:
            raise ValueError(f"special tokens {seen[i]!r} and {token!r} have the same id, {i}")
        seen[i] = token


def check_lengths(ranks: Collection[bytes]) -> None:
    """Raise `ValueError` for a token that is too long for a file, or too many long ones."""
    if (size := sum(map(len, ranks))) > MAX_BYTES:
        raise ValueError(
            f"the tokens have {size:,} bytes in all; in a file they can have {MAX_BYTES:,} at most"
        )
    longest = max(ranks, key=len)
    if len(longest) > MAX_TOKEN:
        raise ValueError(
            f"the token {longest[:40]!r}… has {len(longest):,} bytes; in a file a token can have "
            f"{MAX_TOKEN:,} bytes at most"
        )


def write_model(model: Model) -> str:
    """The text of a .model file.

    tokenizer 1
    pattern "'(?i:[sdmt]|ll|ve|re)|…"
    bytes 0 1 2 …             the ids of the 256 bytes
    special 1                 how many; then a line each
    "<|endoftext|>" 4096
    merges 3840               how many; then a line each: first id, second id, new id
    32 116 256
    …
    """
    lines = [VERSION, f"pattern {json.dumps(model.pattern, ensure_ascii=False)}"]
    lines.append(" ".join(["bytes", *(str(model.ranks[bytes([i])]) for i in range(256))]))
    lines.append(f"special {len(model.special_tokens)}")
    for token, i in model.special_tokens.items():
        lines.append(f"{json.dumps(token, ensure_ascii=False)} {i}")
    lines.append(f"merges {len(model.merges)}")
    lines += [f"{first} {second} {new_id}" for (first, second), new_id in model.merges.items()]
    return "\n".join(lines) + "\n"


def read_model(text: str) -> Model:
    """The tokenizer in the text of a .model file."""
    lines = _Lines(text)
    if (version := lines.next("the version")) != VERSION:
        raise lines.error(f"this version reads {VERSION!r}, not {version[:40]!r}")
    pattern = lines.string(lines.after("pattern"))
    try:
        Splitter(pattern)
    except ValueError as error:
        raise lines.error(str(error)) from None
    vocab: dict[int, bytes] = {}
    for byte, i in enumerate(lines.numbers(lines.after("bytes"), 256)):
        lines.add(vocab, i, bytes([byte]))
    special_tokens: dict[str, int] = {}
    (n_special,) = lines.numbers(lines.after("special"), 1)
    for _ in range(n_special):
        string, _, number = lines.next("a special token").rpartition(" ")
        special = lines.string(string)
        if special in special_tokens:
            raise lines.error(f"the special token {special!r} is there twice")
        (special_tokens[special],) = lines.numbers(number, 1)
    merges = _read_merges(lines, vocab)
    check_merges(merges)
    check_special_tokens(special_tokens, vocab)
    return Model(pattern, {token: i for i, token in vocab.items()}, special_tokens, merges)


def _read_merges(lines: "_Lines", vocab: dict[int, bytes]) -> dict[Pair, int]:
    """The merges; what they make is added to the vocabulary."""
    merges: dict[Pair, int] = {}
    made = {token: i for i, token in vocab.items()}
    last, size = -1, 0
    (n_merges,) = lines.numbers(lines.after("merges"), 1)
    for _ in range(n_merges):
        first, second, new_id = lines.numbers(lines.next("a merge"), 3)
        for i in (first, second):
            if i not in vocab:
                raise lines.error(f"the merge is of token {i}, which is not made yet")
        token = vocab[first] + vocab[second]
        if len(token) > MAX_TOKEN:
            raise lines.error(f"token {new_id} has more than {MAX_TOKEN:,} bytes")
        lines.add(vocab, new_id, token)
        if token in made:
            raise lines.error(f"token {new_id} has the bytes of token {made[token]}")
        if new_id < last:
            raise lines.error(f"token {new_id} comes after token {last}; ids must rise")
        made[token] = merges[first, second] = new_id
        last = new_id
        size += len(token)
        if size > MAX_BYTES:
            raise lines.error(f"the tokens have more than {MAX_BYTES:,} bytes by now")
    lines.end()
    return merges


class _Lines:
    """The lines of a file, one by one, with errors that say which."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.number = 0

    def error(self, problem: str) -> ValueError:
        return ValueError(f"line {self.number}: {problem}")

    def next(self, what: str) -> str:
        self.number += 1
        if self.number >= len(self.lines):  # what follows the last \n is no line
            raise self.error(f"the file is cut short; here should be {what}")
        return self.lines[self.number - 1]

    def after(self, keyword: str) -> str:
        found, _, rest = self.next(repr(keyword)).partition(" ")
        if found != keyword:
            raise self.error(f"here should be {keyword!r}, not {found[:40]!r}")
        return rest

    def string(self, text: str) -> str:
        try:
            value = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            value = None
        if not isinstance(value, str):
            raise self.error(f"here should be a string in double quotes, not {text[:40]}")
        return value

    def numbers(self, text: str, count: int) -> list[int]:
        words = text.split(" ")
        if len(words) != count or not all(re.fullmatch("[0-9]{1,10}", word) for word in words):
            raise self.error(f"here should be {count} number{'s'[: count - 1]}, not {text[:40]!r}")
        return [int(word) for word in words]

    def add(self, vocab: dict[int, bytes], i: int, token: bytes) -> None:
        if i in vocab:
            raise self.error(f"id {i} is there twice")
        if i >= MAX_VOCAB:
            raise self.error(f"id {i} is out of range; ids are below {MAX_VOCAB}")
        vocab[i] = token

    def at_end(self) -> bool:
        return self.number == len(self.lines) - 1 and self.lines[-1] == ""

    def end(self) -> None:
        if not self.at_end():
            self.number += 1
            raise self.error("there is more than was announced")


def write_vocab(model: Model) -> str:
    """The vocabulary for people to read: every token, and the two that it was made of."""
    vocab = {i: show_token(token) for token, i in model.ranks.items()}
    made_of = {new_id: pair for pair, new_id in model.merges.items()}
    lines = []
    for i, token in sorted(vocab.items()):
        if i in made_of:
            first, second = made_of[i]
            lines.append(f"{i} [{vocab[first]}][{vocab[second]}] -> [{token}]")
        else:
            lines.append(f"{i} [{token}]")
    lines += [f"{i} [{show_token(token.encode())}]" for token, i in model.special_tokens.items()]
    return "\n".join(lines) + "\n"


def show_token(token: bytes) -> str:
    r"""A token in print: bytes that are no character as \xe4, what does not print as \u001b.

    >>> print(show_token(b"a \n\x1b\\" + "é".encode()[:1]))
    a \n\u001b\\\xc3
    """
    return "".join(_show_character(c) for c in token.decode(errors="surrogateescape"))


def _show_character(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # the way of surrogateescape to keep a byte
        return f"\\x{code - 0xDC00:02x}"
    return character if character.isprintable() else f"\\u{code:04x}"


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}


def write_tiktoken(ranks: Mapping[bytes, int]) -> str:
    """The text of a .tiktoken file: on each line a token in base64 and its rank."""
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return "".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in by_rank)


def read_tiktoken(text: str, pattern: str) -> Model:
    """The tokenizer with the ranks in the text of a .tiktoken file, and with this pattern."""
    lines = _Lines(text)
    vocab: dict[int, bytes] = {}
    ranks: dict[bytes, int] = {}
    while not lines.at_end():
        word, _, number = lines.next("a token and its rank").partition(" ")
        try:
            token = base64.b64decode(word, validate=True)
        except binascii.Error:
            token = b""
        if not token:
            raise lines.error(f"here should be a token in base64, not {word[:40]!r}")
        if token in ranks:
            raise lines.error(f"token {token!r} is there twice")
        (ranks[token],) = lines.numbers(number, 1)
        lines.add(vocab, ranks[token], token)
    check_bytes(ranks)
    check_lengths(ranks)
    return Model(pattern, ranks, {}, recover_merges(ranks))


def check_bytes(ranks: Mapping[bytes, int]) -> None:
    """Raise `ValueError` unless every byte has an id."""
    for byte in range(256):
        if bytes([byte]) not in ranks:
            raise ValueError(f"a vocabulary needs all 256 bytes, but {byte:#04x} is missing")


def check_byte_ids(model: Model) -> None:
    """Raise `ValueError` unless every byte is its own id, as in the plain tokenizers."""
    if any(model.ranks[bytes([byte])] != byte for byte in range(256)):
        raise ValueError("the ids of the 256 bytes are not 0 to 255; FastTokenizer can load it")
