"""What the tokenizer's tests share: the real text, and OpenAI's ranks where they are at hand."""

import os
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


@pytest.fixture(scope="session", params=GPT_TOKENIZERS)
def published(request: pytest.FixtureRequest) -> Both:
    """One of GPT's tokenizers, ours and tiktoken's.

    Skipped, never downloaded, where tiktoken has no copy of the ranks. With LM_DATA_DIR set, as
    in CI, that is a failure.
    """
    tokenizer = GPT_TOKENIZERS[request.param]
    if not at_hand(tokenizer.encoding):
        why = f"tiktoken has no copy of {tokenizer.encoding}; see TIKTOKEN_CACHE_DIR in README"
        (pytest.fail if "LM_DATA_DIR" in os.environ else pytest.skip)(why)
    return tokenizer(), tiktoken.get_encoding(tokenizer.encoding)


@pytest.fixture(scope="session")
def trained() -> Both:
    """A tokenizer trained here, and the same ranks in tiktoken."""
    text = "the theory of the thing, they're THEIR'S; 1234 naïve café, 日本語 日本 🙂🙂\n\n  x\n"
    tokenizer = FastTokenizer()
    tokenizer.train(text * 3 + "a" * 40, 256 + 60)
    tokenizer.register_special_tokens({"<|end|>": 1000, "<|end|>!": 1001, "<|fim|>": 1002})
    return tokenizer, tokenizer.to_tiktoken()
