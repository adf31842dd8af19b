"""Who updates what: AdamW everything, or Muon the matrices and AdamW the rest.

Muon (Jordan 2024, kellerjordan.github.io/posts/muon) makes the update of a matrix orthogonal: all
its directions are then equally long, also those that few tokens ask for. It is for the matrices
between hidden layers; what is indexed by tokens, embeddings and output, stays with AdamW
(Loshchilov and Hutter 2017, arxiv.org/abs/1711.05101). Both are PyTorch's own.
"""

import torch
from torch import nn

from gpt.recipes import Recipe


def optimizers_for(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The optimisers of all parameters; a group's own `initial_lr` is its highest rate."""
    named = dict(model.named_parameters())
    hidden = [p for name, p in named.items() if p.ndim == 2 and name.startswith("blocks.")]
    hidden = hidden if recipe.muon_lr is not None else []
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    rest = [p for p in named.values() if not any(p is other for other in hidden)]
    embeddings = [p for p in rest if id(p) in tables]
    matrices = [p for p in rest if id(p) not in tables and p.ndim >= 2]
    vectors = [p for p in rest if p.ndim < 2]
    embedding_lr = recipe.lr if recipe.embedding_lr is None else recipe.embedding_lr
    groups = [
        {"params": embeddings, "lr": embedding_lr, "weight_decay": recipe.weight_decay},
        {"params": matrices, "lr": recipe.lr, "weight_decay": recipe.weight_decay},
        {"params": vectors, "lr": recipe.lr, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (0.9, recipe.beta2)
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, betas=betas, fused=True)]
    if hidden:
        found.append(torch.optim.Muon(hidden, recipe.muon_lr or 0.0, recipe.weight_decay))
    for optimizer in found:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return found
