"""The Transformer: every character decides which of the characters before it to look at.

The last model of makemore.py, in the form of GPT-2 (Radford et al. 2019, "Language Models are
Unsupervised Multitask Learners"), with the attention of Vaswani et al. 2017
(arxiv.org/abs/1706.03762). The lesson 03-gpt takes it further.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.loss import cross_entropy


class CausalSelfAttention(nn.Module):
    """Compare each query with the keys up to it; return the mean of their values, weighted so."""

    def __init__(self, n_embd: int, n_head: int, dropout: float) -> None:
        super().__init__()
        self.n_head = n_head
        self.query_key_value = nn.Linear(n_embd, 3 * n_embd)
        self.project = nn.Linear(n_embd, n_embd)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, n_embd) -> (batch, time, n_embd)."""
        batch, time, n_embd = x.shape
        heads = self.query_key_value(x).view(batch, time, 3, self.n_head, n_embd // self.n_head)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, heads, T, C / heads)
        scores = query @ key.transpose(2, 3) / key.shape[3] ** 0.5  # (B, heads, T, T)
        later = torch.ones(time, time, dtype=torch.bool, device=x.device).triu(1)
        weights = scores.masked_fill(later, -torch.inf).softmax(3)
        read = (weights @ value).transpose(1, 2).reshape(batch, time, n_embd)
        return self.dropout(self.project(read))


class Block(nn.Module):
    """Attention, then an MLP; each adds to the residual stream."""

    def __init__(self, n_embd: int, n_head: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(n_embd)
        self.attention = CausalSelfAttention(n_embd, n_head, dropout)
        self.norm2 = nn.LayerNorm(n_embd)
        self.expand = nn.Linear(n_embd, 4 * n_embd)
        self.project = nn.Linear(4 * n_embd, n_embd)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, n_embd) -> (batch, time, n_embd)."""
        x = x + self.attention(self.norm1(x))
        hidden = F.gelu(self.expand(self.norm2(x)), approximate="tanh")
        return x + self.dropout(self.project(hidden))


class Transformer(nn.Module):
    """Embeddings of the character and of its position, blocks, a last norm, logits."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        n_layer: int = 3,
        n_head: int = 4,
        n_embd: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        self.token_embedding = nn.Embedding(vocab_size, n_embd)
        self.position_embedding = nn.Embedding(block_size, n_embd)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(Block(n_embd, n_head, dropout) for _ in range(n_layer)))
        self.norm = nn.LayerNorm(n_embd)
        self.output = nn.Linear(n_embd, vocab_size)

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss.

        Raises `ValueError` for a time above `block_size`, since there are no more positions.
        """
        time = x.shape[1]
        if time > self.block_size:
            raise ValueError(f"{time} characters are more than the {self.block_size} of block_size")
        x = self.token_embedding(x) + self.position_embedding.weight[:time]  # (B, T, C)
        x = self.blocks(self.dropout(x))
        logits = self.output(self.norm(x))  # (B, T, V)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss
