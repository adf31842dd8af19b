"""Lecture 7, "Let's build GPT": from a bigram to a Transformer, one piece at a time.

Follows youtube.com/watch?v=kCc8FmEb1nY in its order and with its names. Each stage keeps all that
came before it and adds one piece (`residual` also stacks and widens):

    22:11    bigram       a table: the next token from the current one alone
    1:19:11  head         one head of self-attention: each token gathers from those before it
    1:21:59  heads        several smaller heads side by side
    1:24:25  feedforward  each token thinks about what it has seen
    1:26:48  residual     blocks of both, each adding to its input, so that they can be stacked
    1:32:51  layernorm    layer norm before each part, and after the last block
    1:37:49  dropout      less overfitting, for the larger model that the lecture ends with

`LectureGPT(..., stage="heads")` is the model as it stands at that minute; its constructor has a
line or two for every stage. Left out: careful initialization, and speed, since the heads run one
after another. GPT-2 has both.
"""

from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Stage = Literal["bigram", "head", "heads", "feedforward", "residual", "layernorm", "dropout"]
STAGES: tuple[Stage, ...] = get_args(Stage)


class Embeddings(nn.Module):
    """Token plus position (1:00:18): attention by itself does not know where a token stands."""

    def __init__(self, vocab_size: int, block_size: int, n_embd: int) -> None:
        super().__init__()
        self.token_embedding_table = nn.Embedding(vocab_size, n_embd)
        self.position_embedding_table = nn.Embedding(block_size, n_embd)

    def forward(self, ids: Tensor) -> Tensor:
        """From `ids` (B, T) to (B, T, C)."""
        tok_emb = self.token_embedding_table(ids)  # (B, T, C)
        positions = torch.arange(ids.shape[1], device=ids.device)  # (T,)
        pos_emb = self.position_embedding_table(positions)  # (T, C)
        return tok_emb + pos_emb  # (B, T, C) + (T, C): the same positions for all of the batch


