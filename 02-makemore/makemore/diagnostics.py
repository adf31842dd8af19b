"""Looking inside a deep network: statistics of its activations, gradients and updates.

Follows makemore, lecture 4 (youtube.com/watch?v=P6sfmUTpUmc, from 1:26:51). Five tanh layers are
initialized with weights that are too small, right, too large, and with batch norm. What to look
for: activations that keep their spread from layer to layer, tanh units that are not stuck at -1 or
1, gradients of the same size in all layers, and updates of about a thousandth of the weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.layers import BatchNorm1d, Linear
from makemore.models.mlp import TANH_GAIN

SATURATED = 0.97  # a tanh unit beyond this hardly passes any gradient


@dataclass(frozen=True)
class Start:
    """A way to initialize: the gain of the weights, and whether batch norm follows them."""

    gain: float
    batch_norm: bool = False


STARTS = {
    "too small": Start(gain=0.5),
    "right": Start(gain=TANH_GAIN),
    "too large": Start(gain=5.0),
    "batch norm": Start(gain=TANH_GAIN, batch_norm=True),
}


class DeepMLP(nn.Module):
    """Embeddings of `block_size` characters, `n_layer` tanh layers, logits."""

    def __init__(
        self,
        vocab_size: int,
        start: Start,
        block_size: int = 3,
        n_embd: int = 10,
        n_hidden: int = 100,
        n_layer: int = 5,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, n_embd)
        sizes = [block_size * n_embd] + [n_hidden] * n_layer
        self.linears = nn.ModuleList(
            Linear(*pair, bias=not start.batch_norm, gain=start.gain) for pair in pairwise(sizes)
        )
        self.norms = nn.ModuleList(
            BatchNorm1d(n_hidden) if start.batch_norm else nn.Identity() for _ in range(n_layer)
        )
        self.output = Linear(n_hidden, vocab_size, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (number, vocab) for what follows each window `x` (number, block_size)."""
        return self.output(self.activations(x)[-1])

    def activations(self, x: Tensor) -> list[Tensor]:
        """What comes out of each tanh layer, (number, n_hidden)."""
        hidden = self.embedding(x).flatten(1)
        outputs = []
        for apply_linear, apply_norm in zip(self.linears, self.norms):
            hidden = apply_norm(apply_linear(hidden)).tanh()
            outputs.append(hidden)
        return outputs


@dataclass(frozen=True)
class Look:
    """The activations of one tanh layer on one batch, and their gradients."""

    activations: Tensor  # (number, n_hidden)
    gradients: Tensor  # (number, n_hidden)

    @property
    def saturation(self) -> float:
        """The fraction of activations that hardly pass any gradient."""
        return (self.activations.abs() > SATURATED).float().mean().item()

    @property
    def dead(self) -> int:
        """How many units are saturated for every example, and so cannot learn."""
        return int((self.activations.abs() > SATURATED).all(0).sum())


def look_inside(model: DeepMLP, x: Tensor, y: Tensor) -> list[Look]:
    """A look at each layer, with windows `x` (number, block_size) and targets `y` (number,)."""
    activations = model.activations(x)
    for layer in activations:
        layer.retain_grad()
    F.cross_entropy(model.output(activations[-1]), y).backward()
    return [Look(layer.detach(), layer.grad) for layer in activations if layer.grad is not None]


def update_ratios(
    model: DeepMLP, x: Tensor, y: Tensor, steps: int, batch_size: int, lr: float, seed: int
) -> Iterator[list[float]]:
    """Train by gradient descent; yield the `update_ratio` of every matrix in each step.

    The last of the matrices is the output layer's.
    """
    generator = torch.Generator().manual_seed(seed)
    matrices = [p for p in model.parameters() if p.ndim == 2][1:]  # without the embedding
    optimizer = torch.optim.SGD(model.parameters(), lr)
    for _ in range(steps):
        batch = torch.randint(len(x), (batch_size,), generator=generator)
        optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        yield [update_ratio(p, lr) for p in matrices]
        optimizer.step()


def update_ratio(p: Tensor, lr: float) -> float:
    """log10 of the standard deviation of the next update of `p`, relative to that of `p`."""
    gradient = torch.zeros_like(p) if p.grad is None else p.grad
    return (lr * gradient.std() / p.std()).log10().item()
