"""GPT-2 with what has been learned since; each change is a few lines.

What differs from `gpt2`, in the order of the computation:

- n-gram embeddings: each token comes with what it and the one or two before it mean together. The
  tables have more parameters than the rest of a small model, but are only looked up. After the hash
  embeddings of Pagnoni et al. 2024, "Byte Latent Transformer" (arxiv.org/abs/2412.09871). They
  overfit first, so they, and nothing else, have dropout (Srivastava et al. 2014,
  jmlr.org/papers/v15/srivastava14a.html)
- RMS norm without weights instead of layer norm (Zhang and Sennrich 2019, arxiv.org/abs/1910.07467)
- rotary positions: queries and keys are rotated by their position, and no positions are added
  (Su et al. 2021, "RoFormer", arxiv.org/abs/2104.09864)
- QK norm: queries and keys are normalized, so that scores cannot grow without bounds
  (Henry et al. 2020, arxiv.org/abs/2010.04245)
- ReLU² instead of GELU in the MLP (So et al. 2021, "Primer", arxiv.org/abs/2109.08668)
- the output has weights of its own, untied from the embedding

It is trained by Muon, see `optimizers`. `ablate` undoes the changes one by one. The collection is
that of modded-nanogpt (Jordan et al. 2024, github.com/KellerJordan/modded-nanogpt), less what was
not worth its lines in a model of this size: no biases, zero-initialized projections, and capped
logits changed the loss by less than 0.01.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt.attention import Attend, attend_fused
from gpt.cache import KVCache, LayerCache
from gpt.generate import generate

Map = Callable[[Tensor], Tensor]
LONGEST_NGRAM = 3
N_ROWS = 16384  # vectors in a table of n-grams
PRIME = 1_000_003  # of the hash
THETA = 1024.0  # the slowest pair turns once in 4,000 to 5,000 tokens: contexts here are short


def norm(x: Tensor) -> Tensor:
    """RMS norm: each vector of `x` (…, channel) scaled to a mean square of 1."""
    return F.rms_norm(x, x.shape[-1:])


def relu_squared(x: Tensor) -> Tensor:
    """max(0, x)²."""
    return F.relu(x).square()


class Rotary(nn.Module):
    """Rotates pairs of channels by an angle proportional to the position, each at its own rate.

    The product of a query and a key then depends on their distance, not on where they are.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_size: int, block_size: int) -> None:
        super().__init__()
        half = head_size // 2
        rates = THETA ** -(torch.arange(half) / half)  # radians per position
        angles = torch.arange(block_size)[:, None] * rates  # (T, hs / 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """Rotate `x` (batch, head, time, head_size), whose first token is at position `start`."""
        cos, sin = (angle[start : start + x.shape[2]] for angle in (self.cos, self.sin))
        a, b = x.chunk(2, 3)
        return torch.cat([a * cos + b * sin, b * cos - a * sin], 3)


