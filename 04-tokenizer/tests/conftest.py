"""What the tokenizer's tests share: a long text, and OpenAI's ranks, which nothing downloads."""

import os
import tempfile
from functools import cache
from pathlib import Path

import published_files
import pytest
import tiktoken

from shared import datasets
from tokenizer.fast import FastTokenizer
from tokenizer.gpt import GPT_TOKENIZERS

TINY = "the theory of the thing, they're THEIR'S; 123 naïve café, 日本語 日本 🙂🙂\n\n  x\n"
TINY = TINY * 3 + "a" * 40
Both = tuple[FastTokenizer, tiktoken.Encoding]


def pytest_configure(config: pytest.Config) -> None:
    """Give tiktoken, here and in the programs that tests start, a cache with all ranks in it."""
    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    published_files.fill(Path(folder.name))
    os.environ["TIKTOKEN_CACHE_DIR"] = folder.name


@pytest.fixture(scope="session")
def play() -> str:
    """A text of a megabyte: the lecture's, or, where it is not at hand, the bundled one."""
    return datasets.load("shakespeare", None if "LM_DATA_DIR" in os.environ else "bundled").text


@cache
def both_of(name: str) -> Both:
    """The tokenizer of that name, ours and tiktoken's."""
    if name == "trained":
        ours = FastTokenizer()
        ours.train(TINY, 256 + 40)
        ours.register_special_tokens({"<|endoftext|>": 1000, "<|fim|>": 1001})
        return ours, ours.to_tiktoken()
    kind = GPT_TOKENIZERS[name]
    return kind(), tiktoken.get_encoding(kind.encoding)


@pytest.fixture(scope="session", params=GPT_TOKENIZERS)
def published(request: pytest.FixtureRequest) -> Both:
    """Each of GPT's tokenizers."""
    return both_of(request.param)


@pytest.fixture(scope="session", params=[*GPT_TOKENIZERS, "trained"])
def both(request: pytest.FixtureRequest) -> Both:
    """Each of GPT's tokenizers, and the one that was trained here."""
    return both_of(request.param)
