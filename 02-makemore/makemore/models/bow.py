"""A causal bag of words: which characters came before, whatever their order.

The simplest way for a model to look at the whole word so far: the mean of all embeddings up to
here. Self-attention gives this mean weights that depend on the content; "Let's build GPT" starts
with the same mean (youtube.com/watch?v=kCc8FmEb1nY, from 42:13).
"""

import torch
from torch import Tensor, nn

from makemore.loss import cross_entropy


class BagOfWords(nn.Module):
    """The embedding of the last character and the mean of all, through a hidden layer."""

    def __init__(
        self, vocab_size: int, n_embd: int = 64, n_hidden: int = 256, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, n_embd)
        self.hidden = nn.Linear(2 * n_embd, n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_hidden, vocab_size)

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) for what follows each prefix of `x`, and the loss."""
        embedded = self.embedding(x)  # (B, T, C)
        counts = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)  # (T, 1)
        bag = embedded.cumsum(1) / counts  # (B, T, C): the mean of all up to here
        hidden = self.hidden(torch.cat([embedded, bag], 2)).tanh()  # (B, T, H)
        logits = self.output(self.dropout(hidden))  # (B, T, V)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss
