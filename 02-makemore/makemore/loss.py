"""One measure for all models: the negative log-likelihood of a character, in nats.

How surprised a model is by the character that comes: the logarithm of how many equally likely
choices it would be like. e to that number is the perplexity; divided by log 2 it is bits.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.words import PADDING, inputs_and_targets, lengths_of

CHUNK = 16_384  # characters that are evaluated together


def nats(logits: Tensor, targets: Tensor) -> Tensor:
    """The nats of every target (batch, time), from logits (batch, time, vocab); 0 for PADDING."""
    flat = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=PADDING, reduction="none"
    )
    return flat.view_as(targets)


@torch.no_grad()
def word_nats(model: nn.Module, rows: Tensor) -> Tensor:
    """The nats of each word (word,), the END included, in evaluation mode."""
    training = model.training
    model.eval()
    result = torch.empty(len(rows))
    lengths = lengths_of(rows)
    size = max(1, CHUNK // int(lengths.max()))
    for chunk in lengths.argsort().split(size):  # words of about the same length together
        x, y = inputs_and_targets(rows[chunk])
        result[chunk] = nats(model(x), y).sum(1)
    model.train(training)
    return result


def mean_nats(model: nn.Module, rows: Tensor) -> float:
    """Nats per character, over all characters of all words and the END of each."""
    return word_nats(model, rows).double().sum().item() / int(lengths_of(rows).sum())


def perplexity(nats: float) -> float:
    """How many equally likely characters would be as hard to predict: e to the nats."""
    return math.exp(nats) if nats < 700 else math.inf