class Head(nn.Module):
    """One head of self-attention (1:19:11): each token gathers from itself and those before it."""

    tril: Tensor

    def __init__(self, n_embd: int, head_size: int, block_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        # A buffer moves to the GPU with the module, but is not trained; nor need it be saved.
        tril = torch.tril(torch.ones(block_size, block_size, dtype=torch.bool))
        self.register_buffer("tril", tril, persistent=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """From `x` (B, T, C) to (B, T, head_size)."""
        T = x.shape[1]  # noqa: N806 (the lecture's name)
        q = self.query(x)  # (B, T, hs) what I am looking for
        k = self.key(x)  # (B, T, hs) what I contain
        v = self.value(x)  # (B, T, hs) what I pass on to those who find me interesting
        # The variance of a dot product grows with head_size. Unscaled, the softmax would be so
        # sharp that each token listens to only one other, and hardly any gradient gets through.
        # (The video scales by n_embd ** -0.5, a slip that its repository has since corrected.)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5  # (B, T, hs) @ (B, hs, T) -> (B, T, T)
        # Mask before the softmax: zeros put in after it would leave rows that do not sum to 1.
        wei = wei.masked_fill(~self.tril[:T, :T], float("-inf"))  # no looking into the future
        wei = F.softmax(wei, dim=-1)  # (B, T, T) row t: how much token t takes from each
        wei = self.dropout(wei)
        return wei @ v  # (B, T, T) @ (B, T, hs) -> (B, T, hs)


class MultiHeadAttention(nn.Module):
    """Several heads in parallel (1:21:59), each looking for something else, side by side.

    A head has n_embd / n_head channels, so all of them have as many parameters as one of n_embd.
    """

    def __init__(self, n_embd: int, n_head: int, block_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        head_size = n_embd // n_head
        self.heads = nn.ModuleList(
            Head(n_embd, head_size, block_size, dropout) for _ in range(n_head)
        )

    def forward(self, x: Tensor) -> Tensor:
        """`x` and what it returns are (B, T, C)."""
        return torch.cat([head(x) for head in self.heads], dim=-1)  # n_head times (B, T, hs)


class FeedForward(nn.Module):
    """A layer and a ReLU for each token by itself (1:24:25): first they talk, then they think."""

    def __init__(self, n_embd: int, n_hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_embd, n_hidden), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """From `x` (B, T, C) to (B, T, n_hidden)."""
        return self.net(x)


class Block(nn.Module):
    """Communication, then computation, each *added* to its input (residual connections, 1:26:48).

    An addition passes the gradient on as it is, so it reaches every block, however many there are.
    `norm` is layer norm (1:32:51), or `nn.Identity` until the lecture comes to it.
    """

    def __init__(
        self,
        n_embd: int,
        n_head: int,
        block_size: int,
        dropout: float = 0.0,
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.ln1 = norm(n_embd)
        self.sa = nn.Sequential(
            MultiHeadAttention(n_embd, n_head, block_size, dropout),
            nn.Linear(n_embd, n_embd),  # the projection back into the residual stream
            nn.Dropout(dropout),
        )
        self.ln2 = norm(n_embd)
        self.ffwd = nn.Sequential(
            FeedForward(n_embd, 4 * n_embd),  # wider inside, as in "Attention Is All You Need"
            nn.Linear(4 * n_embd, n_embd),  # the projection
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`x` and what it returns are (B, T, C)."""
        # Pre-norm: the paper normalizes after the addition; here nothing stands between x and x.
        x = x + self.sa(self.ln1(x))
        x = x + self.ffwd(self.ln2(x))
        return x


class LectureGPT(nn.Module):
    """The lecture's model at one of its stages; the earlier ones ignore some of the sizes.

    Raises `ValueError` for an unknown stage, or if n_embd is not a multiple of n_head.
    """

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        n_layer: int,
        n_head: int,
        n_embd: int,
        dropout: float = 0.0,
        stage: Stage = "dropout",
    ) -> None:
        super().__init__()
        if n_embd % n_head:
            raise ValueError(f"n_embd must be a multiple of n_head ({n_head}), not {n_embd}")
        self.vocab_size = vocab_size
        self.block_size = block_size
        self.sizes: dict[str, Any] = {
            "block_size": block_size, "n_layer": n_layer, "n_head": n_head, "n_embd": n_embd,
            "dropout": dropout, "stage": stage,
        }  # fmt: skip
        embeddings = Embeddings(vocab_size, block_size, n_embd)
        size = n_embd, n_head, block_size
        lm_head = nn.Linear(n_embd, vocab_size)
        layers: tuple[nn.Module, ...]
        match stage:
            case "bigram":  # a row of logits for each token, looked up
                layers = (nn.Embedding(vocab_size, vocab_size),)
            case "head":  # as wide as all of the heads that follow
                layers = embeddings, Head(n_embd, n_embd, block_size), lm_head
            case "heads":
                layers = embeddings, MultiHeadAttention(*size), lm_head
            case "feedforward":
                layers = embeddings, MultiHeadAttention(*size), FeedForward(n_embd, n_embd), lm_head
            case "residual":
                blocks = [Block(*size, norm=nn.Identity) for _ in range(n_layer)]
                layers = embeddings, *blocks, lm_head
            case "layernorm":
                blocks = [Block(*size) for _ in range(n_layer)]
                layers = embeddings, *blocks, nn.LayerNorm(n_embd), lm_head
            case "dropout":
                blocks = [Block(*size, dropout) for _ in range(n_layer)]
                layers = embeddings, *blocks, nn.LayerNorm(n_embd), lm_head
            case _:
                raise ValueError(f"stage must be one of {', '.join(STAGES)}, not {stage!r}")
        self.layers = nn.Sequential(*layers)

    def forward(self, ids: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (B, T, V) for the token after each of `ids` (B, T), and the mean loss in nats.

        `targets` (B, T) are the tokens that do come next; without them the loss is None.
        """
        logits = self.layers(ids)  # (B, T) -> (B, T, V)
        if targets is None:
            return logits, None
        B, T, V = logits.shape  # noqa: N806
        # cross_entropy expects the classes in the second dimension; here that is T.
        loss = F.cross_entropy(logits.view(B * T, V), targets.reshape(B * T))
        return logits, loss

    @torch.no_grad()
    def generate(
        self, ids: Tensor, max_new_tokens: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """`ids` (B, T) with `max_new_tokens` sampled tokens appended: (B, T + max_new_tokens).

        Call `eval()` before, or dropout stays on.
        """
        for _ in range(max_new_tokens):
            context = ids[:, -self.block_size :]  # there are no positions beyond block_size
            logits, _ = self(context)
            logits = logits[:, -1]  # (B, V), at the last position only
            probs = F.softmax(logits, dim=-1)  # (B, V)
            next_id = torch.multinomial(probs, num_samples=1, generator=generator)  # (B, 1)
            ids = torch.cat([ids, next_id], dim=1)  # (B, T + 1)
        return ids
