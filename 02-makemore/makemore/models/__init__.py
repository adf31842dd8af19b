"""The ladder: twelve models by name, from a table of counts to a Transformer.

All have the interface of the lectures, `logits, loss = model(x, y)`. A model's other arguments are
its sizes.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from makemore.models.bigram import BigramCounts, BigramNet
from makemore.models.bow import BagOfWords
from makemore.models.gru import GRU
from makemore.models.lstm import LSTM
from makemore.models.mlp import MLP, WindowModel
from makemore.models.mlp_bn import MLPBatchNorm
from makemore.models.rnn import RNN
from makemore.models.transformer import Transformer
from makemore.models.trigram import TrigramCounts
from makemore.models.wavenet import WaveNet
from makemore.models.wavenet_dilated import DilatedWaveNet
from makemore.words import Alphabet, build_dataset, word_rows

MODELS: dict[str, type[nn.Module]] = {
    "bigram": BigramCounts,
    "trigram": TrigramCounts,
    "bigram-net": BigramNet,
    "bow": BagOfWords,
    "mlp": MLP,
    "mlp-bn": MLPBatchNorm,
    "rnn": RNN,
    "gru": GRU,
    "lstm": LSTM,
    "wavenet": WaveNet,
    "wavenet-dilated": DilatedWaveNet,
    "transformer": Transformer,
}


def sizes_of(name: str) -> list[str]:
    """The names of the sizes of a model."""
    return list(inspect.signature(MODELS[name]).parameters)[1:]


def build(name: str, vocab_size: int, **sizes: Any) -> nn.Module:
    """The model of this name, with random weights; sizes that are not given are its defaults."""
    return MODELS[name](vocab_size, **sizes)


def examples(model: nn.Module, words: Sequence[str], alphabet: Alphabet) -> tuple[Tensor, Tensor]:
    """The words as this model reads them: windows and what follows, or rows of whole words."""
    if isinstance(model, WindowModel):
        return build_dataset(words, alphabet, model.block_size)
    return word_rows(words, alphabet)
