"""The models by name."""

from typing import Any

from gpt.bigram import Bigram
from gpt.gpt2 import GPT2
from gpt.lecture import LectureGPT
from gpt.modern import Modern

Model = Bigram | LectureGPT | GPT2 | Modern
MODELS: dict[str, type[Model]] = {
    "bigram": Bigram,
    "lecture": LectureGPT,
    "gpt2": GPT2,
    "modern": Modern,
}


def build(name: str, vocab_size: int, **sizes: Any) -> Model:
    """The model of this name, with random weights; `sizes` are its own, see each class."""
    return MODELS[name](vocab_size, **sizes)
