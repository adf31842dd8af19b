"""Byte-pair encoding: the lecture's tokenizers, and one that is fast."""

from tokenizer.fast import FastTokenizer
from tokenizer.gpt import GPT2Tokenizer, GPT4oTokenizer, GPT4Tokenizer
from tokenizer.plain import BasicTokenizer, RegexTokenizer

__all__ = [
    "BasicTokenizer",
    "FastTokenizer",
    "GPT2Tokenizer",
    "GPT4Tokenizer",
    "GPT4oTokenizer",
    "RegexTokenizer",
]
