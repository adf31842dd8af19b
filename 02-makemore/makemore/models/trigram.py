"""The trigram, counted: two characters to predict the next. An exercise of lecture 2.

The table has a row for every pair of characters, most of which are rare or never seen, so smoothing
matters more than in a bigram. With each further character the table becomes `vocab_size` times as
large; this is where the third lecture turns to networks (youtube.com/watch?v=TCH_1BHY58I).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.loss import cross_entropy
from makemore.words import END


class TrigramCounts(nn.Module):
    """How often each id follows each pair of ids; `smoothing` is added to every count."""

    counts: Tensor

    def __init__(self, vocab_size: int, smoothing: float = 0.1) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("counts", torch.zeros(vocab_size, vocab_size, vocab_size))

    def count(self, x: Tensor, y: Tensor) -> None:
        """Count triples: `y` (word, time) follows `x` and what was before it."""
        triples = previous(x)[y >= 0], x[y >= 0], y[y >= 0]
        self.counts.index_put_(triples, self.counts.new_ones(()), accumulate=True)

    def probabilities(self) -> Tensor:
        """P(third | first, second), (vocab, vocab, vocab). A row without any counts is uniform."""
        counts = self.counts + self.smoothing
        totals = counts.sum(2, keepdim=True)
        return torch.where(totals > 0, counts / totals, 1 / len(counts))

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss."""
        logits = self.probabilities().log()[previous(x), x]
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss


def previous(x: Tensor) -> Tensor:
    """The id before each of `x` (batch, time); END before the first."""
    return F.pad(x, (1, 0), value=END)[:, :-1]
