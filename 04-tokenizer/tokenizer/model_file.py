"""The files of lines: `.model` and `.vocab`, which are this project's, and `.tiktoken`.

From and to text; `files` reads and writes it. A reader checks everything: `ValueError` names the
line.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from tokenizer.basic import Pair
from tokenizer.learn import MAX_VOCAB
from tokenizer.regex_tokenizer import check_special_tokens
from tokenizer.split import Splitter

VERSION = "tokenizer 1"  # the first line of a .model file


class Model(NamedTuple):
    """All there is to a tokenizer."""

    pattern: str
    ranks: dict[bytes, int]
    special_tokens: dict[str, int]


def write_model(model: Model, merges: Mapping[Pair, int]) -> str:
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
    lines.append(f"merges {len(merges)}")
    lines += [f"{first} {second} {new_id}" for (first, second), new_id in merges.items()]
    return "\n".join(lines) + "\n"


def read_model(text: str) -> Model:
    """The tokenizer in the text of a .model file."""
    lines = _Lines(text)
    if (first := lines.next("the version")) != VERSION:
        raise lines.error(f"this version reads {VERSION!r}, not {first[:40]!r}")
    pattern = lines.string(lines.after("pattern"))
    try:
        Splitter(pattern)
    except ValueError as error:
        raise lines.error(str(error)) from None
    vocab: dict[int, bytes] = {}
    for byte, i in enumerate(lines.numbers(lines.after("bytes"), 256)):
        lines.add(vocab, i, bytes([byte]))
    special_tokens: dict[str, int] = {}
    for _ in range(*lines.numbers(lines.after("special"), 1)):
        token, _, number = lines.next("a special token").rpartition(" ")
        special_tokens[lines.string(token)] = lines.numbers(number, 1)[0]
    special_line = lines.number
    last = -1
    for _ in range(*lines.numbers(lines.after("merges"), 1)):
        first_id, second_id, new_id = lines.numbers(lines.next("a merge"), 3)
        for i in (first_id, second_id):
            if i not in vocab:
                raise lines.error(f"the merge is of token {i}, which is not made yet")
        lines.add(vocab, new_id, vocab[first_id] + vocab[second_id])
        if new_id < last:
            raise lines.error(f"token {new_id} comes after token {last}; ids must rise")
        last = new_id
    lines.end()
    ranks = {token: i for i, token in vocab.items()}
    if len(ranks) < len(vocab):
        raise ValueError("two of the tokens have the same bytes")
    try:
        check_special_tokens(special_tokens, vocab)
    except ValueError as error:
        raise ValueError(f"line {special_line} or above: {error}") from None
    return Model(pattern, ranks, special_tokens)


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
        except json.JSONDecodeError:
            value = None
        if not isinstance(value, str):
            raise self.error(f"here should be a string in double quotes, not {text[:40]}")
        return value

    def numbers(self, text: str, count: int) -> list[int]:
        words = text.split(" ")
        if len(words) != count or not all(re.fullmatch("[0-9]{1,9}", word) for word in words):
            raise self.error(f"here should be {count} number{'s'[: count - 1]}, not {text[:40]!r}")
        return [int(word) for word in words]

    def add(self, vocab: dict[int, bytes], i: int, token: bytes) -> None:
        if i in vocab:
            raise self.error(f"id {i} is there twice")
        if i >= MAX_VOCAB:
            raise self.error(f"id {i} is out of range; ids are below {MAX_VOCAB}")
        vocab[i] = token

    def end(self) -> None:
        if self.lines[self.number :] != [""]:
            self.number += 1
            raise self.error("there are more lines than announced")


def write_vocab(model: Model, merges: Mapping[Pair, int]) -> str:
    """The vocabulary for people to read: every token, and the two that it was made of."""
    vocab = {i: show_token(token) for token, i in model.ranks.items()}
    made_of = {new_id: pair for pair, new_id in merges.items()}
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
    r"""A token in print: control characters as \u001b, bytes that are no character as \xe4."""
    text = token.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def write_tiktoken(ranks: Mapping[bytes, int]) -> str:
    """The text of a .tiktoken file: on each line a token in base64 and its rank."""
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return "".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in by_rank)


def read_tiktoken(text: str) -> dict[bytes, int]:
    """The ranks in the text of a .tiktoken file."""
    lines = _Lines(text)
    vocab: dict[int, bytes] = {}
    ranks: dict[bytes, int] = {}
    while lines.lines[lines.number :] != [""]:
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
    return ranks


def check_bytes(ranks: Mapping[bytes, int]) -> None:
    """Raise `ValueError` unless every byte has an id."""
    for byte in range(256):
        if bytes([byte]) not in ranks:
            raise ValueError(f"a vocabulary needs all 256 bytes, but {byte:#04x} is missing")
