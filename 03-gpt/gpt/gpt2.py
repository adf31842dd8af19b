"""GPT-2: embeddings, blocks of attention and MLP, logits.

Follows "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 1:19:11) in the form that
"Let's reproduce GPT-2" (youtube.com/watch?v=l8pRSuU81PU) gives it, so that OpenAI's weights fit
(Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): layer norms come
before attention and MLP, both add to the residual stream, and the output shares the weights of the
token embedding. Left out: whatever has been found since; see `modern`.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt.attention import Attend, attend_fused
from gpt.cache import KVCache, LayerCache
from gpt.generate import generate


class CausalSelfAttention(nn.Module):
    """All heads side by side: communication."""

    def __init__(self, n_embd: int, n_head: int, dropout: float) -> None:
        super().__init__()
        self.n_head = n_head
        self.query_key_value = nn.Linear(n_embd, 3 * n_embd)
        self.project = nn.Linear(n_embd, n_embd)
        self.dropout = nn.Dropout(dropout)
        self.attend: Attend = attend_fused  # or `attend_by_hand`

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """(batch, time, n_embd) -> the same shape; `cache` has the tokens before."""
        B, T, C = x.shape  # noqa: N806 (batch, time, channels)
        heads = self.query_key_value(x).view(B, T, 3, self.n_head, C // self.n_head)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, H, T, hs)
        if cache is not None:
            key, value = cache.extend(key, value)
        dropout = self.dropout.p if self.training else 0.0
        y = self.attend(query, key, value, dropout)  # (B, H, T, hs)
        y = y.transpose(1, 2).reshape(B, T, C)  # concatenate the heads
        return self.dropout(self.project(y))


class MLP(nn.Module):
    """Every token by itself: computation."""

    def __init__(self, n_embd: int, dropout: float) -> None:
        super().__init__()
        self.expand = nn.Linear(n_embd, 4 * n_embd)
        self.project = nn.Linear(4 * n_embd, n_embd)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, n_embd) -> the same shape."""
        hidden = F.gelu(self.expand(x), approximate="tanh")  # (B, T, 4 C)
        return self.dropout(self.project(hidden))


class Block(nn.Module):
    """Communication, then computation; each adds to the residual stream."""

    def __init__(self, n_embd: int, n_head: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(n_embd)
        self.attention = CausalSelfAttention(n_embd, n_head, dropout)
        self.norm2 = nn.LayerNorm(n_embd)
        self.mlp = MLP(n_embd, dropout)

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """(batch, time, n_embd) -> the same shape."""
        x = x + self.attention(self.norm1(x), cache)
        return x + self.mlp(self.norm2(x))


class GPT2(nn.Module):
    """GPT-2, with random weights; `n_embd` must be a multiple of `n_head`."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        n_layer: int,
        n_head: int,
        n_embd: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.vocab_size, self.block_size = vocab_size, block_size
        self.sizes: dict[str, Any] = {"block_size": block_size, "n_layer": n_layer}
        self.sizes |= {"n_head": n_head, "n_embd": n_embd, "dropout": dropout}
        self.token_embedding = nn.Embedding(vocab_size, n_embd)
        self.position_embedding = nn.Embedding(block_size, n_embd)
        self.dropout = nn.Dropout(dropout)
        blocks = nn.ModuleList(Block(n_embd, n_head, dropout) for _ in range(n_layer))
        self.blocks: Sequence[Block] = blocks  # type: ignore[assignment]
        self.norm = nn.LayerNorm(n_embd)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:  # smaller where it adds to the residual stream, 2 n_layer times
                std = 0.02 / math.sqrt(2 * n_layer) if name.endswith("project.weight") else 0.02
                nn.init.normal_(parameter, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self, ids: Tensor, targets: Tensor | None = None, *, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) after each of `ids` (batch, time); the loss, given targets.

        With a `cache`, `ids` continue the tokens in it, and are added to it. Raises `ValueError` if
        they are more than `block_size` together, for there are no positions for them.
        """
        start, time = len(cache) if cache is not None else 0, ids.shape[1]
        if start + time > self.block_size:
            raise ValueError(f"{start + time} tokens are more than the context, {self.block_size}")
        positions = torch.arange(start, start + time, device=ids.device)  # (T,)
        x = self.token_embedding(ids) + self.position_embedding(positions)  # (B, T, C) + (T, C)
        x = self.dropout(x)
        for i, block in enumerate(self.blocks):
            x = block(x, cache.layers[i] if cache is not None else None)
        logits = self.norm(x) @ self.token_embedding.weight.T  # (B, T, C) @ (C, V) -> (B, T, V)
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def generate(self, ids: Tensor, max_new_tokens: int, **options: Any) -> Tensor:
        """Continue `ids` (batch, time) by `max_new_tokens`; see `gpt.generate` for the options."""
        return generate(self, ids, max_new_tokens, **options)

    def new_cache(self) -> KVCache:
        """An empty cache, for `forward`."""
        return KVCache(len(self.blocks), self.block_size)
