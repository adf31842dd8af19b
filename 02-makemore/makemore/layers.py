"""The layers of a deep network, as lectures 4 and 6 build them: what torch.nn has, written out.

Follows makemore (youtube.com/watch?v=P6sfmUTpUmc, from 1:18:35, and
youtube.com/watch?v=t3YJ5hKiMQ0). The names are those of torch.nn, and tests show that the results
are the same; unlike there, `Linear` keeps its weight as (inputs, outputs). Batch norm is from Ioffe
and Szegedy 2015 (arxiv.org/abs/1502.03167). From torch.nn comes only `Module`, which finds the
parameters and switches between training and evaluation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    """x @ weight + bias, with weights of standard deviation `gain / sqrt(n_in)` at the start.

    So the outputs spread as much as the inputs, times the gain (He et al. 2015,
    arxiv.org/abs/1502.01852).
    """

    def __init__(self, n_in: int, n_out: int, bias: bool = True, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) * gain / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(…, n_in) -> (…, n_out)."""
        out = x @ self.weight
        return out if self.bias is None else out + self.bias


class BatchNorm1d(nn.Module):
    """Every channel at mean 0 and variance 1 over the batch, then a learned scale and shift.

    In training, the mean and variance are those of the batch, so its examples affect each other;
    in evaluation they are running averages, and each example stands for itself.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(n_channels))
        self.beta = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("running_mean", torch.zeros(n_channels))
        self.register_buffer("running_var", torch.ones(n_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(…, channel), with statistics over all dimensions but the last.

        For (batch, time, channel) that is both batch and time. Over the batch alone, a channel
        would have other statistics at every time, the bug that lecture 6 finds (38:50).
        """
        if self.training:
            over = tuple(range(x.ndim - 1))
            n = x.numel() // x.shape[-1]
            mean = x.mean(over)
            var = ((x - mean) ** 2).mean(over)
            with torch.no_grad():  # the running variance is the unbiased one, as in torch.nn
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        return self.gamma * (x - mean) / (var + self.eps).sqrt() + self.beta


class Tanh(nn.Module):
    """The hyperbolic tangent of every number."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return x.tanh()


class Embedding(nn.Module):
    """A row of numbers for every id, learned."""

    def __init__(self, vocab_size: int, n_embd: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocab_size, n_embd))

    def forward(self, x: Tensor) -> Tensor:
        """Ids (…) -> (…, n_embd)."""
        return self.weight[x]


class FlattenConsecutive(nn.Module):
    """Put every `n` consecutive places side by side, into one."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, channel) -> (batch, time / n, n * channel), or (batch, n * channel)."""
        batch, time, channel = x.shape
        x = x.view(batch, time // self.n, self.n * channel)
        return x.squeeze(1) if x.shape[1] == 1 else x


class Sequential(nn.Module):
    """One layer after the other."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """What the last layer returns."""
        for layer in self.layers:
            x = layer(x)
        return x


def fold_batch_norm(linear: Linear, norm: BatchNorm1d) -> Linear:
    """One linear layer that does what the two do in evaluation. An exercise of lecture 4.

    There batch norm is a fixed scale and shift of every channel, so it needs no layer of its own.
    """
    scale = norm.gamma / (norm.running_var + norm.eps).sqrt()  # (channel,)
    bias = 0 if linear.bias is None else linear.bias
    folded = Linear(*linear.weight.shape)
    with torch.no_grad():
        folded.weight = nn.Parameter(linear.weight * scale)  # each column by its own
        folded.bias = nn.Parameter((bias - norm.running_mean) * scale + norm.beta)
    return folded
