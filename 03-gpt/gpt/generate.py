"""Writing: draw a token from the model's distribution, add it to the text, again and again.

Follows `generate` of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 22:11). Beside it
stand the usual ways to draw: temperature; top-k (Fan et al. 2018, arxiv.org/abs/1805.04833);
top-p (Holtzman et al. 2019, arxiv.org/abs/1904.09751).

A model sees no more than its context. When that is full, the older half of it is let go and the
model reads the newer half anew, with positions that begin at 0: then there is room for as many
tokens again, and what the cache remembers is what the model would compute without it.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from gpt.cache import KVCache


def probabilities(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The distribution to draw from, (vocab,), given the model's logits (vocab,).

    `temperature` below 1 favours what is likely, 0 leaves the one likeliest token. `top_k` keeps
    the so many likeliest, `top_p` the fewest that together have at least this probability.
    """
    logits = logits.float()
    if temperature == 0:
        return torch.zeros_like(logits).index_fill(0, logits.argmax(), 1.0)
    logits = (logits - logits.max()) / temperature
    if top_k is not None and top_k < len(logits):
        least = logits.topk(top_k).values[-1]
        logits = logits.masked_fill(logits < least, -torch.inf)
    chances = logits.softmax(0)
    if top_p is not None:
        ordered, order = chances.sort(descending=True, stable=True)
        before = ordered.cumsum(0) - ordered  # of all that are likelier
        chances = chances.index_fill(0, order[before >= top_p], 0.0)
    return chances / chances.sum()


def generate(
    model: nn.Module,
    ids: Sequence[int],
    count: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 1337,
    use_cache: bool = True,
) -> Iterator[int]:
    """Yield `count` tokens that go on from `ids`, which must not be empty.

    Every draw depends on the seed and on the logits alone. Raises `ValueError` for a temperature,
    `top_k` or `top_p` that makes no distribution.
    """
    if not ids:
        raise ValueError("there is nothing to go on from; give at least one token")
    check_draw(temperature, top_k, top_p)
    block_size = int(model.block_size)  # type: ignore[arg-type]
    device = next(model.parameters()).device
    draw = torch.Generator().manual_seed(seed)
    window = list(ids)[-block_size:]
    cache = None
    new = window
    for _ in range(count):
        if len(window) > block_size:
            window = window[-max(1, block_size // 2) :]
            cache = None
        if cache is None or not use_cache:
            new = window
            cache = new_cache(model) if use_cache else None
        with torch.inference_mode():
            logits = next_logits(model, torch.tensor([new], device=device), cache)
        chances = probabilities(logits.cpu(), temperature, top_k, top_p)
        token = int(torch.multinomial(chances, 1, generator=draw))
        yield token
        window.append(token)
        new = [token]


def next_logits(model: nn.Module, ids: Tensor, cache: KVCache | None) -> Tensor:
    """The logits (vocab,) for the token after `ids` (1, time)."""
    logits: Tensor = model(ids) if cache is None else model(ids, cache)
    return logits[0, -1]


def new_cache(model: nn.Module) -> KVCache | None:
    """An empty cache for this model; None for one without attention."""
    blocks = getattr(model, "blocks", None)
    return KVCache(len(blocks), int(model.block_size)) if blocks is not None else None  # type: ignore[arg-type]


def check_draw(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise `ValueError` for what makes no distribution."""
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"temperature must be a number from 0 up, not {temperature:g}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top-k must be at least 1, not {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top-p must be above 0 and at most 1, not {top_p:g}")
