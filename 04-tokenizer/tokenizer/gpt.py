"""The tokenizers of GPT-2, GPT-4 and GPT-4o.

Follows "Let's build the GPT Tokenizer" (youtube.com/watch?v=zduSFxRajkE, 1:25:28), where GPT-4's
ids are reproduced. OpenAI publishes the ranks of each, a pattern (in `split`), and special tokens.

Two things look odd in the ranks. The 256 bytes do not have the ids 0 to 255: in GPT-2's vocabulary
the printable ones came first, and the others have kept that order. It takes no code here, since to
encoding by ranks a byte is a token like any other. And some ids of GPT-4 and GPT-4o stand for
nothing, just before the special tokens and between them.
"""

from typing import ClassVar, NoReturn

from tokenizer.fast import FastTokenizer
from tokenizer.model_file import Model
from tokenizer.published import load_ranks
from tokenizer.split import GPT2_PATTERN, GPT4_PATTERN, GPT4O_PATTERN


class _Published(FastTokenizer):
    """A tokenizer with the ranks and special tokens of one of tiktoken's encodings.

    Raises `ConnectionError` when tiktoken has no copy of them and cannot download one.
    """

    encoding: ClassVar[str]
    published_pattern: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.published_pattern)
        ranks, special_tokens = load_ranks(self.encoding)
        self._set_ranks(ranks)
        self.register_special_tokens(special_tokens)

    def _train(self, *_: object) -> NoReturn:
        raise NotImplementedError(_FIXED.format(type(self).__name__))

    def _become(self, model: Model) -> NoReturn:
        raise NotImplementedError(_FIXED.format(type(self).__name__))


_FIXED = (
    "{0} keeps the ranks that OpenAI published; to train or load a tokenizer, use FastTokenizer, "
    "which can take the pattern of {0}"
)


class GPT2Tokenizer(_Published):
    """GPT-2's tokenizer: 50,257 tokens, of which one is special."""

    encoding = "gpt2"
    published_pattern = GPT2_PATTERN


class GPT4Tokenizer(_Published):
    """GPT-4's, cl100k_base: 100,256 ordinary tokens and 5 special ones."""

    encoding = "cl100k_base"
    published_pattern = GPT4_PATTERN


class GPT4oTokenizer(_Published):
    """GPT-4o's, o200k_base: 199,998 ordinary tokens and 2 special ones."""

    encoding = "o200k_base"
    published_pattern = GPT4O_PATTERN


GPT_TOKENIZERS = {"gpt2": GPT2Tokenizer, "gpt4": GPT4Tokenizer, "gpt4o": GPT4oTokenizer}
