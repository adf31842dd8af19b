"""The models by name."""

from typing import Any

from gpt.bigram import Bigram
from gpt.model import GPT
from gpt.modern import Modern

Model = Bigram | GPT | Modern
MODELS: dict[str, type[Model]] = {"bigram": Bigram, "lecture": GPT, "modern": Modern}


def build(name: str, vocab_size: int, **sizes: Any) -> Model:
    """The model of this name; raises `ValueError` for sizes that do not go together.

    Of the sizes, the bigram needs `block_size` alone.
    """
    if name == "bigram":
        return Bigram(vocab_size, sizes["block_size"])
    return MODELS[name](vocab_size, **sizes)
