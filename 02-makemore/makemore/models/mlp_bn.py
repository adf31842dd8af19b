"""The same MLP, begun well and kept well: initialisation by gain, and batch norm by hand.

Follows the third part of makemore (youtube.com/watch?v=P6sfmUTpUmc). Weights are drawn so that
activations keep their spread from layer to layer (He et al. 2015, arxiv.org/abs/1502.01852), and
batch norm (Ioffe and Szegedy 2015, arxiv.org/abs/1502.03167) makes sure of it at every step.
`manual_backprop` goes backward through this network by hand; `diagnostics` looks inside.
"""

import torch
from torch import Tensor, nn

from makemore.models.mlp import windows
from makemore.words import inside_word

TANH_GAIN = 5 / 3  # tanh squeezes; weights that much larger make up for it


class BatchNorm(nn.Module):
    """Every channel at mean 0 and variance 1 over the batch, then a learned scale and shift.

    In training the mean and variance are the batch's, so the words of a batch act on each other;
    in evaluation they are running averages, and each word stands for itself. Equal to
    torch.nn.BatchNorm1d, and with the same names.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("running_mean", torch.zeros(n_channels))
        self.register_buffer("running_var", torch.ones(n_channels))

    def forward(self, x: Tensor) -> Tensor:
        """`x` (number, channel), normalised over its first dimension in training."""
        if self.training:
            if len(x) < 2:
                raise ValueError("batch norm needs at least 2 examples to know a variance")
            mean = x.mean(0)
            var = ((x - mean) ** 2).mean(0)
            with torch.no_grad():  # the running variance is the unbiased one, as in torch
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean) * (self.weight * (var + self.eps).rsqrt()) + self.bias


def linear(n_in: int, n_out: int, gain: float = 1.0, bias: bool = True) -> nn.Linear:
    """A linear layer with weights of standard deviation gain / sqrt(n_in), and biases of 0."""
    layer = nn.Linear(n_in, n_out, bias)
    nn.init.normal_(layer.weight, std=gain / n_in**0.5)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class MLPBatchNorm(nn.Module):
    """Embeddings side by side, a linear layer, batch norm, tanh, logits.

    The linear layer has no bias, since batch norm would subtract it. The last layer begins small,
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
        self.embedding = nn.Embedding(vocab_size, n_embd)
        self.hidden = linear(block_size * n_embd, n_hidden, TANH_GAIN, bias=False)
        self.norm = BatchNorm(n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = linear(n_hidden, vocab_size, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, time, vocab) for the id that follows each prefix of `x` (batch, time).

        What lies behind a word's end is left out, since it would count in the mean; its logits
        are 0.
        """
        places = inside_word(x)  # (B, T), of which N are part of a word
        embedded = self.embedding(windows(x, self.block_size)[places])  # (N, block_size, C)
        hidden = self.norm(self.hidden(embedded.flatten(1))).tanh()  # (N, H)
        found = self.output(self.dropout(hidden))  # (N, V)
        logits = found.new_zeros(*x.shape, found.shape[1])  # (B, T, V)
        logits[places] = found
        return logits
