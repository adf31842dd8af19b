"""A hierarchy: pairs of characters are fused, then pairs of pairs, then pairs of those.

Follows makemore, lecture 6 (youtube.com/watch?v=t3YJ5hKiMQ0), and the idea of WaveNet (van den Oord
et al. 2016, arxiv.org/abs/1609.03499). An MLP squeezes the whole window into one layer at once;
here each layer sees twice as far as the one before. `wavenet_dilated` is nearer to the paper.
"""

from torch import Tensor, nn

from makemore.layers import BatchNorm1d, Embedding, FlattenConsecutive, Linear, Sequential, Tanh
from makemore.loss import cross_entropy
from makemore.models.mlp import WindowModel


class WaveNet(WindowModel):
    """Embeddings, log2(block_size) layers that each fuse pairs, logits."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int = 8,
        n_embd: int = 24,
        n_hidden: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        layers: list[nn.Module] = [Embedding(vocab_size, n_embd)]
        n_in = n_embd
        for _ in range(block_size.bit_length() - 1):
            layers += [
                FlattenConsecutive(2),  # (B, T, n_in) -> (B, T / 2, 2 * n_in)
                Linear(2 * n_in, n_hidden, bias=False),
                BatchNorm1d(n_hidden),
                Tanh(),
            ]
            n_in = n_hidden
        layers += [nn.Dropout(dropout), Linear(n_hidden, vocab_size, gain=0.1)]  # -> (B, V)
        self.layers = Sequential(layers)

    def forward(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, vocab) for what follows each of `x` (batch, block_size), and the loss."""
        logits = self.layers(x)
        loss = None if y is None else cross_entropy(logits, y)
        return logits, loss