class NGramEmbedding(nn.Module):
    """A vector for every run of `n` tokens, found by a hash, so that some share one.

    `dropout` zeroes whole vectors in training: a table could otherwise learn the text by heart.
    """

    def __init__(self, n: int, n_rows: int, n_embd: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.n = n
        self.table = nn.Embedding(n_rows, n_embd)
        nn.init.zeros_(self.table.weight)
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, LONGEST_NGRAM - 1 + time) ids to (batch, time, n_embd).

        The first ids are those before the text, for the runs that begin there.
        """
        time = ids.shape[1] - (LONGEST_NGRAM - 1)
        hashed = torch.zeros_like(ids[:, :time])
        for place in range(LONGEST_NGRAM - self.n, LONGEST_NGRAM):
            hashed = (hashed * PRIME + ids[:, place : place + time] + 1) % self.table.num_embeddings
        return self.dropout(self.table(hashed))


class CausalSelfAttention(nn.Module):
    """All heads side by side, with normalized and rotated queries and keys."""

    def __init__(self, n_embd: int, n_head: int, rotary: Rotary) -> None:
        super().__init__()
        self.n_head = n_head
        self.query_key_value = nn.Linear(n_embd, 3 * n_embd)
        self.qk_norm: Map = norm
        self.rotary: nn.Module = rotary
        self.project = nn.Linear(n_embd, n_embd)
        self.attend: Attend = attend_fused

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """(batch, time, n_embd) -> the same shape; `cache` has the tokens before."""
        B, T, C = x.shape  # noqa: N806 (batch, time, channels)
        start = cache.length if cache is not None else 0
        heads = self.query_key_value(x).view(B, T, 3, self.n_head, C // self.n_head)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, H, T, hs)
        query, key = (self.rotary(self.qk_norm(each), start) for each in (query, key))
        if cache is not None:
            key, value = cache.extend(key, value)
        y = self.attend(query, key, value, 0.0)  # (B, H, T, hs)
        return self.project(y.transpose(1, 2).reshape(B, T, C))  # concatenate the heads


class MLP(nn.Module):
    """Every token by itself."""

    def __init__(self, n_embd: int) -> None:
        super().__init__()
        self.expand = nn.Linear(n_embd, 4 * n_embd)
        self.activation: Map = relu_squared
        self.project = nn.Linear(4 * n_embd, n_embd)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, n_embd) -> the same shape."""
        return self.project(self.activation(self.expand(x)))


class Block(nn.Module):
    """Attention, then MLP; each adds to the residual stream."""

    def __init__(self, n_embd: int, n_head: int, rotary: Rotary) -> None:
        super().__init__()
        self.attention = CausalSelfAttention(n_embd, n_head, rotary)
        self.mlp = MLP(n_embd)

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """(batch, time, n_embd) -> the same shape."""
        x = x + self.attention(norm(x), cache)
        return x + self.mlp(norm(x))


class Modern(nn.Module):
    """The modern model, with random weights; `n_embd / n_head` must be a whole even number."""

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
        orders = range(2, LONGEST_NGRAM + 1)
        self.ngrams = nn.ModuleList(NGramEmbedding(n, N_ROWS, n_embd, dropout) for n in orders)
        rotary = Rotary(n_embd // n_head, block_size)
        blocks = nn.ModuleList(Block(n_embd, n_head, rotary) for _ in range(n_layer))
        self.blocks: Sequence[Block] = blocks  # type: ignore[assignment]
        self.output = nn.Linear(n_embd, vocab_size)

    def forward(
        self, ids: Tensor, targets: Tensor | None = None, *, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (batch, time, vocab) after each of `ids` (batch, time); the loss, given targets.

        With a `cache`, `ids` continue the tokens in it, and are added to it. Raises `ValueError` if
        they are more than `block_size` together.
        """
        start, time = len(cache) if cache is not None else 0, ids.shape[1]
        if start + time > self.block_size:
            raise ValueError(f"{start + time} tokens are more than the context, {self.block_size}")
        before = cache.ids if cache is not None else None
        if before is None:  # the text begins here, which n-grams see as -1
            before = ids.new_full((ids.shape[0], LONGEST_NGRAM - 1), -1)
        with_before = torch.cat([before, ids], 1)  # (B, LONGEST_NGRAM - 1 + T)
        if cache is not None:
            cache.ids = with_before[:, 1 - LONGEST_NGRAM :]
        x = self.token_embedding(ids)  # (B, T, C)
        for ngram in self.ngrams:
            x = x + ngram(with_before)
        x = norm(x)
        for i, block in enumerate(self.blocks):
            x = block(x, cache.layers[i] if cache is not None else None)
        logits = self.output(norm(x))  # (B, T, C) -> (B, T, V)
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def generate(self, ids: Tensor, max_new_tokens: int, **options: Any) -> Tensor:
        """Continue `ids` (batch, time) by `max_new_tokens`; see `gpt.generate` for the options."""
        return generate(self, ids, max_new_tokens, **options)

    def new_cache(self) -> KVCache:
        """An empty cache, for `forward`."""
        return KVCache(len(self.blocks), self.block_size)
