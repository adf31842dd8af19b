"""Where the ranks that OpenAI publishes are found: in tiktoken's cache, or else on the network.

tiktoken's own loader reads, downloads and checks them; `$TIKTOKEN_CACHE_DIR` is its cache.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

_HOME = "https://openaipublic.blob.core.windows.net/"
_FILES = {
    "gpt2": ("gpt-2/encodings/main/vocab.bpe", "gpt-2/encodings/main/encoder.json"),
    "cl100k_base": ("encodings/cl100k_base.tiktoken",),
    "o200k_base": ("encodings/o200k_base.tiktoken",),
}


def load_ranks(encoding: str) -> tuple[dict[bytes, int], dict[str, int]]:
    """The ranks and the special tokens of one of tiktoken's encodings.

    Raises `ConnectionError` when the ranks are not in the cache and cannot be downloaded.
    """
    from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS

    try:
        published: dict[str, Any] = ENCODING_CONSTRUCTORS[encoding]()
    except OSError as error:
        raise ConnectionError(
            f"the ranks of {encoding} are not in tiktoken's cache and cannot be downloaded "
            f"({type(error).__name__}); connect to the network once, or set TIKTOKEN_CACHE_DIR to "
            "a folder that has them"
        ) from None
    return published["mergeable_ranks"], published["special_tokens"]


def names_in_cache(encoding: str) -> list[str]:
    """The names that tiktoken gives its copies of these ranks."""
    return [hashlib.sha1((_HOME + file).encode()).hexdigest() for file in _FILES[encoding]]


def is_cached(encoding: str) -> bool:
    """Whether tiktoken has a copy of these ranks. It checks the copy only when it loads it."""
    fallback = os.environ.get("DATA_GYM_CACHE_DIR", Path(tempfile.gettempdir()) / "data-gym-cache")
    cache = Path(os.environ.get("TIKTOKEN_CACHE_DIR", fallback))
    return all((cache / name).is_file() for name in names_in_cache(encoding))
