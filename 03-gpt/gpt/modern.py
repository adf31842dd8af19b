"""The lecture's Transformer with what has been learned since GPT-2; each change is a few lines.

What differs from `model`, in the order of the computation:

- n-gram embeddings: every token brings along what it and the one or two before it mean together.
  These tables have more numbers than the rest of a small model, but are only looked up.
  After the hash embeddings of Pagnoni et al. 2024, "Byte Latent Transformer"
  (arxiv.org/abs/2412.09871)
- RMS norm without weights, instead of layer norm
  (Zhang and Sennrich 2019, arxiv.org/abs/1910.07467)
- rotary positions: queries and keys turn with their place, and no positions are added
  (Su et al. 2021, "RoFormer", arxiv.org/abs/2104.09864; here the slowest turns once in 4,000
  to 5,000 tokens, for contexts are short)
- QK norm: queries and keys are normed, so that scores cannot grow without bounds
  (Henry et al. 2020, arxiv.org/abs/2010.04245)
- ReLU² instead of GELU in the MLP (So et al. 2021, "Primer", arxiv.org/abs/2109.08668)
- no biases (Chowdhery et al. 2022, "PaLM", arxiv.org/abs/2204.02311)
- what adds to the residual stream begins at zero, so that every block begins as the identity
  (Zhang et al. 2019, "Fixup", arxiv.org/abs/1901.09321); so does the output, untied from the
  embedding
- logits are capped softly (Gemma Team 2024, "Gemma 2", arxiv.org/abs/2408.00118)

And it is trained in another way: by Muon, see `optimizers`. `ablate` undoes the changes one by one.
The collection is that of modded-nanogpt (Jordan et al. 2024,
github.com/KellerJordan/modded-nanogpt).
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt.attention import Attend, attend_fused
from gpt.cache import KVCache, LayerCache
from gpt.model import check_sizes

CAP = 15.0  # no logit gets beyond it
LONGEST_NGRAM = 3
N_ROWS = 16384  # vectors in a table of n-grams
PRIME = 1_000_003


class RMSNorm(nn.Module):
    """Every vector scaled to a mean square of 1; nothing to learn."""

    def forward(self, x: Tensor) -> Tensor:
        """`x` and what it returns are (…, channel)."""
        return F.rms_norm(x, x.shape[-1:])


class ReLUSquared(nn.Module):
    """max(0, x)²."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x).square()


class SoftCap(nn.Module):
    """Nearly x for a small x, never beyond ±`cap`."""

    def __init__(self, cap: float) -> None:
        super().__init__()
        self.cap = cap

    def forward(self, x: Tensor) -> Tensor:
        return self.cap * torch.tanh(x / self.cap)


