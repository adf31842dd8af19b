"""The tokenizers of GPT-2, GPT-4 and GPT-4o, from the ranks that OpenAI publishes.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE), where GPT-4's ids are
reproduced. The ranks come through tiktoken's own loader, so its cache (`$TIKTOKEN_CACHE_DIR`) and
its hashes serve; the encoding is ours. What it gives are ranks and no merges; `merges` works these
out, as the lecture shows. GPT-2 gives the 256 bytes ids in an order of its own, which takes no code
here: a byte is a token like any other.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from tokenizer.apply import Pair
from tokenizer.fast import FastTokenizer
from tokenizer.model_file import Model
from tokenizer.split import GPT2_PATTERN, GPT4_PATTERN, GPT4O_PATTERN

_HOME = "https://openaipublic.blob.core.windows.net/"
_FILES = {
    "gpt2": ("gpt-2/encodings/main/vocab.bpe", "gpt-2/encodings/main/encoder.json"),
    "cl100k_base": ("encodings/cl100k_base.tiktoken",),
    "o200k_base": ("encodings/o200k_base.tiktoken",),
}


def names_in_cache(encoding: str) -> list[str]:
    """The names that tiktoken gives its copies of these ranks."""
    return [hashlib.sha1((_HOME + file).encode()).hexdigest() for file in _FILES[encoding]]


def at_hand(encoding: str) -> bool:
    """Whether tiktoken has a copy of these ranks. It checks the copy only when it loads it."""
    fallback = os.environ.get("DATA_GYM_CACHE_DIR", Path(tempfile.gettempdir()) / "data-gym-cache")
    cache = Path(os.environ.get("TIKTOKEN_CACHE_DIR", fallback))
    return all((cache / name).is_file() for name in names_in_cache(encoding))


class _Published(FastTokenizer):
    """A tokenizer with the ranks and special tokens of one of tiktoken's encodings.

    Raises `ConnectionError` when tiktoken has no copy of them and cannot download one.
    """

    encoding: str

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS

        try:
            published = ENCODING_CONSTRUCTORS[self.encoding]()
        except OSError as error:
            raise ConnectionError(
                f"the ranks of {self.encoding} are not in tiktoken's cache and cannot be "
                f"downloaded ({type(error).__name__}); connect once, or set TIKTOKEN_CACHE_DIR "
                "to a folder that has them"
            ) from None
        self._set_ranks(published["mergeable_ranks"])
        self.register_special_tokens(published["special_tokens"])

    @classmethod
    def from_merges(cls, merges: Iterable[Pair], pattern: str = "") -> NoReturn:
        raise NotImplementedError(_FIXED.format(cls.__name__))

    def _train(self, *_: object) -> NoReturn:
        raise NotImplementedError(_FIXED.format(type(self).__name__))

    def _become(self, model: Model) -> NoReturn:
        raise NotImplementedError(_FIXED.format(type(self).__name__))


_FIXED = (
    "{0} keeps the ranks that OpenAI published; to train or load a tokenizer, use FastTokenizer, "
    "which can take the pattern of {0}"
)


class GPT2Tokenizer(_Published):
    """GPT-2's: 50,257 tokens."""

    encoding = "gpt2"

    def __init__(self) -> None:
        super().__init__(GPT2_PATTERN)


class GPT4Tokenizer(_Published):
    """GPT-4's, cl100k_base: 100,277 ids."""

    encoding = "cl100k_base"

    def __init__(self) -> None:
        super().__init__(GPT4_PATTERN)


class GPT4oTokenizer(_Published):
    """GPT-4o's, o200k_base: 200,019 ids."""

    encoding = "o200k_base"

    def __init__(self) -> None:
        super().__init__(GPT4O_PATTERN)


GPT_TOKENIZERS = {"gpt2": GPT2Tokenizer, "gpt4": GPT4Tokenizer, "gpt4o": GPT4oTokenizer}
