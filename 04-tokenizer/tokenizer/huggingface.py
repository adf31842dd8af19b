"""Hugging Face's tokenizer.json, for the `tokenizers` and `transformers` packages.

These functions go from and to text; `files` reads and writes it. The format is described at
huggingface.co/docs/tokenizers. A tokenizer there has more parts than ours, and one that uses them
is refused.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import regex

from tokenizer.basic import Pair
from tokenizer.model_file import Model, check_bytes, check_merges
from tokenizer.regex_tokenizer import check_special_tokens
from tokenizer.split import GPT2_PATTERN, PATTERNS


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

    Raises `ValueError` for one that is damaged, and for one with a part that this package does not
    have and that changes ids, such as a normalizer or dropout.
    """
    try:
        value = json.loads(text)
        bpe, added = value["model"], value["added_tokens"]
        _refuse_parts(value, bpe, added)
        special_tokens = {str(entry["content"]): int(entry["id"]) for entry in added}
        ranks = {
            _to_bytes(token): int(i)
            for token, i in bpe["vocab"].items()
            if token not in special_tokens
        }
        merges = _read_merges(bpe["merges"], ranks)
        pattern = _read_pattern(value["pre_tokenizer"])
        regex.compile(pattern)
    except json.JSONDecodeError as error:
        raise ValueError(f"the file is damaged in line {error.lineno}") from error
    except (AttributeError, KeyError, IndexError, TypeError, regex.error) as error:
        raise ValueError(f"not a tokenizer.json, or a damaged one ({error!r})") from error
    check_bytes(ranks)
    check_merges(merges, ranks)
    check_special_tokens(special_tokens, set(ranks.values()))
    return Model(pattern, ranks, special_tokens, merges)


def _refuse_parts(value: dict[str, Any], bpe: dict[str, Any], added: list[dict[str, Any]]) -> None:
    """Raise `ValueError` for a part that changes ids and that this package does not have."""
    if bpe.get("type", "BPE") != "BPE":
        raise ValueError(f"this is a {bpe['type']} tokenizer, not byte-pair encoding")
    names = ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")
    for part, keys in (
        (value, ("normalizer", "truncation", "padding")),
        (bpe, (*names, "byte_fallback")),
        *((entry, ("lstrip", "rstrip", "single_word")) for entry in added),
    ):
        for key in keys:
            if part.get(key):
                raise ValueError(f"it uses {key}, which this package does not support")
    after = value.get("post_processor")
    if after and after["type"] != "ByteLevel":
        raise ValueError("it uses a post_processor that adds tokens; this package supports none")


def _read_merges(merges: list[Any], ranks: Mapping[bytes, int]) -> dict[Pair, int]:
    """The merges by ids."""
    by_ids: dict[Pair, int] = {}
    for merge in merges:
        pair = merge.split(" ") if isinstance(merge, str) else merge  # older files have strings
        first, second = _to_bytes(pair[0]), _to_bytes(pair[1])
        by_ids[ranks[first], ranks[second]] = ranks[first + second]
    if list(by_ids.values()) != sorted(by_ids.values()):
        raise ValueError("the merges are not in the order of their ids")
    return by_ids


def _read_pattern(pre_tokenizer: dict[str, Any]) -> str:
    """The split pattern, if splitting is all that is done to a text before it is encoded."""
    steps = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    kinds = [step["type"] for step in steps]
    if not any(step.get("add_prefix_space") for step in steps):
        if kinds == ["ByteLevel"] and steps[0].get("use_regex", True):
            return GPT2_PATTERN
        if kinds == ["Split", "ByteLevel"] and not steps[1].get("use_regex", True):
            split = steps[0]
            if split["behavior"] == "Isolated" and not split.get("invert"):
                ours = {theirs: ours for ours, theirs in _OF_ONIGURUMA.items()}
                pattern: str = split["pattern"]["Regex"]
                return ours.get(pattern, pattern)
    raise ValueError(f"it uses a pre_tokenizer that this package does not support: {kinds}")


def of_oniguruma(pattern: str) -> str:
    r"""One of GPT's patterns, rewritten so that it matches the same in Oniguruma.

    There, {1,3}+ is a repetition of a repetition, and $ is the end of a line. What \s++$ matches,
    \s+(?!\S) matches as well.
    """
    return re.sub(r"([+*?}])\+", r"\1", pattern.replace(r"\s++$|", ""))


_OF_ONIGURUMA = {pattern: of_oniguruma(pattern) for pattern in PATTERNS.values()}


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in GPT-2's files: itself if printable, else from U+0100.

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


def _to_bytes(token: str) -> bytes:
    return bytes([_BYTES[letter] for letter in token])
