"""One measure for all models: the cross-entropy, or mean negative log-likelihood of a character.

It is in nats: a model that gives every next character the probability 1/27 has a loss of
log 27 = 3.30. e to the loss is the perplexity; divided by log 2, the loss is in bits. Follows
makemore, from lecture 2 on (youtube.com/watch?v=PaCmpygFfXo, from 50:14).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.words import PADDING, trim

CHUNK = 16_384  # ids that are evaluated together


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """The mean loss of the targets `y`, of any shape, for logits (…, vocab); without PADDING."""
    return F.cross_entropy(logits.flatten(0, -2), y.flatten(), ignore_index=PADDING)


@torch.no_grad()
def estimate_loss(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The mean loss over all examples, in nats per character, without dropout."""
    training = model.training
    model.eval()
    total = 0.0
    size = max(1, CHUNK // x.shape[1])
    for some_x, some_y in zip(x.split(size), y.split(size)):
        _, loss = model(*trim(some_x, some_y))
        total += loss.item() * int((some_y != PADDING).sum())
    model.train(training)
    return total / int((y != PADDING).sum())


def perplexity(loss: float) -> float:
    """How many equally likely characters would be as hard to predict."""
    return math.exp(loss) if loss < 700 else math.inf
