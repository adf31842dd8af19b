"""Looking inside a deep network: what its activations, gradients and updates are like.

Follows the third part of makemore (youtube.com/watch?v=P6sfmUTpUmc). Five tanh layers are begun
with weights too small, right, too large, and with batch norm. What to look for: activations that
keep their spread from layer to layer, tanh units that are not stuck at -1 or 1, gradients alike in
all layers, and updates of about a thousandth of the weights (10**-3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models.mlp_bn import TANH_GAIN, BatchNorm, linear

SATURATED = 0.97  # a tanh unit beyond this hardly passes any gradient


@dataclass(frozen=True)
class Start:
    """A way to begin: the gain of the weights, and whether batch norm follows them."""

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
            linear(*pair, start.gain, bias=not start.batch_norm) for pair in pairwise(sizes)
        )
        self.norms = nn.ModuleList(
            BatchNorm(n_hidden) if start.batch_norm else nn.Identity() for _ in range(n_layer)
        )
        self.output = linear(n_hidden, vocab_size, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (number, vocab) for the id that follows each window `x` (number, block_size)."""
        return self.output(self.activations(x)[-1])

    def activations(self, x: Tensor) -> list[Tensor]:
        """What comes out of each tanh layer, (number, n_hidden)."""
        hidden = self.embedding(x).flatten(1)
        found = []
        for apply_linear, apply_norm in zip(self.linears, self.norms):
            hidden = apply_norm(apply_linear(hidden)).tanh()
            found.append(hidden)
        return found


@dataclass(frozen=True)
class Look:
    """What one tanh layer is like on one batch: its activations and their gradients."""

    activations: Tensor  # (number, n_hidden)
    gradients: Tensor  # (number, n_hidden)

    @property
    def saturation(self) -> float:
        """The share of activations that hardly pass any gradient."""
        return (self.activations.abs() > SATURATED).float().mean().item()

    @property
    def dead(self) -> int:
        """How many units are saturated for every example, so that nothing can teach them."""
        return int((self.activations.abs() > SATURATED).all(0).sum())


def look_inside(model: DeepMLP, x: Tensor, y: Tensor) -> list[Look]:
    """One look a layer, at windows `x` (number, block_size) with the targets `y` (number,)."""
    activations = model.activations(x)
    for layer in activations:
        layer.retain_grad()
    F.cross_entropy(model.output(activations[-1]), y).backward()
    return [Look(layer.detach(), layer.grad) for layer in activations if layer.grad is not None]


def train(
    model: DeepMLP, x: Tensor, y: Tensor, steps: int, batch_size: int, lr: float, seed: int
) -> Iterator[list[float]]:
    """Gradient descent; yields, for every matrix, log10 of its update's size to its own.

    Sizes are standard deviations. The last of the matrices is the output layer's.
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
    """log10 of the size of what gradient descent is about to take from `p`, to that of `p`."""
    gradient = torch.zeros_like(p) if p.grad is None else p.grad
    return (lr * gradient.std() / p.std()).log10().item()
