"""What each change of the modern model is worth: undo one, train again, look at the loss.

Every entry takes a model that has just been made, before its first step, and puts the older way in
the place of one change. With all of them undone, it would be the lecture's model, about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from gpt.data import Split, batch_at
from gpt.evaluation import nats
from gpt.model import GPT
from gpt.modern import Modern, RMSNorm, Rotary
from gpt.optimizers import optimizers_for
from gpt.precision import autocast, find_dtype
from gpt.recipes import PRESETS, Recipe


class LearnedPositions(nn.Module):
    """Instead of `Rotary`: a learned vector for every position is added to queries and keys."""

    def __init__(self, head_size: int, block_size: int) -> None:
        super().__init__()
        self.table = nn.Embedding(block_size, head_size)
        nn.init.normal_(self.table.weight, std=0.02)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """`x` (batch, head, time, head_size) plus the vectors of its positions from `start` on."""
        return x + self.table.weight[start : start + x.shape[2]]


def without_ngrams(model: Modern) -> None:
    """Every token comes alone."""
    model.ngrams = nn.ModuleList()


def without_trigrams(model: Modern) -> None:
    """Every token brings its predecessor along, but not the one before."""
    model.ngrams = nn.ModuleList(ngram for ngram in model.ngrams if ngram.n == 2)


def without_rotary(model: Modern) -> None:
    """Learned positions, as in GPT-2, but where rotary ones have their place."""
    sizes = model.sizes
    positions = LearnedPositions(int(sizes["n_embd"] // sizes["n_head"]), model.block_size)
    _exchange(model, Rotary, lambda: positions)


def without_rms_norm(model: Modern) -> None:
    """Layer norm with weights."""
    width = int(model.sizes["n_embd"])
    qk_norms = [block.attention.qk_norm for block in model.blocks]
    _exchange(model, RMSNorm, lambda: nn.LayerNorm(width))
    for block, qk_norm in zip(model.blocks, qk_norms):
        block.attention.qk_norm = qk_norm


def without_qk_norm(model: Modern) -> None:
    """Queries and keys as they come."""
    for block in model.blocks:
        block.attention.qk_norm = nn.Identity()


def without_relu_squared(model: Modern) -> None:
    """GELU."""
    for block in model.blocks:
        block.mlp.activation = nn.GELU(approximate="tanh")


def with_biases(model: Modern) -> None:
    """A bias in every linear layer."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.bias = nn.Parameter(torch.zeros(module.out_features))


def without_zero_init(model: Modern) -> None:
    """Small random numbers, as GPT-2 has them."""
    for block in model.blocks:
        for linear in (block.attention.project, block.mlp.project):
            nn.init.normal_(linear.weight, std=0.02 / (2 * len(model.blocks)) ** 0.5)
    nn.init.normal_(model.output.weight, std=0.02)


def without_soft_cap(model: Modern) -> None:
    """Logits as they come."""
    model.cap = nn.Identity()


def _exchange(model: Modern, kind: type[nn.Module], make: Callable[[], nn.Module]) -> None:
    """Put a module that `make` returns into the place of every one of this `kind`."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, kind):
                setattr(parent, name, make())


CHANGES: dict[str, Callable[[Modern], None]] = {
    "without n-gram embeddings": without_ngrams,
    "without embeddings of three": without_trigrams,
    "without rotary positions": without_rotary,
    "without RMS norm": without_rms_norm,
    "without QK norm": without_qk_norm,
    "without ReLU²": without_relu_squared,
    "with biases": with_biases,
    "without zero-initialised projections": without_zero_init,
    "without logit soft-cap": without_soft_cap,
}


@dataclass(frozen=True)
class Variant:
    """A model that is to be trained, and how."""

    name: str
    model: nn.Module
    recipe: Recipe


def variants(vocab_size: int, steps: int, seed: int) -> Iterator[Variant]:
    """The modern model, then without each of its changes, then the lecture's.

    All see the same batches, and begin with the same weights where they have the same.
    """
    modern = replace(PRESETS["cpu"]["modern"], steps=steps, minutes=None)
    batch_size, block_size = modern.batch_size, modern.block_size
    lecture = replace(PRESETS["cpu"]["lecture"], steps=steps, warm_up=modern.warm_up)
    lecture = replace(lecture, batch_size=batch_size, block_size=block_size)

    def made() -> Modern:
        torch.manual_seed(seed)
        return Modern(vocab_size, **modern.sizes())

    yield Variant("all of it", made(), modern)
    for name, undo in CHANGES.items():
        model = made()
        undo(model)
        yield Variant(name, model, modern)
    adamw = replace(modern, lr=lecture.lr, muon_lr=None)  # which likes a smaller rate
    yield Variant("without Muon", made(), adamw)
    torch.manual_seed(seed)
    yield Variant("the lecture's model", GPT(vocab_size, **lecture.sizes()), lecture)


def train(
    variant: Variant, data: Split, seed: int, lr_factor: Callable[[int, Recipe], float]
) -> Iterator[float]:
    """Train the variant, on the CPU; yields every step's loss. The loop of `train.py` in short.

    `lr_factor` says what the learning rates of a step are of the highest ones.
    """
    model, recipe = variant.model, variant.recipe
    optimizers = optimizers_for(model, recipe)
    device = torch.device("cpu")
    dtype = find_dtype("auto", device)
    for step in range(recipe.steps):
        x, y = batch_at(step, data, recipe.block_size, recipe.batch_size, seed)
        with autocast(device, dtype):
            logits = model(x)
        loss = nats(logits, y)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * lr_factor(step, recipe)
            optimizer.step()
        yield loss.item()
