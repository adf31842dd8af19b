"""Backpropagation by hand, through every tensor of the MLP with batch norm.

Follows makemore, lecture 5 (youtube.com/watch?v=q8SA3rM6ckI). `forward` takes the network apart
into steps so small that each has a simple derivative; `backward` goes through them in reverse.
Then whole groups of steps get one formula: `cross_entropy_backward` and `batch_norm_backward`,
which make up `backward_fused`. `train_by_hand` uses nothing else, no autograd.

The tensors have the lecture's names, and a gradient that of its tensor: `d["h"]` is the gradient of
the loss with respect to `t["h"]`. As in the lecture, the variance is divided by n - 1 (Bessel's
correction), and there is a `b1`, although batch norm takes it out again.
"""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from makemore.models.mlp import TANH_GAIN

Tensors = dict[str, Tensor]
EPSILON = 1e-5
PARAMETERS = ("C", "W1", "b1", "W2", "b2", "bngain", "bnbias")


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
        "b1": normal(n_hidden, std=0.1),
        "W2": normal(n_hidden, vocab_size, std=0.1),
        "b2": normal(vocab_size, std=0.1),
        "bngain": 1.0 + normal(n_hidden, std=0.1),
        "bnbias": normal(n_hidden, std=0.1),
    }


def forward(p: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """Every tensor from the ids `x` (batch, block_size) to the loss for `y` (batch,)."""
    t: Tensors = {}
    n = len(x)
    # embedding, and the first layer
    t["emb"] = p["C"][x]  # (N, block_size, n_embd)
    t["embcat"] = t["emb"].view(n, -1)
    t["hprebn"] = t["embcat"] @ p["W1"] + p["b1"]  # (N, H)
    # batch norm
    t["bnmeani"] = t["hprebn"].sum(0, keepdim=True) / n
    t["bndiff"] = t["hprebn"] - t["bnmeani"]
    t["bndiff2"] = t["bndiff"] ** 2
    t["bnvar"] = t["bndiff2"].sum(0, keepdim=True) / (n - 1)
    t["bnvar_inv"] = (t["bnvar"] + EPSILON) ** -0.5
    t["bnraw"] = t["bndiff"] * t["bnvar_inv"]
    t["hpreact"] = p["bngain"] * t["bnraw"] + p["bnbias"]
    # tanh, and the second layer
    t["h"] = torch.tanh(t["hpreact"])
    t["logits"] = t["h"] @ p["W2"] + p["b2"]  # (N, V)
    # cross-entropy
    t["logit_maxes"] = t["logits"].max(1, keepdim=True).values
    t["norm_logits"] = t["logits"] - t["logit_maxes"]  # so that exp cannot overflow
    t["counts"] = t["norm_logits"].exp()
    t["counts_sum"] = t["counts"].sum(1, keepdim=True)
    t["counts_sum_inv"] = t["counts_sum"] ** -1
    t["probs"] = t["counts"] * t["counts_sum_inv"]
    t["logprobs"] = t["probs"].log()
    t["loss"] = -t["logprobs"][range(n), y].mean()
    return t


def backward(p: Tensors, t: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """The gradient of the loss for every tensor of `forward` and every parameter, step by step."""
    d: Tensors = {"loss": torch.ones_like(t["loss"])}
    n = len(x)
    # cross-entropy
    d["logprobs"] = torch.zeros_like(t["logprobs"])
    d["logprobs"][range(n), y] = -1 / n
    d["probs"] = d["logprobs"] / t["probs"]
    d["counts_sum_inv"] = (d["probs"] * t["counts"]).sum(1, keepdim=True)
    d["counts_sum"] = d["counts_sum_inv"] * -(t["counts_sum"] ** -2)
    d["counts"] = d["probs"] * t["counts_sum_inv"] + d["counts_sum"]
    d["norm_logits"] = d["counts"] * t["counts"]
    d["logit_maxes"] = -d["norm_logits"].sum(1, keepdim=True)
    is_largest = F.one_hot(t["logits"].argmax(1), t["logits"].shape[1])
    d["logits"] = d["norm_logits"] + is_largest * d["logit_maxes"]
    # the second layer, and tanh
    d["h"] = d["logits"] @ p["W2"].T
    d["W2"] = t["h"].T @ d["logits"]
    d["b2"] = d["logits"].sum(0)
    d["hpreact"] = d["h"] * (1 - t["h"] ** 2)
    # batch norm
    d["bngain"] = (d["hpreact"] * t["bnraw"]).sum(0)
    d["bnbias"] = d["hpreact"].sum(0)
    d["bnraw"] = d["hpreact"] * p["bngain"]
    d["bnvar_inv"] = (d["bnraw"] * t["bndiff"]).sum(0, keepdim=True)
    d["bnvar"] = d["bnvar_inv"] * -0.5 * (t["bnvar"] + EPSILON) ** -1.5
    d["bndiff2"] = (d["bnvar"] / (n - 1)).expand_as(t["bndiff2"])
    d["bndiff"] = d["bnraw"] * t["bnvar_inv"] + d["bndiff2"] * 2 * t["bndiff"]
    d["bnmeani"] = -d["bndiff"].sum(0, keepdim=True)
    d["hprebn"] = d["bndiff"] + d["bnmeani"] / n
    # the first layer, and the embedding
    d["embcat"] = d["hprebn"] @ p["W1"].T
    d["W1"] = t["embcat"].T @ d["hprebn"]
    d["b1"] = d["hprebn"].sum(0)
    d["emb"] = d["embcat"].view_as(t["emb"])
    d["C"] = torch.zeros_like(p["C"]).index_put((x,), d["emb"], accumulate=True)
    return d


def cross_entropy_backward(logits: Tensor, y: Tensor) -> Tensor:
    """The gradient of the logits (batch, vocab): the probabilities, minus 1 at the target."""
    return (logits.softmax(1) - F.one_hot(y, logits.shape[1])) / len(y)


def batch_norm_backward(d_bnraw: Tensor, bnraw: Tensor, bnvar_inv: Tensor) -> Tensor:
    """The gradient of the input of the normalization (batch, channel).

    It is that of the output, scaled, minus the two parts that cannot change the output: a shift of
    a whole channel, and a stretch of it.
    """
    shift = d_bnraw.mean(0)
    stretch = (d_bnraw * bnraw).sum(0) / (len(bnraw) - 1)
    return bnvar_inv * (d_bnraw - shift - bnraw * stretch)


def backward_fused(p: Tensors, t: Tensors, x: Tensor, y: Tensor) -> Tensors:
    """The gradients of the parameters alone, with a formula for each group of steps."""
    d_logits = cross_entropy_backward(t["logits"], y)
    d_hpreact = (d_logits @ p["W2"].T) * (1 - t["h"] ** 2)
    d_bnraw = d_hpreact * p["bngain"]
    d_hprebn = batch_norm_backward(d_bnraw, t["bnraw"], t["bnvar_inv"])
    d_emb = (d_hprebn @ p["W1"].T).view_as(t["emb"])
    return {
        "C": torch.zeros_like(p["C"]).index_put((x,), d_emb, accumulate=True),
        "W1": t["embcat"].T @ d_hprebn,
        "b1": d_hprebn.sum(0),
        "W2": t["h"].T @ d_logits,
        "b2": d_logits.sum(0),
        "bngain": (d_hpreact * t["bnraw"]).sum(0),
        "bnbias": d_hpreact.sum(0),
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
