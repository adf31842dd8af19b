"""How each model is trained: the presets.

`cpu` is for two cores and some minutes, `baby` is the size of the lecture ("Let's build GPT",
youtube.com/watch?v=kCc8FmEb1nY, from 1:37:49), `gpt2-124m` that of the smallest GPT-2. The
lecture's model has the settings of nanoGPT (github.com/karpathy/nanoGPT): on the CPU those of its
README for a laptop, which is the yardstick here. `gpt2-124m` is trained as in "Let's reproduce
GPT-2" (youtube.com/watch?v=l8pRSuU81PU).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

Decay = Literal["cosine", "linear"]


@dataclass(frozen=True)
class Recipe:
    """A model's sizes, and how it is trained.

    `lr`, `muon_lr` and `embedding_lr` are learning rates at their highest; `muon_lr` is for the
    matrices of the blocks, `embedding_lr` for embeddings, and where they are None, `lr` is.
    `final` is the share of them that the decay leaves in the end. `batch_size` counts windows,
    which pass through the model in `accumulate` portions. `clip` is the largest norm of all
    gradients together. `minutes`, if given, stand in for `steps`.
    """

    steps: int
    batch_size: int
    block_size: int
    n_layer: int
    n_head: int
    n_embd: int
    lr: float
    dropout: float = 0.0
    muon_lr: float | None = None
    embedding_lr: float | None = None
    weight_decay: float = 0.0
    beta2: float = 0.99
    warm_up: int = 100
    decay: Decay = "cosine"
    final: float = 0.1
    accumulate: int = 1
    clip: float | None = 1.0
    minutes: float | None = None

    def sizes(self) -> dict[str, Any]:
        """What a Transformer is made with."""
        names = ("block_size", "n_layer", "n_head", "n_embd", "dropout")
        return {name: getattr(self, name) for name in names}


LECTURE_CPU = Recipe(
    steps=2000, batch_size=12, block_size=64, n_layer=4, n_head=4, n_embd=128, lr=1e-3,
    weight_decay=0.1,
)  # fmt: skip
LECTURE_BABY = Recipe(
    steps=5000, batch_size=64, block_size=256, n_layer=6, n_head=6, n_embd=384, lr=1e-3,
    dropout=0.2, weight_decay=0.1,
)  # fmt: skip
LECTURE_124M = Recipe(
    steps=19073, batch_size=512, block_size=1024, n_layer=12, n_head=12, n_embd=768, lr=6e-4,
    weight_decay=0.1, beta2=0.95, warm_up=715, accumulate=32,
)  # fmt: skip

MODERN: dict[str, Any] = {
    "lr": 0.01,
    "muon_lr": 0.03,
    "embedding_lr": 0.04,
    "weight_decay": 0.3,
    "beta2": 0.95,
    "warm_up": 10,
    "decay": "linear",
    "final": 0.0,
    "clip": None,
}
BIGRAM = replace(LECTURE_CPU, steps=1000, batch_size=128, lr=0.1, weight_decay=0.0)
LARGE = MODERN | {"muon_lr": 0.02, "embedding_lr": 0.02, "lr": 0.005}  # not tuned: no GPU at hand
PRESETS: dict[str, dict[str, Recipe]] = {
    "cpu": {
        "modern": replace(LECTURE_CPU, steps=900, batch_size=16, block_size=128, **MODERN),
        "lecture": LECTURE_CPU,
        "bigram": BIGRAM,
    },
    "baby": {
        "modern": replace(LECTURE_BABY, steps=1500, **LARGE),
        "lecture": LECTURE_BABY,
        "bigram": BIGRAM,
    },
    "gpt2-124m": {
        "modern": replace(LECTURE_124M, **LARGE),
        "lecture": LECTURE_124M,
    },
}
