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


def negative_log_likelihood(probs: Tensor, y: Tensor) -> Tensor:
    """The mean of -log p, where p is what `probs` (n, vocab) gives to each target of `y` (n,)."""
    return -probs[range(len(y)), y].log().mean()


def plain_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """The same from logits (n, vocab), whose softmax is the probabilities; it does not overflow."""
    # Subtracting a number from a whole row changes no probability. Now exp is at most 1, and the
    # sum at least 1. No probability is computed, since one could be too small for its logarithm.
    logits = logits - logits.max(1, keepdim=True).values
    logprobs = logits - logits.exp().sum(1, keepdim=True).log()
    return -logprobs[range(len(y)), y].mean()


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """The same by PyTorch, and faster: for `y` of any shape, logits (…, vocab), without PADDING."""
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
