"""One trainer for all models: a batch, its loss, the gradients, a step of the optimiser.

Follows the training loops of makemore's lectures. Step k does the same whenever it is done: its
batch and its dropout depend on the seed and k alone, so a run that was stopped needs no more than
weights, the optimiser's state and k to go on as if nothing had been. Left out: the schedule of the
learning rate, when to evaluate, what to save, what to print.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from makemore.loss import nats
from makemore.words import batch_at, inputs_and_targets, lengths_of, seed_of


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    `lr` is the learning rate at its highest. `minutes`, if given, stand in for the steps.
    `patience`: evaluations without a better dev loss, after which training stops early.
    Batches are of words that are about equally long, unless not `by_length`. They must not be for
    batch norm, through which the words of a batch act on each other: from the mean it can be read
    how long they all are, so a model learns to know a word's end in a way that fails for any other
    batch.
    """

    steps: int
    batch_size: int
    lr: float
    weight_decay: float = 0.01
    optimizer: Literal["adamw", "muon"] = "adamw"
    decay: Literal["cosine", "linear", "step", "constant"] = "cosine"
    by_length: bool = True
    minutes: float | None = None
    patience: int | None = None


RECIPES = {
    "bigram": Recipe(steps=1, batch_size=1, lr=1.0),  # counted at once, not trained
    "bigram-net": Recipe(steps=1000, batch_size=256, lr=0.1, weight_decay=0.0),
    "bow": Recipe(steps=4000, batch_size=128, lr=4e-3),
    "mlp": Recipe(steps=4000, batch_size=128, lr=2e-3),
    "mlp-bn": Recipe(steps=4000, batch_size=128, lr=2e-3, by_length=False),
    "rnn": Recipe(steps=3000, batch_size=256, lr=2e-3),
    "gru": Recipe(steps=2500, batch_size=256, lr=4e-3),
    "lstm": Recipe(steps=2500, batch_size=256, lr=4e-3),
    "wavenet": Recipe(steps=3000, batch_size=128, lr=2e-3),
    "transformer": Recipe(steps=3600, batch_size=128, lr=6e-3, weight_decay=0.05),
}


class DivergedError(ArithmeticError):
    """The loss is no number any more."""


class Trainer:
    """A model, the rows that it learns from, and its optimisers."""

    def __init__(self, model: nn.Module, rows: Tensor, recipe: Recipe, seed: int) -> None:
        self.model = model
        self.rows = rows
        self.recipe = recipe
        self.seed = seed
        self.lengths = lengths_of(rows)
        per_word = self.lengths.float().mean().item()
        self.characters_per_batch = recipe.batch_size * per_word  # on average
        self.optimizers = optimizers_for(model, recipe)

    def step(self, step: int, lr_factor: float) -> float:
        """Take step number `step` at `lr_factor` times the recipe's rate; return the batch's loss.

        The loss is in nats per character of this batch. The gradient is that of the sum, divided
        by the characters that a batch has on average, so that a character counts the same in a
        batch of long words as in one of short words. Raises `DivergedError` when the loss is not
        finite; the weights are as before, then.
        """
        torch.manual_seed(seed_of(self.seed, step))  # for dropout
        recipe = self.recipe
        batch = batch_at(step, self.lengths, recipe.batch_size, self.seed, recipe.by_length)
        x, y = inputs_and_targets(self.rows[batch])
        total = nats(self.model(x), y).sum()
        loss = total.item() / int(self.lengths[batch].sum())
        if not math.isfinite(loss):
            lr = recipe.lr * lr_factor
            raise DivergedError(f"at step {step} the loss is {loss}, at learning rate {lr:.3g}")
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        (total / self.characters_per_batch).backward()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr * lr_factor
            optimizer.step()
        return loss


def optimizers_for(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW; or, for the matrices between hidden layers, Muon, and AdamW for the rest.

    Only matrices decay. Muon (Jordan 2024, kellerjordan.github.io/posts/muon) is given AdamW's
    learning rate, which `match_rms_adamw` is for.
    """
    named = dict(model.named_parameters())
    matrices = [p for p in named.values() if p.ndim == 2]
    others = [p for p in named.values() if p.ndim != 2]
    muon: list[Tensor] = []
    if recipe.optimizer == "muon":
        edges = ("embedding", "output", "table")  # they are indexed by characters
        hidden = [p for name, p in named.items() if not any(edge in name for edge in edges)]
        muon = [p for p in hidden if p.ndim == 2]
        matrices = [p for p in matrices if not any(p is other for other in muon)]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    found: list[torch.optim.Optimizer] = []
    if groups:  # a table of counts has nothing to optimise
        found.append(torch.optim.AdamW(groups, recipe.lr, (0.9, 0.99), fused=True))
    if muon:
        decay = recipe.weight_decay
        found.append(torch.optim.Muon(muon, recipe.lr, decay, adjust_lr_fn="match_rms_adamw"))
    return found
