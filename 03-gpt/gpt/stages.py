"""What is each piece of the Transformer worth? Train every stage of lecture 7 and compare.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 34:53), with the lecture's sizes,
batches, steps and learning rates. Two things differ from it: the loss is that of the whole dev
split, where the lecture averages over 200 random batches, and it is the mean over several seeds.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean, stdev

import torch
from torch import Tensor

from gpt.lecture import LectureGPT, Stage


@dataclass(frozen=True)
class Recipe:
    """How the lecture trains a stage, and the dev loss that it reports, rounded as in the talk."""

    stage: Stage
    lecture: float | None
    lr: float = 1e-3
    steps: int = 5000
    batch_size: int = 32
    block_size: int = 8
    n_layer: int = 3
    n_head: int = 4
    n_embd: int = 32
    dropout: float = 0.0


RECIPES = (
    Recipe("bigram", 2.5, lr=1e-2, steps=3000),
    Recipe("head", 2.4),
    Recipe("heads", 2.28),
    Recipe("feedforward", 2.24),
    Recipe("residual", 2.08),
    Recipe("layernorm", 2.06),
    Recipe("dropout", None, dropout=0.2),  # meant for a larger model: it only hurts this one
)


@dataclass(frozen=True)
class Result:
    """The dev losses of one stage, in nats per token, one for each seed."""

    recipe: Recipe
    n_parameters: int
    losses: list[float]
    seconds: float  # of training, mean over the seeds

    @property
    def loss(self) -> float:
        return mean(self.losses)

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds; 0 for a single one."""
        return stdev(self.losses) if len(self.losses) > 1 else 0.0


def run_stages(ids: Tensor, vocab_size: int, seeds: int) -> Iterator[Result]:
    """Train every stage with each of the `seeds` on a text's token ids (time,), the last 10 % dev.

    Yields a stage's result as soon as it is known.
    """
    n = int(0.9 * len(ids))
    train, dev = ids[:n], ids[n:]
    for recipe in RECIPES:
        losses, seconds = [], []
        for seed in range(seeds):
            torch.manual_seed(1337 + seed)
            model = make_model(recipe, vocab_size)
            start = time.perf_counter()
            train_stage(model, recipe, train)
            seconds.append(time.perf_counter() - start)
            losses.append(estimate_loss(model, dev))
        n_parameters = sum(p.numel() for p in model.parameters())
        yield Result(recipe, n_parameters, losses, mean(seconds))


def make_model(recipe: Recipe, vocab_size: int) -> LectureGPT:
    """The untrained model of a recipe."""
    r = recipe
    sizes = r.block_size, r.n_layer, r.n_head, r.n_embd
    return LectureGPT(vocab_size, *sizes, r.dropout, r.stage)


def train_stage(model: LectureGPT, recipe: Recipe, data: Tensor) -> None:
    """Train the model on token ids (time,): the lecture's loop (34:53)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr)
    for _ in range(recipe.steps):
        x, y = get_batch(data, recipe.batch_size, recipe.block_size)
        _, loss = model(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def get_batch(data: Tensor, batch_size: int, block_size: int) -> tuple[Tensor, Tensor]:
    """Random chunks of the text (B, T), and the same one token later, the targets (14:27)."""
    starts = torch.randint(len(data) - block_size, (batch_size, 1))
    chunks = data[starts + torch.arange(block_size + 1)]  # (B, 1) + (T + 1,) -> (B, T + 1)
    return chunks[:, :-1], chunks[:, 1:]


@torch.no_grad()
def estimate_loss(model: LectureGPT, data: Tensor) -> float:
    """The mean loss over the whole split, in nats, cut into chunks side by side.

    What is left at the end and does not fill a chunk is left out.
    """
    T = model.block_size  # noqa: N806 (the lecture's name)
    n = (len(data) - 1) // T
    x, y = data[: n * T].view(n, T), data[1 : n * T + 1].view(n, T)  # (all chunks, T)
    model.eval()  # no dropout
    _, loss = model(x, y)
    model.train()
    return loss.item()
