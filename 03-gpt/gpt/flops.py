"""How many operations a training step takes, and how many per second the machine could do.

Their ratio is the model FLOPs utilization, MFU, of Chowdhery et al. 2022, "PaLM"
(arxiv.org/abs/2204.02311, appendix B).
"""

import time
from statistics import median

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def flops_per_token(model: nn.Module, block_size: int) -> float:
    """Floating-point operations of matrix products per token, forward and backward.

    Leaves no gradients behind.
    """
    ids = torch.zeros(1, block_size, dtype=torch.long, device=next(model.parameters()).device)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        _, loss = model(ids, ids)  # the fused kernels are not counted on every device
        loss.backward()
    model.zero_grad()
    return counter.get_total_flops() / block_size


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Operations per second that a product of two large matrices reaches on this device."""
    size = 1024 if device.type == "cpu" else 8192
    a = torch.randn(size, size, device=device).to(dtype)
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        product = a @ a
        product[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    return 2.0 * size**3 / median(seconds[1:])
