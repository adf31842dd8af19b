"""Self-attention: each token looks at itself and all before it, and averages what they hold.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 42:13). The lecture gets there in
three steps with the same result: a loop that averages the past, a product with a triangular matrix,
and a softmax of masked scores.

>>> x = torch.tensor([[2.0], [4.0], [9.0]])  # (time, channel)
>>> past = torch.ones(3, 3).tril()
>>> (past / past.sum(1, keepdim=True)) @ x
tensor([[2.],
        [3.],
        [5.]])
>>> torch.zeros(3, 3).masked_fill(past == 0, -torch.inf).softmax(1) @ x
tensor([[2.],
        [3.],
        [5.]])

If the scores are products of queries and keys instead of zeros, that is attention (Vaswani et al.
2017, "Attention Is All You Need", arxiv.org/abs/1706.03762). `lecture.Head` is one head of it; here
are all heads at once, written out and by PyTorch's fused kernel. All three are equal.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Attend = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def attention_weights(query: Tensor, key: Tensor) -> Tensor:
    """How much each query looks at each key, (batch, head, queries, keys); the rows sum to 1.

    With a cache there are fewer queries than keys, those of the last tokens. Each sees itself and
    what is before it.
    """
    n_queries, n_keys = query.shape[2], key.shape[2]
    scores = query @ key.transpose(2, 3) / key.shape[3] ** 0.5  # (B, H, Tq, Tk)
    past = torch.ones(n_queries, n_keys, dtype=torch.bool, device=key.device)
    past = past.tril(n_keys - n_queries)
    return scores.masked_fill(~past, -torch.inf).softmax(3)


def attend_by_hand(query: Tensor, key: Tensor, value: Tensor, dropout: float = 0.0) -> Tensor:
    """All heads at once, written out; tensors are (batch, head, time, head_size).

    `dropout` is the probability that a weight is zeroed.
    """
    weights = F.dropout(attention_weights(query, key), dropout)
    return weights @ value  # (B, H, Tq, Tk) @ (B, H, Tk, hs) -> (B, H, Tq, hs)


def attend_fused(query: Tensor, key: Tensor, value: Tensor, dropout: float = 0.0) -> Tensor:
    """The same in one kernel, which never stores the matrix of weights.

    Dao et al. 2022, "FlashAttention" (arxiv.org/abs/2205.14135). On a CPU it computes in float32,
    since its backward pass is several times slower there in bfloat16.
    """
    n_queries, n_keys = query.shape[2], key.shape[2]
    mask = None
    if 1 < n_queries < n_keys:
        mask = torch.ones(n_queries, n_keys, dtype=torch.bool, device=key.device)
        mask = mask.tril(n_keys - n_queries)
    causal = n_queries == n_keys
    if query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, mask, dropout, is_causal=causal)
    with torch.autocast("cpu", enabled=False):
        query, key, value = query.float(), key.float(), value.float()
        return F.scaled_dot_product_attention(query, key, value, mask, dropout, is_causal=causal)
