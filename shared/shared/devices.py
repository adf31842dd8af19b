"""What to compute on: the device, its precision, and the processes that share the work."""

import atexit
import os
from typing import Literal, cast

import torch
import torch.distributed as dist

from shared import cli

Dtype = Literal["float32", "bfloat16"]


def find_device(name: str) -> torch.device:
    """The device called "cpu", "cuda" or "mps"; "auto" is the fastest one of this machine.

    Raises `UserError` if the machine does not have it.
    """
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise cli.UserError(f"this machine has no {name}; --device can be {' or '.join(available)}")
    return torch.device(name)


def find_dtype(name: str, device: torch.device) -> Dtype:
    """The precision to compute in: "auto" is bfloat16 where the device is fast at it, or float32.

    It is for matrix products under `torch.autocast`; the weights stay in float32
    (Micikevicius et al. 2017, "Mixed Precision Training", arxiv.org/abs/1710.03740).
    """
    if name in ("float32", "bfloat16"):
        return cast(Dtype, name)
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        features = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        fast = bool(features.get("avx512_bf16") or features.get("amx_bf16"))
    return "bfloat16" if fast else "float32"


def start_processes(device: str) -> tuple[int, int, torch.device]:
    """The rank of this process, how many there are, and its device.

    There is one, unless `torchrun` started several: they then form PyTorch's process group, nccl
    between GPUs and gloo between CPUs.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    place = find_device(device)
    if world > 1:
        if place.type == "cuda":
            place = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(place)
        else:
            place = torch.device("cpu")  # gloo does not work on mps
        dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    return rank, world, place
