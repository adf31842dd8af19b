"""A causal bag of words: which characters came before, whatever their order.

The simplest way for a model to look at the whole of the word so far: the mean of all embeddings up
to here. In self-attention the same mean gets weights that depend on the content
("Let's build GPT", youtube.com/watch?v=kCc8FmEb1nY, begins with this very mean).
"""

import torch
from torch import Tensor, nn


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

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time)."""
        embedded = self.embedding(x)  # (B, T, C)
        counts = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)  # (T, 1)
        bag = embedded.cumsum(1) / counts  # (B, T, C): the mean of all up to here
        hidden = self.hidden(torch.cat([embedded, bag], 2)).tanh()  # (B, T, H)
        return self.output(self.dropout(hidden))  # (B, T, V)
