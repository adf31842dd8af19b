"""The lecture's first model: the next token from this one alone, by a table of logits.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 22:11). It is the baseline that
every other model is compared with; what all of them share, it has: ids in, logits out.
"""

import torch
from torch import Tensor, nn


class Bigram(nn.Module):
    """A row of logits for every token."""

    def __init__(self, vocab_size: int, block_size: int) -> None:
        super().__init__()
        self.block_size = block_size  # of no use to this model, which looks back one token
        self.vocab_size = vocab_size
        self.sizes = {"block_size": block_size}
        self.table = nn.Embedding(vocab_size, vocab_size)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the token after each of `ids` (batch, time)."""
        return self.table(ids)

    @torch.no_grad()
    def count(self, ids: Tensor) -> None:
        """Set the table to what training would end at, by counting pairs in `ids` (time,).

        Every pair counts once more than it occurs, so that none is impossible.
        """
        n = self.table.num_embeddings
        pairs = torch.bincount(ids[:-1] * n + ids[1:], minlength=n * n).view(n, n) + 1
        self.table.weight.copy_((pairs / pairs.sum(1, keepdim=True)).log())
