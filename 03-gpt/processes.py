"""The processes that train together, as `torchrun` starts them; usually there is one.

    torchrun --nproc_per_node=2 train.py

PyTorch's own engine does the work: DistributedDataParallel averages the gradients, with gloo
between CPUs and nccl between GPUs.
"""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from shared import cli

PATIENCE = timedelta(minutes=5)  # with a process that says nothing


@dataclass(frozen=True)
class Process:
    """What number this process has (`rank`) of how many (`world`), and the device it uses."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process is the one that prints and writes files."""
        return self.rank == 0

    def mean(self, *figures: float) -> list[float]:
        """The means over all processes, the same in each."""
        if self.world == 1:
            return list(figures)
        sums = torch.tensor(figures, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return [float(figure) / self.world for figure in sums]

    def agree(self, text: str) -> str:
        """The text of the first process, in all."""
        texts = [text]
        if self.world > 1:
            dist.broadcast_object_list(texts, device=self.device)
        return texts[0]

    def to_device(self, tensor: Tensor) -> Tensor:
        """The tensor on the device, where a GPU need not be waited for."""
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def wrap(self, model: nn.Module, compile: bool) -> nn.Module:
        """The model, whose gradients are averaged over all processes; compiled, if it is to be."""
        if compile:
            model = cast(nn.Module, torch.compile(model))
        if self.world == 1:
            return model
        return DistributedDataParallel(model, forward_sync_buffers=False)

    def averaging(self, model: nn.Module, wanted: bool) -> AbstractContextManager[None]:
        """While it lasts, gradients of a model that came from `wrap` are averaged if `wanted`."""
        if isinstance(model, DistributedDataParallel) and not wanted:
            return model.no_sync()
        return nullcontext()

    def are_lost(self, error: RuntimeError) -> bool:
        """Whether this is what PyTorch says when another process has gone."""
        names = ("gloo", "nccl", "connection")
        return self.world > 1 and any(name in str(error).lower() for name in names)


@contextmanager
def started(device: str) -> Iterator[Process]:
    """The place of this process among those started; all but the first print nothing.

    Raises `UserError` for a device that is not there.
    """
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if world == 1:
        yield Process(0, 1, find_device(device))
        return
    if rank > 0:  # a bug's traceback is still seen, and that another process was lost
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (until the process ends)
        sys.excepthook = lambda *error: traceback.print_exception(*error, file=sys.__stderr__)
    found = find_device(device)
    if found.type == "mps":
        found = torch.device("cpu")  # no process group works there
    if found.type == "cuda":
        local, here = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
        cli.require(local <= here, "--nproc_per_node", local, f"at most {here}, the GPUs here")
        found = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(found)
    dist.init_process_group("nccl" if found.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Process(rank, world, found)
    finally:
        dist.destroy_process_group()


def find_device(name: str) -> torch.device:
    """The device of this name, or with "auto" the fastest there is."""
    at_hand = ["cpu"]
    if torch.backends.mps.is_available():
        at_hand.insert(0, "mps")
    if torch.cuda.is_available():
        at_hand.insert(0, "cuda")
    if name == "auto":
        return torch.device(at_hand[0])
    cli.require(name in at_hand, "--device", name, f"one that is here: {', '.join(at_hand)}")
    return torch.device(name)


def on_terminate(interrupt: cli.Interrupt) -> None:
    """Take SIGTERM, by which torchrun ends the others when one is lost, for a wish to stop."""

    def request(*_: object) -> None:
        interrupt.requested = True

    signal.signal(signal.SIGTERM, request)
