"""The bigram, twice: a table of counts, and a layer of weights that gradient descent makes equal.

Follows the first part of makemore (youtube.com/watch?v=PaCmpygFfXo). Both look at one character to
predict the next. What counting finds at once, a neural network finds step by step; but only the
network can go on to longer contexts, where no table would be large enough.
"""

import torch
from torch import Tensor, nn


class BigramCounts(nn.Module):
    """How often each id follows each other one, as probabilities.

    `smoothing` is added to every count, so that a pair never seen gets a chance, too. The table
    has no gradients; `count` is its training.
    """

    counts: Tensor

    def __init__(self, vocab_size: int, smoothing: float = 1.0) -> None:
        super().__init__()
        if not 0 <= smoothing <= 1e9:
            raise ValueError(f"smoothing must be from 0 to 1e9, not {smoothing}")
        self.smoothing = smoothing
        self.register_buffer("counts", torch.zeros(vocab_size, vocab_size))

    def count(self, x: Tensor, y: Tensor) -> None:
        """Add the pairs of inputs and targets (batch, time); negative targets are padding."""
        pairs = x[y >= 0], y[y >= 0]
        self.counts.index_put_(pairs, torch.ones(()), accumulate=True)

    def probabilities(self) -> Tensor:
        """P(column | row), (vocab, vocab). A row without any counts is uniform."""
        counts = self.counts + self.smoothing
        totals = counts.sum(1, keepdim=True)
        return torch.where(totals > 0, counts / totals, 1 / len(counts))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each of `x` (batch, time)."""
        return self.probabilities().log()[x]


class BigramNet(nn.Module):
    """One linear layer from a one-hot vector to the logits.

    A one-hot vector times a matrix is a row of the matrix, so the row is looked up. The logits are
    log-counts in the making. An L2 penalty on the weights draws every row towards all zeros, which
    is a uniform distribution: the part that smoothing plays in the table.
    """

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(vocab_size, vocab_size))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each of `x` (batch, time)."""
        return self.table[x]  # one_hot(x) @ weight
