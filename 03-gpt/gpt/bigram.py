"""The lecture's first model: a table of logits, which predicts the next token from this one alone.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 22:11). Every other model has the
same interface: `logits, loss = model(ids, targets)` and `model.generate(ids, max_new_tokens)`.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt.generate import generate


class Bigram(nn.Module):
    """A row of logits for every token. Its context is `block_size` tokens only in name."""

    def __init__(self, vocab_size: int, block_size: int) -> None:
        super().__init__()
        self.vocab_size, self.block_size = vocab_size, block_size
        self.sizes = {"block_size": block_size}
        self.table = nn.Embedding(vocab_size, vocab_size)

    def forward(self, ids: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) after each of `ids` (batch, time); and the loss, if asked."""
        logits = self.table(ids)  # (B, T, V)
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def generate(self, ids: Tensor, max_new_tokens: int, **options: Any) -> Tensor:
        """Continue `ids` (batch, time) by `max_new_tokens`; see `gpt.generate` for the options."""
        return generate(self, ids, max_new_tokens, **options)

    @torch.no_grad()
    def count(self, ids: Tensor) -> None:
        """Set the table to where training would end, by counting the pairs in `ids` (time,).

        Each pair is counted once more than it occurs, so that none is impossible.
        """
        n = self.vocab_size
        counts = torch.bincount(ids[:-1] * n + ids[1:], minlength=n * n).view(n, n) + 1
        self.table.weight.copy_((counts / counts.sum(1, keepdim=True)).log())
