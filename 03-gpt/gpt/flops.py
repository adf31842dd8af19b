"""How many operations a training step takes, and how many a second the machine could do.

The count of Chowdhery et al. 2022, "PaLM" (arxiv.org/abs/2204.02311, appendix B): six operations
a token for every weight of a matrix, forward and backward together, and attention's products
besides. Tables that are only looked up cost nothing.
"""

import time
from statistics import median

import torch
from torch import nn


def flops_per_token(model: nn.Module, block_size: int) -> float:
    """Floating-point operations for training on one token, forward and backward."""
    named = dict(model.named_modules())
    weights = sum(m.weight.numel() for m in named.values() if isinstance(m, nn.Linear))
    if "blocks" in named and "output" not in named:  # the token embedding is the output's matrix
        weights += sum(p.numel() for p in named["token_embedding"].parameters())
    widths = [m.in_features for name, m in named.items() if name.endswith("attention.project")]
    return 6.0 * weights + 12.0 * sum(widths) * block_size


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second that a product of two large matrices reaches on this device."""
    size = 1024 if device.type == "cpu" else 8192
    a = torch.randn(size, size, device=device).to(dtype)
    seconds = []
    for _ in range(6):
        began = time.perf_counter()
        product = a @ a
        product[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - began)
    return 2.0 * size**3 / median(seconds[1:])
