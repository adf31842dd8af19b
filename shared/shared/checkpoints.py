"""Checkpoints: tensors, and a description of them, in one file that can be trusted.

The format is safetensors, which holds numbers and a header in JSON, and nothing that could be
executed. A file is written under another name, flushed to disk, then renamed, so whoever reads it
finds the old checkpoint or the new one, never a part. The header has a SHA-256 of everything, so a
damaged file is refused.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import runs
from shared.cli import UserError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by name, and `metadata`, any JSON."""

    tensors: "dict[str, Tensor]"
    metadata: dict[str, Any]

    def part(self, name: str) -> "dict[str, Tensor]":
        """The tensors called `name.…`, without that prefix."""
        prefix = f"{name}."
        found = {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}
        return found


def save(
    path: Path, parts: "Mapping[str, Mapping[str, Tensor]]", metadata: Mapping[str, Any]
) -> None:
    """Write the tensors of all `parts`, each called `part.name`, and `metadata`; replace `path`.

    Raises `OSError` when the disk is full; the old file is then left unchanged.
    """
    from safetensors.torch import save_file

    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, named in parts.items()
        for name, tensor in named.items()
    }
    text = json.dumps(metadata)
    header = {"about": text, "sha256": _sha256(text, tensors)}
    with runs.atomic(path) as temporary:
        try:
            save_file(tensors, temporary, header)
        except OSError:
            raise
        except (
            Exception
        ) as error:  # safetensors raises its own kind, with the system's message in it
            raise OSError(f"{path} could not be written: {error}") from None


def load(path: Path) -> Checkpoint:
    """The checkpoint at `path`, on the CPU.

    Raises `UserError` if it is missing, cut off, damaged, or not a checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise UserError(f"there is no checkpoint {path}")
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise UserError(f"{path} is not a whole checkpoint ({error}); use another") from None
    if "sha256" not in header or "about" not in header:
        raise UserError(f"{path} is not a checkpoint of these lessons; use another")
    if header["sha256"] != _sha256(header["about"], tensors):
        raise UserError(f"{path} is damaged: its SHA-256 is not the one in it; use another")
    return Checkpoint(tensors, json.loads(header["about"]))


def optimizer_state(optimizers: "Iterable[Optimizer]") -> "dict[str, Tensor]":
    """The optimizers' state, such as Adam's running averages, as named tensors."""
    return {
        f"{i}.{parameter}.{name}": tensor
        for i, optimizer in enumerate(optimizers)
        for parameter, state in optimizer.state_dict()["state"].items()
        for name, tensor in state.items()
    }


def restore_optimizers(optimizers: "Iterable[Optimizer]", tensors: "Mapping[str, Tensor]") -> None:
    """Put what `optimizer_state` returned into optimizers that were made in the same way."""
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            number, parameter, name = key.split(".")
            if int(number) == i:
                state.setdefault(int(parameter), {})[name] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})


def _sha256(about: str, tensors: "Mapping[str, Tensor]") -> str:
    """The hash of `about` and of the tensors' names, types, shapes and contents."""
    import torch

    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
