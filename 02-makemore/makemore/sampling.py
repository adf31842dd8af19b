"""New words: ask the model for the next character, draw one, append it, and ask again.

Follows makemore (lecture 2: youtube.com/watch?v=PaCmpygFfXo, from 24:02; lecture 3:
youtube.com/watch?v=TCH_1BHY58I, from 1:13:24). Temperature and top-k are those of makemore.py
(github.com/karpathy/makemore).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models.mlp import WindowModel
from makemore.words import END


@torch.no_grad()
def sample(
    model: nn.Module,
    count: int,
    longest: int = 40,
    generator: torch.Generator | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> list[list[int]]:
    """The ids of `count` new words, each cut after `longest` characters.

    A `temperature` below 1 favors likely characters; 0 takes the most likely one. `top_k` samples
    from the k most likely characters only. `generator` makes the draws, on the CPU, so that they
    are the same on every device.
    """
    training = model.training
    model.eval()
    device = next(iter(model.state_dict().values())).device
    x = torch.full((count, 1), END, device=device)  # (words, time), of those that are not over
    running = list(range(count))  # which words they are
    words: list[list[int]] = [[] for _ in range(count)]
    for _ in range(longest):
        logits = next_logits(model, x)  # (words, V)
        probs = probabilities(logits.cpu(), temperature, top_k)
        ix = torch.multinomial(probs, 1, generator=generator)  # (words, 1)
        for i, character in zip(running, ix[:, 0].tolist()):
            if character != END:
                words[i].append(character)
        goes_on = ix[:, 0] != END
        running = [i for i, on in zip(running, goes_on.tolist()) if on]
        if not running:
            break
        x = torch.cat([x, ix.to(device)], 1)[goes_on.to(device)]
    model.train(training)
    return words


def next_logits(model: nn.Module, x: Tensor) -> Tensor:
    """Logits (batch, vocab) for the id that follows the words so far, `x` (batch, time)."""
    if isinstance(model, WindowModel):
        context = F.pad(x, (model.block_size, 0), value=END)[:, -model.block_size :]
        logits, _ = model(context)  # (B, V)
        return logits
    logits, _ = model(x)  # (B, T, V)
    return logits[:, -1]


def probabilities(logits: Tensor, temperature: float = 1.0, top_k: int | None = None) -> Tensor:
    """The distributions to draw from, (batch, vocab)."""
    if temperature == 0:
        top_k, temperature = 1, 1.0
    if top_k is not None and top_k < logits.shape[1]:
        likely = logits.topk(top_k)
        logits = torch.full_like(logits, -torch.inf).scatter(1, likely.indices, likely.values)
    logits = logits.double() - logits.max(1, keepdim=True).values  # at most 0, so none overflows
    return (logits / temperature).softmax(1)


@dataclass(frozen=True)
class Origins:
    """Tells whether a word is new, or one of those that the model was trained or tuned on."""

    train: frozenset[str]
    dev: frozenset[str]

    @classmethod
    def of(cls, train: Iterable[str], dev: Iterable[str]) -> "Origins":
        return cls(frozenset(train), frozenset(dev))

    def of_word(self, word: str) -> str:
        """Where a word is from: "train", "dev" (and not in train), or "new"."""
        return "train" if word in self.train else "dev" if word in self.dev else "new"

    def shares(self, words: list[str]) -> str:
        """The share of each origin among the words, as a line of text."""
        counts = Counter(map(self.of_word, words))
        return ", ".join(f"{counts[o] / len(words):.1%} {o}" for o in ("train", "dev", "new"))
