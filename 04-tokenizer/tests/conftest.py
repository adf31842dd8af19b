"""What the tokenizer's tests share: the real text, and OpenAI's ranks where they are at hand."""

import os
from functools import cache
from pathlib import Path

import pytest
import tiktoken

from tokenizer.fast import FastTokenizer
from tokenizer.gpt import GPT_TOKENIZERS, at_hand

Both = tuple[FastTokenizer, tiktoken.Encoding]


@pytest.fixture(scope="session")
def shakespeare() -> str:
    """The lecture's text; for tests marked `needs_data("tinyshakespeare.txt")`."""
    path = Path(os.environ["LM_DATA_DIR"]) / "tinyshakespeare.txt"
    return path.read_text(encoding="utf-8")


@cache
def both_of(name: str) -> Both:
    """The tokenizer of that name, ours and tiktoken's.

    GPT's are skipped, never downloaded, where tiktoken has no copy of the ranks. With LM_DATA_DIR
    set, as in CI, that is a failure.
    """
    if name == "trained":
        text = "the theory of the thing, they're THEIR'S; 123 naïve café, 日本語 日本 🙂🙂\n\n  x\n"
        ours = FastTokenizer()
        ours.train(text * 3 + "a" * 40, 256 + 40)
        ours.register_special_tokens({"<|endoftext|>": 1000, "<|fim|>": 1001})
        return ours, ours.to_tiktoken()
    kind = GPT_TOKENIZERS[name]
    if not at_hand(kind.encoding):
        why = f"tiktoken has no copy of {kind.encoding}; see TIKTOKEN_CACHE_DIR in the README"
        (pytest.fail if "LM_DATA_DIR" in os.environ else pytest.skip)(why)
    return kind(), tiktoken.get_encoding(kind.encoding)


@pytest.fixture(scope="session", params=GPT_TOKENIZERS)
def published(request: pytest.FixtureRequest) -> Both:
    """Each of GPT's tokenizers."""
    return both_of(request.param)


@pytest.fixture(scope="session", params=[*GPT_TOKENIZERS, "trained"])
def both(request: pytest.FixtureRequest) -> Both:
    """Each of GPT's tokenizers, and the one that was trained here."""
    return both_of(request.param)
