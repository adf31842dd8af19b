"""The learning-rate finder: raise the rate in every step, and watch where the loss falls fastest.

Follows makemore, lecture 3 (youtube.com/watch?v=TCH_1BHY58I, from 45:40), and Smith 2015
(arxiv.org/abs/1506.01186). With too low a rate nothing changes, with too high a one the loss blows
up; a good rate lies between where the loss falls fastest and where it is lowest.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from makemore.words import trim

MEMORY = 0.95  # how much of the smoothed loss a new loss leaves
GIVE_UP = 2.0  # times the first loss


def sweep(
    model: nn.Module,
    optimizers: Sequence[Optimizer],
    x_train: Tensor,
    y_train: Tensor,
    batch_size: int,
    rates: Sequence[float],
) -> Iterator[tuple[float, float]]:
    """Take one training step at each of the rates; yield the rate and the smoothed loss.

    Ends early if the loss is twice the first one, or NaN. Batches are drawn by PyTorch's own
    generator.
    """
    first, average, weight = 0.0, 0.0, 0.0
    for lr in rates:
        ix = torch.randint(len(x_train), (batch_size,))
        x, y = trim(x_train[ix], y_train[ix])
        _, loss = model(x, y)
        model.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer.step()
        average = MEMORY * average + (1 - MEMORY) * loss.item()
        weight = MEMORY * weight + (1 - MEMORY)  # so that the first losses count in full
        first = first or loss.item()
        if not (math.isfinite(average) and average / weight <= GIVE_UP * first):
            return
        yield lr, average / weight


def geometric(low: float, high: float, steps: int) -> list[float]:
    """Rates from `low` to `high`, each larger than the last by the same factor."""
    return [low * (high / low) ** (step / (steps - 1)) for step in range(steps)]


def steepest(curve: list[tuple[float, float]]) -> float:
    """The rate at which the loss falls fastest, for the same factor in the rate.

    Falls are taken over a tenth of the curve, since single steps are mostly noise.
    """
    if len(curve) < 2:
        raise ValueError("the loss blew up at once; start with a lower rate")
    width = max(1, len(curve) // 10)
    falls = [after - before for (_, before), (_, after) in zip(curve, curve[width:])]
    return curve[falls.index(min(falls)) + (width + 1) // 2][0]
