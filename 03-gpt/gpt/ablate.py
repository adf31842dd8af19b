"""What each change of the modern model is worth: undo one, train again, compare the losses.

Each entry of `CHANGES` takes a new model and puts the older way in the place of one change.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gpt.data import Split, get_batch
from gpt.gpt2 import GPT2
from gpt.modern import Modern
from gpt.optimizers import make_optimizers
from gpt.presets import PRESETS


class LearnedPositions(nn.Module):
    """Instead of `Rotary`: a learned vector for each position, added to queries and keys."""

    def __init__(self, head_size: int, block_size: int) -> None:
        super().__init__()
        self.table = nn.Embedding(block_size, head_size)
        nn.init.normal_(self.table.weight, std=0.02)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """`x` (batch, head, time, head_size) plus the vectors of its positions from `start` on."""
        return x + self.table.weight[start : start + x.shape[2]]


def without_ngrams(model: Modern) -> None:
    """Each token comes alone."""
    model.ngrams = nn.ModuleList()


def without_trigrams(model: Modern) -> None:
    """Each token comes with the one before it, but not with the two before it."""
    model.ngrams = nn.ModuleList(ngram for ngram in model.ngrams if ngram.n == 2)


def without_rotary(model: Modern) -> None:
    """Learned positions, as in GPT-2, but where the rotary ones are."""
    head_size = model.sizes["n_embd"] // model.sizes["n_head"]
    positions = LearnedPositions(head_size, model.block_size)
    for block in model.blocks:
        block.attention.rotary = positions


def without_qk_norm(model: Modern) -> None:
    """Queries and keys as they are."""
    for block in model.blocks:
        block.attention.qk_norm = nn.Identity()


def without_relu_squared(model: Modern) -> None:
    """GELU."""
    for block in model.blocks:
        block.mlp.activation = nn.GELU(approximate="tanh")


CHANGES: dict[str, Callable[[Modern], None]] = {
    "without n-gram embeddings": without_ngrams,
    "without trigrams": without_trigrams,
    "without rotary positions": without_rotary,
    "without QK norm": without_qk_norm,
    "without ReLU²": without_relu_squared,
}

MODERN, GPT2_OPTIONS = PRESETS["cpu"]["modern"], PRESETS["cpu"]["gpt2"]


def variants(vocab_size: int, seed: int) -> Iterator[tuple[str, nn.Module, dict[str, Any]]]:
    """Names, models and options: the modern model, it without each of its changes, GPT-2.

    They start from the same weights as far as they have the same, and have the same sizes.
    """
    names = "block_size", "n_layer", "n_head", "n_embd", "dropout"
    sizes = {name: MODERN[name] for name in names}
    for name, undo in {"all of it": None, **CHANGES, "without Muon": None}.items():
        torch.manual_seed(seed)
        model = Modern(vocab_size, **sizes)
        if undo is not None:
            undo(model)
        adamw = {"muon_lr": 0.0, "lr": GPT2_OPTIONS["lr"]}  # which needs a smaller rate
        yield name, model, MODERN | (adamw if name == "without Muon" else {})
    torch.manual_seed(seed)
    yield "GPT-2", GPT2(vocab_size, **sizes), GPT2_OPTIONS | {"warm_up": MODERN["warm_up"]}


def train(
    model: nn.Module,
    options: dict[str, Any],
    split: Split,
    seed: int,
    lr_factors: Sequence[float],
    autocast: torch.autocast,
) -> Iterator[float]:
    """Train a variant on the CPU, with a learning-rate factor for each step; yield the losses."""
    names = "lr", "muon_lr", "embedding_lr", "weight_decay", "beta2"
    optimizers = make_optimizers(model, **{name: options[name] for name in names})
    peaks = [(group, group["lr"]) for o in optimizers for group in o.param_groups]
    for step, factor in enumerate(lr_factors):
        x, y = get_batch(split, step, MODERN["block_size"], MODERN["batch_size"], seed)
        with autocast:
            _, loss = model(x, y)
        model.zero_grad()
        loss.backward()
        if options["clip"] > 0:
            nn.utils.clip_grad_norm_(model.parameters(), options["clip"])
        for group, peak in peaks:
            group["lr"] = factor * peak
        for optimizer in optimizers:
            optimizer.step()
        yield loss.item()