class Rotary(nn.Module):
    """Turns pairs of channels by an angle that grows with the position, each pair at its own rate.

    The product of a query and a key then depends on how far apart they are, not on where.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_size: int, block_size: int) -> None:
        super().__init__()
        half = head_size // 2
        rates = 1024.0 ** -(torch.arange(half) / half)  # radians a position
        angles = torch.arange(block_size)[:, None] * rates  # (T, hs / 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """`x` (batch, head, time, head_size), turned; its first token has the position `start`."""
        cos, sin = (angle[start : start + x.shape[2]] for angle in (self.cos, self.sin))
        a, b = x.chunk(2, 3)
        return torch.cat([a * cos + b * sin, b * cos - a * sin], 3)


class NGramEmbedding(nn.Module):
    """A vector for every run of `n` tokens, found by a hash: some share one."""

    def __init__(self, n: int, n_rows: int, n_embd: int) -> None:
        super().__init__()
        self.n = n
        self.table = nn.Embedding(n_rows, n_embd)
        nn.init.zeros_(self.table.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """From `ids` (batch, LONGEST_NGRAM - 1 + time) to the vectors (batch, time, n_embd).

        The first ids are those before the text, for the runs that begin there.
        """
        time = ids.shape[1] - (LONGEST_NGRAM - 1)
        hashed = torch.zeros_like(ids[:, :time])
        for place in range(LONGEST_NGRAM - self.n, LONGEST_NGRAM):
            hashed = (hashed * PRIME + ids[:, place : place + time] + 1) % self.table.num_embeddings
        return self.table(hashed)


class CausalSelfAttention(nn.Module):
    """All heads side by side, with normed and turned queries and keys."""

    def __init__(self, n_embd: int, n_head: int, rotary: Rotary, dropout: float) -> None:
        super().__init__()
        self.n_head = n_head
        self.query_key_value = nn.Linear(n_embd, 3 * n_embd, bias=False)
        self.qk_norm: nn.Module = RMSNorm()
        self.rotary: nn.Module = rotary
        self.project = nn.Linear(n_embd, n_embd, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.attend: Attend = attend_fused

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """`x` and what it returns are (batch, time, n_embd); `cache` has the tokens before."""
        B, T, C = x.shape  # noqa: N806 (batch, time, channels)
        start = cache.length if cache is not None else 0
        heads = self.query_key_value(x).view(B, T, 3, self.n_head, C // self.n_head)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, H, T, hs)
        query, key = (self.rotary(self.qk_norm(each), start) for each in (query, key))
        if cache is not None:
            key, value = cache.extend(key, value)
        dropout = self.dropout.p if self.training else 0.0
        read = self.attend(query, key, value, dropout)  # (B, H, T, hs)
        read = read.transpose(1, 2).reshape(B, T, C)  # the heads' findings side by side
        return self.dropout(self.project(read))


class MLP(nn.Module):
    """Every token by itself."""

    def __init__(self, n_embd: int, dropout: float) -> None:
        super().__init__()
        self.expand = nn.Linear(n_embd, 4 * n_embd, bias=False)
        self.activation: nn.Module = ReLUSquared()
        self.project = nn.Linear(4 * n_embd, n_embd, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """`x` and what it returns are (batch, time, n_embd)."""
        return self.dropout(self.project(self.activation(self.expand(x))))


class Block(nn.Module):
    """Attention, then MLP; each adds to the residual stream, to begin with nothing."""

    def __init__(self, n_embd: int, n_head: int, rotary: Rotary, dropout: float) -> None:
        super().__init__()
        self.norm1 = RMSNorm()
        self.attention = CausalSelfAttention(n_embd, n_head, rotary, dropout)
        self.norm2 = RMSNorm()
        self.mlp = MLP(n_embd, dropout)
        nn.init.zeros_(self.attention.project.weight)
        nn.init.zeros_(self.mlp.project.weight)

    def forward(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
        """`x` and what it returns are (batch, time, n_embd)."""
        x = x + self.attention(self.norm1(x), cache)
        return x + self.mlp(self.norm2(x))


class Modern(nn.Module):
    """The modern model. Raises `ValueError` for sizes that do not go together."""

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
        sizes = {"block_size": block_size, "n_layer": n_layer, "n_head": n_head, "n_embd": n_embd}
        check_sizes(vocab_size, dropout, **sizes)
        self.sizes: dict[str, Any] = {**sizes, "dropout": dropout}
        head_size = n_embd // n_head
        if head_size % 2:
            raise ValueError(f"n_embd / n_head must be even to be turned in pairs, not {head_size}")
        self.vocab_size = vocab_size
        self.block_size = block_size
        self.token_embedding = nn.Embedding(vocab_size, n_embd)
        orders = range(2, LONGEST_NGRAM + 1)
        self.ngrams = nn.ModuleList(NGramEmbedding(n, N_ROWS, n_embd) for n in orders)
        self.norm_in = RMSNorm()
        self.dropout = nn.Dropout(dropout)
        rotary = Rotary(head_size, block_size)
        blocks = nn.ModuleList(Block(n_embd, n_head, rotary, dropout) for _ in range(n_layer))
        self.blocks: Sequence[Block] = blocks  # type: ignore[assignment]
        self.norm_out = RMSNorm()
        self.output = nn.Linear(n_embd, vocab_size, bias=False)
        nn.init.zeros_(self.output.weight)
        self.cap: nn.Module = SoftCap(CAP)

    def forward(self, ids: Tensor, cache: KVCache | None = None) -> Tensor:
        """Logits (batch, time, vocab) for the token after each of `ids` (batch, time).

        With a `cache`, the ids go on from those it has, and are added to it. Raises `ValueError`
        when they are more than `block_size` together.
        """
        start, time = len(cache) if cache is not None else 0, ids.shape[1]
        if start + time > self.block_size:
            raise ValueError(f"{start + time} tokens are more than the context, {self.block_size}")
        before = cache.ids if cache is not None else None
        if before is None:  # nothing, which the n-grams know as -1
            before = ids.new_full((ids.shape[0], LONGEST_NGRAM - 1), -1)
        with_before = torch.cat([before, ids], 1)  # (B, LONGEST_NGRAM - 1 + T)
        if cache is not None:
            cache.ids = with_before[:, 1 - LONGEST_NGRAM :]
        x = self.token_embedding(ids)
        for ngram in self.ngrams:
            x = x + ngram(with_before)  # (B, T, C)
        x = self.dropout(self.norm_in(x))
        for i, block in enumerate(self.blocks):
            x = block(x, cache.layers[i] if cache is not None else None)
        return self.cap(self.output(self.norm_out(x)))  # (B, T, V)
