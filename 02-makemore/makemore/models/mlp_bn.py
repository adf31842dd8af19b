"""The same MLP with batch norm, built from layers.

Follows makemore, lecture 4 (youtube.com/watch?v=P6sfmUTpUmc). Scaled initial weights keep the
spread of the activations from layer to layer at the start; batch norm keeps it in every step.
`manual_backprop` goes backward through this network by hand; `diagnostics` looks inside a deeper
one.
"""

from torch import Tensor, nn

from makemore.layers import BatchNorm1d, Embedding, FlattenConsecutive, Linear, Sequential, Tanh
from makemore.loss import cross_entropy
from makemore.models.mlp import TANH_GAIN, WindowModel


class MLPBatchNorm(WindowModel):
    """Embeddings side by side, a linear layer, batch norm, tanh, logits.

    The linear layer has no bias, since batch norm would subtract it. The last layer starts small,
    so the first loss is that of a model that knows nothing, the logarithm of the vocabulary.
    """

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
        self.layers = Sequential(
            [
                Embedding(vocab_size, n_embd),  # (B, block_size) -> (B, block_size, n_embd)
                FlattenConsecutive(block_size),  # -> (B, block_size * n_embd)
                Linear(block_size * n_embd, n_hidden, bias=False, gain=TANH_GAIN),
                BatchNorm1d(n_hidden),
                Tanh(),
                nn.Dropout(dropout),
                Linear(n_hidden, vocab_size, gain=0.1),  # -> (B, V)
            ]
        )

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, vocab) for what follows each of `x` (batch, block_size), and the loss."""
        logits = self.layers(x)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss
