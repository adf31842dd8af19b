"""In what a model computes: float32, or bfloat16 for the matrix products where that is faster.

Micikevicius et al. 2017, "Mixed Precision Training" (arxiv.org/abs/1710.03740): weights stay in
float32, and so does whatever needs its precision; PyTorch's autocast decides.
"""

import torch


def find_dtype(name: str, device: torch.device) -> torch.dtype:
    """The type of this name; with "auto", bfloat16 where the device computes with it fast."""
    if name == "auto":
        name = "bfloat16" if _has_bfloat16(device) else "float32"
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """While it lasts, matrix products are computed in `dtype`."""
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return False
