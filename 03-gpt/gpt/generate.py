"""Sampling: draw the next token from the model's distribution, append it, and repeat.

Follows `generate` of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 22:11), and adds the
usual ways to shape the distribution: temperature; top-k (Fan et al. 2018,
arxiv.org/abs/1805.04833); top-p (Holtzman et al. 2019, arxiv.org/abs/1904.09751).

A model sees no more than its context. When that is full, the older half is dropped and the newer
half is read again at positions from 0 on; then there is room for as many new tokens. So the text is
the same with and without a KV cache.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def sampling_probabilities(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The distributions to draw from, (batch, vocab), for `logits` (batch, vocab).

    A `temperature` below 1 favors likely tokens; 0 leaves the most likely one. `top_k` keeps the k
    most likely tokens, `top_p` the fewest that together have at least this probability.
    """
    logits = logits.float()
    if temperature == 0:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1.0)
    logits = logits - logits.max(1, keepdim=True).values  # for temperatures near 0
    probabilities = distribution(logits, temperature, top_k)
    return probabilities if top_p is None else nucleus(probabilities, top_p)


def distribution(logits: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """The softmax of `logits` (batch, vocab) / `temperature`, over the `top_k` largest if given."""
    logits = logits / temperature
    if top_k is not None and top_k < logits.shape[1]:
        least = logits.topk(top_k).values[:, -1:]  # (B, 1)
        logits = logits.masked_fill(logits < least, -torch.inf)
    return F.softmax(logits, dim=1)


def nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """The fewest of the likeliest tokens that have `top_p` together; the others get 0."""
    ordered, order = probabilities.sort(dim=1, descending=True, stable=True)
    before = ordered.cumsum(1) - ordered  # what the likelier tokens have
    kept = ordered.masked_fill(before >= top_p, 0.0)
    kept = torch.zeros_like(kept).scatter_(1, order, kept)  # in the order of the vocabulary
    return kept / kept.sum(1, keepdim=True)


def stream(
    model: nn.Module,
    ids: Tensor,
    max_new_tokens: int,
    *,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    **sampling: Any,
) -> Iterator[Tensor]:
    """Yield the tokens that continue `ids` (batch, time), one at a time, as (batch, 1).

    `generator` makes the draws, on the CPU, so that they are the same on every device. `sampling`
    are the options of `sampling_probabilities`.
    """
    block_size = int(model.block_size)  # type: ignore[arg-type]
    use_cache = use_cache and hasattr(model, "new_cache")
    window = new = ids[:, -block_size:]
    cache = None
    for _ in range(max_new_tokens):
        if window.shape[1] > block_size:
            window = window[:, -max(1, block_size // 2) :]
            cache = None
        with torch.inference_mode():
            if use_cache:
                if cache is None:
                    cache, new = model.new_cache(), window  # type: ignore[operator]
                logits, _ = model(new, cache=cache)
            else:
                logits, _ = model(window)
        probabilities = sampling_probabilities(logits[:, -1].cpu(), **sampling)
        new = torch.multinomial(probabilities, 1, generator=generator).to(ids.device)  # (B, 1)
        window = torch.cat([window, new], 1)
        yield new


def generate(model: nn.Module, ids: Tensor, max_new_tokens: int, **options: Any) -> Tensor:
    """`ids` (batch, time), continued: (batch, time + max_new_tokens). For options, see `stream`."""
    return torch.cat([ids, *stream(model, ids, max_new_tokens, **options)], 1)
