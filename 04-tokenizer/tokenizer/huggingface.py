"""Hugging Face's tokenizer.json, for the `tokenizers` and `transformers` packages.

From and to text; `files` reads and writes it. The format is described at
huggingface.co/docs/tokenizers; a tokenizer there has more parts than ours, and one that uses them
is refused.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tokenizer.apply import Pair, check_merges
from tokenizer.learn import MAX_VOCAB
from tokenizer.model_file import Model, check_bytes, check_lengths, check_special_tokens
from tokenizer.split import GPT2_PATTERN, PATTERNS, Splitter


def write_huggingface(model: Model) -> str:
    """The text of a tokenizer.json that gives the same ids.

    GPT's patterns are written as Oniguruma, the engine there, understands them. Raises `ValueError`
    for another pattern, which may mean something else to Oniguruma, and for a special token that is
    spelled like an ordinary one, which cannot be told apart there.
    """
    if model.pattern not in _OF_ONIGURUMA:
        raise ValueError(
            "a tokenizer.json can have the pattern of GPT-2, GPT-4 or GPT-4o. Hugging Face's "
            f"tokenizers may cut otherwise at {model.pattern!r}; save a .model instead"
        )
    vocab = {to_letters(token): i for token, i in model.ranks.items()}
    letters = {i: token for token, i in vocab.items()}
    for token in model.special_tokens:
        if token in vocab:
            raise ValueError(
                f"special token {token!r} is spelled like an ordinary token, and a tokenizer.json "
                "cannot tell them apart; choose another, or save a .model"
            )
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    value = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": token, **plain, "special": True}
            for token, i in sorted(model.special_tokens.items(), key=lambda item: item[1])
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": _OF_ONIGURUMA[model.pattern]},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {**byte_level, "use_regex": False},
            ],
        },
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab | model.special_tokens,  # where they are missing, their ids change
            "merges": [[letters[a], letters[b]] for a, b in model.merges],
        },
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def read_huggingface(text: str) -> Model:
    """The tokenizer in the text of a tokenizer.json, if it is byte-level byte-pair encoding.

    What would change ids and is not known here (a normalizer, dropout, and so on) is refused.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    bpe = _item(value, "model", dict)
    if bpe.get("type", "BPE") != "BPE":
        raise ValueError(f"model.type is {bpe['type']!r}; only 'BPE' is known here")
    for name in ("normalizer", "truncation", "padding"):
        _refuse(value, name)
    for name in ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"):
        _refuse(bpe, name)
    _refuse(bpe, "byte_fallback")
    after = value.get("post_processor")
    if after and not (isinstance(after, dict) and after.get("type") == "ByteLevel"):
        raise ValueError("post_processor: one that adds tokens is not known here")
    special_tokens: dict[str, int] = {}
    for entry in _item(value, "added_tokens", list):
        special_tokens[_item(entry, "content", str)] = _item(entry, "id", int)
        for name in ("lstrip", "rstrip", "single_word"):
            _refuse(entry, name)
    ranks: dict[bytes, int] = {}
    for token, i in _item(bpe, "vocab", dict).items():
        if token not in special_tokens:
            if not isinstance(i, int) or not 0 <= i < MAX_VOCAB:
                raise ValueError(f"model.vocab: the id of {token!r} is {i!r}")
            if not token:
                raise ValueError("model.vocab: one of the tokens is empty")
            ranks[_to_bytes(token)] = i
    if len(set(ranks.values())) < len(ranks):
        raise ValueError("model.vocab: two tokens have the same id")
    check_bytes(ranks)
    check_lengths(ranks)
    merges = _read_merges(_item(bpe, "merges", list), ranks)
    check_merges(merges)
    made = set(merges.values())
    for token, i in ranks.items():
        if len(token) > 1 and i not in made:
            raise ValueError(f"no merge makes token {i}")
    check_special_tokens(special_tokens, set(ranks.values()))
    pattern = _read_pattern(_item(value, "pre_tokenizer", dict))
    Splitter(pattern)
    return Model(pattern, ranks, special_tokens, merges)


def _read_merges(merges: list[Any], ranks: Mapping[bytes, int]) -> dict[Pair, int]:
    """The merges by ids. Raises `ValueError` when they are not in the order of their ids."""
    by_ids: dict[Pair, int] = {}
    last = -1
    for number, merge in enumerate(merges, start=1):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"model.merges: number {number} is no pair: {merge!r}")
        first, second = (_to_bytes(token) for token in pair)
        for token in (first, second, first + second):
            if token not in ranks:
                raise ValueError(f"model.merges: number {number} has {token!r}, not in the vocab")
        if ranks[first + second] <= last:
            raise ValueError(f"model.merges: number {number}, {merge!r}: its id does not rise")
        by_ids[ranks[first], ranks[second]] = last = ranks[first + second]
    return by_ids


def _read_pattern(pre_tokenizer: dict[str, Any]) -> str:
    """The split pattern, if all that is done before encoding is to split and go to bytes."""
    steps = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise ValueError("pre_tokenizer.pretokenizers is of a wrong kind")
    kinds = [step.get("type") for step in steps]
    for step in steps:
        _refuse(step, "add_prefix_space")
    if kinds == ["ByteLevel"] and steps[0].get("use_regex", True):
        return GPT2_PATTERN
    if kinds == ["Split", "ByteLevel"] and not steps[1].get("use_regex", True):
        split = steps[0]
        if split.get("behavior") == "Isolated" and not split.get("invert"):
            pattern: str = _item(_item(split, "pattern", dict), "Regex", str)
            ours = {theirs: ours for ours, theirs in _OF_ONIGURUMA.items()}
            return ours.get(pattern, pattern)
    raise ValueError(f"pre_tokenizer: {kinds} with these settings is not known here")


def _item(value: Any, key: str, kind: type) -> Any:
    if not isinstance(value, dict) or not isinstance(value.get(key), kind):
        raise ValueError(f"{key!r} is missing, or of a wrong kind")
    return value[key]


def _refuse(settings: dict[str, Any], name: str) -> None:
    if settings.get(name):
        value = json.dumps(settings[name])[:40]
        raise ValueError(f"{name} is {value}, which is not known here")


def of_oniguruma(pattern: str) -> str:
    r"""One of GPT's patterns without what Oniguruma reads otherwise, for the same matches.

    There, {1,3}+ is a repetition of a repetition, and $ is the end of a line. Without \s++$, its
    matches go to \s+(?!\S).
    """
    return re.sub(r"([+*?}])\+", r"\1", pattern.replace(r"\s++$|", ""))


_OF_ONIGURUMA = {pattern: of_oniguruma(pattern) for pattern in PATTERNS.values()}


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in GPT-2's files: itself if it prints, else from U+0100.

    From github.com/openai/gpt-2, src/encoder.py.
    """
    prints = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in prints]
    return {b: chr(b) for b in prints} | {b: chr(0x100 + n) for n, b in enumerate(others)}


_LETTERS = _byte_letters()
_BYTES = {letter: byte for byte, letter in _LETTERS.items()}


def to_letters(token: bytes) -> str:
    """A token as these files spell it, with a letter for every byte."""
    return "".join([_LETTERS[byte] for byte in token])


def _to_bytes(token: Any) -> bytes:
    if not isinstance(token, str) or not all(letter in _BYTES for letter in token):
        raise ValueError(f"the token {token!r} is not spelled with the letters for bytes")
    return bytes([_BYTES[letter] for letter in token])
