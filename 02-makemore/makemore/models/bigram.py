"""The bigram, twice: a table of counts, and a layer of weights that gradient descent makes equal.

Follows makemore, lecture 2 (youtube.com/watch?v=PaCmpygFfXo). Both look at one character to predict
the next. What counting finds at once, a neural network finds step by step; but only the network can
be extended to longer contexts, for which no table would be large enough.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.loss import cross_entropy, negative_log_likelihood
from makemore.words import PADDING


class BigramCounts(nn.Module):
    """How often each id follows each other one, as probabilities.

    `smoothing` is added to every count, so that a pair never seen has some probability, too. The
    table has no gradients: `count` is its training.
    """

    counts: Tensor

    def __init__(self, vocab_size: int, smoothing: float = 1.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("counts", torch.zeros(vocab_size, vocab_size))

    def count(self, x: Tensor, y: Tensor) -> None:
        """Count pairs of neighbors: `y` (word, time) follows `x`; PADDING is left out."""
        pairs = x[y >= 0], y[y >= 0]
        one = self.counts.new_ones(())
        self.counts.index_put_(pairs, one, accumulate=True)  # counts[first, second] += 1, for all

    def probabilities(self) -> Tensor:
        """P(second | first), (vocab, vocab). A row without any counts is uniform."""
        counts = self.counts + self.smoothing
        totals = counts.sum(1, keepdim=True)  # (V, 1), so each row is divided by its own sum
        return torch.where(totals > 0, counts / totals, 1 / len(counts))

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each of `x` (batch, time), and the loss."""
        probs = self.probabilities()[x]  # (B, T, V)
        if y is None:
            return probs.log(), None
        real = y != PADDING
        return probs.log(), negative_log_likelihood(probs[real], y[real])


class BigramNet(nn.Module):
    """One linear layer from a one-hot vector to the logits, which are log-counts in the making.

    `l2` times the mean square of the weights is added to the loss in training. It pulls every row
    toward zero, which is a uniform distribution: what smoothing does in the table of counts.
    """

    def __init__(self, vocab_size: int, l2: float = 0.0) -> None:
        super().__init__()
        self.l2 = l2
        self.W = nn.Parameter(torch.zeros(vocab_size, vocab_size))

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each of `x` (batch, time), and the loss."""
        xenc = F.one_hot(x, len(self.W)).to(self.W.dtype)  # (B, T, V)
        logits = xenc @ self.W  # (B, T, V) @ (V, V) -> (B, T, V): row x of W
        loss = None if y is None else cross_entropy(logits, y)
        if loss is not None and self.training:
            loss = loss + self.l2 * (self.W**2).mean()
        return logits, loss
