"""How the gradients change the weights: gradient descent, AdamW, or Muon."""

from typing import Literal

import torch
from torch import Tensor, nn

Optimizer = Literal["sgd", "adamw", "muon"]


def make_optimizers(
    model: nn.Module, optimizer: Optimizer, lr: float, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """The lectures' gradient descent; or AdamW; or Muon for the matrices between hidden layers.

    Only matrices have weight decay. Muon (Jordan 2024, kellerjordan.github.io/posts/muon) takes
    AdamW's learning rate, which is what `match_rms_adamw` is for; AdamW does the rest.
    """
    if optimizer == "sgd":
        return [torch.optim.SGD(model.parameters(), lr, weight_decay=weight_decay)]
    named = dict(model.named_parameters())
    hidden: list[Tensor] = []
    if optimizer == "muon":
        edges = ("embedding", "output")  # they are indexed by characters
        inner = [p for name, p in named.items() if not any(edge in name for edge in edges)]
        hidden = [p for p in inner if p.ndim == 2]
    rest = [p for p in named.values() if not any(p is matrix for matrix in hidden)]
    groups = [
        {"params": [p for p in rest if p.ndim == 2], "weight_decay": weight_decay},
        {"params": [p for p in rest if p.ndim != 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr, (0.9, 0.99), fused=True)
    ]
    if hidden:
        muon = torch.optim.Muon(hidden, lr, weight_decay, adjust_lr_fn="match_rms_adamw")
        optimizers.append(muon)
    return optimizers
