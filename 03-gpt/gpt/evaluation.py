"""How good a model is: its mean loss on a split, each token predicted once.

Follows `estimate_loss` of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 40:04), but for
the whole split instead of some random batches, so two models can be compared to the last digit.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt.data import Split

TOKENS = 8192  # looked at together, at most
LOGITS = 50_000_000  # made together, at most


def nats(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean loss, in nats per token: cross-entropy of logits (…, vocab) with targets (…)."""
    return F.cross_entropy(logits.flatten(0, -2).float(), targets.flatten())


@torch.inference_mode()
def total_nats(
    model: nn.Module, split: Split, block_size: int, part: int = 0, parts: int = 1
) -> tuple[float, int]:
    """The sum of the losses over a part of the split, in nats, and how many tokens that is.

    The split is cut into windows of `block_size` side by side, the last one perhaps shorter. The
    model sees no more than what its window has before the token.
    """
    device = next(model.parameters()).device
    starts = list(range(0, len(split) - 1, block_size))
    last = starts.pop() if (len(split) - 1) % block_size else None
    mine = starts[part::parts]
    total, count = 0.0, 0
    training = model.training
    model.eval()
    vocab_size = int(model.vocab_size)  # type: ignore[arg-type]
    rows = max(1, min(TOKENS, LOGITS // vocab_size) // block_size)
    batches = [(mine[i : i + rows], block_size) for i in range(0, len(mine), rows)]
    if last is not None and part == 0:
        batches.append(([last], len(split) - 1 - last))
    for windows, length in batches:
        x, y = split.windows(windows, length)
        loss = nats(model(x.to(device)), y.to(device))
        total += loss.item() * y.numel()
        count += y.numel()
    model.train(training)
    return total, count
