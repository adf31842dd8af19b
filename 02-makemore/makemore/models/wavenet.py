"""A hierarchy: pairs of characters are fused, then pairs of pairs, then pairs of those.

Follows the fifth part of makemore (youtube.com/watch?v=t3YJ5hKiMQ0) and WaveNet (van den Oord et
al. 2016, arxiv.org/abs/1609.03499). The lecture fuses a window of eight characters in three layers.
Windows that overlap would do the same work again and again; a dilated causal convolution does it
once for all of them: at every place, layer i puts its output there and that 2**i places before
together. A test shows that both are the same. Where the lecture's layer has batch norm and tanh,
this one has the paper's gate, and layer norm, through which the words of a batch cannot act on each
other.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models.mlp import windows


class Fuse(nn.Module):
    """Two neighbours side by side, through WaveNet's gate: tanh(a) · σ(b)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * n_in, 2 * n_out)
        self.norm = nn.LayerNorm(n_out)

    def forward(self, earlier: Tensor, later: Tensor) -> Tensor:
        value, gate = self.linear(torch.cat([earlier, later], -1)).chunk(2, -1)
        return self.norm(value.tanh() * gate.sigmoid())


class WaveNet(nn.Module):
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
        n_layer = block_size.bit_length() - 1
        if n_layer < 1 or block_size != 2**n_layer:
            raise ValueError(f"block_size must be 2, 4, 8, 16 and so on, not {block_size}")
        self.block_size = block_size
        self.embedding = nn.Embedding(vocab_size, n_embd)
        sizes = [n_embd] + [n_hidden] * n_layer
        self.layers = nn.ModuleList(Fuse(*pair) for pair in pairwise(sizes))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time)."""
        hidden = self.embedding(F.pad(x, (self.block_size - 1, 0)))  # (B, block_size - 1 + T, C)
        for i, fuse in enumerate(self.layers):
            hidden = fuse(hidden[:, : -(2**i)], hidden[:, 2**i :])  # 2**i places fewer
        return self.output(self.dropout(hidden))  # (B, T, V)

    def forward_by_windows(self, x: Tensor) -> Tensor:
        """The same in the lecture's order: each window by itself, half as long after each layer."""
        hidden = self.embedding(windows(x, self.block_size))  # (B, T, block_size, C)
        for fuse in self.layers:
            hidden = fuse(hidden[:, :, 0::2], hidden[:, :, 1::2])
        return self.output(self.dropout(hidden.squeeze(2)))  # (B, T, V)
