"""A multi-layer perceptron on the embeddings of the last few characters.

Follows makemore, lecture 3 (youtube.com/watch?v=TCH_1BHY58I), and with it "A Neural Probabilistic
Language Model" (Bengio et al. 2003, jmlr.org/papers/v3/bengio03a.html): characters that behave
alike get embeddings that lie close together, so what is learned about one holds for the other.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.loss import cross_entropy

TANH_GAIN = 5 / 3  # tanh shrinks its input; larger weights make up for it


class WindowModel(nn.Module):
    """A model of windows (batch, block_size) and of the id that follows each, (batch,)."""

    block_size: int


class MLP(WindowModel):
    """Embeddings side by side, one tanh layer, logits.

    The initial weights are standard normal if `init` is "normal", as in lecture 3, where the first
    loss is near 27. With "kaiming" they are scaled by the number of inputs, and the last layer is
    small, as in lecture 4, so that the first loss is near log 27 = 3.3.
    """

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 8,
        n_embd: int = 24,
        n_hidden: int = 512,
        dropout: float = 0.2,
        init: str = "kaiming",
    ) -> None:
        super().__init__()
        self.block_size = block_size
        self.dropout = dropout
        n_in = block_size * n_embd
        self.C = nn.Parameter(torch.randn(vocab_size, n_embd))
        self.W1 = nn.Parameter(torch.randn(n_in, n_hidden))
        self.b1 = nn.Parameter(torch.randn(n_hidden))
        self.W2 = nn.Parameter(torch.randn(n_hidden, vocab_size))
        self.b2 = nn.Parameter(torch.randn(vocab_size))
        if init == "kaiming":
            with torch.no_grad():
                self.W1.mul_(TANH_GAIN / n_in**0.5)
                self.W2.mul_(0.1 / n_hidden**0.5)
                self.b1.zero_()
                self.b2.zero_()

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, vocab) for what follows each of `x` (batch, block_size), and the loss."""
        emb = self.C[x]  # (B, block_size, n_embd)
        h = torch.tanh(emb.view(len(x), -1) @ self.W1 + self.b1)  # (B, n_hidden)
        h = F.dropout(h, self.dropout, self.training)
        logits = h @ self.W2 + self.b2  # (B, V)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss
