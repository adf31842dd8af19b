"""Backpropagation by hand, through every tensor of the MLP with batch norm.

Follows makemore, lecture 5 (youtube.com/watch?v=q8SA3rM6ckI). `forward` takes the network apart
into steps so small that each has a simple derivative; `backward` goes through them in reverse.
Then whole groups of steps get one formula: `cross_entropy_backward` and `batch_norm_backward`,
which make up `backward_fused`. `train_by_hand` uses nothing else, no autograd. A gradient has the
name of its tensor: `d["hidden"]` is the gradient of the loss with respect to `t["hidden"]`.
"""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from makemore.models.mlp import TANH_GAIN

Tensors = dict[str, Tensor]
EPSILON = 1e-5
PARAMETERS = ("C", "W1", "W2", "b2", "gain", "bias")


def parameters(
    vocab_size: int,
    block_size: int = 3,
    n_embd: int = 10,
    n_hidden: int = 64,
    seed: int = 2147483647,
    dtype: torch.dtype = torch.float64,
) -> Tensors:
    """The lecture's initial weights. None is exactly 0 or 1, which could hide a mistake."""
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int, std: float) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=dtype) * std

    n_in = block_size * n_embd
    return {
        "C": normal(vocab_size, n_embd, std=1.0),
        "W1": normal(n_in, n_hidden, std=TANH_GAIN / n_in**0.5),
        "W2": normal(n_hidden, vocab_size, std=0.1),
        "b2": normal(vocab_size, std=0.1),
        "gain": 1.0 + normal(n_hidden, std=0.1),
        "bias": normal(n_hidden, std=0.1),
    }


def forward(p: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """Every tensor from the ids `x` (batch, block_size) to the loss for `y` (batch,)."""
    t: Tensors = {}
    n = len(x)
    # embedding, and the first layer
    t["embedded"] = p["C"][x]  # (N, block_size, n_embd)
    t["flat"] = t["embedded"].view(n, -1)
    t["before_norm"] = t["flat"] @ p["W1"]  # (N, H)
    # batch norm
    t["mean"] = t["before_norm"].sum(0, keepdim=True) / n
    t["centered"] = t["before_norm"] - t["mean"]
    t["squared"] = t["centered"] ** 2
    t["variance"] = t["squared"].sum(0, keepdim=True) / n
    t["inverse_std"] = (t["variance"] + EPSILON) ** -0.5
    t["normalized"] = t["centered"] * t["inverse_std"]
    t["before_tanh"] = p["gain"] * t["normalized"] + p["bias"]
    # tanh, and the second layer
    t["hidden"] = torch.tanh(t["before_tanh"])
    t["logits"] = t["hidden"] @ p["W2"] + p["b2"]  # (N, V)
    # cross-entropy
    t["largest"] = t["logits"].max(1, keepdim=True).values
    t["below_largest"] = t["logits"] - t["largest"]  # so that exp cannot overflow
    t["counts"] = t["below_largest"].exp()
    t["total"] = t["counts"].sum(1, keepdim=True)
    t["inverse_total"] = t["total"] ** -1
    t["probabilities"] = t["counts"] * t["inverse_total"]
    t["log_probabilities"] = t["probabilities"].log()
    t["loss"] = -t["log_probabilities"][range(n), y].mean()
    return t


def backward(p: Tensors, t: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """The gradient of the loss for every tensor of `forward` and every parameter, step by step."""
    d: Tensors = {"loss": torch.ones_like(t["loss"])}
    n = len(x)
    # cross-entropy
    d["log_probabilities"] = torch.zeros_like(t["log_probabilities"])
    d["log_probabilities"][range(n), y] = -1 / n
    d["probabilities"] = d["log_probabilities"] / t["probabilities"]
    d["inverse_total"] = (d["probabilities"] * t["counts"]).sum(1, keepdim=True)
    d["total"] = d["inverse_total"] * -(t["total"] ** -2)
    d["counts"] = d["probabilities"] * t["inverse_total"] + d["total"]
    d["below_largest"] = d["counts"] * t["counts"]
    d["largest"] = -d["below_largest"].sum(1, keepdim=True)
    is_largest = F.one_hot(t["logits"].argmax(1), t["logits"].shape[1])
    d["logits"] = d["below_largest"] + is_largest * d["largest"]
    # the second layer, and tanh
    d["hidden"] = d["logits"] @ p["W2"].T
    d["W2"] = t["hidden"].T @ d["logits"]
    d["b2"] = d["logits"].sum(0)
    d["before_tanh"] = d["hidden"] * (1 - t["hidden"] ** 2)
    # batch norm
    d["gain"] = (d["before_tanh"] * t["normalized"]).sum(0)
    d["bias"] = d["before_tanh"].sum(0)
    d["normalized"] = d["before_tanh"] * p["gain"]
    d["inverse_std"] = (d["normalized"] * t["centered"]).sum(0, keepdim=True)
    d["variance"] = d["inverse_std"] * -0.5 * (t["variance"] + EPSILON) ** -1.5
    d["squared"] = (d["variance"] / n).expand_as(t["squared"])
    d["centered"] = d["normalized"] * t["inverse_std"] + d["squared"] * 2 * t["centered"]
    d["mean"] = -d["centered"].sum(0, keepdim=True)
    d["before_norm"] = d["centered"] + d["mean"] / n
    # the first layer, and the embedding
    d["flat"] = d["before_norm"] @ p["W1"].T
    d["W1"] = t["flat"].T @ d["before_norm"]
    d["embedded"] = d["flat"].view_as(t["embedded"])
    d["C"] = torch.zeros_like(p["C"]).index_put((x,), d["embedded"], accumulate=True)
    return d


def cross_entropy_backward(logits: Tensor, y: Tensor) -> Tensor:
    """The gradient of the logits (batch, vocab): the probabilities, minus 1 at the target."""
    return (logits.softmax(1) - F.one_hot(y, logits.shape[1])) / len(y)


def batch_norm_backward(d_normalized: Tensor, normalized: Tensor, inverse_std: Tensor) -> Tensor:
    """The gradient of the input of the normalization (batch, channel).

    It is that of the output, scaled, minus the two parts that cannot change the output: a shift of
    a whole channel, and a stretch of it.
    """
    shift = d_normalized.mean(0)
    stretch = (d_normalized * normalized).mean(0)
    return inverse_std * (d_normalized - shift - normalized * stretch)


def backward_fused(p: Tensors, t: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """The gradients of the parameters alone, with a formula for each group of steps."""
    d_logits = cross_entropy_backward(t["logits"], y)
    d_before_tanh = (d_logits @ p["W2"].T) * (1 - t["hidden"] ** 2)
    d_normalized = d_before_tanh * p["gain"]
    d_before_norm = batch_norm_backward(d_normalized, t["normalized"], t["inverse_std"])
    d_embedded = (d_before_norm @ p["W1"].T).view_as(t["embedded"])
    return {
        "C": torch.zeros_like(p["C"]).index_put((x,), d_embedded, accumulate=True),
        "W1": t["flat"].T @ d_before_norm,
        "W2": t["hidden"].T @ d_logits,
        "b2": d_logits.sum(0),
        "gain": (d_before_tanh * t["normalized"]).sum(0),
        "bias": d_before_tanh.sum(0),
    }


def backward_by_autograd(p: Tensors, t: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """The same as `backward`, by autograd: the reference for the others."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in p.items()}
    again = forward(leaves, x, y)
    for tensor in again.values():
        tensor.retain_grad()
    again["loss"].backward()
    named = {**leaves, **again}
    return {name: tensor.grad for name, tensor in named.items() if tensor.grad is not None}


def train_by_hand(
    p: Tensors,
    x: Tensor,
    y: Tensor,
    steps: int,
    batch_size: int = 32,
    lr: float = 0.1,
    seed: int = 42,
    gradients: Callable[[Tensors, Tensors, Tensor, Tensor], Tensors] = backward_fused,
) -> Iterator[float]:
    """Gradient descent on `p`, in place; yields the loss of every batch."""
    g = torch.Generator().manual_seed(seed)
    for step in range(steps):
        batch = torch.randint(len(x), (batch_size,), generator=g)
        t = forward(p, x[batch], y[batch])
        d = gradients(p, t, x[batch], y[batch])
        for name in PARAMETERS:
            p[name] -= (lr if step < steps / 2 else lr / 10) * d[name]
        yield t["loss"].item()
