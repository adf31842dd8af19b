"""A multi-layer perceptron on the embeddings of the last few characters.

Follows the second part of makemore (youtube.com/watch?v=TCH_1BHY58I), and with it "A Neural
Probabilistic Language Model" (Bengio et al. 2003, jmlr.org/papers/v3/bengio03a.html): characters
that behave alike get embeddings that lie close, so what is learned of one holds for the other.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def windows(x: Tensor, block_size: int) -> Tensor:
    """The last `block_size` ids at every place (batch, time, block_size), 0 before the word."""
    return F.pad(x, (block_size - 1, 0)).unfold(1, block_size, 1)


class MLP(nn.Module):
    """Embeddings side by side, one tanh layer, logits."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 8,
        n_embd: int = 24,
        n_hidden: int = 512,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        self.embedding = nn.Embedding(vocab_size, n_embd)
        self.hidden = nn.Linear(block_size * n_embd, n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time)."""
        embedded = self.embedding(windows(x, self.block_size))  # (B, T, block_size, C)
        hidden = self.hidden(embedded.flatten(2)).tanh()  # (B, T, H)
        return self.output(self.dropout(hidden))  # (B, T, V)
