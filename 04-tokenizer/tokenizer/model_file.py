"""The text files: `.model` and `.vocab`, which are this project's own, and `.tiktoken`.

These functions go from and to text; `files` reads and writes it. A reader checks the whole text,
and raises `ValueError` with the number of the line that is damaged.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

import regex

from tokenizer.basic import Pair
from tokenizer.ranks import recover_merges
from tokenizer.regex_tokenizer import check_special_tokens
from tokenizer.training import MAX_TOKEN

VERSION = "tokenizer 1"  # the first line of a .model file


class Model(NamedTuple):
    """All there is to a tokenizer: `ranks` maps the bytes of every ordinary token to its id.

    `merges` maps a pair of ids to the id that takes its place, in the order learned.
    """

    pattern: str
    ranks: dict[bytes, int]
    special_tokens: dict[str, int]
    merges: dict[Pair, int]


def check_bytes(ranks: Mapping[bytes, int]) -> None:
    """Raise `ValueError` unless every byte has an id, and no two tokens have the same one."""
    for byte in range(256):
        if bytes([byte]) not in ranks:
            raise ValueError(f"a vocabulary needs all 256 bytes, but {byte:#04x} is missing")
    if len(set(ranks.values())) < len(ranks):
        raise ValueError("two tokens have the same id")


def check_merges(merges: dict[Pair, int], ranks: Mapping[bytes, int]) -> None:
    """Raise `ValueError` unless encoding by ranks makes these merges, and no others.

    Then they cannot come from training: there, an earlier merge is never in the way of a later one.
    """
    if recover_merges(ranks) != merges:
        raise ValueError("no training learns these merges: encoding by ranks makes others")


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
    with _Lines(text) as lines:
        lines.require(lines.next() == VERSION)
        pattern = _string(lines.after("pattern"))
        regex.compile(pattern)
        byte_ids = _numbers(lines.after("bytes"))
        vocab = {i: bytes([byte]) for byte, i in enumerate(byte_ids)}
        ranks = {token: i for i, token in vocab.items()}
        lines.require(len(byte_ids) == len(vocab) == 256)
        special_tokens: dict[str, int] = {}
        (n_special,) = _numbers(lines.after("special"))
        for _ in range(n_special):
            string, _, number = lines.next().rpartition(" ")
            (special_tokens[_string(string)],) = _numbers(number)
        merges: dict[Pair, int] = {}
        last = -1
        (n_merges,) = _numbers(lines.after("merges"))
        for _ in range(n_merges):
            first, second, new_id = _numbers(lines.next())
            token = vocab[first] + vocab[second]
            lines.require(len(token) <= MAX_TOKEN)  # or a few lines could fill the memory
            lines.require(new_id > last and new_id not in vocab and token not in ranks)
            vocab[new_id] = token
            ranks[token] = merges[first, second] = last = new_id
        lines.require(lines.at_end())
    check_merges(merges, ranks)
    check_special_tokens(special_tokens, vocab)
    return Model(pattern, ranks, special_tokens, merges)


class _Lines:
    """The lines of a text, one after the other; errors in a `with` block name the last one read."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")  # if the text is whole, the last is what follows the last \n
        self.number = 0

    def next(self) -> str:
        self.number += 1
        self.require(self.number < len(self.lines))
        return self.lines[self.number - 1]

    def after(self, keyword: str) -> str:
        found, _, rest = self.next().partition(" ")
        self.require(found == keyword)
        return rest

    def at_end(self) -> bool:
        return self.number == len(self.lines) - 1 and self.lines[-1] == ""

    def require(self, condition: bool) -> None:
        if not condition:
            raise ValueError

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ValueError | KeyError | regex.error):
            raise ValueError(f"the file is damaged in line {self.number}") from error


def _string(text: str) -> str:
    value = json.loads(text)
    if not isinstance(value, str):
        raise ValueError
    return value


def _numbers(text: str) -> list[int]:
    if not re.fullmatch("[0-9]+( [0-9]+)*", text):
        raise ValueError
    return [int(word) for word in text.split(" ")]


def write_vocab(model: Model) -> str:
    """The vocabulary for people to read: every token, and the two that it was made of.

    Nothing can be loaded from it: a token may be part of a character, which has no spelling.
    """
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


def show_merge(pair: Pair, new_id: int, vocab: Mapping[int, bytes], occurrences: int) -> str:
    """A merge in print, as numbers and as tokens."""
    first, second, made = (f"[{show_token(vocab[i])}]" for i in (*pair, new_id))
    times = "once" if occurrences == 1 else f"{occurrences:,} times"
    return f"{pair[0]} {pair[1]} -> {new_id}   {first} {second} -> {made}, {times}"


def show_token(token: bytes) -> str:
    r"""A token in print: bytes that are not a character as \xe4, control characters as \u001b.

    >>> print(show_token(b"a \n\x1b\\" + "é".encode()[:1]))
    a \n\u001b\\\xc3
    """
    return "".join(_show_character(c) for c in token.decode(errors="surrogateescape"))


def _show_character(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # what surrogateescape makes of a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character if character.isprintable() else f"\\u{code:04x}"


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}


def write_tiktoken(ranks: Mapping[bytes, int]) -> str:
    """The text of a .tiktoken file: on each line a token in base64 and its rank."""
    by_rank = sorted(ranks.items(), key=lambda item: item[1])
    return "".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in by_rank)


def read_tiktoken(text: str, pattern: str) -> Model:
    """The tokenizer with the ranks in the text of a .tiktoken file, and with this pattern."""
    ranks: dict[bytes, int] = {}
    with _Lines(text) as lines:
        while not lines.at_end():
            word, _, number = lines.next().partition(" ")
            token = base64.b64decode(word, validate=True)
            lines.require(token != b"" and token not in ranks)
            (ranks[token],) = _numbers(number)
    check_bytes(ranks)
    return Model(pattern, ranks, {}, recover_merges(ranks))
