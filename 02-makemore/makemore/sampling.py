"""New words: ask the model for the next character, draw one, append it, ask again.

Follows every part of makemore; temperature and top-k are those of makemore.py
(github.com/karpathy/makemore). All words are written at the same time, a character each.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from makemore.words import END

AT_ONCE = 1000  # words that are written at the same time
HOTTEST = 1e6  # above it, and below its inverse, a temperature changes nothing any more
COLDEST = 1 / HOTTEST


@torch.no_grad()
def sample(
    model: nn.Module,
    count: int,
    longest: int,
    seed: int,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> list[list[int]]:
    """The ids of `count` words, each cut after `longest` characters; the same for the same seed.

    A temperature below 1 favours what is likely, and 0 takes nothing else; above 1 all becomes
    more alike. `top_k` lets only the k likeliest characters into the draw.
    Raises `ValueError` for an impossible temperature, or a top-k, count or longest below 1.
    """
    if not 0 <= temperature <= HOTTEST:
        raise ValueError(f"temperature must be from 0 to {HOTTEST:g}, not {temperature}")
    for name, value in (("count", count), ("longest", longest), ("top_k", top_k)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    generator = torch.Generator().manual_seed(seed)
    training = model.training
    model.eval()
    words: list[list[int]] = []
    while len(words) < count:
        few = min(count - len(words), AT_ONCE)
        words += _write(model, few, longest, generator, temperature, top_k)
    model.train(training)
    return words


def _write(
    model: nn.Module,
    count: int,
    longest: int,
    generator: torch.Generator,
    temperature: float,
    top_k: int | None,
) -> list[list[int]]:
    """`count` words, a character each at a time, until all are over."""
    x = torch.full((count, 1), END)  # (running words, time)
    running = torch.arange(count)  # which word each row is
    words: list[list[int]] = [[]] * count
    for length in range(longest + 1):
        over = torch.ones(len(x), dtype=torch.bool)
        if length < longest:
            ids = draw(model(x)[:, -1], generator, temperature, top_k)
            over = ids == END
        for i, word in zip(running[over].tolist(), x[over, 1:].tolist()):
            words[i] = word
        if over.all():
            break
        running, x = running[~over], torch.cat([x, ids.unsqueeze(1)], 1)[~over]
    return words


def draw(
    logits: Tensor, generator: torch.Generator, temperature: float, top_k: int | None
) -> Tensor:
    """An id (batch,) from the distribution of each row of logits (batch, vocab)."""
    if temperature == 0:
        return logits.argmax(1)
    if top_k is not None and top_k < logits.shape[1]:
        likeliest = logits.topk(top_k)
        nothing = torch.full_like(logits, -torch.inf)
        logits = nothing.scatter(1, likeliest.indices, likeliest.values)
    below = (logits - logits.max(1, keepdim=True).values).double()  # so that no division overflows
    weights = (below / max(temperature, COLDEST)).softmax(1)
    return torch.multinomial(weights, 1, generator=generator).squeeze(1)


@dataclass(frozen=True)
class Origins:
    """Tells whether a word is new, or one of those that the model was trained or tuned on."""

    train: frozenset[str]
    dev: frozenset[str]

    @classmethod
    def of(cls, train: Iterable[str], dev: Iterable[str]) -> "Origins":
        return cls(frozenset(train), frozenset(dev))

    def of_word(self, word: str) -> str:
        """Where a word is: "train", "dev" (and not in train), or "new"."""
        return "train" if word in self.train else "dev" if word in self.dev else "new"

    def shares(self, words: list[str]) -> str:
        """The share of each origin among the words, as a line of text."""
        counts = Counter(map(self.of_word, words))
        return ", ".join(f"{counts[o] / len(words):.1%} {o}" for o in ("train", "dev", "new"))
