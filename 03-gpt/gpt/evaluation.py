"""How good a model is: its mean loss on a split, where every token is predicted once.

Follows `estimate_loss` of "Let's build GPT" (youtube.com/watch?v=kCc8FmEb1nY, from 40:04), but over
the whole split instead of a few random batches, so two models can be compared to the last digit.
"""

import torch
from torch import nn

from gpt.data import Split

TOKENS = 8192  # in a batch, at most
LOGITS = 50_000_000  # in a batch, at most


@torch.inference_mode()
def estimate_loss(model: nn.Module, split: Split, block_size: int) -> float:
    """The mean loss on the split, in nats per token, without dropout.

    The split is cut into windows of `block_size`, side by side; the last one may be shorter. The
    model sees nothing before its window.
    """
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    n = len(split) - 1  # tokens that have another one before them
    rows = max(1, min(TOKENS, LOGITS // int(model.vocab_size)) // block_size)  # type: ignore[arg-type]
    full = list(range(0, n - block_size + 1, block_size))
    batches = [(full[i : i + rows], block_size) for i in range(0, len(full), rows)]
    if rest := n % block_size:
        batches.append(([n - rest], rest))
    total = 0.0
    for starts, length in batches:
        x, y = split.windows(starts, length)
        _, loss = model(x.to(device), y.to(device))
        total += loss.item() * y.numel()
    model.train(training)
    return total / n
