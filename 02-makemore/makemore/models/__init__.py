"""The ladder: ten models, all from ids (batch, time) to logits (batch, time, vocab).

A model's other arguments are its sizes, and their defaults are those that the README reports on.
"""

import inspect
from typing import Any

from torch import nn

from makemore.models.bigram import BigramCounts, BigramNet
from makemore.models.bow import BagOfWords
from makemore.models.gru import GRU
from makemore.models.lstm import LSTM
from makemore.models.mlp import MLP
from makemore.models.mlp_bn import MLPBatchNorm
from makemore.models.rnn import RNN
from makemore.models.transformer import Transformer
from makemore.models.wavenet import WaveNet

MODELS: dict[str, type[nn.Module]] = {
    "bigram": BigramCounts,
    "bigram-net": BigramNet,
    "bow": BagOfWords,
    "mlp": MLP,
    "mlp-bn": MLPBatchNorm,
    "rnn": RNN,
    "gru": GRU,
    "lstm": LSTM,
    "wavenet": WaveNet,
    "transformer": Transformer,
}


def sizes_of(name: str) -> list[str]:
    """The names of the sizes that the model called `name` has."""
    return list(inspect.signature(MODELS[name]).parameters)[1:]


def build(name: str, vocab_size: int, **sizes: Any) -> nn.Module:
    """A new model; sizes that are not given are its defaults.

    Raises `ValueError` for an unknown model, a size that it does not have, or one out of range.
    """
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}; the models are {', '.join(MODELS)}")
    for size, value in sizes.items():
        if size not in sizes_of(name):
            has = ", ".join(sizes_of(name)) or "none"
            raise ValueError(f"{name} has no {size}; its sizes: {has}")
        if size == "dropout":
            if not 0 <= value < 1:
                raise ValueError(f"dropout must be at least 0 and below 1, not {value}")
        elif size != "smoothing" and value < 1:
            raise ValueError(f"{size} must be at least 1, not {value}")
    return MODELS[name](vocab_size, **sizes)
