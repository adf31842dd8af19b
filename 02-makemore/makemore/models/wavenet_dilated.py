"""WaveNet as dilated causal convolutions: the hierarchy for all windows of a word at once.

This is where lecture 6 ends (youtube.com/watch?v=t3YJ5hKiMQ0, from 47:44), and what the paper does
(van den Oord et al. 2016, arxiv.org/abs/1609.03499). Windows that overlap share most of their
pairs, so the work is done once: layer i fuses its input at every place with that 2**i places
before. A test shows that the result is the same. Unlike the lecture's, the layers have the paper's
gate, and layer norm, through which the words of a batch cannot affect each other.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.loss import cross_entropy


class Fuse(nn.Module):
    """Two neighbors side by side, through WaveNet's gate: tanh(a) · σ(b)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * n_in, 2 * n_out)
        self.norm = nn.LayerNorm(n_out)

    def forward(self, earlier: Tensor, later: Tensor) -> Tensor:
        value, gate = self.linear(torch.cat([earlier, later], -1)).chunk(2, -1)
        return self.norm(value.tanh() * gate.sigmoid())


class DilatedWaveNet(nn.Module):
    """Embeddings, log2(block_size) layers that each see twice as far as the last, logits."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 8,
        n_embd: int = 32,
        n_hidden: int = 128,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        n_layer = block_size.bit_length() - 1
        self.embedding = nn.Embedding(vocab_size, n_embd)
        sizes = [n_embd] + [n_hidden] * n_layer
        self.layers = nn.ModuleList(Fuse(*pair) for pair in pairwise(sizes))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, vocab_size)

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss."""
        hidden = self.embedding(F.pad(x, (self.block_size - 1, 0)))  # (B, block_size - 1 + T, C)
        for i, fuse in enumerate(self.layers):
            hidden = fuse(hidden[:, : -(2**i)], hidden[:, 2**i :])  # 2**i places fewer
        logits = self.output(self.dropout(hidden))  # (B, T, V)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss
